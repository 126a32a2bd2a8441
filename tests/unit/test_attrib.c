/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joining the log with spaces and symbols: on a record of this program's own address space. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attrib/attrib.h"
#include "core/target.h"
#include "os/proc.h"
#include "tests/kit/record_kit.h"

TestSuite(attrib, .fini = kit_remove);

static struct {
	int first, second;
} pair[100];
static long initialised[4] = {1, 2, 3, 4};

static __attribute__((noinline)) void toucher(void)
{
	pair[0].first += (int)initialised[0];
}

/* Outside of all that is mapped. */
#define NOWHERE 0x10

static struct {
	struct damon_writer *w;
	struct damon_targets *ts;
	struct damon_log_entry e[64];
	size_t n;
	struct damon_record *r; /* open as long as what was made of it */
} rec;

static void add_maps(struct damon_space *s)
{
	struct damon_maps maps;

	cr_assert_eq(damon_maps_read(&damon_sys_real, getpid(), &maps), 0);
	for (size_t i = 0; i < maps.nr; i++)
		cr_assert_eq(damon_space_map(s, &maps.m[i], 1000), 0);
	damon_maps_release(&maps);
}

static void touch(const volatile void *addr, float weight, unsigned flags)
{
	rec.e[rec.n++] = (struct damon_log_entry){
		.time_ns = 5000,
		.addr = (uintptr_t)addr,
		.ip = (uintptr_t)toucher,
		.pid = getpid(),
		.tid = 77,
		.space_id = damon_targets_at(rec.ts, 0)->space->id,
		.weight = weight,
		.flags = (uint8_t)flags,
		.latency = 100,
		.level = DAMON_LEVEL_L2,
	};
}

static void begin(void)
{
	struct damon_meta meta = kit_meta;

	meta.epoch_offset_ns = INT64_MAX / 2; /* after every file was written */
	rec.ts = damon_targets_new(1);
	add_maps(damon_targets_add(rec.ts, getpid(), "unit", 1000)->space);
	cr_assert_eq(damon_writer_open(kit_path("rec"), &meta, &rec.w, NULL), 0);
}

static struct attrib *finish(const struct attrib_options *o)
{
	uint32_t space = damon_targets_at(rec.ts, 0)->space->id;
	struct damon_target_snapshot t = {.burst = 1, .clumping = 1, .space_id = space};
	struct damon_snapshot s = {
		.start_ns = 1000, .end_ns = 9000, .targets = &t, .nr_targets = 1};
	struct damon_totals totals = {.nr_snapshots = 1};
	const struct damon_snapshot *snap;
	struct attrib *a;

	cr_assert_eq(damon_writer_targets(rec.w, rec.ts), 0);
	cr_assert_eq(damon_writer_snapshot(rec.w, &s), 0);
	cr_assert_eq(damon_writer_log(rec.w, rec.e, rec.n), 0);
	cr_assert_eq(damon_writer_close(rec.w, &totals), 0);
	damon_targets_free(rec.ts);
	cr_assert_eq(damon_record_open(kit_path("rec"), &rec.r), 0);
	cr_assert_eq(attrib_new(rec.r, o, &a), 0);
	damon_record_set_log(rec.r, attrib_add, a);
	while (damon_record_next(rec.r, &snap) > 0)
		;
	return a;
}

static void done(struct attrib *a)
{
	attrib_free(a);
	damon_record_close(rec.r);
}

static const struct attrib_object *object_of(const struct attrib *a, double weight)
{
	for (size_t i = 0; i < attrib_nr_rows(a); i++) {
		const struct attrib_row *r = attrib_row(a, i);

		if (r->sums.weight == weight)
			return attrib_object(a, r->object);
	}
	cr_assert_fail("no row of weight %g", weight);
	return NULL;
}

Test(attrib, every_kind_of_object)
{
	char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *anon =
		mmap(NULL, 3 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *stack = mmap(NULL, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *heap = sbrk(4096); /* malloc() may have its own elsewhere */
	int on_stack = 0;
	const struct {
		enum attrib_object_kind kind;
		const char *name; /* its beginning */
		const volatile void *addr;
		unsigned flags;
	} rows[] = {
		{ATTRIB_VARIABLE, "pair[].second", &pair[7].second, DAMON_ACCESS_STORE},
		{ATTRIB_VARIABLE, "initialised[]", &initialised[2], DAMON_ACCESS_LOAD},
		{ATTRIB_HEAP, "[heap]", heap + 4096, 0},
		{ATTRIB_STACK, "[stack]", &on_stack, DAMON_ACCESS_STACK},
		{ATTRIB_ANON, "anon ", anon + 4096, 0},
		{ATTRIB_STACK, "stack of thread 77", stack, DAMON_ACCESS_STACK},
		{ATTRIB_SHARED, "zero (deleted)", shared, 0},
		{ATTRIB_FILE, "unit .text", (const void *)(uintptr_t)toucher, 0},
		{ATTRIB_UNKNOWN, "(unknown)", (const void *)NOWHERE, 0},
	};
	struct attrib_options o = {.lines = true, .members = true, .target_id = UINT32_MAX};
	struct attrib_sums all, no_code, no_object, others;
	struct attrib *a;

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *at = (const char *)rows[i].addr;

		touch(rows[i].kind == ATTRIB_HEAP ? at - 64 : at, (float)(1 << i), rows[i].flags);
	}
	a = finish(&o);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct attrib_object *got = object_of(a, 1 << i);

		cr_expect_str_eq(attrib_kind_name(got->kind), attrib_kind_name(rows[i].kind),
				 "%s: %s", rows[i].name, attrib_kind_name(got->kind));
		cr_expect(!strncmp(got->name, rows[i].name, strlen(rows[i].name)), "%s: %s",
			  rows[i].name, got->name);
	}
	attrib_totals(a, &all, &no_code, &no_object, &others);
	cr_expect(all.n == 9 && all.weight == 511 && no_code.weight == 0 && others.n == 0);
	cr_expect_eq(no_object.weight, 256);
	cr_expect(all.stores == 1 && all.latency_sum == 900 && all.level[DAMON_MEMORY_L2] == 511);
	done(a);
}

