/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An x86-64 instruction on its way into micro-ops: the decoder's own. */
#ifndef PMU_SOFT_X86_INSN_H
#define PMU_SOFT_X86_INSN_H

#include <Zydis/Zydis.h>

#include "pmu/soft/x86.h"

/* Temporaries for the values of memory operands and the like. */
#define T_DST X86_T0
#define T_SRC X86_T1

enum arg_kind { ARG_NONE, ARG_REG, ARG_HIGH, ARG_MEM, ARG_IMM, ARG_OTHER };

struct x86_arg {
	enum arg_kind kind;
	uint8_t reg;  /* REG, and HIGH: the register that AH..BH are a part of */
	uint8_t size; /* bytes */
	int64_t imm;  /* sign extended */
	const ZydisDecodedOperand *mem;
};

struct x86_insn {
	ZydisDecodedInstruction i;
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	struct x86_arg arg[4];
	uint32_t off; /* of the instruction */
	struct soft_uop *out;
	struct soft_uop spill; /* written to if 'out' is full */
	int nr;
	bool ends;
};

struct x86_arg x86_arg_of(const ZydisDecodedOperand *o);

/* A new micro-op of the instruction. */
struct soft_uop *x86_emit(struct x86_insn *x, uint8_t op);
struct soft_uop *x86_emit_op(struct x86_insn *x, uint8_t op, uint8_t dst, uint8_t src, uint8_t size,
			     int32_t disp);
void x86_emit_imm(struct x86_insn *x, uint8_t dst, int64_t value);
void x86_emit_mov(struct x86_insn *x, uint8_t dst, uint8_t src, int size);
/* LD, ST, PUT and TOUCH: 'reg' is loaded or stored. */
struct soft_uop *x86_emit_mem(struct x86_insn *x, uint8_t op, uint8_t reg,
			      const ZydisDecodedOperand *o);
/* Ends the burst; returns true. */
bool x86_stop(struct x86_insn *x, enum soft_stop why);

/* Fills in the address of a memory operand; one that cannot be told has the base X86_UNKNOWN. */
void x86_set_address(struct x86_insn *x, struct soft_uop *u, const ZydisDecodedOperand *o);

/* Whether registers that the operands do not name as such (xlat's al, the bit number of bt and its
 * like) are a part of the address of the memory operand. 'o' are all operands. */
bool x86_address_hidden(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *o);

/* The variant for a size of an operation that has three. */
uint8_t x86_sized(uint8_t op8, int size);

/* A register that holds the value of 'a'; 'temp' where it is none itself. */
uint8_t x86_value_of(struct x86_insn *x, const struct x86_arg *a, uint8_t temp);
bool x86_readable(const struct x86_arg *a);
bool x86_writable(const struct x86_arg *a);

/* How a mnemonic is translated. 'translate' (NULL: no rule) returns false if it does not cover the
 * operands at hand; what it emitted is dropped then. */
struct x86_rule {
	bool (*translate)(struct x86_insn *x, uint8_t op, uint8_t cc);
	uint8_t op, cc;
};
extern const struct x86_rule x86_rules[ZYDIS_MNEMONIC_MAX_VALUE + 1];

#endif
