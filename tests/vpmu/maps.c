/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vpmu/maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"

/* System calls of x86_64. */
enum { CALL_MMAP = 9, CALL_MPROTECT = 10, CALL_BRK = 12 };
enum { STACK_BYTES = 1 << 23 };
#define PAGE_UP(x) (((x) + 4095) & ~4095ull)

typedef void (*line_fn)(struct vpmu_maps *m, const struct vpmu_event *line, void *priv);

static bool parse(const char *text, struct vpmu_event *e)
{
	char prot[5];
	uint64_t end;
	int name = 0;

	*e = (struct vpmu_event){.type = VPMU_MAP};
	if (sscanf(text, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &e->start,
		   &end, prot, &e->offset, &e->major, &e->minor, &e->inode, &name) < 7)
		return false;
	e->len = end - e->start;
	e->prot = (prot[0] == 'r' ? PROT_READ : 0) | (prot[1] == 'w' ? PROT_WRITE : 0) |
		  (prot[2] == 'x' ? PROT_EXEC : 0);
	e->map_flags = (prot[3] == 's' ? MAP_SHARED : MAP_PRIVATE) | (e->inode ? 0 : MAP_ANONYMOUS);
	if (e->inode)
		snprintf(e->name, sizeof(e->name), "%.*s", (int)strcspn(text + name, "\n"),
			 text + name);
	return true;
}

/* Each mapping of this process, the emulator's among them. */
static int each_line(struct vpmu_maps *m, line_fn fn, void *priv)
{
	FILE *f = fopen("/proc/self/maps", "re");
	struct vpmu_event e;
	char text[512];

	if (!f)
		return -errno;
	while (fgets(text, sizeof(text), f)) {
		if (parse(text, &e))
			fn(m, &e, priv);
	}
	fclose(f);
	return 0;
}

/* Names what has no file as the kernel does, and passes it on. */
static void emit(struct vpmu_maps *m, struct vpmu_event *e)
{
	bool is_heap = e->start < m->brk_end && e->start + e->len > m->brk_start;

	if (!e->inode)
		strcpy(e->name, is_heap ? "[heap]" : e->name[0] ? e->name : "//anon");
	m->emit(m->priv, e);
}

/* ---- at the start ---- */

static void add_first(struct vpmu_maps *m, const struct vpmu_event *line, void *priv)
{
	if (vec_reserve(&m->first, &m->cap_first, m->nr_first + 1, sizeof(*m->first)))
		return;
	m->first[m->nr_first++] = (struct vpmu_map){.event = *line};
}

int vpmu_maps_init(struct vpmu_maps *m)
{
	return each_line(m, add_first, NULL);
}

void vpmu_maps_touch(struct vpmu_maps *m, uint64_t addr, bool is_code)
{
	size_t lo = 0, hi = m->nr_first;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct vpmu_map *x = &m->first[mid];

		if (x->event.start > addr) {
			hi = mid;
		} else if (x->event.start + x->event.len <= addr) {
			lo = mid + 1;
		} else {
			x->touched = true;
			x->event.prot |= is_code ? PROT_EXEC : 0;
			return;
		}
	}
}

void vpmu_maps_finish(struct vpmu_maps *m)
{
	for (size_t i = 0; i < m->nr_first; i++) {
		struct vpmu_event *e = &m->first[i].event;

		if (!m->first[i].touched)
			continue;
		if (!e->inode && e->len >= STACK_BYTES)
			strcpy(e->name, "[stack]");
		m->brk_start = m->brk_end = 0;
		emit(m, e);
	}
	free(m->first);
	m->first = NULL;
	m->nr_first = m->cap_first = 0;
}

/* ---- calls ---- */

struct part {
	uint64_t start, end;
	uint32_t prot;
};

/* What of a line lies in the part. */
static void emit_part(struct vpmu_maps *m, const struct vpmu_event *line, void *priv)
{
	const struct part *p = priv;
	struct vpmu_event e = *line;

	e.start = MAX(line->start, p->start);
	if (e.start >= MIN(line->start + line->len, p->end))
		return;
	e.len = MIN(line->start + line->len, p->end) - e.start;
	e.offset = e.inode ? line->offset + (e.start - line->start) : 0;
	e.prot = (uint16_t)p->prot;
	emit(m, &e);
}

static void moved_brk(struct vpmu_maps *m, uint64_t now)
{
	struct vpmu_event e = {.type = VPMU_MAP,
			       .prot = PROT_READ | PROT_WRITE,
			       .map_flags = MAP_PRIVATE | MAP_ANONYMOUS};

	if (!m->brk_start)
		m->brk_start = m->brk_end = PAGE_UP(now);
	if (PAGE_UP(now) <= m->brk_end)
		return;
	m->brk_end = PAGE_UP(now);
	e.start = m->brk_start;
	e.len = m->brk_end - m->brk_start;
	emit(m, &e);
}

void vpmu_maps_call(struct vpmu_maps *m, const struct vpmu_call *c, int64_t value)
{
	bool failed = value < 0 && value > -4096;
	struct part p = {.start = c->args[0], .prot = (uint32_t)c->args[2]};

	if (failed)
		return;
	if (c->number == CALL_BRK)
		moved_brk(m, (uint64_t)value);
	if (c->number == CALL_MMAP)
		p.start = (uint64_t)value;
	else if (c->number != CALL_MPROTECT)
		return;
	p.end = p.start + PAGE_UP(c->args[1]);
	each_line(m, emit_part, &p);
}
