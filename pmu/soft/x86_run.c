/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The x86-64 interpreter: micro-ops run by computed goto, until the burst's end.
 *
 * Bounded: every way back leads over a link or a jump, where instructions are counted, and blocks
 * are finite.
 */
#include <string.h>

#include "base/util.h"
#include "pmu/soft/code.h"
#include "pmu/soft/values.h"
#include "pmu/soft/x86_alu.h"

#define KNOWN_AT_START ((1u << X86_UNKNOWN) - 1)
#define REP_MAX	       (1ull << 40) /* bytes of a string operation; more is no count */

#define NR_LOADED 4

struct run {
	struct x86_cpu cpu;
	struct soft_code *code;
	struct soft_values *values;
	const struct soft_limits *limits;
	struct soft_burst *b;
	struct soft_place place;
	uint64_t sp;		    /* of the sample */
	uint64_t loaded[NR_LOADED]; /* the last values */
	uint32_t nr_loaded;
};

/* ---- accesses ---- */

static ALWAYS_INLINE bool address(const struct x86_cpu *c, const struct soft_uop *u, uint64_t *addr)
{
	*addr = c->r[u->base] + (c->r[u->index] << u->shift) + (int64_t)u->disp;
	return both_known(c, u->base, u->index);
}

/* Tells an access of the instruction at offset 'off'. Returns false once the burst is full. */
static inline bool tell(struct run *x, uint64_t addr, uint64_t size, unsigned flags, uint32_t off)
{
	struct soft_burst *b = x->b;

	if (!soft_addr_ok(addr)) {
		b->nr_unknown++;
		return true;
	}
	if (soft_addr_stack(addr, x->sp))
		flags |= DAMON_ACCESS_STACK;
	if (x->values->likely | x->place.late)
		flags |= DAMON_ACCESS_LIKELY;
	b->access[b->nr] = (struct damon_access){
		.addr = addr,
		.ip = x->place.base + off,
		.size = MIN(size, (uint64_t)UINT16_MAX),
		.flags = flags,
	};
	b->at[b->nr] = b->nr_insns - 1;
	return ++b->nr < x->limits->burst_accesses;
}

/* A value of which a part may be anywhere in memory from now on. */
static inline void store_lost(struct run *x)
{
	x->values->blind = true;
}

/* Ends the instruction's part in an access whose address is not known. */
static inline bool lost(struct run *x, bool store)
{
	x->b->nr_unknown++;
	if (store)
		store_lost(x);
	return true;
}

/* A number for an instruction: the same in all processes that run the file. */
static inline uint32_t site(const struct run *x, const struct soft_uop *u)
{
	return (u->aux ^ (uint32_t)((uintptr_t)x->place.unit >> 4)) * 0x9e3779b1u >> 16;
}

/* Loads a register. The access is told first: its address does not rest on the value. */
static inline bool load(struct run *x, unsigned reg, uint64_t addr, const struct soft_uop *u,
			unsigned size, unsigned flags)
{
	uint64_t v = 0;
	bool more = tell(x, addr, size, flags, u->aux);
	bool known = more && soft_values_load(x->values, addr, size, site(x, u), &v);

	x->cpu.r[reg] = v;
	set_known(&x->cpu, reg, known);
	if (known && size == 8)
		x->loaded[x->nr_loaded++ % NR_LOADED] = v;
	return more;
}

/*
 * Is the load at 'u' a step of a chain? Its pointer was loaded in this burst, and the burst came
 * by before, with another one. An index would make it an array whose address is loaded again.
 */
static void note_chain(struct run *x, const struct soft_uop *u, uint64_t addr)
{
	uint64_t pointer = x->cpu.r[u->base], ip = x->place.base + u->aux;
	struct soft_burst *b = x->b;
	bool loaded = false;

	for (uint32_t i = 0; i < MIN(x->nr_loaded, (uint32_t)NR_LOADED); i++)
		loaded |= x->loaded[i] == pointer;
	if (!loaded || u->index != X86_ZERO || soft_addr_stack(addr, x->sp))
		return;
	for (uint32_t i = 0; i < b->nr; i++) {
		if (b->access[i].ip != ip || b->access[i].addr == addr)
			continue;
		b->chain = i;
		b->chain_insns = b->nr_insns - 1 - b->at[i];
		return;
	}
}

