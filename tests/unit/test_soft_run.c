/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bursts tell of single instructions: which accesses, how large, of which kind. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tests/kit/soft_world.h"

struct row {
	const char *name, *code;
	const char *accesses;	       /* as world_text() has them */
	uint64_t regs[X86_NR_SAMPLED]; /* 0: as world_init() sets them */
};

/* clang-format off */
static const struct row rows[] = {
	/* mov rbx,[rdi] */
	{ "load 8", "48 8b 1f",
	  "L8+0 10000", { [X86_DI] = 0x10000 } },
	/* mov ebx,[rdi+rcx*4+8] */
	{ "load 4 with index", "8b 5c 8f 08",
	  "L4+0 10028", { [X86_DI] = 0x10000, [X86_CX] = 0x8 } },
	/* movzx eax,word ptr [rdi-2] */
	{ "load 2 negative", "0f b7 47 fe",
	  "L2+0 fffe", { [X86_DI] = 0x10000 } },
	/* movsx rax,byte ptr [rdi+r9] */
	{ "load 1 signed", "4a 0f be 04 0f",
	  "L1+0 10003", { [X86_DI] = 0x10000, [X86_R8 + 1] = 0x3 } },
	/* mov eax,[rcx*8+0x20000] */
	{ "load base less", "8b 04 cd 00 00 02 00",
	  "L4+0 20010", { [X86_CX] = 0x2 } },
	/* mov eax,[0x7000] */
	{ "load absolute", "8b 04 25 00 70 00 00",
	  "L4+0 7000", { 0 } },
	/* mov rax,[rip+0x100] */
	{ "load rip relative", "48 8b 05 00 01 00 00",
	  "L8+0 400107", { 0 } },
	/* mov [rdi+rsi],rax */
	{ "store 8", "48 89 04 37",
	  "S8+0 10010", { [X86_DI] = 0x10000, [X86_SI] = 0x10 } },
	/* mov dword ptr [rdi],5 */
	{ "store immediate", "c7 07 05 00 00 00",
	  "S4+0 10000", { [X86_DI] = 0x10000 } },
	/* mov [rdi],ah */
	{ "store high byte", "88 27",
	  "S1+0 10000", { [X86_DI] = 0x10000 } },
	/* movnti [rdi],rax */
	{ "store non-temporal", "48 0f c3 07",
	  "S8+0 10000", { [X86_DI] = 0x10000 } },
	/* add dword ptr [rdi],1 */
	{ "add to memory", "83 07 01",
	  "M4+0 10000", { [X86_DI] = 0x10000 } },
	/* add rax,[rdi] */
	{ "add from memory", "48 03 07",
	  "L8+0 10000", { [X86_DI] = 0x10000 } },
	/* cmp qword ptr [rdi],3 */
	{ "compare with memory", "48 83 3f 03",
	  "L8+0 10000", { [X86_DI] = 0x10000 } },
	/* test [rdi],al */
	{ "test with memory", "84 07",
	  "L1+0 10000", { [X86_DI] = 0x10000 } },
	/* inc word ptr [rdi] */
	{ "increment memory", "66 ff 07",
	  "M2+0 10000", { [X86_DI] = 0x10000 } },
	/* shl dword ptr [rdi],3 */
	{ "shift memory", "c1 27 03",
	  "M4+0 10000", { [X86_DI] = 0x10000 } },
	/* lock xadd [rdi],rax */
	{ "locked add", "f0 48 0f c1 07",
	  "M8+0 10000", { [X86_DI] = 0x10000 } },
	/* xchg [rdi],rax */
	{ "exchange", "48 87 07",
	  "M8+0 10000", { [X86_DI] = 0x10000 } },
	/* lock cmpxchg [rdi],rcx */
	{ "compare and exchange", "f0 48 0f b1 0f",
	  "M8+0 10000", { [X86_DI] = 0x10000 } },
	/* lock cmpxchg16b [rdi] */
	{ "compare and exchange 16", "f0 48 0f c7 0f",
	  "M16+0 10000", { [X86_DI] = 0x10000 } },
	/* bts dword ptr [rdi],3 */
	{ "bit test, immediate", "0f ba 2f 03",
	  "M4+0 10000", { [X86_DI] = 0x10000 } },
	/* bt [rdi],eax */
	{ "bit string: the register moves the address", "0f a3 07",
	  "?1", { [X86_DI] = 0x10000, [X86_AX] = 0x3e8 } },
	/* setz byte ptr [rdi] */
	{ "setcc to memory", "0f 94 07",
	  "S1+0 10000", { [X86_DI] = 0x10000 } },
	/* cmovz rax,[rdi] */
	{ "cmov loads either way", "48 0f 44 07",
	  "L8+0 10000", { [X86_DI] = 0x10000 } },
	/* imul rax,[rdi],7 */
	{ "multiply by memory", "48 6b 07 07",
	  "L8+0 10000", { [X86_DI] = 0x10000 } },
	/* div qword ptr [rdi] */
	{ "divide by memory", "48 f7 37",
	  "L8+0 10000", { [X86_DI] = 0x10000 } },
	/* popcnt rax,[rdi] */
	{ "count bits of memory", "f3 48 0f b8 07",
	  "L8+0 10000", { [X86_DI] = 0x10000 } },
	/* shlx rax,[rdi],rcx */
	{ "shift from memory", "c4 e2 f1 f7 07",
	  "L8+0 10000", { [X86_DI] = 0x10000 } },
	/* andn eax,ecx,[rdi] */
	{ "and-not from memory", "c4 e2 70 f2 07",
	  "L4+0 10000", { [X86_DI] = 0x10000 } },
	/* lea rax,[rdi+8]; mov [rax],cl */
	{ "lea is no access", "48 8d 47 08 88 08",
	  "S1+1 10008", { [X86_DI] = 0x10000 } },
	/* lea eax,[rdi+rdi]; mov [rax],cl */
	{ "lea of 4 bytes cuts", "8d 04 3f 88 08",
	  "S1+1 ffff0000", { [X86_DI] = 0xffff00007fff8000 } },
	/* nop dword ptr [rdi+4]; prefetcht0 [rdi]; endbr64; mov al,[rdi] */
	{ "nop and prefetch are no accesses", "0f 1f 47 04 0f 18 0f f3 0f 1e fa 8a 07",
	  "L1+3 10000", { [X86_DI] = 0x10000 } },
	/* push rax; pop rcx */
	{ "push and pop", "50 59",
	  "S8+0 7ffff0000ff8s L8+1 7ffff0000ff8s", { 0 } },
	/* push qword ptr [rdi] */
	{ "push of memory", "ff 37",
	  "L8+0 10000 S8+0 7ffff0000ff8s", { [X86_DI] = 0x10000 } },
	/* push 0x7000; pop rax; mov cl,[rax] */
	{ "push of an immediate is stored", "68 00 70 00 00 58 8a 08",
	  "S8+0 7ffff0000ff8s L8+1 7ffff0000ff8s L1+2 7000", { 0 } },
	/* push rsp; pop rax; mov [rax+8],cl */
	{ "push of rsp is the old one", "54 58 88 48 08",
	  "S8+0 7ffff0000ff8s L8+1 7ffff0000ff8s S1+2 7ffff0001008s", { 0 } },
	/* pop qword ptr [rsp] */
	{ "pop to memory counts from the new rsp", "8f 04 24",
	  "L8+0 7ffff0001000s S8+0 7ffff0001008s", { 0 } },
	/* pop rsp; mov al,[rsp] */
	{ "pop rsp", "5c 8a 04 24",
	  "L8+0 7ffff0001000s ?1", { 0 } },
	/* pushfq; popfq */
	{ "push of flags", "9c 9d",
	  "S8+0 7ffff0000ff8s L8+1 7ffff0000ff8s", { 0 } },
	/* push ax; mov al,[rsp] */
	{ "push of 2 bytes loses rsp", "66 50 8a 04 24",
	  "?2", { 0 } },
	/* leave; mov al,[rsp] */
	{ "leave", "c9 8a 04 24",
	  "L8+0 7ffff0001100s L1+1 7ffff0001108s", { [X86_BP] = 0x7ffff0001100 } },
	/* call 1f; mov al,[rdi]; ud2; 1:mov cl,[rsi]; ret */
	{ "call and return", "e8 04 00 00 00 8a 07 0f 0b 8a 0e c3",
	  "S8+0 7ffff0000ff8s L1+1 20000 L8+2 7ffff0000ff8s L1+3 10000", { [X86_DI] = 0x10000, [X86_SI] = 0x20000 } },
	/* call rax */
	{ "call by register", "ff d0",
	  "S8+0 7ffff0000ff8s", { [X86_AX] = 0x400002 } },
	/* call [rsp+8] */
	{ "call by memory loads first", "ff 54 24 08",
	  "L8+0 7ffff0001008s S8+0 7ffff0000ff8s", { 0 } },
	/* push rax; ret 8; nop; mov al,[rsp] */
	{ "return with an immediate", "50 c2 08 00 90 8a 04 24",
	  "S8+0 7ffff0000ff8s L8+1 7ffff0000ff8s L1+2 7ffff0001008s", { [X86_AX] = 0x400005 } },
	/* jmp 1f; mov al,[rdi]; 1:mov al,[rsi] */
	{ "jump over", "eb 02 8a 07 8a 06",
	  "L1+1 20000", { [X86_DI] = 0x10000, [X86_SI] = 0x20000 } },
	/* jmp rax; mov al,[rdi]; mov al,[rsi] */
	{ "jump by register", "ff e0 8a 07 8a 06",
	  "L1+1 20000", { [X86_DI] = 0x10000, [X86_SI] = 0x20000, [X86_AX] = 0x400004 } },
	/* cmp eax,5; jb 1f; mov al,[rdi]; 1:mov al,[rsi] */
	{ "taken branch", "83 f8 05 72 02 8a 07 8a 06",
	  "L1+2 20000", { [X86_DI] = 0x10000, [X86_SI] = 0x20000, [X86_AX] = 0x4 } },
	/* cmp eax,5; jb 1f; mov al,[rdi]; 1:mov al,[rsi] */
	{ "branch not taken", "83 f8 05 72 02 8a 07 8a 06",
	  "L1+2 10000 L1+3 20000", { [X86_DI] = 0x10000, [X86_SI] = 0x20000, [X86_AX] = 0x5 } },
	/* movsb */
	{ "copy of a byte", "a4",
	  "L1+0 20000 S1+0 10000", { [X86_DI] = 0x10000, [X86_SI] = 0x20000 } },
	/* movsq */
	{ "copy down", "48 a5",
	  "L8+0 20000 S8+0 10000", { [X86_DI] = 0x10000, [X86_SI] = 0x20000 } },
	/* rep movsq; mov [rdi],al; mov [rsi+rcx],al */
	{ "repeated copy", "f3 48 a5 88 07 88 04 0e",
	  "L64+0 20000 S64+0 10000 S1+1 10040 S1+2 20040", { [X86_DI] = 0x10000, [X86_SI] = 0x20000, [X86_CX] = 0x8 } },
	/* std; rep movsd; mov [rdi],al */
	{ "repeated copy, down", "fd f3 a5 88 07",
	  "L16+1 1fff4 S16+1 fff4 S1+2 fff0", { [X86_DI] = 0x10000, [X86_SI] = 0x20000, [X86_CX] = 0x4 } },
	/* rep movsb; mov [rdi],al */
	{ "repeated 0 times", "f3 a4 88 07",
	  "S1+1 10000", { [X86_DI] = 0x10000, [X86_SI] = 0x20000, [X86_CX] = 0x0 } },
	/* rep stosb */
	{ "huge copy is cut", "f3 aa",
	  "S65535+0 10000", { [X86_DI] = 0x10000, [X86_CX] = 0x12345 } },
	/* rep stosq; mov al,[rdi] */
	{ "a count that is no count", "f3 48 ab 8a 07",
	  "S8+0 10000~ ?1", { [X86_DI] = 0x10000, [X86_CX] = 0x1000000000000000 } },
	/* rep stosw */
	{ "fill", "66 f3 ab",
	  "S6+0 10000", { [X86_DI] = 0x10000, [X86_CX] = 0x3 } },
	/* lodsb; mov al,[rsi] */
	{ "load of a string", "ac 8a 06",
	  "L1+0 20000 L1+1 20001", { [X86_SI] = 0x20000 } },
	/* repe cmpsb; mov al,[rdi] */
	{ "compare of strings", "f3 a6 8a 07",
	  "L1+0 20000 L1+0 10000 ?1", { [X86_DI] = 0x10000, [X86_SI] = 0x20000, [X86_CX] = 0x9 } },
	/* cmpsw; mov al,[rdi] */
	{ "single compare of strings", "66 a7 8a 07",
	  "L2+0 20000 L2+0 10000 L1+1 10002", { [X86_DI] = 0x10000, [X86_SI] = 0x20000 } },
	/* repne scasb */
	{ "scan", "f2 ae",
	  "L1+0 10000", { [X86_DI] = 0x10000, [X86_CX] = 0x9 } },
	/* fs movsb */
	{ "copy relative to fs", "64 a4",
	  "S1+0 10000 ?1", { [X86_DI] = 0x10000, [X86_SI] = 0x20000 } },
	/* movaps xmm0,[rdi] */
	{ "vector load", "0f 28 07",
	  "L16+0 10000", { [X86_DI] = 0x10000 } },
	/* vmovdqu ymm0,[rdi+32] */
	{ "vector load of 32", "c5 fe 6f 47 20",
	  "L32+0 10020", { [X86_DI] = 0x10000 } },
	/* vmovdqu64 zmm0,[rdi] */
	{ "vector load of 64", "62 f1 fe 48 6f 07",
	  "L64+0 10000", { [X86_DI] = 0x10000 } },
	/* movups [rdi],xmm1 */
	{ "vector store", "0f 11 0f",
	  "S16+0 10000", { [X86_DI] = 0x10000 } },
	/* vpaddd ymm0,ymm1,[rdi] */
	{ "vector arithmetic", "c5 f5 fe 07",
	  "L32+0 10000", { [X86_DI] = 0x10000 } },
	/* vpaddd zmm0,zmm1,dword ptr [rdi]{1to16} */
	{ "broadcast of an element", "62 f1 75 58 fe 07",
	  "L4+0 10000", { [X86_DI] = 0x10000 } },
	/* vmovdqu8 zmm0{k1},[rdi] */
	{ "masked load is likely", "62 f1 7f 49 6f 07",
	  "L64+0 10000~", { [X86_DI] = 0x10000 } },
	/* vmaskmovps [rdi],ymm1,ymm2 */
	{ "masked store is likely", "c4 e2 75 2e 17",
	  "S32+0 10000~", { [X86_DI] = 0x10000 } },
	/* vpgatherdd ymm0,[rdi+ymm1*4],ymm2 */
	{ "gather tells the array", "c4 e2 6d 90 04 8f",
	  "L0+0 10000~", { [X86_DI] = 0x10000 } },
	/* vpgatherqq ymm0,[ymm1*1],ymm2 */
	{ "gather of pointers is unknown", "c4 e2 ed 91 04 0d 00 00 00 00",
	  "?1", { 0 } },
	/* fld qword ptr [rdi] */
	{ "float load", "dd 07",
	  "L8+0 10000", { [X86_DI] = 0x10000 } },
	/* addsd xmm0,[rdi] */
	{ "scalar float", "f2 0f 58 07",
	  "L8+0 10000", { [X86_DI] = 0x10000 } },
	/* fxsave [rdi] */
	{ "save of 512 bytes has no size", "0f ae 07",
	  "S0+0 10000", { [X86_DI] = 0x10000 } },
	/* mov rax,fs:[0x28] */
	{ "thread-local is unknown", "64 48 8b 04 25 28 00 00 00",
	  "?1", { 0 } },
	/* mov eax,[edi] */
	{ "32-bit addresses are unknown", "67 8b 07",
	  "?1", { [X86_DI] = 0x10000 } },
	/* xlatb */
	{ "translate table is unknown", "d7",
	  "?1", { [X86_BX] = 0x10000 } },
	/* mov al,[rdi] */
	{ "beyond the user half", "8a 07",
	  "?1", { [X86_DI] = 0x8000000000000000 } },
	/* mov al,[rdi] */
	{ "not canonical", "8a 07",
	  "?1", { [X86_DI] = 0x800000000000 } },
	/* mov al,[rdi] */
	{ "page of NULL", "8a 07",
	  "?1", { [X86_DI] = 0x8 } },
	/* mov al,[rsp-0x10000] */
	{ "stack from below", "8a 84 24 00 00 ff ff",
	  "L1+0 7fffefff1000s", { 0 } },
	/* mov al,[rsp-0x10001] */
	{ "beyond the stack", "8a 84 24 ff ff fe ff",
	  "L1+0 7fffefff0fff", { 0 } },
	/* mov al,[rsp+0x3ffff] */
	{ "stack far above", "8a 84 24 ff ff 03 00",
	  "L1+0 7ffff0040fffs", { 0 } },
	/* mov al,[rsp+0x40000] */
	{ "stack too far above", "8a 84 24 00 00 04 00",
	  "L1+0 7ffff0041000", { 0 } },
	/* mov rax,[rdi]; mov cl,[rax] */
	{ "an unknown value is no address", "48 8b 07 8a 08",
	  "L8+0 10000 ?1", { [X86_DI] = 0x10000 } },
	/* mov rax,[rdi]; mov al,5; mov cl,[rax] */
	{ "a part that is written leaves it unknown", "48 8b 07 b0 05 8a 08",
	  "L8+0 10000 ?1", { [X86_DI] = 0x10000 } },
	/* mov rax,[rdi]; xor eax,eax; mov cl,[rax+rsi] */
	{ "zeroed by xor", "48 8b 07 31 c0 8a 0c 30",
	  "L8+0 10000 L1+2 20000", { [X86_DI] = 0x10000, [X86_SI] = 0x20000 } },
	/* pdep rax,rsi,rdx; mov cl,[rax] */
	{ "a value by what has no rule", "c4 e2 cb f5 c2 8a 08",
	  "?1", { 0 } },
	/* rdtsc; mov cl,[rax]; mov cl,[rbx] */
	{ "rdtsc forgets", "0f 31 8a 08 8a 0b",
	  "L1+2 30000 ?1", { [X86_BX] = 0x30000 } },
};
/* clang-format on */

