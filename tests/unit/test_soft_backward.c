/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The access that the CPU waited for: the instruction before the sampled one. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tests/kit/soft_world.h"

#define BEFORE 64 /* bytes of other code before the row's */

struct row {
	const char *name, *code;
	const char *stall; /* kind, size, address, how far back; "" none */
	uint64_t regs[X86_NR_SAMPLED];
};

/* clang-format off */
static const struct row rows[] = {
	/* mov rax,[rdi] */
	{ "load", "48 8b 07",
	  "L8 10000 -3", { [X86_DI] = 0x10000 } },
	/* mov rdi,[rdi] */
	{ "load that overwrites its base", "48 8b 3f",
	  "", { [X86_DI] = 0x10000 } },
	/* movzx ecx,byte ptr [rdi+rcx] */
	{ "load that overwrites its index", "0f b6 0c 0f",
	  "", { [X86_DI] = 0x10000 } },
	/* mov eax,[rdi+rcx*8+4] */
	{ "load with index", "8b 44 cf 04",
	  "L4 10014 -4", { [X86_DI] = 0x10000, [X86_CX] = 0x2 } },
	/* mov rax,[rip+0x100] */
	{ "load rip relative", "48 8b 05 00 01 00 00",
	  "L8 400147 -7", { 0 } },
	/* mov [rdi],rax */
	{ "store", "48 89 07",
	  "S8 10000 -3", { [X86_DI] = 0x10000 } },
	/* add dword ptr [rdi],1 */
	{ "read-modify-write", "83 07 01",
	  "M4 10000 -3", { [X86_DI] = 0x10000 } },
	/* movups xmm0,[rdi+16] */
	{ "vector load", "0f 10 47 10",
	  "L16 10010 -4", { [X86_DI] = 0x10000 } },
	/* push rax */
	{ "push", "50",
	  "S8 7ffff0001000s -1", { 0 } },
	/* pop rax */
	{ "pop", "58",
	  "L8 7ffff0000ff8s -1", { 0 } },
	/* pop rsp */
	{ "pop rsp lost", "5c",
	  "", { 0 } },
	/* push qword ptr [rdi] */
	{ "push of memory", "ff 37",
	  "L8 10000 -2", { [X86_DI] = 0x10000 } },
	/* push qword ptr [rsp+8] */
	{ "push of memory by rsp", "ff 74 24 08",
	  "", { 0 } },
	/* movsb */
	{ "string step", "a4",
	  "", { [X86_DI] = 0x10000, [X86_SI] = 0x20000 } },
	/* bt [rdi],eax */
	{ "bit string", "0f a3 07",
	  "", { [X86_DI] = 0x10000 } },
	/* xlatb */
	{ "translate table", "d7",
	  "", { [X86_BX] = 0x10000 } },
	/* mov eax,fs:[rdi] */
	{ "thread local", "64 8b 07",
	  "", { [X86_DI] = 0x10000 } },
	/* mov eax,[edi] */
	{ "32-bit address", "67 8b 07",
	  "", { [X86_DI] = 0x10000 } },
	/* mov al,[rdi] */
	{ "not canonical", "8a 07",
	  "", { [X86_DI] = 0x800000000000 } },
	/* lea rax,[rdi] */
	{ "lea", "48 8d 07",
	  "", { [X86_DI] = 0x10000 } },
	/* add rax,rdi */
	{ "arithmetic", "48 01 f8",
	  "", { [X86_DI] = 0x10000 } },
	/* prefetcht0 [rdi] */
	{ "prefetch", "0f 18 0f",
	  "", { [X86_DI] = 0x10000 } },
	/* call rax */
	{ "call", "ff d0",
	  "", { [X86_AX] = 0x10000 } },
	/* call [rdi] */
	{ "call by memory", "ff 17",
	  "", { [X86_DI] = 0x10000 } },
	/* jmp 1f; 1: */
	{ "jump", "eb 00",
	  "", { 0 } },
	/* vpgatherdd ymm0,[rdi+ymm1*4],ymm2 */
	{ "gather", "c4 e2 6d 90 04 8f",
	  "", { [X86_DI] = 0x10000 } },
};
/* clang-format on */

