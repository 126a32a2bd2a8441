/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instructions that are run, and not just looked at for their accesses: one rule for each
 * shape. Semantics after the Intel SDM, volume 2. */
#include "pmu/soft/x86_insn.h"

static bool rule_nop(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	x86_emit(x, OP_NOP);
	return true;
}

/* add, sub, cmp, and, or, xor, test: three sizes; adc, sbb: one for all */
static bool rule_alu(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1];
	bool reads = op == OP_CMP8 || op == OP_TEST8, carry = op == OP_ADC || op == OP_SBB;
	bool same = d->kind == ARG_REG && s->kind == ARG_REG && d->reg == s->reg;
	uint8_t dst, src = X86_ZERO;

	if (!x86_readable(s) || !(reads ? x86_readable(d) : x86_writable(d)))
		return false;
	if (same && (op == OP_XOR8 || op == OP_SUB8 || op == OP_SBB)) {
		x86_emit_op(x, op == OP_SBB ? OP_SBB_SELF : OP_ZEROED, d->reg, d->reg, d->size, 0);
		return true;
	}
	if (s->kind != ARG_IMM)
		src = x86_value_of(x, s, T_SRC);
	dst = x86_value_of(x, d, T_DST);
	x86_emit_op(x, carry ? op : x86_sized(op, d->size), dst, src, d->size,
		    s->kind == ARG_IMM ? s->imm : 0);
	if (d->kind == ARG_MEM && !reads)
		x86_emit_mem(x, OP_PUT, dst, d->mem);
	return true;
}

/* inc, dec, neg, not: dst alone */
static bool rule_unary(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0];
	uint8_t dst;

	if (!x86_writable(d))
		return false;
	dst = x86_value_of(x, d, T_DST);
	x86_emit_op(x, op, dst, X86_ZERO, d->size, 0);
	if (d->kind == ARG_MEM)
		x86_emit_mem(x, OP_PUT, dst, d->mem);
	return true;
}

/* shifts and rotates by cl or an immediate; bt, bts, btr, btc: like alu, but any size */
static bool rule_binary(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1];
	bool bits = op >= OP_BT && op <= OP_BTC;
	uint8_t dst;

	if (!x86_writable(d) || (s->kind != ARG_IMM && s->kind != ARG_REG))
		return false;
	if (bits && d->kind == ARG_MEM && s->kind == ARG_REG)
		return false; /* the register selects the address, too */
	dst = x86_value_of(x, d, T_DST);
	x86_emit_op(x, op, dst, s->kind == ARG_IMM ? X86_ZERO : s->reg, d->size,
		    s->kind == ARG_IMM ? s->imm : 0);
	if (d->kind == ARG_MEM && op != OP_BT)
		x86_emit_mem(x, OP_PUT, dst, d->mem);
	return true;
}

/* shlx, shrx, sarx dst, src, count; rorx dst, src, imm */
static bool rule_shiftx(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1], *n = &x->arg[2];
	struct soft_uop *u;
	uint8_t src;

	if (d->kind != ARG_REG || !x86_readable(s) || (n->kind != ARG_REG && n->kind != ARG_IMM))
		return false;
	src = x86_value_of(x, s, T_SRC);
	u = x86_emit_op(x, op, d->reg, src, d->size, n->kind == ARG_IMM ? n->imm : 0);
	u->base = n->kind == ARG_REG ? n->reg : X86_ZERO;
	return true;
}

static bool rule_andn(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *a = &x->arg[1], *b = &x->arg[2];
	uint8_t src;

	if (d->kind != ARG_REG || a->kind != ARG_REG || !x86_readable(b))
		return false;
	src = x86_value_of(x, b, T_SRC);
	x86_emit_op(x, op, d->reg, a->reg, d->size, 0)->base = src;
	return true;
}

/* bsf, bsr, tzcnt, lzcnt, popcnt, blsr, blsi, blsmsk: dst from src, whole registers */
static bool rule_from(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1];
	uint8_t src;

	if (d->kind != ARG_REG || !x86_readable(s) || d->size < 4)
		return false;
	src = x86_value_of(x, s, T_SRC);
	x86_emit_op(x, op, d->reg, src, d->size, 0);
	return true;
}

static bool rule_mov(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1];
	uint8_t src;

	if (!x86_writable(d) || !x86_readable(s))
		return false;
	if (d->kind == ARG_MEM) {
		src = x86_value_of(x, s, T_SRC);
		x86_emit_mem(x, OP_ST, src, d->mem);
	} else if (d->size >= 4 && s->kind == ARG_MEM) {
		x86_emit_mem(x, OP_LD, d->reg, s->mem);
	} else if (d->size >= 4 && s->kind == ARG_IMM) {
		x86_emit_imm(x, d->reg, d->size == 4 ? (int64_t)(uint32_t)s->imm : s->imm);
	} else {
		src = x86_value_of(x, s, T_SRC);
		x86_emit_mov(x, d->reg, src, d->size);
	}
	return true;
}

