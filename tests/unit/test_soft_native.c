/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter against the CPU: random snippets run on both from the same registers, flags and
 * stack. What the interpreter claims to know at the end must be what the CPU has.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/rng.h"
#include "base/util.h"
#include "tests/kit/soft_world.h"

#ifdef __x86_64__

#define SNIPPETS   30000
#define MAX_INSNS  8
#define STACK_ROOM 512 /* below and above the stack pointer */

/* Loaded and stored by the trampoline, in the order of struct soft_end. */
uint64_t native_regs[X86_NR_SAMPLED];
uint64_t native_sp;
void *native_code;
void native_run(void);
extern const char native_return[];

__asm__(".text\n"
	".globl native_run, native_return\n"
	"native_run:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, native_sp(%rip)\n"
	"	pushq native_regs+72(%rip); popfq\n"
	"	mov native_regs+0(%rip), %rax\n"
	"	mov native_regs+8(%rip), %rbx\n"
	"	mov native_regs+16(%rip), %rcx\n"
	"	mov native_regs+24(%rip), %rdx\n"
	"	mov native_regs+32(%rip), %rsi\n"
	"	mov native_regs+40(%rip), %rdi\n"
	"	mov native_regs+48(%rip), %rbp\n"
	"	mov native_regs+56(%rip), %rsp\n"
	"	mov native_regs+80(%rip), %r8\n"
	"	mov native_regs+88(%rip), %r9\n"
	"	mov native_regs+96(%rip), %r10\n"
	"	mov native_regs+104(%rip), %r11\n"
	"	mov native_regs+112(%rip), %r12\n"
	"	mov native_regs+120(%rip), %r13\n"
	"	mov native_regs+128(%rip), %r14\n"
	"	mov native_regs+136(%rip), %r15\n"
	"	jmp *native_code(%rip)\n"
	"native_return:\n"
	"	mov %rax, native_regs+0(%rip)\n"
	"	mov %rbx, native_regs+8(%rip)\n"
	"	mov %rcx, native_regs+16(%rip)\n"
	"	mov %rdx, native_regs+24(%rip)\n"
	"	mov %rsi, native_regs+32(%rip)\n"
	"	mov %rdi, native_regs+40(%rip)\n"
	"	mov %rbp, native_regs+48(%rip)\n"
	"	mov %rsp, native_regs+56(%rip)\n"
	"	mov native_sp(%rip), %rsp\n"
	"	pushfq; popq native_regs+72(%rip)\n"
	"	mov %r8, native_regs+80(%rip)\n"
	"	mov %r9, native_regs+88(%rip)\n"
	"	mov %r10, native_regs+96(%rip)\n"
	"	mov %r11, native_regs+104(%rip)\n"
	"	mov %r12, native_regs+112(%rip)\n"
	"	mov %r13, native_regs+120(%rip)\n"
	"	mov %r14, native_regs+128(%rip)\n"
	"	mov %r15, native_regs+136(%rip)\n"
	"	cld\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

struct snippet {
	uint8_t bytes[160];
	size_t n;
	struct rng *rng;
};

static void put(struct snippet *s, uint8_t byte)
{
	s->bytes[s->n++] = byte;
}

static unsigned pick(struct snippet *s, unsigned n)
{
	return rng_below(s->rng, n);
}

static void put_imm(struct snippet *s, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		put(s, pick(s, 4) ? pick(s, 256) : pick(s, 2) ? 0xff : 0);
}

/* How the operands of an opcode are encoded. */
enum form {
	RM = 1 << 0,	/* modrm with two operands */
	GROUP = 1 << 1, /* modrm with the operation in its reg field */
	IMM8 = 1 << 2,
	IMM = 1 << 3,	 /* of the operand's size, at most 4 bytes */
	BYTE = 1 << 4,	 /* operands of one byte */
	PLUS = 1 << 5,	 /* the register is in the opcode */
	REG = 1 << 6,	 /* no memory operand */
	MEM = 1 << 7,	 /* nothing but */
	WIDE = 1 << 8,	 /* not with an operand size of 16 bits */
	VEX = 1 << 9,	 /* 'prefix' is pp, 'map' 2 or 3 */
	CC = 1 << 10,	 /* a condition is added */
	IMM64 = 1 << 11, /* 8 bytes with rex.w */
};

struct template
{
	uint8_t prefix, map, opcode;
	uint16_t form;
	uint8_t ops; /* GROUP: which operations, a bit each */
};

/* clang-format off */
static const struct template templates[] = {
	/* add or adc sbb and sub xor cmp: all directions */
	{ 0, 0, 0x00, RM | BYTE }, { 0, 0, 0x01, RM }, { 0, 0, 0x02, RM | BYTE }, { 0, 0, 0x03, RM },
	{ 0, 0, 0x08, RM | BYTE }, { 0, 0, 0x09, RM }, { 0, 0, 0x0a, RM | BYTE }, { 0, 0, 0x0b, RM },
	{ 0, 0, 0x10, RM | BYTE }, { 0, 0, 0x11, RM }, { 0, 0, 0x12, RM | BYTE }, { 0, 0, 0x13, RM },
	{ 0, 0, 0x18, RM | BYTE }, { 0, 0, 0x19, RM }, { 0, 0, 0x1a, RM | BYTE }, { 0, 0, 0x1b, RM },
	{ 0, 0, 0x20, RM | BYTE }, { 0, 0, 0x21, RM }, { 0, 0, 0x22, RM | BYTE }, { 0, 0, 0x23, RM },
	{ 0, 0, 0x28, RM | BYTE }, { 0, 0, 0x29, RM }, { 0, 0, 0x2a, RM | BYTE }, { 0, 0, 0x2b, RM },
	{ 0, 0, 0x30, RM | BYTE }, { 0, 0, 0x31, RM }, { 0, 0, 0x32, RM | BYTE }, { 0, 0, 0x33, RM },
	{ 0, 0, 0x38, RM | BYTE }, { 0, 0, 0x39, RM }, { 0, 0, 0x3a, RM | BYTE }, { 0, 0, 0x3b, RM },
	{ 0, 0, 0x05, IMM }, { 0, 0, 0x3d, IMM }, { 0, 0, 0xa9, IMM },
	{ 0, 0, 0x80, GROUP | IMM8 | BYTE, 0xff }, { 0, 0, 0x81, GROUP | IMM, 0xff },
	{ 0, 0, 0x83, GROUP | IMM8, 0xff },
	{ 0, 0, 0x84, RM | BYTE }, { 0, 0, 0x85, RM },
	{ 0, 0, 0xf6, GROUP | BYTE, 0x3c }, { 0, 0, 0xf7, GROUP, 0x3c },
	{ 0, 0, 0xf6, GROUP | BYTE | IMM8, 0x01 }, { 0, 0, 0xf7, GROUP | IMM, 0x01 },
	{ 0, 0, 0xfe, GROUP | BYTE, 0x03 }, { 0, 0, 0xff, GROUP, 0x03 },
	/* shifts and rotates */
	{ 0, 0, 0xc0, GROUP | BYTE | IMM8, 0xbf }, { 0, 0, 0xc1, GROUP | IMM8, 0xbf },
	{ 0, 0, 0xd0, GROUP | BYTE, 0xbf }, { 0, 0, 0xd1, GROUP, 0xbf },
	{ 0, 0, 0xd2, GROUP | BYTE, 0xbf }, { 0, 0, 0xd3, GROUP, 0xbf },
	{ 0, 1, 0xa4, RM | IMM8 }, { 0, 1, 0xad, RM },
	/* moves */
	{ 0, 0, 0x88, RM | BYTE }, { 0, 0, 0x89, RM }, { 0, 0, 0x8a, RM | BYTE }, { 0, 0, 0x8b, RM },
	{ 0, 0, 0xb0, PLUS | BYTE | IMM8 }, { 0, 0, 0xb8, PLUS | IMM64 },
	{ 0, 0, 0xc6, GROUP | BYTE | IMM8, 0x01 }, { 0, 0, 0xc7, GROUP | IMM, 0x01 },
	{ 0, 0, 0x63, RM | WIDE }, { 0, 0, 0x8d, RM | MEM },
	{ 0, 1, 0xb6, RM }, { 0, 1, 0xb7, RM }, { 0, 1, 0xbe, RM }, { 0, 1, 0xbf, RM },
	{ 0, 1, 0x40, RM | CC }, { 0, 1, 0x90, GROUP | BYTE | CC, 0x01 },
	{ 0, 1, 0xc8, PLUS | WIDE }, { 0, 0, 0x98, 0 }, { 0, 0, 0x99, 0 },
	{ 0, 0, 0x86, RM | BYTE }, { 0, 0, 0x87, RM }, { 0, 0, 0x90, PLUS },
	{ 0, 1, 0xc0, RM | BYTE }, { 0, 1, 0xc1, RM }, { 0, 1, 0xb0, RM | BYTE }, { 0, 1, 0xb1, RM },
	/* bits */
	{ 0, 1, 0xa3, RM | REG }, { 0, 1, 0xab, RM | REG }, { 0, 1, 0xb3, RM | REG },
	{ 0, 1, 0xbb, RM | REG }, { 0, 1, 0xba, GROUP | IMM8, 0xf0 },
	{ 0, 1, 0xbc, RM }, { 0, 1, 0xbd, RM }, { 0xf3, 1, 0xb8, RM }, { 0xf3, 1, 0xbc, RM },
	{ 0xf3, 1, 0xbd, RM },
	{ 0, 2, 0xf2, RM | VEX }, { 0, 2, 0xf3, GROUP | VEX, 0x0e }, { 1, 2, 0xf7, RM | VEX },
	{ 2, 2, 0xf7, RM | VEX }, { 3, 2, 0xf7, RM | VEX }, { 3, 3, 0xf0, RM | VEX | IMM8 },
	/* products; flags */
	{ 0, 1, 0xaf, RM }, { 0, 0, 0x69, RM | IMM }, { 0, 0, 0x6b, RM | IMM8 },
	{ 0, 0, 0xf8, 0 }, { 0, 0, 0xf9, 0 }, { 0, 0, 0xf5, 0 },
	{ 0, 0, 0x50, PLUS }, { 0, 0, 0x6a, IMM8 }, { 0, 0, 0x68, IMM | WIDE },
};
/* clang-format on */

/* modrm, and what follows it, for 'reg' and a random register or place on the stack. Registers 4
 * are rsp unless operands are bytes without rex: never written to. */
static void put_modrm(struct snippet *s, uint16_t form, unsigned reg, unsigned rm)
{
	if (!(form & MEM) && ((form & REG) || pick(s, 4))) {
		put(s, 0xc0 | reg << 3 | rm);
	} else if (form & MEM && pick(s, 2)) { /* lea with index and scale */
		put(s, 0x84 | reg << 3);
		put(s, pick(s, 256));
		put_imm(s, 4);
	} else {
		put(s, 0x44 | reg << 3);
		put(s, 0x24); /* rsp + disp8 */
		put(s, pick(s, 100));
	}
}

static unsigned pick_reg(struct snippet *s, bool bytes_without_rex)
{
	unsigned r = pick(s, 8);

	return r == 4 && !bytes_without_rex ? 0 : r;
}

static void put_vex(struct snippet *s, const struct template *t)
{
	unsigned reg = t->form & GROUP ? 1 + pick(s, 3) : pick_reg(s, false);
	unsigned v = pick_reg(s, false), w = pick(s, 2);
	bool rorx = t->map == 3;

	put(s, 0xc4);
	put(s, 0xe0 | t->map); /* no extended registers, inverted */
	put(s, w << 7 | (rorx ? 15 : ~v & 15) << 3 | t->prefix);
	put(s, t->opcode);
	/* rex.b is unset: rm 4 with mod 3 would be rsp as a source, which is fine */
	put_modrm(s, t->form & ~MEM, reg, pick_reg(s, false));
	if (t->form & IMM8)
		put_imm(s, 1);
}

static unsigned pick_op(struct snippet *s, uint8_t ops)
{
	unsigned op;

	do
		op = pick(s, 8);
	while (!(ops >> op & 1));
	return op;
}

static void put_insn(struct snippet *s, const struct template *t)
{
	bool small = !(t->form & (BYTE | WIDE)) && !pick(s, 4), rex = pick(s, 2);
	unsigned w = rex && !small ? pick(s, 2) : 0, extend = rex ? pick(s, 2) : 0;
	bool high = t->form & BYTE && !rex;
	unsigned size = w ? 8 : small ? 2 : 4, op = t->opcode;
	unsigned reg = t->form & GROUP ? pick_op(s, t->ops) : pick_reg(s, high);

	if (t->form & VEX) {
		put_vex(s, t);
		return;
	}
	if ((op == 0x50 || op == 0x68 || op == 0x6a) && !t->map)
		small = false;
	if (small)
		put(s, 0x66);
	if (t->prefix)
		put(s, t->prefix);
	/* rex.b not with memory operands: rsp would become r12 */
	if (rex)
		put(s, 0x40 | w << 3 | (t->form & (PLUS | REG) ? extend : 0) |
			       (t->form & RM ? extend << 2 : 0));
	if (t->map)
		put(s, 0x0f);
	if (t->form & CC)
		op += pick(s, 16);
	if (t->form & PLUS)
		op += pick_reg(s, high);
	put(s, op);
	if (t->form & (RM | GROUP))
		put_modrm(s, t->form, reg, pick_reg(s, high));
	if (t->form & IMM8)
		put_imm(s, 1);
	if (t->form & IMM)
		put_imm(s, MIN(size, 4u));
	if (t->form & IMM64)
		put_imm(s, size);
}

/* Instructions that need others before them. */
static void put_special(struct snippet *s)
{
	static const char *const rows[] = {
		"31 d2 83 c9 01 f7 f1",		       /* xor edx,edx; or ecx,1; div ecx */
		"31 d2 48 83 c9 01 48 f7 f1",	       /* the same with rcx */
		"99 83 e1 7f 83 c9 02 f7 f9",	       /* cdq; and ecx,127; or ecx,2; idiv ecx */
		"48 99 83 c9 03 48 83 e1 3f 48 f7 f9", /* cqo; idiv rcx */
		"58",				       /* pop rax */
		"8f 44 24 10",			       /* pop [rsp+16], after rsp moved */
		"48 8d 6c 24 20 c9",		       /* lea rbp,[rsp+32]; leave */
		"e8 00 00 00 00",		       /* call the next instruction */
		"9c",				       /* pushfq */
		"fc",				       /* cld */
	};
	uint8_t bytes[16];
	size_t n = world_hex(rows[pick(s, ARRAY_SIZE(rows))], bytes, sizeof(bytes));

	for (size_t i = 0; i < n; i++)
		put(s, bytes[i]);
}

static void make_snippet(struct snippet *s)
{
	unsigned n = 1 + pick(s, MAX_INSNS);

	s->n = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned kind = pick(s, 16);

		if (!kind) {
			put_special(s);
			continue;
		}
		if (kind == 1) { /* jcc over a mov */
			put(s, 0x70 + pick(s, 16));
			put(s, 5);
			put(s, 0xb8 + pick_reg(s, false));
			put_imm(s, 4);
		}
		put_insn(s, &templates[pick(s, ARRAY_SIZE(templates))]);
	}
}