static bool op_ld(struct run *x, const struct soft_uop *u)
{
	uint64_t addr;

	if (address(&x->cpu, u, &addr)) {
		if (x->nr_loaded && !x->b->chain_insns)
			note_chain(x, u, addr);
		return load(x, u->dst, addr, u, u->size, u->src);
	}
	set_known(&x->cpu, u->dst, false);
	return lost(x, false); /* of a read-modify-write, PUT takes care of the store */
}

static inline void op_put(struct run *x, const struct soft_uop *u)
{
	uint64_t addr;

	if (address(&x->cpu, u, &addr))
		soft_values_store(x->values, addr, u->size, x->cpu.r[u->dst],
				  is_known(&x->cpu, u->dst));
	else
		store_lost(x);
}

static bool op_st(struct run *x, const struct soft_uop *u)
{
	uint64_t addr;

	op_put(x, u);
	if (!address(&x->cpu, u, &addr))
		return lost(x, true);
	return tell(x, addr, u->size, DAMON_ACCESS_STORE, u->aux);
}

/* Loads and stores of values that are not followed: vectors, and what has no rule. */
static bool op_touch(struct run *x, const struct soft_uop *u)
{
	bool store = u->src & DAMON_ACCESS_STORE;
	uint64_t addr;

	if (!address(&x->cpu, u, &addr))
		return lost(x, store);
	if (store && u->size)
		soft_values_store(x->values, addr, u->size, 0, false);
	else if (store)
		store_lost(x);
	return tell(x, addr, u->size, u->src, u->aux);
}

/* ---- the stack ---- */

static inline bool push(struct run *x, uint64_t v, bool known, uint32_t off)
{
	struct x86_cpu *c = &x->cpu;

	c->r[X86_SP] -= 8;
	if (!is_known(c, X86_SP))
		return lost(x, true);
	soft_values_store(x->values, c->r[X86_SP], 8, v, known);
	return tell(x, c->r[X86_SP], 8, DAMON_ACCESS_STORE | DAMON_ACCESS_STACK, off);
}

static inline bool pop(struct run *x, unsigned reg, const struct soft_uop *u)
{
	struct x86_cpu *c = &x->cpu;
	uint64_t sp = c->r[X86_SP];

	if (!is_known(c, X86_SP)) {
		set_known(c, reg, false);
		return lost(x, false);
	}
	c->r[X86_SP] = sp + 8;
	return load(x, reg, sp, u, 8, DAMON_ACCESS_LOAD | DAMON_ACCESS_STACK);
}

static bool op_leave(struct run *x, const struct soft_uop *u)
{
	x->cpu.r[X86_SP] = x->cpu.r[X86_BP];
	set_known(&x->cpu, X86_SP, is_known(&x->cpu, X86_BP));
	return pop(x, X86_BP, u);
}

static bool op_call(struct run *x, const struct soft_uop *u)
{
	return push(x, x->place.base + (uint32_t)u->disp, true, u->next);
}

/* ---- strings ---- */

struct string {
	uint64_t bytes; /* in all; one element's if 'sure' is false */
	bool none;	/* repeated 0 times */
	bool sure;	/* 'bytes' is known */
};

/* How much a string operation that always runs to its end does. */
static struct string string_extent(struct run *x, const struct soft_uop *u)
{
	struct x86_cpu *c = &x->cpu;
	struct string s = {.bytes = u->size, .sure = true};
	uint64_t n = c->r[X86_CX];

	if (!u->dst)
		return s;
	s.sure = is_known(c, X86_CX) && n <= REP_MAX / u->size;
	if (s.sure)
		s.bytes = n * u->size;
	s.none = s.sure && !n;
	return s;
}

/* Where its bytes begin, from a register that points at the first element. */
static uint64_t string_start(const struct run *x, const struct soft_uop *u, unsigned reg,
			     const struct string *s)
{
	uint64_t p = x->cpu.r[reg];

	return x->cpu.df > 0 && s->sure ? p + u->size - s->bytes : p;
}

static bool string_tell(struct run *x, const struct soft_uop *u, unsigned reg,
			const struct string *s, unsigned flags)
{
	bool elsewhere = reg == X86_SI && u->shift; /* relative to fs or gs */
	bool sure = s->sure && (x->cpu.df >= 0 || !u->dst);

	if (!is_known(&x->cpu, reg) || elsewhere)
		return lost(x, flags & DAMON_ACCESS_STORE);
	return tell(x, string_start(x, u, reg, s), s->bytes,
		    flags | (sure ? 0 : DAMON_ACCESS_LIKELY), u->aux);
}