Test(attrib, one_access_near_the_stack_pointer_tells_a_stack)
{
	char *stack =
		mmap(NULL, 3 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct attrib_options o = {.target_id = UINT32_MAX};
	struct attrib *a;

	begin();
	touch(stack + 100, 1, 0);
	touch(stack + 9000, 2, DAMON_ACCESS_STACK);
	touch(stack + 20000, 4, 0);
	a = finish(&o);
	cr_assert_eq(attrib_nr_rows(a), 1);
	cr_expect_str_eq(attrib_object(a, attrib_row(a, 0)->object)->name, "stack of thread 77");
	cr_expect_eq(attrib_object(a, attrib_row(a, 0)->object)->kind, ATTRIB_STACK);
	done(a);
}

/* The kernel makes one mapping of a stack and of what happens to lie beside it. */
Test(attrib, of_a_mapping_too_large_for_a_stack_only_a_part_is_one)
{
	char *both =
		mmap(NULL, 48 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct attrib_options o = {.target_id = UINT32_MAX};
	const struct attrib_object *stack;
	struct attrib *a;

	begin();
	touch(both + (20 << 20), 1, 0);
	touch(both + 9000, 2, DAMON_ACCESS_STACK);
	touch(both + 17000, 2, DAMON_ACCESS_STACK);
	touch(both + (30 << 20), 4, 0);
	a = finish(&o);
	cr_assert_eq(attrib_nr_rows(a), 2);
	cr_expect(strstr(object_of(a, 5)->name, "anon "), "%s", object_of(a, 5)->name);
	stack = object_of(a, 4);
	cr_expect_str_eq(stack->name, "stack of thread 77");
	cr_expect_eq(stack->bytes, 3 * 4096, "%zu", (size_t)stack->bytes);
	cr_expect_eq(stack->start, ((uintptr_t)both + 9000) & ~4095ull);
	done(a);
}

Test(attrib, code_and_what_was_asked_for)
{
	struct attrib_options o = {.lines = true,
				   .target_id = UINT32_MAX,
				   .addr_start = (uintptr_t)&pair[3],
				   .addr_end = (uintptr_t)&pair[4]};
	struct attrib_sums all, no_code, no_object, others;
	const struct attrib_code *c;
	struct attrib *a;

	toucher();
	begin();
	touch(&pair[3].first, 1, 0);
	touch(&pair[3].second, 3, 0);
	touch(&pair[4].first, 8, 0);
	a = finish(&o);
	attrib_totals(a, &all, &no_code, &no_object, &others);
	cr_expect_eq(all.weight, 4);
	cr_expect_float_eq(attrib_effective(&all), 1.6, 1e-9);
	cr_assert_eq(attrib_nr_rows(a), 1);
	c = attrib_code(a, attrib_row(a, 0)->code);
	cr_expect_str_eq(c->function, "toucher");
	cr_expect_str_eq(c->module, "unit");
	cr_expect(c->line > 0 && strstr(c->file, "test_attrib.c"), "%s:%u", c->file, c->line);
	cr_expect_str_eq(attrib_object(a, attrib_row(a, 0)->object)->name, "pair");
	cr_expect(strstr(attrib_object(a, attrib_row(a, 0)->object)->source, "test_attrib.c:"));
	done(a);
}

Test(attrib, rows_beyond_the_limit_are_others)
{
	struct attrib_options o = {.no_symbols = true, .target_id = UINT32_MAX, .max_rows = 1};
	struct attrib_sums all, no_code, no_object, others;
	int on_stack = 0;
	struct attrib *a;

	begin();
	touch(&on_stack, 1, DAMON_ACCESS_STACK);
	touch(pair, 2, 0);
	a = finish(&o);
	attrib_totals(a, &all, &no_code, &no_object, &others);
	cr_expect(attrib_nr_rows(a) == 1 && all.weight == 3 && others.weight == 2);
	cr_expect_str_eq(attrib_code(a, attrib_row(a, 0)->code)->module, "unit");
	done(a);
}
