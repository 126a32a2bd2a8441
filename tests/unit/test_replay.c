/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings of perf through the core: made here, record by record. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/space.h"
#include "damon.h"
#include "lib/replay/infer.h"
#include "tests/kit/pipe_build.h"

#define MIB   (1ull << 20)
#define START (10 * NS_PER_SEC)

#define MEMORY (PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR)

static const struct perf_event_attr memory = {
	.type = PERF_TYPE_RAW,
	.config = 0x1cd,
	.sample_period = 100,
	.sample_type = MEMORY,
	.sample_id_all = 1,
};

static void trailer(struct pipe_build *p, int pid, uint64_t time_ns)
{
	perf_build_u32(&p->rec, (uint32_t)pid);
	perf_build_u32(&p->rec, (uint32_t)pid);
	perf_build_u64(&p->rec, time_ns);
	pipe_add(p, perf_build_end(&p->rec));
}

static void add_comm(struct pipe_build *p, int pid, const char *comm, bool exec, uint64_t time_ns)
{
	perf_build_start(&p->rec, PERF_RECORD_COMM, exec ? PERF_RECORD_MISC_COMM_EXEC : 0);
	perf_build_u32(&p->rec, (uint32_t)pid);
	perf_build_u32(&p->rec, (uint32_t)pid);
	perf_build_string(&p->rec, comm);
	trailer(p, pid, time_ns);
}

static void add_map(struct pipe_build *p, int pid, uint64_t start, uint64_t len, const char *name,
		    uint64_t time_ns)
{
	perf_build_start(&p->rec, PERF_RECORD_MMAP, PERF_RECORD_MISC_MMAP_DATA);
	perf_build_u32(&p->rec, (uint32_t)pid);
	perf_build_u32(&p->rec, (uint32_t)pid);
	perf_build_u64(&p->rec, start);
	perf_build_u64(&p->rec, len);
	perf_build_u64(&p->rec, 0);
	perf_build_string(&p->rec, name);
	trailer(p, pid, time_ns);
}

static void add_task(struct pipe_build *p, uint32_t type, int pid, int ppid, uint64_t time_ns)
{
	perf_build_start(&p->rec, type, 0);
	perf_build_u32(&p->rec, (uint32_t)pid);
	perf_build_u32(&p->rec, (uint32_t)ppid);
	perf_build_u32(&p->rec, (uint32_t)pid);
	perf_build_u32(&p->rec, (uint32_t)ppid);
	perf_build_u64(&p->rec, time_ns);
	trailer(p, pid, time_ns);
}

static void add_sample(struct pipe_build *p, uint16_t misc, int pid, uint64_t addr,
		       uint64_t time_ns)
{
	perf_build_start(&p->rec, PERF_RECORD_SAMPLE, misc);
	perf_build_u32(&p->rec, (uint32_t)pid);
	perf_build_u32(&p->rec, (uint32_t)pid);
	perf_build_u64(&p->rec, time_ns);
	perf_build_u64(&p->rec, addr);
	pipe_add(p, perf_build_end(&p->rec));
}

static struct damon_record *open_pipe(struct pipe_build *p)
{
	struct damon_record *r = NULL;

	cr_assert_eq(damon_record_open(pipe_path(p), &r), 0, "%s", damon_record_error(NULL));
	pipe_release(p);
	return r;
}

/* Reads all of it; the sums are in 'st'. Returns the number of snapshots. */
static size_t read_all(struct damon_record *r, struct damon_stats *st)
{
	const struct damon_snapshot *s;
	size_t n = 0;

	while (damon_record_next(r, &s) > 0)
		n++;
	*st = (struct damon_stats){.size = sizeof(*st)};
	cr_assert_eq(damon_record_stats(r, st), 0);
	return n;
}

/* ---- samples ---- */