static void string_advance(struct run *x, unsigned reg, const struct string *s)
{
	struct x86_cpu *c = &x->cpu;

	c->r[reg] += c->df > 0 ? -s->bytes : s->bytes;
	set_known(c, reg, is_known(c, reg) && s->sure && c->df >= 0);
}

/* movs, stos, lods */
static bool op_string(struct run *x, const struct soft_uop *u)
{
	bool reads = u->op != OP_STOS, writes = u->op != OP_LODS, more = true;
	const struct string s = string_extent(x, u);
	struct x86_cpu *c = &x->cpu;

	if (s.none)
		return true;
	if (reads)
		more = string_tell(x, u, X86_SI, &s, DAMON_ACCESS_LOAD);
	if (writes && is_known(c, X86_DI) && s.sure && c->df >= 0)
		soft_values_store(x->values, string_start(x, u, X86_DI, &s), s.bytes, 0, false);
	else if (writes)
		store_lost(x);
	if (writes && more)
		more = string_tell(x, u, X86_DI, &s, DAMON_ACCESS_STORE);
	if (reads)
		string_advance(x, X86_SI, &s);
	if (writes)
		string_advance(x, X86_DI, &s);
	if (!writes)
		set_known(c, X86_AX, false);
	if (u->dst) {
		c->r[X86_CX] = 0;
		set_known(c, X86_CX, true);
	}
	return more;
}

/* cmps, scas: repeated ones end where data say so, which is not followed */
static bool op_scan(struct run *x, const struct soft_uop *u)
{
	struct string s = string_extent(x, u);
	struct x86_cpu *c = &x->cpu;
	bool more = true, sure = s.sure;

	if (s.none)
		return true;
	s.bytes = u->size; /* the first elements are read surely, if any */
	if (u->src)
		more = string_tell(x, u, X86_SI, &s, DAMON_ACCESS_LOAD);
	if (more)
		more = string_tell(x, u, X86_DI, &s, DAMON_ACCESS_LOAD);
	s.sure = sure && !u->dst;
	if (u->src)
		string_advance(x, X86_SI, &s);
	string_advance(x, X86_DI, &s);
	if (u->dst)
		set_known(c, X86_CX, false);
	flags_unknown(c);
	return more;
}

/* ---- ways through the code ---- */

/* The micro-op to go on with, or NULL: the burst is long enough. Index 0 ends it, too. */
static inline struct soft_uop *enter(struct run *x, uint32_t at)
{
	struct soft_uop *u = soft_code_uops(x->code) + at;

	if (x->b->nr_insns >= x->limits->burst_insns) {
		x->b->stop = SOFT_STOP_INSTRUCTIONS;
		return NULL;
	}
	x->b->nr_insns += u->first;
	return u;
}

static inline struct soft_uop *follow(struct run *x, uint32_t *link)
{
	uint32_t at = *link;

	if (at & SOFT_UNLINKED)
		at = soft_code_link(x->code, x->place.unit, link);
	return enter(x, at);
}

/* Notes a decision, or takes the one that was noted. Returns whether it can be made. */
static bool decide(struct soft_path *p, bool known, uint64_t *to)
{
	if (p->follow) {
		if (p->pos == p->nr)
			return false;
		p->nr_helped += !known;
		*to = p->to[p->pos++];
		return true;
	}
	if (!known || p->nr == SOFT_MAX_PATH)
		return false;
	p->to[p->nr++] = *to;
	return true;
}

static struct soft_uop *jump(struct run *x, unsigned reg)
{
	uint32_t at;

	bool known = is_known(&x->cpu, reg);
	uint64_t to = x->cpu.r[reg];

	if (x->b->path)
		known = decide(x->b->path, known, &to);
	if (!known) {
		x->b->stop = SOFT_STOP_INDIRECT;
		return NULL;
	}
	at = soft_code_find(x->code, to, false, &x->place);
	x->cpu.r[X86_BASE] = x->place.base;
	return enter(x, at);
}

static struct soft_uop *branch(struct run *x, struct soft_uop *u)
{
	int holds = cond(&x->cpu, u->dst);