static const struct soft_limits no_reads = {
	.burst_accesses = DAMON_BURST_MAX,
	.burst_insns = 200,
};

static void load(struct world *w, const char *code)
{
	uint8_t bytes[256];

	world_code(w, bytes, world_hex(code, bytes, sizeof(bytes)));
}

Test(soft_run, accesses_of_an_instruction)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct world w;

		world_init(&w, &no_reads, NULL);
		load(&w, r->code);
		for (int k = 0; k < X86_NR_SAMPLED; k++)
			if (r->regs[k])
				w.regs[k] = r->regs[k];
		world_run(&w);
		cr_expect_str_eq(world_text(&w), r->accesses, "%s: '%s', not '%s'", r->name,
				 world_text(&w), r->accesses);
		world_release(&w);
	}
}

/* cmp a, b at each size, then each jump over a load: the way is as the condition says. */
struct condition {
	const char *name;
	uint64_t a, b;
	unsigned size;
	uint16_t holds; /* bit per condition code */
};

#define O  (1 << 0)
#define NO (1 << 1)
#define B  (1 << 2)
#define NB (1 << 3)
#define Z  (1 << 4)
#define NZ (1 << 5)
#define BE (1 << 6)
#define A  (1 << 7)
#define S  (1 << 8)
#define NS (1 << 9)
#define P  (1 << 10)
#define NP (1 << 11)
#define L  (1 << 12)
#define GE (1 << 13)
#define LE (1 << 14)
#define G  (1 << 15)