static uint8_t native_stack[2 * STACK_ROOM] __attribute__((aligned(64)));

static void run_native(const struct snippet *s, uint8_t *code)
{
	const uint64_t back = (uint64_t)native_return;

	memcpy(code, s->bytes, s->n);
	memcpy(code + s->n, "\xff\x25\0\0\0\0", 6); /* jmp [rip+0] */
	memcpy(code + s->n + 6, &back, 8);
	native_code = code;
	native_run();
}

static void random_state(struct world *w, struct rng *rng, const uint8_t *code)
{
	for (int i = 0; i < X86_NR_SAMPLED; i++) {
		uint64_t v = rng_next(rng);

		w->regs[i] = rng_below(rng, 4) ? v >> rng_below(rng, 64) : -(v & 3);
	}
	for (size_t i = 0; i < sizeof(native_stack); i++)
		native_stack[i] = rng_next(rng);
	memcpy(w->stack, native_stack + STACK_ROOM, sizeof(w->stack));
	w->regs[X86_SP] = (uint64_t)(native_stack + STACK_ROOM);
	w->regs[X86_IP] = (uint64_t)code; /* calls push where they are */
	w->regs[X86_FLAGS] = 0x202 | (rng_next(rng) & X86_STATUS);
}

struct tally {
	uint64_t regs, known, finished;
};