	if (x->b->path) {
		uint64_t taken = holds > 0;

		holds = decide(x->b->path, holds >= 0, &taken) ? (int)taken : -1;
	}
	if (holds >= 0)
		return follow(x, holds ? &u->aux : &u->next);
	x->b->stop = SOFT_STOP_BRANCH;
	return NULL;
}

/* ---- moves ---- */

/* 'size' 0: 2 or 1, as the micro-op says */
static ALWAYS_INLINE void mov(struct x86_cpu *c, const struct soft_uop *u, unsigned size)
{
	bool known = is_known(c, u->src) && (size != 0 || is_known(c, u->dst));

	put(c, u->dst, size ? size : u->size, c->r[u->src], known);
}

static ALWAYS_INLINE void lea(struct x86_cpu *c, const struct soft_uop *u, unsigned size)
{
	uint64_t addr;
	bool known = address(c, u, &addr);

	put(c, u->dst, size, addr, known);
}

static void bswap(struct x86_cpu *c, const struct soft_uop *u)
{
	uint64_t v = c->r[u->dst];

	put(c, u->dst, u->size, u->size == 8 ? __builtin_bswap64(v) : __builtin_bswap32(v),
	    is_known(c, u->dst));
}

/* ---- a burst ---- */

static void run_init(struct run *x, const uint64_t *regs)
{
	struct x86_cpu *c = &x->cpu;

	memcpy(c->r, regs, X86_NR_SAMPLED * sizeof(*regs));
	c->r[X86_ZERO] = c->r[X86_UNKNOWN] = c->r[X86_T0] = c->r[X86_T1] = 0;
	c->known = KNOWN_AT_START;
	flags_raw(c, regs[X86_FLAGS], X86_STATUS);
	c->df = !!(regs[X86_FLAGS] & X86_DF);
	x->sp = regs[X86_SP];
	x->b->nr = x->b->nr_unknown = x->b->nr_carried = x->b->nr_insns = x->b->nr_reads = 0;
	x->b->chain_insns = 0;
	x->place = (struct soft_place){0};
}

static void run_end(struct run *x)
{
	struct soft_end *e = x->b->end;

	x->b->nr_reads = x->values->nr_reads;
	if (!e)
		return;
	flags_settle(&x->cpu);
	memcpy(e->regs, x->cpu.r, X86_NR_SAMPLED * sizeof(*e->regs));
	e->known = x->cpu.known & KNOWN_AT_START & ~(1u << X86_BASE | 1u << X86_ZERO);
	e->flags = x->cpu.raw;
	e->flags_known = x->cpu.mask;
}

