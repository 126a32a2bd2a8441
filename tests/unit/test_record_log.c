/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sample log of a record through the public header. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "core/target.h"
#include "damon.h"
#include "tests/kit/record_kit.h"

TestSuite(record_log, .fini = kit_remove);

static const struct damon_log_entry written = {
	.time_ns = 5000,
	.addr = 0x10008,
	.ip = 0x10100,
	.pid = 7,
	.tid = 8,
	.weight = 3,
	.size = 8,
	.flags = DAMON_ACCESS_STORE | DAMON_ACCESS_LIKELY,
	.latency = 300,
	.level = DAMON_LEVEL_DRAM,
	.hw_flags = DAMON_HW_REMOTE | DAMON_HW_TLB_MISS,
};

static const char *write_log(void)
{
	const char *path = kit_path("log");
	struct damon_mapping m = {.start = 0x10000,
				  .end = 0x20000,
				  .dev = 8ull << 32 | 1,
				  .inode = 77,
				  .build_id = {0xab, 0xcd},
				  .build_id_len = 2,
				  .prot = DAMON_PROT_READ,
				  .name = "/bin/true"};
	struct damon_targets *ts = damon_targets_new(1);
	struct damon_proc *p = damon_targets_add(ts, 7, "true", 1000);
	struct damon_target_snapshot t = {.burst = 1, .clumping = 1, .space_id = p->space->id};
	struct damon_snapshot s = {
		.start_ns = 1000, .end_ns = 9000, .targets = &t, .nr_targets = 1};
	struct damon_log_entry e = written;
	struct damon_totals totals = {.nr_snapshots = 1};
	struct damon_writer *w;

	e.space_id = p->space->id;
	cr_assert_eq(damon_space_map(p->space, &m, 1000), 0);
	cr_assert_eq(damon_writer_open(path, &kit_meta, &w, NULL), 0);
	cr_assert_eq(damon_writer_targets(w, ts), 0);
	cr_assert_eq(damon_writer_snapshot(w, &s), 0);
	cr_assert_eq(damon_writer_log(w, &e, 1), 0);
	cr_assert_eq(damon_writer_close(w, &totals), 0);
	damon_targets_free(ts);
	return path;
}

struct shown {
	int nr, answer;
	struct damon_access_info a;
};

static int show(void *priv, const struct damon_access_info *a)
{
	struct shown *s = priv;

	s->nr++;
	s->a = *a;
	return s->answer;
}

Test(record_log, accesses_and_their_mappings)
{
	struct damon_mapping_info m = {.size = sizeof(m)};
	const struct damon_snapshot *snap;
	struct shown s = {0};
	struct damon_record *r;

	cr_assert_eq(damon_record_open(write_log(), &r), 0);
	damon_record_set_log(r, show, &s);
	cr_expect_eq(damon_record_next(r, &snap), 1);
	cr_expect_eq(damon_record_next(r, &snap), 0);
	cr_assert_eq(s.nr, 1);
	cr_expect(s.a.addr == 0x10008 && s.a.ip == 0x10100 && s.a.pid == 7 && s.a.tid == 8);
	cr_expect(s.a.store && !s.a.load && s.a.likely && !s.a.stack && s.a.bytes == 8);
	cr_expect(s.a.latency_cycles == 300 && s.a.remote && !s.a.local && s.a.tlb_miss);
	cr_expect_str_eq(damon_memory_level_name(s.a.level), "DRAM");
	cr_expect_eq(s.a.weight, 3);
	cr_assert_eq(damon_record_mapping_at(r, s.a.space_id, s.a.ip, s.a.time_ns, &m), 1);
	cr_expect_str_eq(m.name, "/bin/true");
	cr_expect(m.dev == (8ull << 32 | 1) && m.build_id_len == 2 && m.build_id[0] == 0xab);
	cr_expect_eq(damon_record_mapping_at(r, s.a.space_id, 0x30000, s.a.time_ns, &m), 0);
	cr_expect_eq(damon_record_mapping_at(r, s.a.space_id + 1, s.a.ip, s.a.time_ns, &m), 0);
	cr_expect_eq(damon_record_space_mapping(r, s.a.space_id, 0, &m), 0);
	cr_expect_eq(damon_record_space_mapping(r, s.a.space_id, 1, &m), -ENOENT);
	damon_record_close(r);
}

Test(record_log, callback_may_stop)
{
	const struct damon_snapshot *snap;
	struct shown s = {.answer = 1};
	struct damon_record *r;

	cr_assert_eq(damon_record_open(write_log(), &r), 0);
	damon_record_set_log(r, show, &s);
	cr_expect_eq(damon_record_next(r, &snap), 1);
	cr_expect_eq(damon_record_next(r, &snap), -EINTR);
	damon_record_close(r);
}

Test(record_log, unknown_levels)
{
	cr_expect_str_eq(damon_memory_level_name(-1), "unknown");
	cr_expect_str_eq(damon_memory_level_name(DAMON_NR_MEMORY_LEVELS), "unknown");
}