static bool rule_movx(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1];
	uint8_t src;

	if (d->kind != ARG_REG || !x86_readable(s) || d->size < 4)
		return false;
	if (op == OP_ZEXT && s->kind == ARG_MEM) {
		x86_emit_mem(x, OP_LD, d->reg, s->mem);
		return true;
	}
	src = x86_value_of(x, s, T_SRC);
	x86_emit_op(x, op == OP_SEXT8 && d->size == 4 ? OP_SEXT4 : op, d->reg, src, s->size, 0);
	return true;
}

static bool rule_lea(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1];
	struct soft_uop *u;

	if (d->kind != ARG_REG || d->size < 4 || !s->mem || x->i.address_width != 64)
		return false;
	u = x86_emit(x, d->size == 8 ? OP_LEA8 : OP_LEA4);
	u->dst = d->reg;
	x86_set_address(x, u, s->mem);
	return true;
}

static bool rule_cmov(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1];
	uint8_t src;

	if (d->kind != ARG_REG || !x86_readable(s))
		return false;
	src = x86_value_of(x, s, T_SRC);
	x86_emit_op(x, OP_CMOV, d->reg, src, d->size, cc);
	return true;
}

static bool rule_setcc(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0];

	if (!x86_writable(d))
		return false;
	x86_emit_op(x, OP_SETCC, d->kind == ARG_REG ? d->reg : T_DST, X86_ZERO, 1, cc);
	if (d->kind == ARG_MEM)
		x86_emit_mem(x, OP_ST, T_DST, d->mem);
	return true;
}

static bool rule_bswap(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	if (x->arg[0].kind != ARG_REG || x->arg[0].size < 4)
		return false;
	x86_emit_op(x, OP_BSWAP, x->arg[0].reg, X86_ZERO, x->arg[0].size, 0);
	return true;
}

static bool rule_extend_ax(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	x86_emit(x, op);
	return true;
}

/* imul with one, two or three operands */
static bool rule_imul(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1], *t = &x->arg[2];
	struct soft_uop *u;
	uint8_t src;

	if (x->i.operand_count_visible == 1) {
		if (!x86_readable(d) || d->size < 4)
			return false;
		src = x86_value_of(x, d, T_SRC);
		x86_emit_op(x, OP_IMUL1, src, X86_ZERO, d->size, 0);
		return true;
	}
	if (d->kind != ARG_REG || !x86_readable(s))
		return false;
	src = x86_value_of(x, s, T_SRC);
	u = x86_emit_op(x, OP_IMUL, d->reg, src, d->size, t->kind == ARG_IMM ? t->imm : 0);
	u->base = t->kind == ARG_IMM ? X86_ZERO : d->reg;
	return true;
}

static bool rule_muldiv(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *s = &x->arg[0];
	uint8_t src;

	if (!x86_readable(s) || s->size < 4)
		return false;
	src = x86_value_of(x, s, T_SRC);
	x86_emit_op(x, op, src, X86_ZERO, s->size, 0);
	return true;
}

static bool rule_push(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	struct soft_uop *u;
	uint8_t src;

	if (x->i.operand_width != 64)
		return false;
	src = x86_value_of(x, &x->arg[0], T_SRC);
	u = x86_emit(x, OP_PUSH);
	u->dst = src;
	u->aux = x->off;
	return true;
}

static bool rule_pop(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0];
	struct soft_uop *u;

	if (x->i.operand_width != 64)
		return false;
	u = x86_emit(x, OP_POP);
	u->dst = d->kind == ARG_REG ? d->reg : T_DST;
	u->aux = x->off;
	if (d->kind == ARG_MEM)
		x86_emit_mem(x, OP_ST, T_DST, d->mem);
	return true;
}

static bool rule_leave(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	if (x->i.operand_width != 64)
		return false;
	x86_emit(x, OP_LEAVE)->aux = x->off;
	return true;
}

static bool rule_xchg(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1];

	if (s->kind == ARG_MEM) {
		d = &x->arg[1];
		s = &x->arg[0];
	}
	if (!x86_writable(d) || s->kind != ARG_REG)
		return false;
	if (d->kind == ARG_MEM) {
		x86_emit_mem(x, OP_LD, X86_T0, d->mem);
		x86_emit_mem(x, OP_PUT, s->reg, d->mem);
	} else {
		x86_emit_mov(x, X86_T0, d->reg, 8);
		x86_emit_mov(x, d->reg, s->reg, d->size);
	}
	x86_emit_mov(x, s->reg, X86_T0, d->size);
	return true;
}

