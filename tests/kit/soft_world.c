/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kit/soft_world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

static const struct damon_image *world_image(void *priv, int pid, const struct damon_mapping *m)
{
	struct world *w = priv;

	if (!m->inode || m->inode > ARRAY_SIZE(w->image) || !w->image[m->inode - 1].bytes)
		return NULL;
	return &w->image[m->inode - 1];
}

static ssize_t world_read(void *priv, int pid, uint64_t addr, void *buf, size_t len)
{
	struct world *w = priv;

	w->reads++;
	for (size_t i = 0; i < w->nr_memory; i++) {
		const struct world_memory *m = &w->memory[i];

		if (addr < m->addr || addr - m->addr >= m->len)
			continue;
		len = MIN(len, (size_t)(m->len - (addr - m->addr)));
		memcpy(buf, m->bytes + (addr - m->addr), len);
		return len;
	}
	return -EFAULT;
}

void world_init(struct world *w, const struct soft_limits *limits,
		const struct soft_code_limits *code)
{
	memset(w, 0, sizeof(*w));
	for (uint32_t i = 0; i < ARRAY_SIZE(w->image); i++)
		w->image[i].id = i;
	w->peek = (struct damon_peek){.priv = w, .image = world_image, .read_mem = world_read};
	w->space = damon_space_new();
	w->soft = soft_new(&w->peek, limits, code);
	w->stack_len = sizeof(w->stack);
	w->regs[X86_IP] = WORLD_CODE;
	w->regs[X86_SP] = WORLD_STACK;
	w->regs[X86_FLAGS] = 0x202;
	w->burst.end = &w->end;
}

void world_release(struct world *w)
{
	soft_free(w->soft);
	damon_space_unref(w->space);
	free(w->code);
	memset(w, 0, sizeof(*w));
}

void world_map(struct world *w, uint64_t start, uint64_t end, unsigned prot, uint64_t inode,
	       uint64_t offset, const char *name)
{
	const struct damon_mapping m = {
		.start = start,
		.end = end,
		.prot = prot,
		.inode = inode,
		.dev = inode ? 1 : 0,
		.offset = offset,
		.name = name,
	};

	damon_space_map(w->space, &m, w->now_ns);
}

void world_code(struct world *w, const uint8_t *bytes, size_t n)
{
	size_t size = (n + DAMON_PAGE_SIZE - 1) & ~(DAMON_PAGE_SIZE - 1);

	w->code = malloc(n + !n); /* exact, for the sanitizers */
	memcpy(w->code, bytes, n);
	w->image[0].bytes = w->code;
	w->image[0].size = n;
	world_map(w, WORLD_CODE, WORLD_CODE + size, DAMON_PROT_READ | DAMON_PROT_EXEC, 1, 0,
		  "/code");
}

void world_add_memory(struct world *w, uint64_t addr, const void *bytes, size_t len)
{
	w->memory[w->nr_memory++] = (struct world_memory){addr, bytes, len};
}

struct soft_burst *world_run(struct world *w)
{
	const struct soft_tick t = {
		.pid = WORLD_PID,
		.time_ns = w->now_ns,
		.regs = w->regs,
		.stack = w->stack,
		.stack_len = w->stack_len,
		.space = w->space,
	};

	soft_run(w->soft, &soft_arch_x86_64, &t, &w->burst);
	return &w->burst;
}

const char *world_text(struct world *w)
{
	static char text[2048];
	size_t n = 0;

	text[0] = 0;
	for (uint32_t i = 0; i < w->burst.nr; i++) {
		const struct damon_access *a = &w->burst.access[i];
		unsigned rw = a->flags & (DAMON_ACCESS_LOAD | DAMON_ACCESS_STORE);

		n += snprintf(text + n, sizeof(text) - n, "%s%c%u+%u %llx%s%s", i ? " " : "",
			      rw == 3	? 'M'
			      : rw == 2 ? 'S'
					: 'L',
			      a->size, w->burst.at[i], (unsigned long long)a->addr,
			      a->flags & DAMON_ACCESS_STACK ? "s" : "",
			      a->flags & DAMON_ACCESS_LIKELY ? "~" : "");
	}
	if (w->burst.nr_unknown)
		snprintf(text + n, sizeof(text) - n, "%s?%u", n ? " " : "", w->burst.nr_unknown);
	return text;
}

size_t world_hex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = 0;
	unsigned v;
	int used;

	while (n < cap && sscanf(text, " %2x%n", &v, &used) == 1) {
		out[n++] = v;
		text += used;
	}
	return n;
}