Test(replay, samples_become_snapshots)
{
	struct damon_record_info info = {.size = sizeof(info)};
	struct damon_target_info t = {.size = sizeof(t)};
	struct damon_mapping_info m = {.size = sizeof(m)};
	struct damon_region_info ri = {.size = sizeof(ri)};
	const struct damon_snapshot *s;
	struct damon_record *r;
	struct pipe_build p;
	double weight = 0;

	pipe_start(&p);
	pipe_event(&p, &memory, 1);
	add_comm(&p, 70, "toy", false, 0); /* perf makes up what was there before */
	add_map(&p, 70, 16 * MIB, MIB, "[heap]", 0);
	for (uint64_t i = 0; i < 1000; i++)
		add_sample(&p, 2, 70, 16 * MIB + i * 1024, START + i * NS_PER_MS);
	r = open_pipe(&p);
	for (int i = 0; i < 10; i++) {
		cr_assert_eq(damon_record_next(r, &s), 1);
		damon_snapshot_target(s, 0, &t);
		cr_expect_str_eq(t.comm, "toy");
		cr_expect_eq(t.pid, 70);
		cr_expect_eq(t.obs, 100, "snapshot %d: %d", i, (int)t.obs);
	}
	cr_expect_eq(damon_snapshot_mapping(s, 0, 16 * MIB, &m), 1);
	cr_expect_str_eq(m.name, "[heap]");
	for (size_t i = 0; i < t.nr_regions; i++) {
		damon_snapshot_region(s, 0, i, &ri);
		cr_expect(ri.start >= 16 * MIB && ri.end <= 17 * MIB);
		weight += ri.heat * (double)(ri.end - ri.start) / 4096;
	}
	cr_expect(weight > .7 * 100000 && weight < 1.5 * 100000,
		  "1000 samples a second of a period of 100, not %g", weight);
	cr_expect_eq(damon_record_next(r, &s), 0);
	damon_record_info(r, &info);
	cr_expect_str_eq(info.source, "memory");
	cr_expect_str_eq(info.origin, "perf.data");
	cr_expect_eq(info.start_ns, START);
	damon_record_close(r);
}

