/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The access that the CPU waited for when the clock interrupted it. The interrupt is taken once the
 * oldest instruction retires, so what stalled is the instruction just before the sampled one.
 *
 * x86 code cannot be read backwards. It is swept forwards from several starts before the sampled
 * instruction: sweeps soon fall into step with the true instructions, so the predecessor that most
 * of them agree on is taken. That it ran is likely, not sure: the sampled instruction may have been
 * jumped to. Its address is worked out from the sampled registers where it left them alone.
 */
#include <string.h>

#include "base/util.h"
#include "pmu/soft/x86_insn.h"

#define NEAREST	 24 /* bytes before the sampled instruction at which sweeps start, from */
#define FARTHEST 35 /* to */
#define UNSEEN	 255

/*
 * Sweeps from 'd' bytes before 'ip' (at 'bytes + ip') and returns how far before it the last
 * instruction stands that ends there, 0 if the sweep does not meet 'ip'. What earlier sweeps found
 * is in 'last' (UNSEEN: no sweep was there yet), so that each position is decoded once.
 */
static uint8_t sweep(const ZydisDecoder *decoder, const uint8_t *bytes, size_t ip, size_t d,
		     uint8_t last[FARTHEST + 1])
{
	uint8_t path[FARTHEST], n = 0, found = 0;

	while (d && last[d] == UNSEEN) {
		ZydisDecodedInstruction i;

		path[n++] = d;
		if (!ZYAN_SUCCESS(
			    ZydisDecoderDecodeInstruction(decoder, NULL, bytes + ip - d, d, &i)))
			break;
		found = d;
		d -= i.length;
		if (d)
			found = 0;
	}
	if (d && last[d] != UNSEEN)
		found = last[d];
	while (n)
		last[path[--n]] = found;
	return found;
}

