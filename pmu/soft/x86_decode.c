/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64 instructions to micro-ops. What no rule (x86_rules.c) covers exactly goes the general way:
 * its accesses are told, and what it writes is forgotten. Operands and actions are as Zydis tells
 * them.
 */
#include <string.h>

#include "base/util.h"
#include "pmu/soft/x86_insn.h"

/* movs, stos, lods, cmps, scas: what they do is in the opcode (0xa4..0xaf), bit 0 the width */
static bool rule_string(struct x86_insn *x)
{
	const uint64_t rep = ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
	struct soft_uop *u;
	uint8_t op;

	switch (x->i.opcode & 0xfe) {
	case 0xa4:
		op = OP_MOVS;
		break;
	case 0xaa:
		op = OP_STOS;
		break;
	case 0xac:
		op = OP_LODS;
		break;
	case 0xa6:
	case 0xae:
		op = OP_SCAN;
		break;
	default:
		return false;
	}
	if (x->i.address_width != 64)
		return false;
	u = x86_emit(x, op);
	u->dst = !!(x->i.attributes & rep);
	u->src = (x->i.opcode & 0xfe) == 0xa6; /* SCAN: cmps reads at rsi, too */
	u->size = x->i.opcode & 1 ? x->i.operand_width / 8 : 1;
	/* fs and gs reach the operand at rsi only */
	u->shift =
		!!(x->i.attributes & (ZYDIS_ATTRIB_HAS_SEGMENT_FS | ZYDIS_ATTRIB_HAS_SEGMENT_GS));
	u->aux = x->off;
	return true;
}

/* ---- the general way ---- */

/* Accesses that need not happen: masked ones, and those of gathers and scatters, whose indices are
 * in registers that are not sampled. */
static bool conditional(const struct x86_insn *x, const ZydisDecodedOperand *o)
{
	const ZydisOperandActions sure = ZYDIS_OPERAND_ACTION_READ | ZYDIS_OPERAND_ACTION_WRITE;

	switch (x->i.mnemonic) {
	case ZYDIS_MNEMONIC_VMASKMOVPS:
	case ZYDIS_MNEMONIC_VMASKMOVPD:
	case ZYDIS_MNEMONIC_VPMASKMOVD:
	case ZYDIS_MNEMONIC_VPMASKMOVQ:
	case ZYDIS_MNEMONIC_MASKMOVDQU:
	case ZYDIS_MNEMONIC_VMASKMOVDQU:
	case ZYDIS_MNEMONIC_MASKMOVQ:
		return true;
	default:
		return x->i.avx.mask.mode > ZYDIS_MASK_MODE_DISABLED || !(o->actions & sure) ||
		       o->mem.type == ZYDIS_MEMOP_TYPE_VSIB;
	}
}

static void touch(struct x86_insn *x, const ZydisDecodedOperand *o)
{
	bool implied_stack = o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
			     o->mem.base == ZYDIS_REGISTER_RSP;
	struct soft_uop *u;

	if (o->mem.type != ZYDIS_MEMOP_TYPE_MEM && o->mem.type != ZYDIS_MEMOP_TYPE_VSIB)
		return;
	u = x86_emit_mem(x, OP_TOUCH, X86_UNKNOWN, o);
	if (conditional(x, o))
		u->src |= DAMON_ACCESS_LIKELY;
	if (implied_stack ||
	    x86_address_hidden(&x->i, x->o)) { /* the address is not that of the operand */
		u->base = X86_UNKNOWN;
		u->index = X86_ZERO;
	}
}

static void forget_registers(struct x86_insn *x)
{
	const ZydisAccessedFlags *f = x->i.cpu_flags;
	uint32_t regs = 0;
	struct soft_uop *u;
	uint8_t df = X86_DF_KEEP;
	bool flags = f && (f->modified | f->set_0 | f->set_1 | f->undefined);

	for (int i = 0; i < x->i.operand_count; i++) {
		const ZydisDecodedOperand *o = &x->o[i];
		int size;
		bool high;
		uint8_t r = o->type == ZYDIS_OPERAND_TYPE_REGISTER
				    ? x86_gpr(o->reg.value, &size, &high)
				    : X86_NO_REG;

		if (r != X86_NO_REG && o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			regs |= 1u << r;
	}
	if (f && f->set_0 & ZYDIS_CPUFLAG_DF)
		df = X86_DF_CLEAR;
	else if (f && f->set_1 & ZYDIS_CPUFLAG_DF)
		df = X86_DF_SET;
	else if (f && f->modified & ZYDIS_CPUFLAG_DF)
		df = X86_DF_FORGET;
	if (!regs && !flags)
		return;
	u = x86_emit(x, OP_FORGET);
	u->next = regs;
	u->src = flags && df != X86_DF_CLEAR && df != X86_DF_SET ? X86_FORGET_FLAGS : 0;
	u->dst = df;
}

static void general(struct x86_insn *x)
{
	x->nr = 0;
	for (int i = 0; i < x->i.operand_count; i++)
		if (x->o[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			touch(x, &x->o[i]);
	forget_registers(x);
	if (!x->nr)
		x86_emit(x, OP_NOP);
}

static void translate(struct x86_insn *x)
{
	const struct x86_rule *r = &x86_rules[x->i.mnemonic];

	switch (x->i.meta.category) {
	case ZYDIS_CATEGORY_NOP:
	case ZYDIS_CATEGORY_WIDENOP:
	case ZYDIS_CATEGORY_PREFETCH:
	case ZYDIS_CATEGORY_PREFETCHWT1:
		x86_emit(x, OP_NOP);
		return;
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET:
	case ZYDIS_CATEGORY_INTERRUPT:
		x86_stop(x, SOFT_STOP_SYSCALL);
		return;
	case ZYDIS_CATEGORY_STRINGOP:
		if (!rule_string(x))
			general(x);
		return;
	default:
		if (!r->translate || !r->translate(x, r->op, r->cc))
			general(x);
	}
}

int x86_decode(const uint8_t *bytes, size_t n, uint32_t off, struct soft_uop *out, int *len,
	       bool *ends)
{
	struct x86_insn x; /* large: cleared as far as it is needed */
	ZydisDecoder decoder;

	if (!ZYAN_SUCCESS(
		    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) ||
	    !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, n, &x.i, x.o)))
		return 0;
	x.off = off;
	x.out = out;
	x.nr = 0;
	x.ends = false;
	memset(x.arg, 0, sizeof(x.arg));
	for (int i = 0; i < MIN(x.i.operand_count_visible, (int)ARRAY_SIZE(x.arg)); i++)
		x.arg[i] = x86_arg_of(&x.o[i]);
	translate(&x);
	*len = x.i.length;
	*ends = x.ends;
	return x.nr;
}