Test(replay, what_comes_to_nothing_is_counted)
{
	enum { USER = PERF_RECORD_MISC_USER, GUEST = PERF_RECORD_MISC_GUEST_USER };
	static const struct {
		const char *name;
		uint16_t misc;
		int pid;
		uint64_t addr;
		struct {
			uint64_t obs, no_address, kernel, no_target;
		} want;
	} rows[] = {
		{"of a process", USER, 70, 16 * MIB, {1, 0, 0, 0}},
		{"without an address", USER, 70, 0, {0, 1, 0, 0}},
		{"of the kernel's memory", USER, 70, 0xffff888000000000, {0, 0, 1, 0}},
		{"of no address there is", USER, 70, 1ull << 60, {0, 1, 0, 0}},
		{"of a guest", GUEST, 70, 16 * MIB, {0, 0, 0, 1}},
		{"of the idle task", USER, 0, 16 * MIB, {0, 0, 0, 1}},
		{"of a task that went", USER, -1, 16 * MIB, {0, 0, 0, 1}},
		{"of a process that nothing told of", USER, 99, 16 * MIB, {1, 0, 0, 0}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_stats st;
		struct damon_record *r;
		struct pipe_build p;

		pipe_start(&p);
		pipe_event(&p, &memory, 1);
		add_comm(&p, 70, "toy", true, START);
		add_map(&p, 70, 16 * MIB, MIB, "[heap]", START);
		add_sample(&p, rows[i].misc, rows[i].pid, rows[i].addr, START + 1);
		r = open_pipe(&p);
		cr_expect_eq(read_all(r, &st), 1);
		cr_expect_eq(st.obs, rows[i].want.obs, "%s", rows[i].name);
		cr_expect_eq(st.no_address, rows[i].want.no_address, "%s", rows[i].name);
		cr_expect_eq(st.kernel_ticks, rows[i].want.kernel, "%s", rows[i].name);
		cr_expect_eq(st.no_target, rows[i].want.no_target, "%s", rows[i].name);
		damon_record_close(r);
	}
}

Test(replay, losses_and_damage_are_told)
{
	static const struct perf_event_attr cycles = {
		.type = PERF_TYPE_HARDWARE, .sample_type = PERF_SAMPLE_IDENTIFIER | MEMORY};
	struct perf_event_attr with_id = memory;
	struct damon_stats st;
	struct damon_record *r;
	struct pipe_build p;

	with_id.sample_type |= PERF_SAMPLE_IDENTIFIER;
	pipe_start(&p);
	pipe_event(&p, &with_id, 5);
	with_id = cycles;
	with_id.sample_type &= ~(uint64_t)PERF_SAMPLE_ADDR;
	pipe_event(&p, &with_id, 6);
	for (uint64_t id = 5; id <= 7; id++) { /* one of each event, and of none */
		perf_build_start(&p.rec, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);
		perf_build_u64(&p.rec, id);
		perf_build_u64(&p.rec, 70ull << 32 | 70);
		perf_build_u64(&p.rec, START + id);
		perf_build_u64(&p.rec, 16 * MIB);
		pipe_add(&p, perf_build_end(&p.rec));
	}
	pipe_add(&p, perf_build_lost(&p.rec, 5, 11, START + 10));
	perf_build_start(&p.rec, PERF_RECORD_COMM, 0); /* too short for what it is */
	perf_build_u64(&p.rec, 1);
	pipe_add(&p, perf_build_end(&p.rec));
	perf_build_start(&p.rec, PERF_RECORD_SAMPLE, 0);
	pipe_add(&p, perf_build_end(&p.rec));
	p.bytes[p.len - 2] = 200; /* says that there is more */
	r = open_pipe(&p);
	read_all(r, &st);
	cr_expect_eq(st.obs, 1);
	cr_expect_eq(st.unclaimed, 1);
	cr_expect_eq(st.no_event, 1);
	cr_expect_eq(st.lost, 11);
	cr_expect_eq(st.malformed, 1);
	cr_expect_eq(st.truncated, 1);
	damon_record_close(r);
}

/* 'perf record -d -e cpu-clock -e page-faults': the clock is asked for addresses, too. */
Test(replay, clocks_are_no_source_where_others_are)
{
	static const struct {
		const char *name;
		uint64_t config[2];
		const char *source;
	} rows[] = {
		{"a clock first", {PERF_COUNT_SW_CPU_CLOCK, PERF_COUNT_SW_PAGE_FAULTS}, "faults"},
		{"a clock behind", {PERF_COUNT_SW_PAGE_FAULTS, PERF_COUNT_SW_CPU_CLOCK}, "faults"},
		{"nothing else", {PERF_COUNT_SW_CPU_CLOCK, PERF_COUNT_SW_DUMMY}, "memory"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_record_info info = {.size = sizeof(info)};
		struct perf_event_attr a = memory;
		struct damon_record *r;
		struct pipe_build p;

		pipe_start(&p);
		a.type = PERF_TYPE_SOFTWARE;
		for (uint64_t k = 0; k < 2; k++) {
			a.config = rows[i].config[k];
			pipe_event(&p, &a, k + 1);
		}
		add_sample(&p, 2, 70, 16 * MIB, START);
		r = open_pipe(&p);
		damon_record_info(r, &info);
		cr_expect_str_eq(info.source, rows[i].source, "%s: %s", rows[i].name, info.source);
		damon_record_close(r);
	}
}

Test(replay, processes_come_and_go_as_recorded)
{
	struct damon_target_info t = {.size = sizeof(t)};
	struct damon_stats st;
	struct damon_record *r;
	struct pipe_build p;
	const char *want[] = {"make", "cc1"};

	pipe_start(&p);
	pipe_event(&p, &memory, 1);
	add_comm(&p, 7, "idle one", false, 0); /* is there, and never seen */
	add_comm(&p, 70, "make", false, 0);
	add_map(&p, 70, 16 * MIB, MIB, "[heap]", 0);
	add_sample(&p, 2, 70, 16 * MIB, START);
	add_task(&p, PERF_RECORD_FORK, 71, 70, START + 1000);
	add_sample(&p, 2, 71, 16 * MIB, START + 1500); /* still the parent's program */
	add_comm(&p, 71, "cc1", true, START + 2000);
	add_map(&p, 71, 32 * MIB, MIB, "[heap]", START + 3000);
	add_sample(&p, 2, 71, 32 * MIB, START + 4000);
	add_task(&p, PERF_RECORD_EXIT, 71, 70, START + 5000);
	r = open_pipe(&p);
	read_all(r, &st);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		cr_assert_eq(damon_record_target(r, i, &t), 0);
		cr_expect_str_eq(t.comm, want[i]);
		cr_expect_eq(t.obs, i ? 1 : 2);
	}
	cr_expect_eq(damon_record_target(r, 2, &t), -ENOENT, "who is not seen is no target");
	cr_expect_eq(st.no_region, 0);
	damon_record_close(r);
}

Test(replay, files_without_use_are_refused_in_a_sentence)
{
	static const struct {
		const char *name;
		uint64_t sample_type;
		enum { NONE, SAMPLE, COUNTS, TAIL } has;
		const char *text;
	} rows[] = {
		{"no addresses", PERF_SAMPLE_TID | PERF_SAMPLE_TIME, SAMPLE,
		 "tells addresses of memory"},
		{"no times", PERF_SAMPLE_TID | PERF_SAMPLE_ADDR, SAMPLE, "have no times"},
		{"no records", MEMORY, NONE, "no record of any time"},
		{"counts", MEMORY, COUNTS, "counted and not sampled"},
		{"events that were told too late", MEMORY, TAIL, "behind their samples"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct perf_event_attr a = memory;
		struct damon_record *r = NULL;
		struct pipe_build p;

		a.sample_type = rows[i].sample_type;
		pipe_start(&p);
		if (rows[i].has == COUNTS)
			a.sample_period = 0;
		if (rows[i].has != TAIL)
			pipe_event(&p, &a, 1);
		if (rows[i].has != NONE)
			add_sample(&p, 2, 70, 16 * MIB, START);
		if (rows[i].has == TAIL)
			pipe_event(&p, &a, 1);
		cr_expect_lt(damon_record_open(pipe_path(&p), &r), 0, "%s", rows[i].name);
		cr_expect(strstr(damon_record_error(NULL), rows[i].text), "%s: %s", rows[i].name,
			  damon_record_error(NULL));
		cr_expect_neq(damon_record_remedy(NULL)[0], '\0', "%s", rows[i].name);
		pipe_release(&p);
	}
}

/* Times that nothing can have neither end the recording nor make it endless. */
Test(replay, absurd_times_do_no_harm)
{
	struct damon_stats st;
	struct damon_record *r;
	struct pipe_build p;

	pipe_start(&p);
	pipe_event(&p, &memory, 1);
	add_sample(&p, 2, 70, 16 * MIB, START);
	add_sample(&p, 2, 70, 16 * MIB, UINT64_MAX);
	add_sample(&p, 2, 70, 16 * MIB, UINT64_MAX - 1);
	add_sample(&p, 2, 70, 16 * MIB, START + NS_PER_SEC);
	r = open_pipe(&p);
	cr_expect_eq(read_all(r, &st), 11);
	cr_expect_eq(st.obs, 4);
	damon_record_close(r);
}

/* A recording may tell of any number of processes and mappings: so many are kept. */
Test(replay, what_is_told_of_processes_is_bounded)
{
	enum { PROCS = 20000, MAPS = 300000, PAGE = 4096 };
	struct damon_stats st;
	struct damon_record *r;
	struct pipe_build p;

	pipe_start(&p);
	pipe_event(&p, &memory, 1);
	for (int pid = 1; pid <= PROCS; pid++) {
		if (pid % 2)
			add_comm(&p, pid, "many", false, 0);
		else
			add_task(&p, PERF_RECORD_FORK, pid, 1, 0);
	}
	for (uint64_t i = 0; i < MAPS; i++)
		add_map(&p, 70, MIB + 2 * PAGE * i, PAGE, "file", 0);
	add_sample(&p, 2, 70, MIB, START);
	add_sample(&p, 2, 70, MIB + 2ull * PAGE * (MAPS - 1), START + 1); /* made up */
	add_sample(&p, 2, PROCS, MIB, START + 2);
	add_sample(&p, 2, PROCS + 1, MIB, START + 3);
	r = open_pipe(&p);
	read_all(r, &st);
	cr_expect_eq(st.obs, 2);
	cr_expect_eq(st.no_target, 2);
	cr_expect_eq(st.inferred_mappings, 1);
	cr_expect_gt(st.forgotten_mappings, 1000);
	damon_record_close(r);
}

/* ---- with other intervals ---- */

struct seen {
	size_t snapshots;
	uint64_t obs;
	int stop_after;
};

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info i = {.size = sizeof(i)};
	struct seen *seen = priv;

	damon_snapshot_info(s, &i);
	seen->obs += i.obs;
	return ++seen->snapshots == (size_t)seen->stop_after;
}

static int on_progress(void *priv, uint64_t done, uint64_t total)
{
	return *(int *)priv;
}

Test(replay, contexts_replay_with_any_intervals)
{
	static const struct {
		const char *name;
		uint64_t aggr_ms;
		int stop_after, interrupt, want;
		size_t snapshots;
	} rows[] = {
		{"as by default", 100, 0, 0, 0, 100},
		{"longer", 1000, 0, 0, 0, 10},
		{"the callback wants no more", 100, 7, 0, 0, 8}, /* and the rest at the end */
		{"interrupted", 100, 0, 1, -EINTR, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct seen seen = {.stop_after = rows[i].stop_after};
		int interrupt = rows[i].interrupt, got;
		struct damon_attrs a;
		struct damon_ctx *ctx;
		struct pipe_build p;

		pipe_start(&p);
		pipe_event(&p, &memory, 1);
		for (uint64_t k = 0; k < 10000; k++)
			add_sample(&p, 2, 70, 16 * MIB, START + k * NS_PER_MS);
		cr_assert_eq(damon_ctx_new(&ctx), 0);
		damon_attrs_init(&a);
		a.aggr_ns = rows[i].aggr_ms * NS_PER_MS;
		cr_assert_eq(damon_set_attrs(ctx, &a), 0);
		cr_assert_eq(damon_set_replay(ctx, pipe_path(&p)), 0);
		damon_set_callback(ctx, on_snapshot, &seen);
		damon_set_progress(ctx, on_progress, &interrupt);
		got = damon_open(ctx);
		while (!got && (got = damon_dispatch(ctx, -1)) == 1)
			got = 0;
		cr_expect_eq(got, rows[i].want, "%s: %d", rows[i].name, got);
		damon_close(ctx);
		if (!rows[i].interrupt)
			cr_expect_eq(seen.snapshots, rows[i].snapshots, "%s: %zu", rows[i].name,
				     seen.snapshots);
		damon_ctx_free(ctx);
		pipe_release(&p);
	}
}

Test(replay, a_recording_is_no_process)
{
	struct damon_ctx *ctx;

	cr_assert_eq(damon_ctx_new(&ctx), 0);
	cr_assert_eq(damon_set_replay(ctx, "x"), 0);
	cr_assert_eq(damon_add_pid(ctx, getpid()), 0);
	cr_expect_eq(damon_open(ctx), -EINVAL);
	damon_ctx_free(ctx);
}

/* ---- mappings that nothing told of ---- */

static const char *print_space(const struct damon_space *s)
{
	static char buf[512];
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < s->nr_live; i++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%llu-%llu%s", i ? " " : "",
				      (unsigned long long)(s->live[i].start / 4096),
				      (unsigned long long)(s->live[i].end / 4096),
				      strcmp(s->live[i].name, INFER_NAME) ? "!" : "");
	return buf;
}

Test(replay, mappings_grow_around_accesses)
{
	static const struct {
		const char *name;
		uint64_t known[2];	/* pages */
		uint64_t addr[4], made; /* pages */
		const char *want;
	} rows[] = {
		{"one step", {0}, {600}, 1, "512-1024"},
		{"again", {0}, {600, 700}, 1, "512-1024"},
		{"the next one joins", {0}, {600, 1024}, 1, "512-1536"},
		{"the one before, too", {0}, {600, 511}, 1, "0-1024"},
		{"between two", {0}, {10, 1030, 600}, 2, "0-1536"},
		{"far away", {0}, {10, 5000}, 2, "0-512 4608-5120"},
		{"within what is known", {600, 700}, {650}, 0, "600-700!"},
		{"before it", {600, 700}, {590}, 1, "512-600 600-700!"},
		{"on both sides", {600, 700}, {590, 710}, 2, "512-600 600-700! 700-1024"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_mapping m = {.start = rows[i].known[0] * 4096,
					  .end = rows[i].known[1] * 4096,
					  .prot = 3,
					  .name = "/a"};
		struct damon_space *s = damon_space_new();
		struct infer f = {0};

		if (m.end)
			cr_assert_eq(damon_space_map(s, &m, 1), 0);
		for (size_t k = 0; k < 4 && rows[i].addr[k]; k++)
			cr_assert_eq(infer_cover(&f, s, rows[i].addr[k] * 4096 + 8, 2), 0);
		cr_expect_str_eq(print_space(s), rows[i].want, "%s: %s", rows[i].name,
				 print_space(s));
		cr_expect_eq(f.made, rows[i].made, "%s", rows[i].name);
		damon_space_unref(s);
	}
}

Test(replay, mappings_made_up_are_bounded)
{
	struct damon_space *s = damon_space_new();
	struct infer f = {0};

	for (uint64_t i = 1; i <= 2000; i++)
		cr_assert_eq(infer_cover(&f, s, i * 64 * MIB, i), 0);
	cr_expect_eq(s->nr_live, 512);
	cr_expect_eq(f.refused, 2000 - 512);
	cr_assert_eq(infer_cover(&f, s, 64 * MIB + INFER_STEP, 1), 0);
	cr_expect_eq(s->nr_live, 512, "those that are there may grow");
	cr_expect_neq(damon_space_find(s, 64 * MIB + INFER_STEP), NULL);
	damon_space_unref(s);
}

/* ---- operations sets ---- */

/* Physical addresses, if they were sampled: three samples in four lie where we look. */
Test(replay, by_physical_address)
{
	struct perf_event_attr physical = memory;
	struct damon_record_info info = {.size = sizeof(info)};
	struct damon_stats stats = {.size = sizeof(stats)};
	char path[] = "/tmp/test_replay.XXXXXX";
	struct damon_record *r;
	struct pipe_build p;
	struct damon_ctx *ctx;
	int rc;

	physical.sample_type |= PERF_SAMPLE_PHYS_ADDR;
	pipe_start(&p);
	pipe_event(&p, &physical, 1);
	add_comm(&p, 70, "toy", false, 0);
	for (uint64_t i = 0; i < 1000; i++) {
		perf_build_start(&p.rec, PERF_RECORD_SAMPLE, 2);
		perf_build_u32(&p.rec, 70);
		perf_build_u32(&p.rec, 70);
		perf_build_u64(&p.rec, START + i * NS_PER_MS);
		perf_build_u64(&p.rec, 16 * MIB + i * 1024);
		perf_build_u64(&p.rec, i % 10 == 9 ? 0 : i % 4 ? 4096 * MIB + i * 1024 : 77);
		pipe_add(&p, perf_build_end(&p.rec));
	}
	close(mkstemp(path));
	unlink(path);
	cr_assert_eq(damon_ctx_new(&ctx), 0);
	cr_assert_eq(damon_set_replay(ctx, pipe_path(&p)), 0);
	cr_assert_eq(damon_select_ops(ctx, "paddr"), 0);
	cr_assert_eq(damon_add_region(ctx, 4096 * MIB, 4097 * MIB), 0);
	cr_assert_eq(damon_set_record(ctx, path), 0);
	cr_assert_eq(damon_open(ctx), 0, "%s", damon_error(ctx));
	while ((rc = damon_dispatch(ctx, -1)) == 1)
		;
	cr_assert_eq(rc, 0, "%s", damon_error(ctx));
	cr_assert_eq(damon_close(ctx), 0, "%s", damon_error(ctx));
	damon_ctx_free(ctx);
	pipe_release(&p);
	cr_assert_eq(damon_record_open(path, &r), 0);
	read_all(r, &stats);
	cr_expect_eq(stats.untranslated, 100, "not told");
	cr_expect_eq(stats.left_out, 250, "%llu", (unsigned long long)stats.left_out);
	cr_expect_eq(stats.accesses, 650);
	damon_record_info(r, &info);
	cr_expect_str_eq(info.addresses, "physical");
	damon_record_close(r);
	unlink(path);
}

Test(replay, where_memory_was_is_not_told)
{
	struct damon_ctx *ctx;

	cr_assert_eq(damon_ctx_new(&ctx), 0);
	cr_assert_eq(damon_set_replay(ctx, "/dev/null"), 0);
	cr_assert_eq(damon_select_ops(ctx, "paddr"), 0);
	cr_expect_eq(damon_open(ctx), -EINVAL);
	cr_expect(strstr(damon_error(ctx), "where physical memory was"), "%s", damon_error(ctx));
	damon_ctx_free(ctx);
}