/* The distance of the instruction before position 'ip' of 'bytes', 0 if no sweep meets 'ip'. */
static size_t find_previous(const ZydisDecoder *full, const uint8_t *bytes, size_t ip)
{
	uint8_t last[FARTHEST + 1], votes[FARTHEST + 1] = {0};
	size_t far = MIN(ip, (size_t)FARTHEST), near = MIN(far, (size_t)NEAREST), best = 0;
	ZydisDecoder lengths = *full; /* of instructions: all that sweeps ask for */

	ZydisDecoderEnableMode(&lengths, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
	memset(last, UNSEEN, sizeof(last));
	/* at a unit's start there is but one way to begin */
	for (size_t d = near; d && d <= far; d++)
		votes[sweep(&lengths, bytes, ip, d, last)]++;
	for (size_t d = 1; d <= far; d++)
		if (votes[d] > (best ? votes[best] : 0))
			best = d;
	return best;
}

static bool ends_line(const ZydisDecodedInstruction *i)
{
	switch (i->meta.category) {
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET:
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_NOP:
	case ZYDIS_CATEGORY_WIDENOP:
	case ZYDIS_CATEGORY_PREFETCH:
	case ZYDIS_CATEGORY_PREFETCHWT1:
		return true; /* no access, or not in line */
	default:
		return false;
	}
}

static uint32_t written(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *o)
{
	uint32_t mask = 0;

	for (int k = 0; k < i->operand_count; k++) {
		bool high;
		int size;
		uint8_t r = o[k].type == ZYDIS_OPERAND_TYPE_REGISTER
				    ? x86_gpr(o[k].reg.value, &size, &high)
				    : X86_NO_REG;

		if (r != X86_NO_REG && o[k].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			mask |= 1u << r;
	}
	return mask;
}

/* A 64-bit address register, X86_ZERO for none, X86_NO_REG for what cannot be told. */
static uint8_t address_register(ZydisRegister r)
{
	int size = 0;
	bool high;
	uint8_t reg;

	if (r == ZYDIS_REGISTER_NONE)
		return X86_ZERO;
	if (r == ZYDIS_REGISTER_RIP)
		return X86_BASE;
	reg = x86_gpr(r, &size, &high);
	return size == 8 ? reg : X86_NO_REG;
}

static bool fill(struct soft_stall *s, const ZydisDecodedInstruction *i,
		 const ZydisDecodedOperand *o, uint32_t insn)
{
	const ZydisDecodedOperandMem *m = &o->mem;
	int64_t disp = m->disp.has_displacement ? m->disp.value : 0;

	s->base = address_register(m->base);
	s->index = address_register(m->index);
	s->shift = m->scale == 8 ? 3 : m->scale == 4 ? 2 : m->scale == 2;
	if (s->base == X86_BASE)
		disp += (int64_t)insn + i->length;
	s->disp = disp;
	s->size = MIN(o->size / 8, 255);
	s->insn = insn;
	s->flags = (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ ? DAMON_ACCESS_LOAD : 0) |
		   (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE ? DAMON_ACCESS_STORE : 0);
	return s->base != X86_NO_REG && s->index != X86_NO_REG && s->disp == disp &&
	       i->address_width == 64 && m->segment != ZYDIS_REGISTER_FS &&
	       m->segment != ZYDIS_REGISTER_GS;
}

static uint32_t bit_of(uint8_t reg)
{
	return reg == X86_ZERO || reg == X86_BASE ? 0 : 1u << reg;
}

/* push and pop move the stack pointer by 8; their implied operand is below or at it. */
static bool stack_access(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *all,
			 const ZydisDecodedOperand *o, struct soft_stall *s)
{
	bool implied = o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;

	if (i->operand_width != 64 || !implied)
		return false;
	if (i->meta.category == ZYDIS_CATEGORY_POP && all->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	    all->reg.value == ZYDIS_REGISTER_RSP)
		return false;
	if (i->meta.category == ZYDIS_CATEGORY_POP)
		s->adjust = -8;
	s->flags |= DAMON_ACCESS_STACK;
	return true;
}

/* The access of a decoded instruction that the registers after it still tell. */
static bool survives(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *o, uint32_t insn,
		     struct soft_stall *s)
{
	bool stack =
		i->meta.category == ZYDIS_CATEGORY_PUSH || i->meta.category == ZYDIS_CATEGORY_POP;
	uint32_t lost = written(i, o);

	for (int k = 0; k < i->operand_count; k++) {
		if (o[k].type != ZYDIS_OPERAND_TYPE_MEMORY ||
		    o[k].mem.type != ZYDIS_MEMOP_TYPE_MEM || !fill(s, i, &o[k], insn))
			continue;
		if (stack && o[k].mem.base == ZYDIS_REGISTER_RSP)
			return stack_access(i, o, &o[k], s);
		return !((bit_of(s->base) | bit_of(s->index)) & lost);
	}
	return false;
}

/* A repeated string operation is interrupted within itself: its registers say how far it is. */
static bool at_string(const ZydisDecoder *decoder, const uint8_t *bytes, size_t n, uint32_t off,
		      struct soft_stall *s)
{
	const uint64_t rep = ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction i;
	bool prefix = false;

	for (size_t k = 0; k < MIN(n, (size_t)4); k++)
		prefix |= bytes[k] == 0xf2 || bytes[k] == 0xf3;
	if (!prefix || !ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, bytes, n, &i, o)) ||
	    i.meta.category != ZYDIS_CATEGORY_STRINGOP || !(i.attributes & rep))
		return false;
	for (int pass = 0; pass < 2; pass++) /* loads are what is waited for */
		for (int k = 0; k < i.operand_count; k++)
			if (o[k].type == ZYDIS_OPERAND_TYPE_MEMORY && fill(s, &i, &o[k], off) &&
			    (pass || s->flags == DAMON_ACCESS_LOAD))
				return true;
	return false;
}

void x86_backward(const uint8_t *bytes, size_t n, size_t before, uint32_t off,
		  struct soft_stall *out)
{
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction i;
	struct soft_stall s = {0};
	ZydisDecoder decoder;
	size_t d;

	if (!ZYAN_SUCCESS(
		    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
		return;
	if (!at_string(&decoder, bytes + before, n - before, off, &s)) {
		s = (struct soft_stall){0};
		d = find_previous(&decoder, bytes, before);
		if (!d ||
		    !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes + before - d, d, &i, o)) ||
		    ends_line(&i) || x86_address_hidden(&i, o) || !survives(&i, o, off - d, &s))
			return;
	}
	s.known = 1;
	*out = s;
}

int x86_stall_address(const struct soft_stall *s, const uint64_t *regs, uint64_t base,
		      uint64_t *addr)
{
	uint64_t b = s->base == X86_ZERO ? 0 : s->base == X86_BASE ? base : regs[s->base];
	uint64_t x = s->index == X86_ZERO ? 0 : regs[s->index];

	if (!s->known)
		return 0;
	*addr = b + (x << s->shift) + (int64_t)s->disp + s->adjust;
	return 1;
}

const struct soft_arch soft_arch_x86_64 = {
	.name = "x86-64",
	.elf_machine = 62, /* EM_X86_64 */
	.nr_regs = X86_NR_SAMPLED,
	.reg_ip = X86_IP,
	.reg_sp = X86_SP,
	.regs_mask = X86_REGS_MASK,
	.decode = x86_decode,
	.run = x86_run,
	.backward = x86_backward,
	.stall_address = x86_stall_address,
};