static const struct condition conditions[] = {
	{"equal", 7, 7, 8, NO | NB | Z | BE | NS | P | GE | LE},
	{"less", 3, 5, 4, NO | B | NZ | BE | S | NP | L | LE},
	{"greater", 5, 3, 2, NO | NB | NZ | A | NS | NP | GE | G},
	{"below, not less", 5, 0xfe, 1, NO | B | NZ | BE | NS | NP | GE | G},
	{"overflow", 0x80, 1, 1, O | NB | NZ | A | NS | NP | L | LE},
	{"overflow of 4", 0x7fffffff, 0xffffffff, 4, O | B | NZ | BE | S | P | GE | G},
	{"upper bytes do not count", 0x100, 0, 1, NO | NB | Z | BE | NS | P | GE | LE},
	{"sign of 8", 1ull << 63, 0, 8, NO | NB | NZ | A | S | P | L | LE},
};

Test(soft_run, conditions_of_a_compare)
{
	static const char *const cmp[9] = {
		[1] = "38 c8", [2] = "66 39 c8", [4] = "39 c8", [8] = "48 39 c8"};

	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
		const struct condition *c = &conditions[i];

		for (unsigned cc = 0; cc < 16; cc++) {
			/* jcc over mov al,[rdi]; mov al,[rsi] */
			char code[64];
			struct world w;

			snprintf(code, sizeof(code), "%s %x 02 8a 07 8a 06", cmp[c->size],
				 0x70 + cc);
			world_init(&w, &no_reads, NULL);
			load(&w, code);
			w.regs[X86_AX] = c->a;
			w.regs[X86_CX] = c->b;
			w.regs[X86_DI] = 0x10000;
			w.regs[X86_SI] = 0x20000;
			world_run(&w);
			cr_expect_str_eq(world_text(&w),
					 c->holds >> cc & 1 ? "L1+2 20000"
							    : "L1+2 10000 L1+3 20000",
					 "%s, condition %u", c->name, cc);
			world_release(&w);
		}
	}
}

