/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Targets and their address spaces in records. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/target.h"
#include "record/chunk.h"
#include "tests/kit/record_kit.h"

TestSuite(record_space, .fini = kit_remove);

struct world {
	struct damon_targets *ts;
	struct damon_writer *w;
	uint64_t now_ns;
};

static void begin(struct world *w)
{
	w->ts = damon_targets_new(4);
	w->now_ns = 1000;
	cr_assert(w->ts);
	cr_assert_eq(damon_writer_open(kit_path("s"), &kit_meta, &w->w, NULL), 0);
}

static void map(struct world *w, struct damon_space *s, uint64_t page, uint64_t pages,
		const char *name, uint64_t inode)
{
	struct damon_mapping m = {.start = page * DAMON_PAGE_SIZE,
				  .end = (page + pages) * DAMON_PAGE_SIZE,
				  .offset = inode ? 8192 : 0,
				  .dev = inode ? 8ull << 32 | 1 : 0,
				  .inode = inode,
				  .build_id = {1, 2, 3, (uint8_t)inode},
				  .build_id_len = inode ? 20 : 0,
				  .prot = DAMON_PROT_READ | DAMON_PROT_EXEC,
				  .name = name};

	cr_assert_eq(damon_space_map(s, &m, w->now_ns), 0);
}

static void flush(struct world *w)
{
	cr_assert_eq(damon_writer_targets(w->w, w->ts), 0);
	cr_assert_eq(damon_writer_flush(w->w, NULL), 0);
	w->now_ns += 1000;
}

static void finish(struct world *w)
{
	struct damon_totals totals = {0};

	cr_assert_eq(damon_writer_targets(w->w, w->ts), 0);
	cr_assert_eq(damon_writer_close(w->w, &totals), 0);
}

static void same_mapping(const struct damon_mapping *a, const struct damon_mapping *b)
{
	cr_expect_eq(a->start, b->start);
	cr_expect_eq(a->end, b->end);
	cr_expect_eq(a->offset, b->offset);
	cr_expect_eq(a->dev, b->dev);
	cr_expect_eq(a->inode, b->inode);
	cr_expect_eq(a->build_id_len, b->build_id_len);
	cr_expect_eq(memcmp(a->build_id, b->build_id, a->build_id_len), 0);
	cr_expect_eq(a->prot, b->prot);
	cr_expect_eq(a->from_ns, b->from_ns);
	cr_expect_eq(a->to_ns, b->to_ns);
	cr_expect_eq(a->id, b->id);
	cr_expect_eq(a->edits, b->edits);
	cr_expect_str_eq(a->name, b->name);
}

/* Those that ended together may be listed in any order. */
static const struct damon_mapping *dead(const struct damon_space *s, uint32_t id)
{
	for (size_t i = 0; i < s->nr_dead; i++)
		if (s->dead[i].id == id)
			return &s->dead[i];
	cr_assert_fail("mapping %u is missing", id);
	return NULL;
}

static void same_space(const struct damon_space *a, const struct damon_space *b)
{
	cr_assert(b);
	cr_assert_eq(a->id, b->id);
	cr_assert_eq(a->nr_live, b->nr_live);
	cr_assert_eq(a->nr_dead, b->nr_dead);
	for (size_t i = 0; i < a->nr_live; i++)
		same_mapping(&a->live[i], &b->live[i]);
	for (size_t i = 0; i < a->nr_dead; i++)
		same_mapping(&a->dead[i], dead(b, a->dead[i].id));
	for (size_t i = 1; i < b->nr_dead; i++)
		cr_expect_leq(b->dead[i - 1].to_ns, b->dead[i].to_ns, "oldest first");
}

static struct damon_reader *read_all(unsigned int *targets, unsigned int *spaces)
{
	struct damon_reader *r;
	struct damon_item item;

	*targets = *spaces = 0;
	cr_assert_eq(damon_reader_open(kit_path("s"), &r, NULL), 0);
	while (damon_reader_next(r, &item) > 0) {
		cr_assert_neq(item.type, DAMON_ITEM_DAMAGED);
		*targets += item.type == DAMON_ITEM_TARGET;
		*spaces += item.type == DAMON_ITEM_SPACE;
	}
	return r;
}

static void same_target(const struct damon_target *a, const struct damon_target *b)
{
	cr_assert(b);
	cr_expect_eq(a->id, b->id);
	cr_expect_eq(a->pid, b->pid);
	cr_expect_str_eq(a->comm, b->comm);
	cr_expect_eq(a->nr_procs_total, b->nr_procs_total);
	cr_expect_eq(a->generation, b->generation);
	cr_expect_eq(a->from_ns, b->from_ns);
	cr_expect_eq(a->to_ns, b->to_ns);
	cr_expect_null(b->est);
	cr_expect_null(b->wset);
	if (a->space)
		same_space(a->space, b->space);
}