static const char *stall_text(struct world *w)
{
	static char text[64];
	const struct soft_tick t = {
		.pid = WORLD_PID,
		.regs = w->regs,
		.space = w->space,
	};
	struct damon_access a;
	unsigned rw;

	text[0] = 0;
	if (!soft_stall(w->soft, &soft_arch_x86_64, &t, &a))
		return text;
	rw = a.flags & (DAMON_ACCESS_LOAD | DAMON_ACCESS_STORE);
	snprintf(text, sizeof(text), "%c%u %llx%s -%d",
		 rw == 3   ? 'M'
		 : rw == 2 ? 'S'
			   : 'L',
		 a.size, (unsigned long long)a.addr, a.flags & DAMON_ACCESS_STACK ? "s" : "",
		 (int)(w->regs[X86_IP] - a.ip));
	return text;
}

/* The row's code after 'n' bytes of filler, before a nop at which the sample is. */
static void check(const struct row *r, const uint8_t *filler, size_t n)
{
	uint8_t bytes[256];
	struct world w;
	size_t len;

	memcpy(bytes, filler, n);
	len = n + world_hex(r->code, bytes + n, sizeof(bytes) - n - 1);
	bytes[len] = 0x90;
	world_init(&w, NULL, NULL);
	world_code(&w, bytes, len + 1);
	for (int k = 0; k < X86_NR_SAMPLED; k++)
		if (r->regs[k])
			w.regs[k] = r->regs[k];
	w.regs[X86_IP] = WORLD_CODE + len;
	for (int again = 0; again < 2; again++) {
		world_run(&w);
		cr_expect_str_eq(stall_text(&w), r->stall, "%s: '%s', not '%s'", r->name,
				 stall_text(&w), r->stall);
	}
	world_release(&w);
}

Test(soft_backward, access_before_the_sample)
{
	uint8_t filler[BEFORE];

	memset(filler, 0x90, sizeof(filler));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(&rows[i], filler, sizeof(filler));
}

/* Sweeps that begin within instructions fall into step with them. */
Test(soft_backward, after_code_of_any_length)
{
	/* mov rax, 0x9090909090909090; mov [rsp+0x11223344], 0x8b078b07; add rcx, rax; ret: over
	 * and over */
	static const uint8_t pattern[] = {0x48, 0xb8, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
					  0x90, 0xc7, 0x84, 0x24, 0x44, 0x33, 0x22, 0x11, 0x07,
					  0x8b, 0x07, 0x8b, 0x48, 0x01, 0xc1, 0xc3};
	static const struct row row = {"load", "48 8b 07", "L8 10000 -3", {[X86_DI] = 0x10000}};
	uint8_t filler[3 * sizeof(pattern)];

	for (size_t i = 0; i < 3; i++)
		memcpy(filler + i * sizeof(pattern), pattern, sizeof(pattern));
	check(&row, filler, sizeof(filler));
}

/* At the start of the code there is less to sweep, or nothing. */
Test(soft_backward, at_the_start)
{
	static const struct row first = {"first", "8a 07", "L1 10000 -2", {[X86_DI] = 0x10000}};
	static const struct row none = {"none", "", "", {[X86_DI] = 0x10000}};

	check(&first, (const uint8_t *)"", 0);
	check(&none, (const uint8_t *)"", 0);
}

struct string {
	const char *name, *code, *stall;
};

/* Repeated string operations are interrupted within. */
static const struct string strings[] = {
	{"copy: the load", "f3 a4", "L1 20000 -0"},
	{"copy of 8", "f3 48 a5", "L8 20000 -0"},
	{"fill", "f3 48 ab", "S8 10000 -0"},
	{"scan", "f2 ae", "L1 10000 -0"},
	{"not repeated", "a4", ""},
};

Test(soft_backward, within_a_string_operation)
{
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		uint8_t bytes[8];
		struct world w;

		world_init(&w, NULL, NULL);
		world_code(&w, bytes, world_hex(strings[i].code, bytes, sizeof(bytes)));
		w.regs[X86_DI] = 0x10000;
		w.regs[X86_SI] = 0x20000;
		w.regs[X86_CX] = 100;
		world_run(&w);
		cr_expect_str_eq(stall_text(&w), strings[i].stall, "%s: %s", strings[i].name,
				 stall_text(&w));
		world_release(&w);
	}
}