struct end {
	const char *name, *code;
	enum soft_stop stop;
	unsigned insns;
};

static const struct end ends[] = {
	{"16 accesses", "8a 07 eb fc", SOFT_STOP_ACCESSES, 31},
	{"a branch on a loaded value", "3b 07 74 02", SOFT_STOP_BRANCH, 2},
	{"a branch on flags that are undefined", "0f a3 c8 74 02", SOFT_STOP_BRANCH, 2},
	{"jrcxz", "e3 00", SOFT_STOP_BRANCH, 0},
	{"a jump to a loaded value", "ff 27", SOFT_STOP_INDIRECT, 1},
	{"far call", "ff 1f", SOFT_STOP_INDIRECT, 0},
	{"return from interrupt", "48 cf", SOFT_STOP_INDIRECT, 0},
	{"system call", "90 0f 05", SOFT_STOP_SYSCALL, 1},
	{"breakpoint", "cc", SOFT_STOP_SYSCALL, 0},
	{"a loop without accesses", "ff c0 eb fc", SOFT_STOP_INSTRUCTIONS, 200},
	{"a loop of jumps", "eb fe", SOFT_STOP_INSTRUCTIONS, 200},
	{"undefined", "0f 0b", SOFT_STOP_CODE, 0},
	{"no instruction", "90 06", SOFT_STOP_CODE, 1},
	{"cut by the end", "90 48 8b", SOFT_STOP_CODE, 1},
	{"jump out of the code", "90 e9 00 10 00 00", SOFT_STOP_CODE, 2},
	{"jump to before the code", "90 eb 80", SOFT_STOP_CODE, 2},
	{"jump to nowhere", "31 c0 ff e0", SOFT_STOP_CODE, 2},
};

