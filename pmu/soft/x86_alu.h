/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The x86-64 interpreter's processor: registers with a mask of known ones, flags, arithmetic.
 *
 * A register is known as a whole or not at all. Flags are kept as the operands of the last addition
 * or subtraction, shifted to the top of 64 bits so that one comparison fits all sizes, and worked
 * out when asked for; other operations set them at once, with a mask of those that are defined.
 * Semantics after the Intel SDM, volume 2; what it calls undefined is unknown here.
 */
#ifndef PMU_SOFT_X86_ALU_H
#define PMU_SOFT_X86_ALU_H

#include "pmu/soft/x86.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* RESULT: zero, sign and parity are those of a result, the others as in RAW */
enum flags_kind { FLAGS_RAW, FLAGS_RESULT, FLAGS_SUB, FLAGS_ADD };

struct x86_cpu {
	uint64_t r[X86_NR_REGS];
	uint32_t known; /* bit per register */
	enum flags_kind kind;
	uint64_t a, b;	    /* SUB, ADD: operands, shifted; RESULT: it, in 'a' */
	uint8_t shift;	    /* by this */
	uint32_t raw, mask; /* RAW, RESULT: values of flags, and which are known */
	int8_t df;	    /* direction: 0 up, 1 down, -1 not known */
};

static ALWAYS_INLINE bool is_known(const struct x86_cpu *c, unsigned reg)
{
	return c->known >> reg & 1;
}

static ALWAYS_INLINE bool both_known(const struct x86_cpu *c, unsigned a, unsigned b)
{
	return c->known >> a & c->known >> b & 1;
}

static ALWAYS_INLINE void set_known(struct x86_cpu *c, unsigned reg, bool known)
{
	c->known = (c->known & ~(1u << reg)) | (uint32_t)known << reg;
}

static ALWAYS_INLINE uint64_t size_mask(unsigned size)
{
	return ~0ull >> (64 - 8 * size);
}

/* Writes a result as an instruction of operand size 'size' does: 4 bytes clear the upper half, 2
 * and 1 keep the rest. 'known' is about the value and, where it is kept, about the rest. */
static ALWAYS_INLINE void put(struct x86_cpu *c, unsigned reg, unsigned size, uint64_t v,
			      bool known)
{
	if (size == 8)
		c->r[reg] = v;
	else if (size == 4)
		c->r[reg] = (uint32_t)v;
	else
		c->r[reg] = (c->r[reg] & ~size_mask(size)) | (v & size_mask(size));
	set_known(c, reg, known);
}

static ALWAYS_INLINE uint64_t get(const struct x86_cpu *c, unsigned reg, unsigned size)
{
	return c->r[reg] & size_mask(size);
}

static ALWAYS_INLINE int64_t get_signed(const struct x86_cpu *c, unsigned reg, unsigned size)
{
	unsigned sh = 64 - 8 * size;

	return (int64_t)(c->r[reg] << sh) >> sh;
}

/* The second operand: a register (X86_ZERO for none) plus an immediate. */
static ALWAYS_INLINE uint64_t operand(const struct x86_cpu *c, const struct soft_uop *u)
{
	return c->r[u->src] + (int64_t)u->disp;
}

/* ---- flags ---- */

static ALWAYS_INLINE void flags_unknown(struct x86_cpu *c)
{
	c->kind = FLAGS_RAW;
	c->mask = 0;
}

static ALWAYS_INLINE void flags_raw(struct x86_cpu *c, uint32_t raw, uint32_t mask)
{
	c->kind = FLAGS_RAW;
	c->raw = raw;
	c->mask = mask;
}

/* Of 'a' - 'b', or 'a' + 'b'; subtracting 0 gives what logical operations set. */
static ALWAYS_INLINE void flags_lazy(struct x86_cpu *c, enum flags_kind kind, uint64_t a,
				     uint64_t b, unsigned size)
{
	c->kind = kind;
	c->shift = 64 - 8 * size;
	c->a = a << c->shift;
	c->b = b << c->shift;
}

/* Of a result of operand size 'size', which are worked out when asked for; and carry and overflow,
 * as far as 'mask' says. */
static ALWAYS_INLINE void flags_result(struct x86_cpu *c, uint64_t v, unsigned size, uint32_t raw,
				       uint32_t mask)
{
	c->kind = FLAGS_RESULT;
	c->shift = 64 - 8 * size;
	c->a = v << c->shift;
	c->raw = raw;
	c->mask = mask;
}

