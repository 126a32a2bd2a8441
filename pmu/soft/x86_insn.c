/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/util.h"
#include "pmu/soft/x86_insn.h"

/* ---- operands ---- */

uint8_t x86_gpr(int r, int *size, bool *high)
{
	static const uint8_t order[16] = {X86_AX, X86_CX, X86_DX, X86_BX, X86_SP, X86_BP,
					  X86_SI, X86_DI, 10,	  11,	  12,	  13,
					  14,	  15,	  16,	  17};
	*high = false;
	if (r >= ZYDIS_REGISTER_RAX && r <= ZYDIS_REGISTER_R15) {
		*size = 8;
		return order[r - ZYDIS_REGISTER_RAX];
	}
	if (r >= ZYDIS_REGISTER_EAX && r <= ZYDIS_REGISTER_R15D) {
		*size = 4;
		return order[r - ZYDIS_REGISTER_EAX];
	}
	if (r >= ZYDIS_REGISTER_AX && r <= ZYDIS_REGISTER_R15W) {
		*size = 2;
		return order[r - ZYDIS_REGISTER_AX];
	}
	if (r < ZYDIS_REGISTER_AL || r > ZYDIS_REGISTER_R15B)
		return X86_NO_REG;
	*size = 1;
	*high = r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH;
	if (r <= ZYDIS_REGISTER_BL)
		return order[r - ZYDIS_REGISTER_AL];
	if (*high)
		return order[r - ZYDIS_REGISTER_AH];
	return order[4 + r - ZYDIS_REGISTER_SPL];
}

static uint8_t gpr64(ZydisRegister r)
{
	int size = 0;
	bool high;
	uint8_t reg = x86_gpr(r, &size, &high);

	return size == 8 ? reg : X86_NO_REG;
}

struct x86_arg x86_arg_of(const ZydisDecodedOperand *o)
{
	struct x86_arg a = {.kind = ARG_OTHER, .size = MIN(o->size / 8, 255)};
	int size;
	bool high;

	switch (o->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		a.reg = x86_gpr(o->reg.value, &size, &high);
		if (a.reg != X86_NO_REG)
			a.kind = high ? ARG_HIGH : ARG_REG;
		break;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		a.mem = o;
		if (o->mem.type == ZYDIS_MEMOP_TYPE_MEM && a.size <= 8 && a.size)
			a.kind = ARG_MEM;
		break;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		a.kind = ARG_IMM;
		a.imm = o->imm.is_signed ? o->imm.value.s : (int64_t)o->imm.value.u;
		break;
	default:
		break;
	}
	return a;
}

/* ---- emitting ---- */

struct soft_uop *x86_emit(struct x86_insn *x, uint8_t op)
{
	struct soft_uop *u = x->nr < SOFT_INSN_UOPS ? &x->out[x->nr++] : &x->spill;

	*u = (struct soft_uop){.op = op, .src = X86_ZERO};
	return u;
}

struct soft_uop *x86_emit_op(struct x86_insn *x, uint8_t op, uint8_t dst, uint8_t src, uint8_t size,
			     int32_t disp)
{
	struct soft_uop *u = x86_emit(x, op);

	u->dst = dst;
	u->src = src;
	u->size = size;
	u->disp = disp;
	return u;
}

void x86_emit_imm(struct x86_insn *x, uint8_t dst, int64_t value)
{
	struct soft_uop *u = x86_emit(x, OP_MOVI);

	u->dst = dst;
	u->disp = (uint64_t)value >> 32;
	u->aux = value;
}

/* The variant for a size of an operation that has three. */
uint8_t x86_sized(uint8_t op8, int size)
{
	return op8 + (size == 8 ? 0 : size == 4 ? 1 : 2);
}

void x86_emit_mov(struct x86_insn *x, uint8_t dst, uint8_t src, int size)
{
	x86_emit_op(x, x86_sized(OP_MOV8, size), dst, src, size, 0);
}

