/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The soft source on any code, registers, stack and memory, through its whole path. An input is
 *
 *	byte 0		bits 0-1 reads per burst; 2-3 code from a file, anonymous, vdso, a file with
 *an ELF header of its own; bit 4 the code changes between ticks; bits 5-7 stack bytes 1-18	a
 *register each: what it points to (bits 0-2), and how far from there the rest	code, which is also
 *what the stack and all memory hold
 *
 * Nothing may crash, read beyond the code, or run on; what it tells must be within its promises.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "pmu/soft/code.h"
#include "pmu/soft/soft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CODE	0x400000ull
#define DATA	0x600000ull
#define STACK	0x7ffff0001000ull
#define PAGE	DAMON_PAGE_SIZE
#define HEAD	19
#define NR_REGS 18

struct input {
	const uint8_t *bytes; /* code */
	size_t len;
	uint8_t options;
	unsigned tick;
	struct damon_image image;
};

static const struct damon_image *image(void *priv, int pid, const struct damon_mapping *m)
{
	struct input *in = priv;

	return m->inode ? &in->image : NULL;
}

/* All of memory repeats the code, shifted where it changes. */
static ssize_t read_mem(void *priv, int pid, uint64_t addr, void *buf, size_t len)
{
	struct input *in = priv;
	uint8_t *to = buf;

	if (addr >> 40 == 0x11)
		return -1; /* a hole */
	for (size_t i = 0; i < len; i++) {
		size_t at = addr + i + (in->options & 16 ? in->tick : 0);

		to[i] = in->len ? in->bytes[at % PAGE % in->len] : 0;
	}
	return len;
}

static uint64_t reg_value(uint8_t how, const struct input *in, unsigned i)
{
	int64_t far = (int8_t)how >> 3;
	uint64_t raw = 0;

	switch (how & 7) {
	case 0:
		return far;
	case 1:
		return CODE + (uint64_t)far;
	case 2:
		return DATA + far * 256;
	case 3:
		return STACK + far * 8;
	case 4:
		return -1ull << (how >> 3) * 2;
	case 5:
		return (1ull << 47) + far;
	case 6:
		return 0x110000000000 + far;
	default:
		if (in->len >= 8)
			memcpy(&raw, in->bytes + i * 8 % (in->len - 7), 8);
		return raw;
	}
}

static void check(const struct soft_burst *b)
{
	if (b->nr > DAMON_BURST_MAX || b->stop >= SOFT_NR_STOPS || b->nr_insns > 200 + 64)
		abort();
	for (unsigned i = 0; i < b->nr; i++)
		if (!soft_addr_ok(b->access[i].addr) || b->at[i] >= b->nr_insns ||
		    !(b->access[i].flags & (DAMON_ACCESS_LOAD | DAMON_ACCESS_STORE)))
			abort();
}

static void map(struct damon_space *s, uint64_t start, size_t len, unsigned prot, uint64_t inode,
		uint64_t offset, const char *name)
{
	const struct damon_mapping m = {
		.start = start,
		.end = start + ((len + PAGE - 1) & ~(PAGE - 1)) + (len ? 0 : PAGE),
		.prot = prot,
		.inode = inode,
		.offset = offset,
		.name = name,
	};

	damon_space_map(s, &m, 0);
}

static void map_all(struct damon_space *s, const struct input *in)
{
	unsigned kind = in->options >> 2 & 3, rx = DAMON_PROT_READ | DAMON_PROT_EXEC;

	map(s, CODE, in->len, rx, kind == 0 || kind == 3 ? 1 : 0, 0,
	    kind == 2	? "[vdso]"
	    : kind == 1 ? ""
			: "/code");
	map(s, DATA, in->len, DAMON_PROT_READ, kind == 3 ? 1 : 0, 0, "/code");
	map(s, STACK, PAGE, DAMON_PROT_READ | DAMON_PROT_WRITE, 0, 0, "[stack]");
}

static void run_ticks(struct input *in, const uint64_t *regs, const uint8_t *stack,
		      size_t stack_len)
{
	const struct soft_limits limits = {DAMON_BURST_MAX, 200, in->options & 3};
	/* small, so that they are reached */
	const struct soft_code_limits code = {1, 24, 3, 2, NS_PER_SEC};
	const struct damon_peek peek = {.priv = in, .image = image, .read_mem = read_mem};
	struct damon_space *space = damon_space_new();
	struct soft *soft = soft_new(&peek, &limits, &code);
	struct soft_tick t = {1, 0, regs, stack, stack_len, space};
	struct soft_burst b = {.end = NULL};
	struct damon_access stall;

	map_all(space, in);
	for (in->tick = 0; in->tick < 4; in->tick++) {
		t.time_ns = in->tick * NS_PER_SEC;
		soft_run(soft, &soft_arch_x86_64, &t, &b);
		check(&b);
		if (soft_stall(soft, &soft_arch_x86_64, &t, &stall) && !soft_addr_ok(stall.addr))
			abort();
	}
	soft_free(soft);
	damon_space_unref(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {0};
	uint64_t regs[NR_REGS];
	_cleanup_(freep) uint8_t *code = NULL;
	size_t stack_len;

	if (size < HEAD || size > 4 * PAGE)
		return 0;
	in.options = data[0];
	in.len = size - HEAD;
	code = malloc(in.len + !in.len); /* of its exact size, for the sanitizers */
	memcpy(code, data + HEAD, in.len);
	in.bytes = code;
	in.image.bytes = code;
	in.image.size = in.len;
	stack_len = MIN(in.len, (size_t)(in.options >> 5) * 73);
	for (unsigned i = 0; i < NR_REGS; i++)
		regs[i] = reg_value(data[1 + i], &in, i);
	regs[7] = STACK + (data[8] & 7); /* sp, mostly */
	if (data[9] & 1)
		regs[8] = CODE + data[9] / 2 % (in.len + 1); /* ip, half of the time */
	run_ticks(&in, regs, code + (in.len - stack_len), stack_len);
	return 0;
}