static bool rule_xadd(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1];

	if (!x86_writable(d) || s->kind != ARG_REG)
		return false;
	if (d->kind == ARG_MEM)
		x86_emit_mem(x, OP_LD, X86_T0, d->mem);
	else
		x86_emit_mov(x, X86_T0, d->reg, 8);
	x86_emit_mov(x, X86_T1, X86_T0, 8);
	x86_emit_op(x, x86_sized(OP_ADD8, d->size), X86_T1, s->reg, d->size, 0);
	if (d->kind == ARG_MEM)
		x86_emit_mem(x, OP_PUT, X86_T1, d->mem);
	x86_emit_mov(x, s->reg, X86_T0, d->size);
	if (d->kind == ARG_REG)
		x86_emit_mov(x, d->reg, X86_T1, d->size);
	return true;
}

/* if (ax == dst) dst = src; else ax = dst: what is not assigned keeps its upper half, too */
static bool rule_cmpxchg(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *d = &x->arg[0], *s = &x->arg[1];

	if (!x86_writable(d) || s->kind != ARG_REG)
		return false;
	if (d->kind == ARG_MEM)
		x86_emit_mem(x, OP_LD, X86_T0, d->mem)->src =
			DAMON_ACCESS_LOAD | DAMON_ACCESS_STORE;
	else
		x86_emit_mov(x, X86_T0, d->reg, 8);
	x86_emit_op(x, x86_sized(OP_CMP8, d->size), X86_AX, X86_T0, d->size, 0);
	if (d->kind == ARG_MEM) {
		x86_emit_mov(x, X86_T1, X86_T0, 8);
		x86_emit_op(x, OP_CMOV, X86_T1, s->reg, 8, CC_Z);
		x86_emit_mem(x, OP_PUT, X86_T1, d->mem);
	} else {
		x86_emit_op(x, OP_CMOV, d->reg, s->reg, d->size, CC_Z)->index = 1;
	}
	x86_emit_op(x, OP_CMOV, X86_AX, X86_T0, d->size, CC_NZ)->index = 1;
	return true;
}

static void link_to(struct x86_insn *x, uint32_t *link, const struct x86_arg *a)
{
	*link = SOFT_UNLINKED | (uint32_t)(x->off + x->i.length + a->imm);
}

static bool rule_jcc(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	struct soft_uop *u = x86_emit(x, OP_JCC);

	u->dst = cc;
	link_to(x, &u->aux, &x->arg[0]);
	u->next = SOFT_UNLINKED | (x->off + x->i.length);
	return x->ends = true;
}