Test(soft_run, why_a_burst_ends)
{
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct world w;

		world_init(&w, &no_reads, NULL);
		load(&w, ends[i].code);
		w.regs[X86_DI] = 0x10000;
		world_run(&w);
		cr_expect_eq(w.burst.stop, ends[i].stop, "%s: stop %d", ends[i].name, w.burst.stop);
		cr_expect_eq(w.burst.nr_insns, ends[i].insns, "%s: %u instructions", ends[i].name,
			     w.burst.nr_insns);
		world_release(&w);
	}
}

Test(soft_run, limits_of_the_caller)
{
	const struct soft_limits l = {.burst_accesses = 3, .burst_insns = 5};
	struct world w;

	world_init(&w, &l, NULL);
	load(&w, "8a 07 eb fc");
	w.regs[X86_DI] = 0x10000;
	world_run(&w);
	cr_expect_eq(w.burst.nr, 3);
	world_release(&w);

	world_init(&w, &l, NULL);
	load(&w, "ff c0 eb fc");
	world_run(&w);
	cr_expect_eq(w.burst.stop, SOFT_STOP_INSTRUCTIONS);
	cr_expect_leq(w.burst.nr_insns, 6);
	world_release(&w);
}

/* A second burst takes the linked way and says the same. */
Test(soft_run, again_is_the_same)
{
	struct world w;
	char first[512];

	world_init(&w, &no_reads, NULL);
	load(&w, "8a 07 48 ff c7 48 39 f7 75 f6 0f 05");
	w.regs[X86_DI] = 0x10000;
	w.regs[X86_SI] = 0x10005;
	for (int i = 0; i < 3; i++) {
		world_run(&w);
		if (!i)
			strcpy(first, world_text(&w));
		cr_expect_str_eq(world_text(&w), first);
		cr_expect_eq(w.burst.stop, SOFT_STOP_SYSCALL);
		cr_expect_eq(w.burst.nr, 5);
	}
	world_release(&w);
}