bool x86_address_hidden(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *o)
{
	switch (i->mnemonic) {
	case ZYDIS_MNEMONIC_BT:
	case ZYDIS_MNEMONIC_BTC:
	case ZYDIS_MNEMONIC_BTR:
	case ZYDIS_MNEMONIC_BTS:
		return o[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
	case ZYDIS_MNEMONIC_XLAT:
		return true;
	default:
		return false;
	}
}

/* Fills in the address of a memory operand; one that cannot be told has the base X86_UNKNOWN. */
void x86_set_address(struct x86_insn *x, struct soft_uop *u, const ZydisDecodedOperand *o)
{
	const ZydisDecodedOperandMem *m = &o->mem;
	int64_t disp = m->disp.has_displacement ? m->disp.value : 0;
	bool lea = m->type == ZYDIS_MEMOP_TYPE_AGEN;

	u->base = m->base == ZYDIS_REGISTER_NONE ? X86_ZERO : gpr64(m->base);
	u->index = m->index == ZYDIS_REGISTER_NONE || m->type == ZYDIS_MEMOP_TYPE_VSIB
			   ? X86_ZERO
			   : gpr64(m->index);
	u->shift = m->scale == 8 ? 3 : m->scale == 4 ? 2 : m->scale == 2;
	if (m->base == ZYDIS_REGISTER_RIP) {
		u->base = X86_BASE;
		disp += (int64_t)x->off + x->i.length;
	}
	u->disp = disp;
	/* the bases of fs and gs are not sampled; other segments have none */
	if (!lea && (m->segment == ZYDIS_REGISTER_FS || m->segment == ZYDIS_REGISTER_GS))
		u->base = X86_UNKNOWN;
	if (u->base == X86_NO_REG || u->index == X86_NO_REG || u->disp != disp ||
	    x->i.address_width != 64) {
		u->base = X86_UNKNOWN;
		u->index = X86_ZERO;
	}
}

static uint8_t access_flags(const ZydisDecodedOperand *o)
{
	return (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ ? DAMON_ACCESS_LOAD : 0) |
	       (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE ? DAMON_ACCESS_STORE : 0);
}

/* LD, ST and PUT: 'reg' is loaded or stored. */
struct soft_uop *x86_emit_mem(struct x86_insn *x, uint8_t op, uint8_t reg,
			      const ZydisDecodedOperand *o)
{
	struct soft_uop *u = x86_emit(x, op);

	u->dst = reg;
	u->src = access_flags(o);
	/* 0: not known, or beyond what the field holds */
	u->size = o->size > 255 * 8 || o->mem.type == ZYDIS_MEMOP_TYPE_VSIB ? 0 : o->size / 8;
	u->aux = x->off;
	x86_set_address(x, u, o);
	return u;
}

/* A register that holds the value of 'a'; 'temp' where it is none itself. */
uint8_t x86_value_of(struct x86_insn *x, const struct x86_arg *a, uint8_t temp)
{
	switch (a->kind) {
	case ARG_REG:
		return a->reg;
	case ARG_HIGH:
		x86_emit_op(x, OP_HIGH, temp, a->reg, 1, 0);
		return temp;
	case ARG_MEM:
		x86_emit_mem(x, OP_LD, temp, a->mem);
		return temp;
	case ARG_IMM:
		x86_emit_imm(x, temp, a->imm);
		return temp;
	default:
		return X86_UNKNOWN;
	}
}

bool x86_readable(const struct x86_arg *a)
{
	return a->kind == ARG_REG || a->kind == ARG_HIGH || a->kind == ARG_MEM ||
	       a->kind == ARG_IMM;
}

bool x86_writable(const struct x86_arg *a)
{
	return a->kind == ARG_REG || a->kind == ARG_MEM;
}

bool x86_stop(struct x86_insn *x, enum soft_stop why)
{
	x86_emit(x, OP_STOP)->dst = why;
	return x->ends = true;
}