static void compare(const struct world *w, const struct snippet *s, struct tally *t)
{
	char hex[512] = "";
	uint64_t wrong;

	for (size_t i = 0; i < s->n; i++)
		sprintf(hex + 3 * i, "%02x ", s->bytes[i]);
	if (w->burst.stop != SOFT_STOP_SYSCALL) /* a branch that is not known, or many accesses */
		return;
	t->finished++;
	for (int i = 0; i < X86_NR_SAMPLED; i++) {
		if (i == X86_IP || i == X86_FLAGS)
			continue;
		t->regs++;
		if (!(w->end.known >> i & 1))
			continue;
		t->known++;
		cr_assert(w->end.regs[i] == native_regs[i],
			  "%s: register %d is %#llx, computed %#llx (was %#llx)", hex, i,
			  (unsigned long long)native_regs[i], (unsigned long long)w->end.regs[i],
			  (unsigned long long)w->regs[i]);
	}
	wrong = (w->end.flags ^ native_regs[X86_FLAGS]) & w->end.flags_known & X86_STATUS;
	cr_assert(!wrong, "%s: flags are %#llx, computed %#llx of %#llx", hex,
		  (unsigned long long)native_regs[X86_FLAGS], (unsigned long long)w->end.flags,
		  (unsigned long long)w->end.flags_known);
}

