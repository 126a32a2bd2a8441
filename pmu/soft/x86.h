/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64: registers and operations of its micro-ops. Shared by decoder, interpreter and the
 * backward decoder; nobody else needs it.
 */
#ifndef PMU_SOFT_X86_H
#define PMU_SOFT_X86_H

#include "pmu/soft/soft.h"

/* The order in which the kernel samples x86-64 registers (its bits 0-9 and 16-23). The places of
 * the instruction pointer and of the flags serve micro-ops as two constants. */
enum {
	X86_AX,
	X86_BX,
	X86_CX,
	X86_DX,
	X86_SI,
	X86_DI,
	X86_BP,
	X86_SP,
	X86_IP,
	X86_FLAGS,
	X86_R8,
	X86_R15 = X86_R8 + 7,
	X86_NR_SAMPLED,

	X86_BASE = X86_IP,    /* address of the unit's offset 0 */
	X86_ZERO = X86_FLAGS, /* 0 */

	X86_UNKNOWN = X86_NR_SAMPLED, /* never known */
	X86_T0,
	X86_T1,
	X86_NR_REGS,
	X86_NO_REG = 255,
};
#define X86_REGS_MASK (0x3ffull | 0xffull << 16)

enum {
	X86_CF = 1 << 0,
	X86_PF = 1 << 2,
	X86_ZF = 1 << 6,
	X86_SF = 1 << 7,
	X86_DF = 1 << 10,
	X86_OF = 1 << 11,
	X86_STATUS = X86_CF | X86_PF | X86_ZF | X86_SF | X86_OF, /* AF is followed by nothing */
};

/* Condition codes as instructions encode them: bit 0 negates. */
enum x86_cc {
	CC_O = 0,
	CC_B = 2,
	CC_Z = 4,
	CC_NZ = 5,
	CC_BE = 6,
	CC_S = 8,
	CC_P = 10,
	CC_L = 12,
	CC_LE = 14,
};

/*
 * Operations. Where sizes differ in what they keep of the destination, 8 and 4 are for those sizes
 * and 2 is for 2 and 1. The second operand of arithmetic is src + disp: src is X86_ZERO for
 * immediates.
 */
#define X86_SIZES(X, name) X(name##8) X(name##4) X(name##2)
/* clang-format off */
#define X86_OPS(X)                                                                                 \
	/* control */                                                                              \
	X(NOP) X(FORGET) X(STOP) X(JCC) X(JMPR) X(CALL) X(CALLR) X(RET)                            \
	/* the stack */                                                                            \
	X(PUSH) X(POP) X(LEAVE)                                                                    \
	/* memory; TOUCH: an access whose value is of no interest; PUT: second half of a           \
	 * read-modify-write, whose access was told by its load */                                 \
	X(LD) X(ST) X(PUT) X(TOUCH) X(MOVS) X(STOS) X(LODS) X(SCAN)                                \
	/* moves */                                                                                \
	X86_SIZES(X, MOV) X(MOVI) X(ZEXT) X(SEXT8) X(SEXT4) X(HIGH) X(LEA8) X(LEA4) X(CMOV)        \
	X(SETCC) X(BSWAP) X(CWDE) X(CDQE) X(CDQ) X(CQO)                                            \
	/* arithmetic */                                                                           \
	X86_SIZES(X, ADD) X86_SIZES(X, SUB) X86_SIZES(X, CMP) X86_SIZES(X, AND) X86_SIZES(X, OR)   \
	X86_SIZES(X, XOR) X86_SIZES(X, TEST)                                                       \
	X(ADC) X(SBB) X(ZEROED) X(SBB_SELF) X(INC) X(DEC) X(NEG) X(NOT)                            \
	X(SHL) X(SHR) X(SAR) X(ROL) X(ROR) X(SHLX) X(SHRX) X(SARX) X(RORX)                         \
	X(IMUL) X(MUL1) X(IMUL1) X(DIV) X(IDIV)                                                    \
	X(BSF) X(BSR) X(TZCNT) X(LZCNT) X(POPCNT) X(BT) X(BTS) X(BTR) X(BTC)                       \
	X(ANDN) X(BLSR) X(BLSI) X(BLSMSK)
/* clang-format on */

enum x86_op {
	OP_BAD = SOFT_OP_BAD,
	OP_LINK = SOFT_OP_LINK,
#define X(name) OP_##name,
	X86_OPS(X)
#undef X
		X86_NR_OPS,
};

/* FORGET: 'next' is the mask of registers, 'src' has X86_FORGET_FLAGS, 'dst' what happens to DF. */
enum { X86_FORGET_FLAGS = 1 };
enum { X86_DF_KEEP, X86_DF_CLEAR, X86_DF_SET, X86_DF_FORGET };
/* CMOV and SETCC: 'disp' is the condition code. CMOV with 'index' 1: a condition that does not hold
 * leaves the upper half of the register. */

/* The number of a general-purpose register of Zydis, or X86_NO_REG; '*size' in bytes, '*high' for
 * AH, BH, CH, DH. */
uint8_t x86_gpr(int zydis_register, int *size, bool *high);

/* The functions of struct soft_arch. */
int x86_decode(const uint8_t *bytes, size_t n, uint32_t off, struct soft_uop *out, int *len,
	       bool *ends);
void x86_run(struct soft_code *code, struct soft_values *values, const uint64_t *regs,
	     const struct soft_limits *limits, struct soft_burst *b);
void x86_backward(const uint8_t *bytes, size_t n, size_t before, uint32_t off,
		  struct soft_stall *out);
int x86_stall_address(const struct soft_stall *s, const uint64_t *regs, uint64_t base,
		      uint64_t *addr);

#endif