static inline uint32_t zero_sign_parity(const struct x86_cpu *c)
{
	return (c->a ? 0 : X86_ZF) | (c->a >> 63 ? X86_SF : 0) |
	       (__builtin_parity(c->a >> c->shift & 0xff) ? 0 : X86_PF);
}

/* A condition without its negation: 1, 0, or -1 (not known). */
static inline int cond_raw(uint32_t raw, uint32_t mask, unsigned cc)
{
	static const uint16_t need[8] = {X86_OF, X86_CF, X86_ZF,	  X86_CF | X86_ZF,
					 X86_SF, X86_PF, X86_SF | X86_OF, X86_ZF | X86_SF | X86_OF};
	uint32_t f = raw & mask;

	if ((cc == CC_BE && f & (X86_CF | X86_ZF)) || (cc == CC_LE && f & X86_ZF))
		return 1; /* one will do */
	if (need[cc / 2] & ~mask)
		return -1;
	switch (cc) {
	case CC_L:
	case CC_LE:
		return !(f & X86_SF) != !(f & X86_OF);
	default:
		return !!(f & need[cc / 2]);
	}
}

static inline int cond_lazy(const struct x86_cpu *c, unsigned cc)
{
	uint64_t a = c->a, b = c->b, r = c->kind == FLAGS_SUB ? a - b : a + b;
	bool cf, of;

	if (c->kind == FLAGS_SUB) {
		cf = a < b;
		of = ((a ^ b) & (a ^ r)) >> 63;
	} else {
		cf = r < a;
		of = (~(a ^ b) & (a ^ r)) >> 63;
	}
	switch (cc) {
	case CC_O:
		return of;
	case CC_B:
		return cf;
	case CC_Z:
		return !r;
	case CC_BE:
		return cf || !r;
	case CC_S:
		return r >> 63;
	case CC_P:
		return !__builtin_parity(r >> c->shift & 0xff);
	case CC_L:
		return (r >> 63) ^ of;
	default:
		return !r || ((r >> 63) ^ of);
	}
}

/* A condition: 1, 0, or -1 (not known). */
static ALWAYS_INLINE int cond(const struct x86_cpu *c, unsigned cc)
{
	unsigned plain = cc & ~1u;
	int v;

	if (c->kind >= FLAGS_SUB)
		v = cond_lazy(c, plain);
	else if (c->kind == FLAGS_RAW)
		v = cond_raw(c->raw, c->mask, plain);
	else
		v = cond_raw(c->raw | zero_sign_parity(c), c->mask | X86_ZF | X86_SF | X86_PF,
			     plain);
	return v < 0 ? v : v ^ (int)(cc & 1);
}

/* Turns lazy flags into RAW ones. */
static inline void flags_settle(struct x86_cpu *c)
{
	uint32_t raw = 0;

	if (c->kind == FLAGS_RAW)
		return;
	if (c->kind == FLAGS_RESULT) {
		flags_raw(c, c->raw | zero_sign_parity(c), c->mask | X86_ZF | X86_SF | X86_PF);
		return;
	}
	raw |= cond_lazy(c, CC_O) ? X86_OF : 0;
	raw |= cond_lazy(c, CC_B) ? X86_CF : 0;
	raw |= cond_lazy(c, CC_Z) ? X86_ZF : 0;
	raw |= cond_lazy(c, CC_S) ? X86_SF : 0;
	raw |= cond_lazy(c, CC_P) ? X86_PF : 0;
	flags_raw(c, raw, X86_STATUS);
}

/* ---- arithmetic in three sizes: 'op' and 'size' (0: the micro-op's) are constants here ---- */

static ALWAYS_INLINE void alu(struct x86_cpu *c, const struct soft_uop *u, unsigned op,
			      unsigned size)
{
	uint64_t a = c->r[u->dst], b = operand(c, u), v = 0;
	bool known = both_known(c, u->dst, u->src);

	if (!size)
		size = u->size;
	switch (op) {
	case OP_ADD8:
		v = a + b;
		break;
	case OP_SUB8:
		v = a - b;
		break;
	case OP_AND8:
	case OP_TEST8:
		v = a & b;
		break;
	case OP_OR8:
		v = a | b;
		break;
	case OP_XOR8:
		v = a ^ b;
		break;
	default:
		break;
	}
	if (op == OP_ADD8 || op == OP_SUB8 || op == OP_CMP8)
		flags_lazy(c, op == OP_ADD8 ? FLAGS_ADD : FLAGS_SUB, a, b, size);
	else
		flags_lazy(c, FLAGS_SUB, v, 0, size);
	if (!known)
		flags_unknown(c);
	if (op != OP_CMP8 && op != OP_TEST8)
		put(c, u->dst, size, v, known);
}