void x86_run(struct soft_code *code, struct soft_values *values, const uint64_t *regs,
	     const struct soft_limits *limits, struct soft_burst *b)
{
	static const void *const label[X86_NR_OPS] = {[OP_BAD] = &&L_BAD,
						      [OP_LINK] = &&L_LINK,
#define X(name) [OP_##name] = &&L_##name,
						      X86_OPS(X)
#undef X
	};
	struct run x = {.code = code, .values = values, .limits = limits, .b = b};
	struct x86_cpu *c = &x.cpu;
	struct soft_uop *u;

	run_init(&x, regs);
	u = enter(&x, soft_code_find(code, regs[X86_IP], true, &x.place));
	c->r[X86_BASE] = x.place.base;

/* clang-format off */
#define DISPATCH()	goto *label[u->op]
#define NEXT()		do { u++; b->nr_insns += u->first; DISPATCH(); } while (0)
#define DO(call)	do { call; NEXT(); } while (0)
#define ACCESS(call)	do { if (!(call)) goto full; NEXT(); } while (0)
#define GO(where)	do { u = (where); if (!u) goto out; DISPATCH(); } while (0)
#define ALU(name)	L_##name##8: DO(alu(c, u, OP_##name##8, 8));				\
			L_##name##4: DO(alu(c, u, OP_##name##8, 4));				\
			L_##name##2: DO(alu(c, u, OP_##name##8, 0))
	if (!u)
		goto out;
	DISPATCH();

	L_BAD:		b->nr_insns -= u->first; b->stop = SOFT_STOP_CODE; goto out;
	L_NOP:		NEXT();
	L_STOP:		b->nr_insns -= u->first; b->stop = u->dst; goto out;
	L_FORGET:	DO(forget_regs(c, u));
	L_LINK:		GO(follow(&x, &u->aux));
	L_JCC:		GO(branch(&x, u));
	L_JMPR:		GO(jump(&x, u->dst));
	L_CALL:		if (!op_call(&x, u)) goto full; GO(follow(&x, &u->aux));
	L_CALLR:	if (is_known(c, u->dst) && !op_call(&x, u)) goto full; GO(jump(&x, u->dst));
	L_RET:		if (!pop(&x, X86_T0, u)) goto full;
			c->r[X86_SP] += (uint32_t)u->disp; GO(jump(&x, X86_T0));
	L_PUSH:		ACCESS(push(&x, c->r[u->dst], is_known(c, u->dst), u->aux));
	L_POP:		ACCESS(pop(&x, u->dst, u));
	L_LEAVE:	ACCESS(op_leave(&x, u));
	L_LD:		ACCESS(op_ld(&x, u));
	L_ST:		ACCESS(op_st(&x, u));
	L_PUT:		DO(op_put(&x, u));
	L_TOUCH:	ACCESS(op_touch(&x, u));
	L_MOVS: L_STOS: L_LODS: ACCESS(op_string(&x, u));
	L_SCAN:		ACCESS(op_scan(&x, u));

	L_MOV8:		DO(mov(c, u, 8));
	L_MOV4:		DO(mov(c, u, 4));
	L_MOV2:		DO(mov(c, u, 0));
	L_MOVI:		DO(put(c, u->dst, 8, (uint64_t)(uint32_t)u->disp << 32 | u->aux, true));
	L_ZEXT:		DO(put(c, u->dst, 8, get(c, u->src, u->size), is_known(c, u->src)));
	L_SEXT8:	DO(put(c, u->dst, 8, get_signed(c, u->src, u->size), is_known(c, u->src)));
	L_SEXT4:	DO(put(c, u->dst, 4, get_signed(c, u->src, u->size), is_known(c, u->src)));
	L_HIGH:		DO(put(c, u->dst, 8, c->r[u->src] >> 8 & 0xff, is_known(c, u->src)));
	L_LEA8:		DO(lea(c, u, 8));
	L_LEA4:		DO(lea(c, u, 4));
	L_CMOV:		DO(cmov(c, u));
	L_SETCC:	DO(setcc(c, u));
	L_BSWAP:	DO(bswap(c, u));
	L_CWDE:		DO(put(c, X86_AX, 4, get_signed(c, X86_AX, 2), is_known(c, X86_AX)));
	L_CDQE:		DO(put(c, X86_AX, 8, get_signed(c, X86_AX, 4), is_known(c, X86_AX)));
	L_CDQ:		DO(put(c, X86_DX, 4, get_signed(c, X86_AX, 4) >> 31, is_known(c, X86_AX)));
	L_CQO:		DO(put(c, X86_DX, 8, get_signed(c, X86_AX, 8) >> 63, is_known(c, X86_AX)));

	ALU(ADD); ALU(SUB); ALU(CMP); ALU(AND); ALU(OR); ALU(XOR); ALU(TEST);
	L_ADC: L_SBB:	DO(carry_alu(c, u));
	L_ZEROED:	DO(zeroed(c, u));
	L_SBB_SELF:	DO(sbb_self(c, u));
	L_INC: L_DEC:	DO(step(c, u));
	L_NEG:		DO(neg(c, u));
	L_NOT:		DO(put(c, u->dst, u->size, ~c->r[u->dst], is_known(c, u->dst)));
	L_SHL:		DO(shift(c, u, OP_SHL));
	L_SHR:		DO(shift(c, u, OP_SHR));
	L_SAR:		DO(shift(c, u, OP_SAR));
	L_ROL: L_ROR:	DO(rotate(c, u));
	L_SHLX: L_SHRX: L_SARX: L_RORX: DO(shift_free(c, u));
	L_IMUL:		DO(imul(c, u));
	L_MUL1: L_IMUL1: DO(multiply(c, u));
	L_DIV: L_IDIV:	DO(divide(c, u));
	L_BSF: L_BSR: L_TZCNT: L_LZCNT: L_POPCNT: DO(count_bits(c, u));
	L_BT: L_BTS: L_BTR: L_BTC: DO(bit(c, u));
	L_ANDN: L_BLSR: L_BLSI: L_BLSMSK: DO(bmi(c, u));
	/* clang-format on */
full:
	b->stop = SOFT_STOP_ACCESSES;
out:
	run_end(&x);
}