/* jmp and call, near; far ones go another way than can be followed */
static bool rule_jump(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	const struct x86_arg *t = &x->arg[0];
	bool call = op == OP_CALL;
	struct soft_uop *u;
	uint8_t target;

	if (x->i.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return x86_stop(x, SOFT_STOP_INDIRECT);
	if (t->kind == ARG_IMM) {
		u = x86_emit(x, call ? OP_CALL : OP_LINK);
		link_to(x, &u->aux, t);
	} else {
		target = x86_value_of(x, t, T_SRC);
		u = x86_emit(x, call ? OP_CALLR : OP_JMPR);
		u->dst = target;
	}
	if (call) {
		u->disp = x->off + x->i.length;
		u->next = x->off;
	}
	return x->ends = true;
}

static bool rule_ret(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	struct soft_uop *u;

	if (x->i.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return x86_stop(x, SOFT_STOP_INDIRECT);
	u = x86_emit(x, OP_RET);
	u->disp = x->arg[0].kind == ARG_IMM ? (uint16_t)x->arg[0].imm : 0;
	u->aux = x->off;
	return x->ends = true;
}

static bool rule_stop(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	return x86_stop(x, op);
}

/* pushfq, popfq; popfq may change the direction */
static bool rule_flags(struct x86_insn *x, uint8_t op, uint8_t cc)
{
	struct soft_uop *u;

	if (x->i.operand_width != 64)
		return false;
	u = x86_emit(x, op);
	u->dst = op == OP_PUSH ? X86_UNKNOWN : T_DST;
	u->aux = x->off;
	if (op == OP_POP) {
		u = x86_emit(x, OP_FORGET);
		u->src = X86_FORGET_FLAGS;
		u->dst = X86_DF_FORGET;
		u->next = 0;
	}
	return true;
}

/* clang-format off */
#define R(mnemonic, rule, op)	[ZYDIS_MNEMONIC_##mnemonic] = { rule, op, 0 }
#define CC(n, code)	[ZYDIS_MNEMONIC_J##n] = { rule_jcc, OP_JCC, code },			\
			[ZYDIS_MNEMONIC_CMOV##n] = { rule_cmov, OP_CMOV, code },		\
			[ZYDIS_MNEMONIC_SET##n] = { rule_setcc, OP_SETCC, code }
const struct x86_rule x86_rules[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
	CC(O, 0), CC(NO, 1), CC(B, 2), CC(NB, 3), CC(Z, 4), CC(NZ, 5), CC(BE, 6), CC(NBE, 7),
	CC(S, 8), CC(NS, 9), CC(P, 10), CC(NP, 11), CC(L, 12), CC(NL, 13), CC(LE, 14), CC(NLE, 15),
	R(JMP, rule_jump, OP_LINK), R(CALL, rule_jump, OP_CALL), R(RET, rule_ret, OP_RET),
	R(JRCXZ, rule_stop, SOFT_STOP_BRANCH), R(JECXZ, rule_stop, SOFT_STOP_BRANCH),
	R(LOOP, rule_stop, SOFT_STOP_BRANCH), R(LOOPE, rule_stop, SOFT_STOP_BRANCH),
	R(LOOPNE, rule_stop, SOFT_STOP_BRANCH), R(XBEGIN, rule_stop, SOFT_STOP_BRANCH),
	R(XABORT, rule_stop, SOFT_STOP_INDIRECT), R(HLT, rule_stop, SOFT_STOP_CODE),
	R(UD0, rule_stop, SOFT_STOP_CODE), R(UD1, rule_stop, SOFT_STOP_CODE),
	R(UD2, rule_stop, SOFT_STOP_CODE), R(IRET, rule_stop, SOFT_STOP_INDIRECT),
	R(IRETD, rule_stop, SOFT_STOP_INDIRECT), R(IRETQ, rule_stop, SOFT_STOP_INDIRECT),
	R(ENDBR64, rule_nop, OP_NOP), R(ENDBR32, rule_nop, OP_NOP), R(PAUSE, rule_nop, OP_NOP),

	R(ADD, rule_alu, OP_ADD8), R(SUB, rule_alu, OP_SUB8), R(CMP, rule_alu, OP_CMP8),
	R(AND, rule_alu, OP_AND8), R(OR, rule_alu, OP_OR8), R(XOR, rule_alu, OP_XOR8),
	R(TEST, rule_alu, OP_TEST8), R(ADC, rule_alu, OP_ADC), R(SBB, rule_alu, OP_SBB),
	R(INC, rule_unary, OP_INC), R(DEC, rule_unary, OP_DEC), R(NEG, rule_unary, OP_NEG),
	R(NOT, rule_unary, OP_NOT),
	R(SHL, rule_binary, OP_SHL), R(SHR, rule_binary, OP_SHR), R(SAR, rule_binary, OP_SAR),
	R(ROL, rule_binary, OP_ROL), R(ROR, rule_binary, OP_ROR),
	R(BT, rule_binary, OP_BT), R(BTS, rule_binary, OP_BTS), R(BTR, rule_binary, OP_BTR),
	R(BTC, rule_binary, OP_BTC),
	R(SHLX, rule_shiftx, OP_SHLX), R(SHRX, rule_shiftx, OP_SHRX), R(SARX, rule_shiftx, OP_SARX),
	R(RORX, rule_shiftx, OP_RORX), R(ANDN, rule_andn, OP_ANDN),
	R(BSF, rule_from, OP_BSF), R(BSR, rule_from, OP_BSR), R(TZCNT, rule_from, OP_TZCNT),
	R(LZCNT, rule_from, OP_LZCNT), R(POPCNT, rule_from, OP_POPCNT),
	R(BLSR, rule_from, OP_BLSR), R(BLSI, rule_from, OP_BLSI), R(BLSMSK, rule_from, OP_BLSMSK),
	R(MOV, rule_mov, OP_MOV8), R(MOVNTI, rule_mov, OP_MOV8),
	R(MOVZX, rule_movx, OP_ZEXT), R(MOVSX, rule_movx, OP_SEXT8), R(MOVSXD, rule_movx, OP_SEXT8),
	R(LEA, rule_lea, OP_LEA8), R(BSWAP, rule_bswap, OP_BSWAP),
	R(CWDE, rule_extend_ax, OP_CWDE), R(CDQE, rule_extend_ax, OP_CDQE),
	R(CDQ, rule_extend_ax, OP_CDQ), R(CQO, rule_extend_ax, OP_CQO),
	R(IMUL, rule_imul, OP_IMUL), R(MUL, rule_muldiv, OP_MUL1), R(DIV, rule_muldiv, OP_DIV),
	R(IDIV, rule_muldiv, OP_IDIV),
	R(PUSH, rule_push, OP_PUSH), R(POP, rule_pop, OP_POP), R(LEAVE, rule_leave, OP_LEAVE),
	R(PUSHFQ, rule_flags, OP_PUSH), R(POPFQ, rule_flags, OP_POP),
	R(XCHG, rule_xchg, OP_NOP), R(XADD, rule_xadd, OP_NOP), R(CMPXCHG, rule_cmpxchg, OP_NOP),
};
#undef R
#undef CC
/* clang-format on */