/* ---- arithmetic in any size ---- */

static inline void carry_alu(struct x86_cpu *c, const struct soft_uop *u)
{
	unsigned size = u->size, sh = 64 - 8 * size;
	int carry = cond(c, CC_B);
	uint64_t a = c->r[u->dst] << sh, b = operand(c, u) << sh, in = (uint64_t)(carry & 1) << sh,
		 v;
	bool known = both_known(c, u->dst, u->src) && carry >= 0, cf, of;

	if (u->op == OP_SBB) {
		v = a - b - in;
		cf = a < b || (carry && a == b);
		of = ((a ^ b) & (a ^ v)) >> 63;
	} else {
		v = a + b + in;
		cf = v < a || (carry && v == a);
		of = (~(a ^ b) & (a ^ v)) >> 63;
	}
	v >>= sh;
	flags_result(c, v, size, (cf ? X86_CF : 0) | (of ? X86_OF : 0), X86_CF | X86_OF);
	if (!known)
		flags_unknown(c);
	put(c, u->dst, size, v, known);
}

/* xor r,r and sub r,r: known whatever was there */
static inline void zeroed(struct x86_cpu *c, const struct soft_uop *u)
{
	put(c, u->dst, u->size, 0, u->size >= 4 || is_known(c, u->dst));
	flags_lazy(c, FLAGS_SUB, 0, 0, 8);
}

/* sbb r,r: the carry in every bit */
static inline void sbb_self(struct x86_cpu *c, const struct soft_uop *u)
{
	int carry = cond(c, CC_B);

	put(c, u->dst, u->size, carry > 0 ? ~0ull : 0,
	    carry >= 0 && (u->size >= 4 || is_known(c, u->dst)));
	flags_lazy(c, FLAGS_SUB, 0, carry > 0, u->size);
	if (carry < 0)
		flags_unknown(c);
}

/* inc, dec: the carry stays */
static inline void step(struct x86_cpu *c, const struct soft_uop *u)
{
	unsigned size = u->size;
	int carry = cond(c, CC_B);
	uint64_t v = c->r[u->dst] + (u->op == OP_INC ? 1 : -1), top = 1ull << (8 * size - 1);
	bool known = is_known(c, u->dst);
	bool of = (v & size_mask(size)) == (u->op == OP_INC ? top : top - 1);

	if (known)
		flags_result(c, v, size, (of ? X86_OF : 0) | (carry > 0 ? X86_CF : 0),
			     X86_OF | (carry >= 0 ? X86_CF : 0));
	else
		flags_raw(c, carry > 0 ? X86_CF : 0, carry >= 0 ? X86_CF : 0);
	put(c, u->dst, size, v, known);
}

static inline void neg(struct x86_cpu *c, const struct soft_uop *u)
{
	uint64_t v = c->r[u->dst];

	flags_lazy(c, FLAGS_SUB, 0, v, u->size);
	if (!is_known(c, u->dst))
		flags_unknown(c);
	put(c, u->dst, u->size, -v, is_known(c, u->dst));
}

/* 'op' is a constant here */
static ALWAYS_INLINE void shift(struct x86_cpu *c, const struct soft_uop *u, unsigned op)
{
	unsigned size = u->size, bits = 8 * size, n = operand(c, u) & (size == 8 ? 63 : 31);
	uint64_t a = get(c, u->dst, size), v;
	int64_t s = get_signed(c, u->dst, size);
	bool count_known = is_known(c, u->src), known = is_known(c, u->dst) && count_known;
	bool top = a >> (bits - 1), cf, of;

	if (!count_known)
		flags_unknown(c);
	if (!count_known || !n) { /* by 0: flags stay */
		put(c, u->dst, size, a, known);
		return;
	}
	switch (op) {
	case OP_SHL:
		v = a << n;
		cf = n <= bits && a >> (bits - n) & 1;
		of = (v >> (bits - 1) & 1) ^ cf;
		break;
	case OP_SHR:
		v = a >> n;
		cf = a >> (n - 1) & 1;
		of = top;
		break;
	default:
		v = s >> n;
		cf = s >> (n - 1) & 1;
		of = false;
		break;
	}
	flags_result(c, v, size, (cf ? X86_CF : 0) | (of ? X86_OF : 0),
		     (n <= bits || op == OP_SAR ? X86_CF : 0) | (n == 1 ? X86_OF : 0));
	if (!known)
		flags_unknown(c);
	put(c, u->dst, size, v, known);
}