static void run_one(struct rng *rng, uint8_t *code, struct tally *t)
{
	struct snippet s = {.rng = rng};
	uint8_t bytes[sizeof(s.bytes) + 2];
	struct world w;

	make_snippet(&s);
	world_init(&w, NULL, &(struct soft_code_limits){.max_chunks = 64, .max_units = 4});
	memcpy(bytes, s.bytes, s.n);
	memcpy(bytes + s.n, "\x0f\x05", 2); /* syscall: the burst's end */
	w.image[0].bytes = bytes;
	w.image[0].size = s.n + 2;
	world_map(&w, (uint64_t)code, (uint64_t)code + 4096, DAMON_PROT_READ | DAMON_PROT_EXEC, 1,
		  0, "/code");
	random_state(&w, rng, code);
	memcpy(native_regs, w.regs, sizeof(native_regs));
	world_run(&w);
	run_native(&s, code);
	compare(&w, &s, t);
	world_release(&w);
}

Test(soft_native, what_is_known_is_what_the_cpu_has)
{
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct tally t = {0};
	struct rng rng;

	if (code == MAP_FAILED || !__builtin_cpu_supports("bmi2"))
		cr_skip_test("no writable code, or a CPU without BMI2");
	rng_seed(&rng, 42);
	for (int i = 0; i < SNIPPETS; i++)
		run_one(&rng, code, &t);
	/* not by knowing nothing */
	cr_assert_gt(t.finished, SNIPPETS * 8 / 10);
	cr_assert_gt(t.known * 100, t.regs * 93, "%llu of %llu registers known",
		     (unsigned long long)t.known, (unsigned long long)t.regs);
	munmap(code, 4096);
}

#else

Test(soft_native, what_is_known_is_what_the_cpu_has)
{
	cr_skip_test("not an x86-64 CPU");
}

#endif