/* Mappings that come, grow, shrink, are cut in two and go, flushed in between. */
Test(record_space, follows_changes)
{
	struct world w;
	struct damon_proc *p;
	struct damon_reader *r;
	unsigned int targets, spaces;

	begin(&w);
	p = damon_targets_add(w.ts, 77, "one", w.now_ns);
	cr_assert(p);
	map(&w, p->space, 100, 10, "/bin/one", 5);
	map(&w, p->space, 200, 10, "", 0);
	map(&w, p->space, 300, 30, "", 0);
	flush(&w);
	flush(&w); /* nothing is new */
	map(&w, p->space, 210, 5, "", 0);
	cr_assert_eq(damon_space_unmap(p->space, 310 * 4096, 320 * 4096, w.now_ns), 0);
	cr_assert_eq(damon_space_unmap(p->space, 100 * 4096, 110 * 4096, w.now_ns), 0);
	flush(&w);
	map(&w, p->space, 95, 20, "[heap]", 0);
	cr_assert_eq(damon_space_unmap(p->space, 200 * 4096, 210 * 4096, w.now_ns), 0);
	finish(&w);

	r = read_all(&targets, &spaces);
	cr_expect_eq(targets, 1, "written once, read %u times", targets);
	cr_expect_eq(spaces, 3, "read %u times", spaces);
	same_target(damon_targets_at(w.ts, 0), damon_reader_target(r, 0));
	same_space(p->space, damon_reader_space(r, p->space->id));
	cr_expect_null(damon_reader_target(r, 1));
	cr_expect_null(damon_reader_space(r, p->space->id + 1));
	cr_expect_eq(damon_reader_nr_targets(r), 1);
	damon_reader_close(r);
	damon_targets_free(w.ts);
}

Test(record_space, follows_targets)
{
	struct world w;
	struct damon_reader *r;
	struct damon_proc *p;
	unsigned int targets, spaces;

	begin(&w);
	p = damon_targets_add(w.ts, 77, "make", w.now_ns);
	map(&w, p->space, 100, 10, "/bin/make", 5);
	flush(&w);
	for (int pid = 80; pid < 90; pid++) {
		cr_assert_eq(damon_targets_fork(w.ts, pid, 77, w.now_ns), 0);
		cr_assert_eq(damon_targets_exec(w.ts, pid, pid % 2 ? "cc1" : "as", w.now_ns), 0);
		p = damon_targets_find(w.ts, pid);
		cr_assert(p);
		map(&w, p->space, 100, (uint64_t)pid, "/bin/cc", 6);
		flush(&w);
		if (pid % 3)
			damon_targets_exit(w.ts, pid, w.now_ns);
	}
	finish(&w);
	r = read_all(&targets, &spaces);
	cr_expect_gt(targets, 10);
	cr_expect_geq(spaces, 11); /* again where a target goes back to an older process */
	for (size_t i = 0; i < damon_targets_count(w.ts); i++) {
		const struct damon_target *t = damon_targets_at(w.ts, i);

		same_target(t, damon_reader_target(r, t->id));
	}
	damon_reader_close(r);
	damon_targets_free(w.ts);
}

/* More than a record in a chunk, and more than a chunk, takes. */
Test(record_space, many_mappings)
{
	static const struct {
		const char *name;
		uint64_t n, per_name;
		int name_bytes;
	} rows[] = {{"many", 10000, 4, 10}, {"long names", 5000, 1, 4000}};
	static char name[RECORD_MAX_NAME];

	for (size_t row = 0; row < ARRAY_SIZE(rows); row++) {
		unsigned int targets, spaces;
		struct damon_reader *r;
		struct damon_proc *p;
		struct world w;

		begin(&w);
		p = damon_targets_add(w.ts, 1, "many", w.now_ns);
		for (uint64_t i = 0; i < rows[row].n; i++) {
			snprintf(name, sizeof(name), "/%0*u", rows[row].name_bytes,
				 (unsigned int)(i / rows[row].per_name));
			map(&w, p->space, 100 + 3 * i, 2, name, i);
		}
		finish(&w);
		r = read_all(&targets, &spaces);
		cr_expect_gt(spaces, 1, "%s", rows[row].name);
		same_space(p->space, damon_reader_space(r, p->space->id));
		damon_reader_close(r);
		damon_targets_free(w.ts);
	}
}

/* Once read to the end, what is known stays, and comes first in the second pass. */
Test(record_space, rewinding_forgets_nothing)
{
	struct world w;
	struct damon_reader *r;
	struct damon_item item;
	struct damon_proc *p;
	unsigned int n[2], seen = 0;

	begin(&w);
	p = damon_targets_add(w.ts, 77, "one", w.now_ns);
	map(&w, p->space, 100, 10, "", 0);
	flush(&w);
	cr_assert_eq(damon_space_unmap(p->space, 100 * 4096, 105 * 4096, w.now_ns), 0);
	damon_targets_exit(w.ts, 77, w.now_ns);
	finish(&w);
	r = read_all(&n[0], &n[1]);
	cr_assert_eq(damon_reader_rewind(r), 0);
	while (damon_reader_next(r, &item) > 0) {
		if (item.type == DAMON_ITEM_TARGET)
			cr_expect_neq(item.target->to_ns, UINT64_MAX, "the end is known");
		seen += item.type == DAMON_ITEM_TARGET || item.type == DAMON_ITEM_SPACE;
		if (item.type == DAMON_ITEM_SPACE)
			cr_expect_eq(item.space->nr_live, 1, "no longer whole");
	}
	cr_expect_eq(seen, n[0] + n[1]);
	damon_reader_close(r);
	damon_targets_free(w.ts);
}