/* rol, ror: carry and overflow change, the other flags stay */
static inline void rotate(struct x86_cpu *c, const struct soft_uop *u)
{
	unsigned size = u->size, bits = 8 * size, n = operand(c, u) & (size == 8 ? 63 : 31);
	unsigned left = (u->op == OP_ROL ? n : bits - n % bits) % bits;
	uint64_t a = get(c, u->dst, size), v = left ? a << left | a >> (bits - left) : a;
	bool count_known = is_known(c, u->src), known = is_known(c, u->dst) && count_known;
	bool top = v >> (bits - 1) & 1, next = v >> (bits - 2) & 1, cf, of;

	put(c, u->dst, size, v, known);
	flags_settle(c);
	if (count_known && !n)
		return;
	cf = u->op == OP_ROL ? v & 1 : top;
	of = u->op == OP_ROL ? top ^ cf : top ^ next;
	c->raw = (c->raw & ~(X86_CF | X86_OF)) | (cf ? X86_CF : 0) | (of ? X86_OF : 0);
	c->mask &= ~(X86_CF | X86_OF);
	if (known)
		c->mask |= X86_CF | (n == 1 ? X86_OF : 0);
}

/* shlx, shrx, sarx, rorx: no flags */
static inline void shift_free(struct x86_cpu *c, const struct soft_uop *u)
{
	unsigned size = u->size, bits = 8 * size;
	unsigned n = (c->r[u->base] + u->disp) & (bits - 1);
	uint64_t a = get(c, u->src, size), v;

	switch (u->op) {
	case OP_SHLX:
		v = a << n;
		break;
	case OP_SHRX:
		v = a >> n;
		break;
	case OP_SARX:
		v = get_signed(c, u->src, size) >> n;
		break;
	default:
		v = n ? a >> n | a << (bits - n) : a;
		break;
	}
	put(c, u->dst, size, v, both_known(c, u->src, u->base));
}

/* imul dst = src * (base + disp) */
static inline void imul(struct x86_cpu *c, const struct soft_uop *u)
{
	unsigned size = u->size, sh = 64 - 8 * size;
	int64_t b = (int64_t)((c->r[u->base] + (int64_t)u->disp) << sh) >> sh;
	__int128 v = (__int128)get_signed(c, u->src, size) * b;
	int64_t low = (int64_t)((uint64_t)v << sh) >> sh;
	bool known = both_known(c, u->src, u->base);
	bool kept = size >= 4 || is_known(c, u->dst); /* the rest of the register */

	flags_raw(c, v != low ? X86_CF | X86_OF : 0, known ? X86_CF | X86_OF : 0);
	put(c, u->dst, size, (uint64_t)v, known && kept);
}

/* mul, imul with one operand: dx:ax = ax * dst */
static inline void multiply(struct x86_cpu *c, const struct soft_uop *u)
{
	unsigned size = u->size;
	bool known = both_known(c, u->dst, X86_AX), wide;
	uint64_t low, high;

	if (u->op == OP_MUL1) {
		unsigned __int128 v =
			(unsigned __int128)get(c, u->dst, size) * get(c, X86_AX, size);

		low = v;
		high = size == 8 ? v >> 64 : low >> 32;
		wide = high != 0;
	} else {
		__int128 v = (__int128)get_signed(c, u->dst, size) * get_signed(c, X86_AX, size);

		low = v;
		high = size == 8 ? (uint64_t)(v >> 64) : low >> 32;
		wide = v != (size == 8 ? (__int128)(int64_t)low : (__int128)(int32_t)low);
	}
	flags_raw(c, wide ? X86_CF | X86_OF : 0, known ? X86_CF | X86_OF : 0);
	put(c, X86_AX, size, low, known);
	put(c, X86_DX, size, high, known);
}

/* div, idiv of dx:ax; results that do not fit fault, so that nothing is known after them */
static inline void divide(struct x86_cpu *c, const struct soft_uop *u)
{
	unsigned size = u->size, bits = 8 * size;
	bool known = both_known(c, u->dst, X86_AX) && is_known(c, X86_DX);
	unsigned __int128 n =
		(unsigned __int128)get(c, X86_DX, size) << bits | get(c, X86_AX, size);
	uint64_t q = 0, rest = 0;

	flags_unknown(c);
	if (u->op == OP_DIV) {
		uint64_t d = get(c, u->dst, size);

		known &= d && get(c, X86_DX, size) < d;
		if (known) {
			q = n / d;
			rest = n % d;
		}
	} else {
		int64_t d = get_signed(c, u->dst, size);
		__int128 s = size == 8 ? (__int128)n : (__int128)(int64_t)(uint64_t)n;

		/* by -1 the smallest number has no negative: left out */
		known &= d != 0 && d != -1;
		if (known) {
			q = s / d;
			rest = s % d;
		}
	}
	put(c, X86_AX, size, q, known);
	put(c, X86_DX, size, rest, known);
}

/* bsf, bsr, tzcnt, lzcnt, popcnt */
static inline void count_bits(struct x86_cpu *c, const struct soft_uop *u)
{
	unsigned size = u->size, bits = 8 * size;
	uint64_t a = get(c, u->src, size), v = 0;
	bool known = is_known(c, u->src);
	uint32_t raw = 0, mask = X86_ZF;

	switch (u->op) {
	case OP_BSF:
	case OP_BSR:
		raw = a ? 0 : X86_ZF;
		if (a)
			v = u->op == OP_BSF ? __builtin_ctzll(a) : 63 - __builtin_clzll(a);
		break;
	case OP_TZCNT:
	case OP_LZCNT:
		v = !a			? bits
		    : u->op == OP_TZCNT ? __builtin_ctzll(a)
					: __builtin_clzll(a) - (64 - bits);
		raw = (a ? 0 : X86_CF) | (v ? 0 : X86_ZF);
		mask = X86_ZF | X86_CF;
		break;
	default:
		v = __builtin_popcountll(a);
		raw = a ? 0 : X86_ZF;
		mask = X86_STATUS;
		break;
	}
	flags_raw(c, raw, known ? mask : 0);
	/* of 0, bsf and bsr leave a register that differs among processors */
	if (!a && (u->op == OP_BSF || u->op == OP_BSR))
		known = false;
	put(c, u->dst, size, v, known);
}

/* bt, bts, btr, btc: the carry, and nothing else that is defined on every processor */
static inline void bit(struct x86_cpu *c, const struct soft_uop *u)
{
	unsigned size = u->size;
	uint64_t a = c->r[u->dst], m = 1ull << (operand(c, u) & (8 * size - 1));
	bool known = both_known(c, u->dst, u->src);

	flags_raw(c, a & m ? X86_CF : 0, known ? X86_CF : 0);
	if (u->op == OP_BT)
		return;
	put(c, u->dst, size, u->op == OP_BTS ? a | m : u->op == OP_BTR ? a & ~m : a ^ m, known);
}

/* andn, blsr, blsi, blsmsk: parity is undefined */
static inline void bmi(struct x86_cpu *c, const struct soft_uop *u)
{
	unsigned size = u->size;
	uint64_t a = get(c, u->src, size), v;
	bool known = is_known(c, u->src), cf = false;

	switch (u->op) {
	case OP_ANDN:
		v = ~a & get(c, u->base, size);
		known &= is_known(c, u->base);
		break;
	case OP_BLSR:
		v = a & (a - 1);
		cf = !a;
		break;
	case OP_BLSI:
		v = a & -a;
		cf = a != 0;
		break;
	default:
		v = a ^ (a - 1);
		cf = !a;
		break;
	}
	v &= size_mask(size);
	flags_raw(c, (v ? 0 : X86_ZF) | (v >> (8 * size - 1) ? X86_SF : 0) | (cf ? X86_CF : 0),
		  known ? X86_STATUS & ~X86_PF : 0);
	put(c, u->dst, size, v, known);
}

/* ---- moves ---- */

static inline void cmov(struct x86_cpu *c, const struct soft_uop *u)
{
	int holds = cond(c, u->disp);
	unsigned size = holds == 0 && u->index ? 8 : u->size; /* 8: as it was */
	uint64_t v = c->r[holds > 0 ? u->src : u->dst];
	bool known = is_known(c, holds > 0 ? u->src : u->dst) && holds >= 0;

	put(c, u->dst, size, v, known && (size >= 4 || is_known(c, u->dst)));
}

static inline void setcc(struct x86_cpu *c, const struct soft_uop *u)
{
	int holds = cond(c, u->disp);

	/* temporaries are stored from, as a byte */
	put(c, u->dst, u->dst < X86_NR_SAMPLED ? 1 : 8, holds > 0,
	    holds >= 0 && (u->dst >= X86_NR_SAMPLED || is_known(c, u->dst)));
}

static inline void forget_regs(struct x86_cpu *c, const struct soft_uop *u)
{
	c->known &= ~u->next;
	if (u->src & X86_FORGET_FLAGS)
		flags_unknown(c);
	if (u->dst != X86_DF_KEEP)
		c->df = u->dst == X86_DF_CLEAR ? 0 : u->dst == X86_DF_SET ? 1 : -1;
}

#endif
