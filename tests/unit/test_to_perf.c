/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records whose log becomes perf.data, which is then read as any other. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "core/target.h"
#include "damon.h"
#include "lib/convert/to_perf.h"
#include "perf/file.h"
#include "pmu/memory.h"
#include "pmu/source.h"
#include "tests/kit/record_kit.h"

TestSuite(to_perf, .fini = kit_remove);

enum { PID = 100, MAX_ITEMS = 200 };

struct world {
	struct damon_targets *ts;
	struct damon_writer *w;
	uint64_t now_ns;
};

/* Records as they were read; names are copies. */
struct read_back {
	struct damon_perf_record r[MAX_ITEMS];
	char name[MAX_ITEMS][64];
	size_t n;
	char event[2][64];
	size_t nr_events;
	struct damon_perf_file_info info;
	struct damon_perf_file_stats stats;
};

static void begin(struct world *w, const struct damon_meta *meta)
{
	w->ts = damon_targets_new(8);
	w->now_ns = meta->start_ns;
	cr_assert_eq(damon_writer_open(kit_path("r"), meta, &w->w, NULL), 0);
}

static void map(struct world *w, struct damon_space *s, uint64_t start, uint64_t bytes,
		const char *name, uint8_t prot)
{
	struct damon_mapping m = {.start = start,
				  .end = start + bytes,
				  .dev = *name == '/' ? 8ull << 32 | 1 : 0,
				  .inode = *name == '/' ? 77 : 0,
				  .prot = prot,
				  .name = name};

	cr_assert_eq(damon_space_map(s, &m, w->now_ns), 0);
}

static struct damon_log_entry entry(const struct world *w, const struct damon_proc *p,
				    uint64_t addr)
{
	return (struct damon_log_entry){
		.time_ns = w->now_ns,
		.addr = addr,
		.ip = 0x1000,
		.pid = p->pid,
		.tid = p->pid,
		.target_id = p->target->id,
		.space_id = p->space->id,
		.weight = 1,
		.flags = DAMON_ACCESS_LOAD,
	};
}

static void flush(struct world *w, const struct damon_log_entry *e, size_t n)
{
	cr_assert_eq(damon_writer_targets(w->w, w->ts), 0);
	cr_assert_eq(damon_writer_log(w->w, e, n), 0);
	cr_assert_eq(damon_writer_flush(w->w, NULL), 0);
}

static void finish(struct world *w)
{
	struct damon_totals totals = {
		.origin = {.kind = "perf.data", .host = "far", .cpu = "6502"}};

	flush(w, NULL, 0);
	cr_assert_eq(damon_writer_close(w->w, &totals), 0);
	damon_targets_free(w->ts);
}

static void read_back(struct read_back *b)
{
	struct damon_perf_file *p;
	struct damon_perf_item item;
	struct damon_fail f = {0};
	const struct damon_perf_event *e;
	int got;

	memset(b, 0, sizeof(*b));
	cr_assert_eq(damon_perf_file_open(kit_path("p"), &p, &f), 0, "%s", f.text);
	e = damon_perf_file_events(p, &b->nr_events);
	for (size_t i = 0; i < b->nr_events && i < 2; i++)
		snprintf(b->event[i], sizeof(b->event[i]), "%s", e[i].name);
	while ((got = damon_perf_file_next(p, &item, &f)) > 0) {
		struct damon_perf_record *r = &b->r[b->n];

		if (item.type != DAMON_PERF_RECORD)
			continue;
		cr_assert_lt(b->n, (size_t)MAX_ITEMS);
		*r = item.record;
		if (r->type == PERF_RECORD_MMAP2)
			snprintf(b->name[b->n], 64, "%s", r->mmap.name);
		if (r->type == PERF_RECORD_COMM)
			snprintf(b->name[b->n], 64, "%s", r->comm.comm);
		b->n++;
	}
	cr_assert_eq(got, 0, "%s", f.text);
	b->info = *damon_perf_file_info(p);
	b->stats = *damon_perf_file_stats(p);
	damon_perf_file_close(p);
}

/* The record as perf.data, read back. */
static void convert(struct read_back *b)
{
	int fd = open(kit_path("p"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct damon_record *r;

	cr_assert_geq(fd, 0);
	cr_assert_eq(damon_record_open(kit_path("r"), &r), 0);
	cr_assert_eq(damon_record_to_perf(r, fd), 0, "%s", damon_record_error(r));
	damon_record_close(r);
	close(fd);
	read_back(b);
}

/* What was read, a line each, as a text to compare. */
static void tell(const struct read_back *b, char *to, size_t room)
{
	size_t at = 0;

	to[0] = '\0';
	for (size_t i = 0; i < b->n && at < room; i++) {
		const struct damon_perf_record *r = &b->r[i];
		const struct damon_mapping_bytes *m = &r->mmap.map;

		if (r->type == PERF_RECORD_SAMPLE)
			at += (size_t)snprintf(to + at, room - at, "%d %d sample %d %lx\n",
					       (int)r->time_ns, r->sample.pid, r->sample.tid,
					       (long)r->sample.addr);
		else if (r->type == PERF_RECORD_COMM)
			at += (size_t)snprintf(to + at, room - at, "%d %d %s %d %s\n",
					       (int)r->time_ns, r->comm.pid,
					       r->comm.exec ? "exec" : "comm", r->comm.tid,
					       b->name[i]);
		else if (r->type == PERF_RECORD_MMAP2)
			at += (size_t)snprintf(
				to + at, room - at, "%d %d map %lx+%lx %u%s %d %s\n",
				(int)r->time_ns, r->mmap.pid, (long)m->start, (long)m->len, m->prot,
				m->flags == MAP_SHARED ? "s" : "", (int)m->inode, b->name[i]);
		else if (r->type == PERF_RECORD_EXIT)
			at += (size_t)snprintf(to + at, room - at, "%d %d exit\n", (int)r->time_ns,
					       r->task.pid);
	}
}

/* ---- samples ---- */

static const struct row {
	const char *name;
	struct damon_log_entry e;
	uint64_t period;
} rows[] = {
	{"a load", {.addr = 0x10008, .ip = 7, .weight = 2, .flags = DAMON_ACCESS_LOAD}, 3},
	{"a store", {.addr = 0x10010, .ip = 8, .weight = 2000, .flags = DAMON_ACCESS_STORE}, 3000},
	{"both, locked",
	 {.addr = 1,
	  .weight = 1e6,
	  .flags = DAMON_ACCESS_LOAD | DAMON_ACCESS_STORE,
	  .level = DAMON_LEVEL_L1,
	  .hw_flags = DAMON_HW_LOCKED | DAMON_HW_TLB_HIT,
	  .latency = 4},
	 1500000},
	{"memory of another node",
	 {.weight = 2,
	  .flags = DAMON_ACCESS_LOAD,
	  .latency = 65535,
	  .level = DAMON_LEVEL_DRAM,
	  .hw_flags = DAMON_HW_REMOTE | DAMON_HW_TLB_MISS},
	 3},
	{"modified elsewhere",
	 {.weight = 2,
	  .flags = DAMON_ACCESS_LOAD,
	  .level = DAMON_LEVEL_PEER,
	  .hw_flags = DAMON_HW_HITM | DAMON_HW_REMOTE},
	 3},
	{"nothing is known", {.addr = 1ull << 50}, 1},
	{"less than one access", {.weight = .25f}, 1},
	{"more than there can be", {.weight = 1e30f}, UINT64_MAX},
	{"a stall", {.addr = 64, .weight = .5f, .stall = 1}, 500000000},
	{"a level of the future", {.level = 200, .hw_flags = 0xff}, 1},
	{"no process", {.pid = -5, .weight = 2}, 3},
	{"of a space and a target that nobody knows",
	 {.space_id = 4000000000u, .target_id = 4000000000u},
	 1},
};

static void same_sample(const struct row *row, const struct damon_log_entry *e,
			const struct damon_perf_sample *s)
{
	uint8_t flags = 0, known = DAMON_ACCESS_LOAD | DAMON_ACCESS_STORE;
	struct damon_hw hw = {0};

	damon_data_src_decode(s->data_src, &flags, &hw);
	cr_expect_eq(s->time_ns, e->time_ns, "%s", row->name);
	cr_expect_eq(s->addr, e->addr, "%s", row->name);
	cr_expect_eq(s->ip, e->ip, "%s", row->name);
	cr_expect_eq(s->pid, e->pid, "%s", row->name);
	cr_expect_eq(s->tid, e->tid, "%s", row->name);
	cr_expect_eq(s->weight, e->latency, "%s", row->name);
	cr_expect_eq(s->event, e->stall, "%s", row->name);
	cr_expect_eq(flags, e->flags & known, "%s", row->name);
	cr_expect_eq(hw.level, e->level < DAMON_NR_LEVELS ? e->level : 0, "%s", row->name);
	if (e->level < DAMON_NR_LEVELS)
		cr_expect_eq(hw.flags, e->hw_flags, "%s: %x", row->name, hw.flags);
	/* weights have ten bits in a record */
	cr_expect_float_eq((double)s->period / (double)row->period, 1, .002, "%s: %llu", row->name,
			   (unsigned long long)s->period);
}

Test(to_perf, samples_are_the_log)
{
	struct damon_meta meta = kit_meta;
	struct damon_log_entry e[ARRAY_SIZE(rows)];
	static struct read_back b;
	struct damon_proc *p;
	struct world w;
	size_t n = 0;

	meta.sees |= DAMON_SEES_STALLS;
	begin(&w, &meta);
	p = damon_targets_add(w.ts, PID, "toy", w.now_ns);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		e[i] = rows[i].e;
		e[i].time_ns = w.now_ns += 10;
		e[i].pid = e[i].pid ? e[i].pid : PID;
		e[i].tid = PID + (int)(i % 3);
		e[i].space_id = e[i].space_id ? e[i].space_id : p->space->id;
	}
	flush(&w, e, 5);
	flush(&w, e + 5, ARRAY_SIZE(rows) - 5);
	finish(&w);
	convert(&b);
	for (size_t i = 0; i < b.n; i++) {
		cr_expect(!i || b.r[i].time_ns >= b.r[i - 1].time_ns, "in order");
		if (b.r[i].type != PERF_RECORD_SAMPLE)
			continue;
		cr_assert_lt(n, ARRAY_SIZE(rows));
		same_sample(&rows[n], &e[n], &b.r[i].sample);
		n++;
	}
	cr_expect_eq(n, ARRAY_SIZE(rows));
	cr_expect_eq(b.nr_events, 2);
	cr_expect_str_eq(b.event[0], "damon-perf/synth,relative/");
	cr_expect_str_eq(b.event[1], "damon-perf/synth,stalls/");
	cr_expect_str_eq(b.info.hostname, "far");
	cr_expect_str_eq(b.info.cpu, "6502");
	cr_expect_str_eq(b.info.release, "6.1");
	cr_expect_str_eq(b.info.arch, "x86_64");
	cr_expect_str_eq(b.info.command, "sleep 1");
	cr_expect_str_eq(b.info.perf_version, "damon-perf 0.1.0");
	cr_expect_eq(b.info.clockid, CLOCK_MONOTONIC);
	cr_expect_eq(b.info.epoch_offset_ns, -5);
	cr_expect_eq(b.stats.malformed + b.stats.no_event + b.stats.skipped + b.stats.truncated, 0);
}

Test(to_perf, an_interval_is_put_in_order)
{
	static const uint64_t times[] = {5000, 3000, 4000, 3000, 2000};
	struct damon_log_entry e[ARRAY_SIZE(times)];
	static struct read_back b;
	struct damon_proc *p;
	char text[1024];
	struct world w;

	begin(&w, &kit_meta);
	p = damon_targets_add(w.ts, PID, "toy", w.now_ns);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		e[i] = entry(&w, p, i);
		e[i].time_ns = times[i];
	}
	flush(&w, e, 3);
	flush(&w, e + 3, 2); /* older than all before: times must not go back */
	finish(&w);
	convert(&b);
	tell(&b, text, sizeof(text));
	cr_expect_str_eq(text, "1000 100 comm 100 toy\n"
			       "3000 100 sample 100 1\n4000 100 sample 100 2\n"
			       "5000 100 sample 100 0\n5000 100 sample 100 4\n"
			       "5000 100 sample 100 3\n");
}

/* ---- processes and mappings ---- */

Test(to_perf, mappings_come_before_what_is_accessed_in_them)
{
	const uint8_t rx = DAMON_PROT_READ | DAMON_PROT_EXEC,
		      rw = DAMON_PROT_READ | DAMON_PROT_WRITE;
	struct damon_log_entry e[4];
	static struct read_back b;
	struct damon_proc *p, *q;
	char text[4096];
	struct world w;

	begin(&w, &kit_meta);
	p = damon_targets_add(w.ts, PID, "toy", w.now_ns);
	map(&w, p->space, 0x1000, 0x1000, "/bin/toy", rx);
	map(&w, p->space, 0x8000, 0x2000, "", rw);
	map(&w, p->space, 0xc000, 0x1000, "", rw); /* gone before it is accessed */
	w.now_ns = 1500;
	damon_space_unmap(p->space, 0xc000, 0xd000, w.now_ns);
	w.now_ns = 2000;
	e[0] = entry(&w, p, 0x8000);
	w.now_ns = 2500; /* another one where the first was, between two samples */
	map(&w, p->space, 0x9000, 0x1000, "/dev/shm/x", rw | DAMON_PROT_SHARED);
	w.now_ns = 3000;
	e[1] = entry(&w, p, 0x9000);
	e[1].tid = PID + 1;
	flush(&w, e, 2);
	w.now_ns = 4000;
	damon_targets_fork(w.ts, PID + 5, PID, w.now_ns);
	q = damon_targets_find(w.ts, PID + 5); /* shares the space */
	map(&w, p->space, 0xa000, 0x1000, "[heap]", rw);
	w.now_ns = 4500;
	e[2] = entry(&w, q, 0x8000);
	e[3] = entry(&w, p, 0xa000);
	flush(&w, e + 2, 2);
	w.now_ns = 5000;
	damon_targets_exit(w.ts, PID, w.now_ns);
	damon_targets_exec(w.ts, PID + 5, "other", w.now_ns);
	q = damon_targets_find(w.ts, PID + 5);
	map(&w, q->space, 0x4000, 0x1000, "/bin/other", rx);
	w.now_ns = 6000;
	e[0] = entry(&w, q, 0x4000);
	flush(&w, e, 1);
	w.now_ns = 7000;
	damon_targets_exit(w.ts, PID + 5, w.now_ns);
	finish(&w);
	convert(&b);
	tell(&b, text, sizeof(text));
	cr_expect_str_eq(text,
			 "1000 100 comm 100 toy\n"
			 "1000 100 map 1000+1000 5 77 /bin/toy\n"
			 "1000 100 map 8000+1000 3 0 //anon\n"
			 "1000 100 map 9000+1000 3 0 //anon\n"
			 "2000 100 sample 100 8000\n"
			 "2500 100 map 9000+1000 3s 77 /dev/shm/x\n"
			 "2500 100 comm 101 toy\n"
			 "3000 100 sample 101 9000\n"
			 "3000 105 comm 105 toy\n"
			 "3000 105 map 1000+1000 5 77 /bin/toy\n"
			 "3000 105 map 8000+1000 3 0 //anon\n"
			 "3000 105 map 9000+1000 3s 77 /dev/shm/x\n"
			 "4000 105 map a000+1000 3 0 [heap]\n"
			 "4500 105 sample 105 8000\n"
			 "4500 100 map a000+1000 3 0 [heap]\n"
			 "4500 100 sample 100 a000\n"
			 "5000 105 exec 105 other\n"
			 "5000 105 map 4000+1000 5 77 /bin/other\n"
			 "6000 105 sample 105 4000\n"
			 "7000 105 exit\n",
			 "%s", text);
}

Test(to_perf, build_ids_stand_for_files)
{
	struct damon_mapping m = {.start = 0x1000,
				  .end = 0x2000,
				  .dev = 1,
				  .inode = 2,
				  .prot = DAMON_PROT_EXEC,
				  .build_id = {9, 8, 7},
				  .build_id_len = 20,
				  .name = "/bin/toy"};
	static struct read_back b;
	struct damon_log_entry e;
	struct damon_proc *p;
	struct world w;

	begin(&w, &kit_meta);
	p = damon_targets_add(w.ts, PID, "toy", w.now_ns);
	cr_assert_eq(damon_space_map(p->space, &m, w.now_ns), 0);
	e = entry(&w, p, 0x1000);
	flush(&w, &e, 1);
	finish(&w);
	convert(&b);
	cr_assert_eq(b.n, 3);
	cr_expect_eq(b.r[1].mmap.map.build_id_len, 20);
	cr_expect_eq(memcmp(b.r[1].mmap.map.build_id, m.build_id, 20), 0);
	cr_expect_eq(b.r[1].mmap.map.inode, 0);
}

/* More processes than are remembered: all is told again, and nothing is lost. */
Test(to_perf, memory_is_bounded)
{
	enum { PROCS = 70000, TWICE = 2 * PROCS };
	_cleanup_(freep) struct damon_log_entry *e = calloc(TWICE, sizeof(*e));
	struct damon_perf_item item;
	struct damon_perf_file *file;
	struct damon_reader *r;
	size_t samples = 0, comms = 0;
	struct damon_proc *p;
	struct world w;
	int fd;

	begin(&w, &kit_meta);
	p = damon_targets_add(w.ts, PID, "toy", w.now_ns);
	for (int i = 0; i < TWICE; i++) {
		e[i] = entry(&w, p, 0);
		e[i].time_ns += (uint64_t)i;
		e[i].pid = e[i].tid = 1 + i % PROCS;
	}
	flush(&w, e, TWICE);
	finish(&w);
	fd = open(kit_path("p"), O_RDWR | O_CREAT, 0600);
	cr_assert_eq(damon_reader_open(kit_path("r"), &r, NULL), 0);
	cr_assert_eq(to_perf(r, fd, NULL), 0);
	damon_reader_close(r);
	close(fd);
	cr_assert_eq(damon_perf_file_open(kit_path("p"), &file, NULL), 0);
	while (damon_perf_file_next(file, &item, NULL) > 0) {
		samples += item.type == DAMON_PERF_RECORD && item.record.type == PERF_RECORD_SAMPLE;
		comms += item.type == DAMON_PERF_RECORD && item.record.type == PERF_RECORD_COMM;
	}
	damon_perf_file_close(file);
	cr_expect_eq(samples, (size_t)TWICE);
	cr_expect_geq(comms, (size_t)PROCS);
	cr_expect_leq(comms, (size_t)TWICE);
}

/* ---- what cannot be done ---- */

Test(to_perf, refusals_say_why)
{
	struct damon_record *r;
	struct world w;
	int fd, ends[2];

	begin(&w, &kit_meta);
	finish(&w);
	fd = open(kit_path("p"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	cr_assert_eq(damon_record_open(kit_path("r"), &r), 0);
	cr_expect_eq(damon_record_to_perf(r, fd), -ENODATA);
	cr_expect_str_eq(damon_record_error(r),
			 "the record has no log of samples, which is all that perf can read");
	cr_assert_eq(pipe(ends), 0);
	cr_expect_eq(damon_record_to_perf(r, ends[1]), -ESPIPE);
	cr_expect(strstr(damon_record_error(r), "cannot write the recording"), "%s",
		  damon_record_error(r));
	damon_record_close(r);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

/* After snapshots were read, and before they are read again. */
Test(to_perf, a_record_is_read_from_its_start)
{
	const struct damon_snapshot *s;
	static struct read_back b;
	struct damon_record *r;
	int fd = -1;

	kit_write(kit_path("r"), 3, 4, 2);
	cr_assert_eq(damon_record_open(kit_path("r"), &r), 0);
	for (int pass = 0; pass < 2; pass++) {
		size_t n = 0;

		while (damon_record_next(r, &s) > 0)
			n++;
		cr_expect_eq(n, 8);
		fd = open(kit_path("p"), O_RDWR | O_CREAT | O_TRUNC, 0600);
		cr_assert_eq(damon_record_to_perf(r, fd), 0, "%s", damon_record_error(r));
		close(fd);
		read_back(&b);
		cr_expect_eq(b.stats.samples, 2);
		cr_assert_eq(damon_record_rewind(r), 0);
	}
	damon_record_close(r);
}

/* Read again, it is a record of the same accesses, relative if the first was. */
Test(to_perf, perf_data_is_read_as_a_record)
{
	static const struct {
		const char *name;
		struct damon_scale scale;
	} scales[] = {{"counts", {1, 1, 1}}, {"relative", {5e9, 5e8, 2e10}}};

	for (size_t i = 0; i < ARRAY_SIZE(scales); i++) {
		struct damon_record_info info = {.size = sizeof(info)};
		struct damon_stats stats = {.size = sizeof(stats)};
		struct damon_meta meta = kit_meta;
		const struct damon_snapshot *s;
		struct damon_log_entry e[10];
		static struct read_back b;
		struct damon_record *r;
		struct damon_proc *p;
		struct world w;

		meta.scale = scales[i].scale;
		begin(&w, &meta);
		p = damon_targets_add(w.ts, PID, "toy", w.now_ns);
		map(&w, p->space, 0x1000, 0x10000, "", DAMON_PROT_READ);
		for (size_t j = 0; j < ARRAY_SIZE(e); j++) {
			w.now_ns += NS_PER_MS;
			e[j] = entry(&w, p, 0x1000 + j * 0x1000);
		}
		flush(&w, e, ARRAY_SIZE(e));
		finish(&w);
		convert(&b);
		cr_assert_eq(damon_record_open(kit_path("p"), &r), 0);
		while (damon_record_next(r, &s) > 0)
			;
		damon_record_info(r, &info);
		damon_record_stats(r, &stats);
		cr_expect_eq(info.scale_lo < info.scale_hi, i == 1, "%s", scales[i].name);
		cr_expect_str_eq(info.source, "memory");
		cr_expect_eq(info.start_ns, meta.start_ns);
		cr_expect_eq(stats.obs, ARRAY_SIZE(e), "%s", scales[i].name);
		cr_expect_eq(stats.no_region + stats.no_target + stats.inferred_mappings, 0, "%s",
			     scales[i].name);
		damon_record_close(r);
	}
}

/* For damon_record_set_log(). */
struct seen {
	size_t accesses, stalls;
	double stalled;
};

static int see(void *priv, const struct damon_access_info *i)
{
	struct seen *seen = priv;

	seen->accesses += !i->is_stall;
	seen->stalls += i->is_stall;
	seen->stalled += i->is_stall ? i->weight : 0;
	return 0;
}

/* Their periods are time: as accesses they would outweigh all others. */
Test(to_perf, stalls_are_read_as_stalls)
{
	struct damon_meta meta = kit_meta;
	struct damon_stats stats = {.size = sizeof(stats)};
	const struct damon_snapshot *s;
	struct damon_log_entry e[4];
	static struct read_back b;
	struct damon_record *r;
	struct damon_proc *p;
	struct seen seen = {0};
	struct world w;

	meta.sees |= DAMON_SEES_STALLS;
	begin(&w, &meta);
	p = damon_targets_add(w.ts, PID, "toy", w.now_ns);
	map(&w, p->space, 0x1000, 0x10000, "", DAMON_PROT_READ);
	for (size_t i = 0; i < ARRAY_SIZE(e); i++) {
		w.now_ns += NS_PER_MS;
		e[i] = entry(&w, p, 0x1000 + i * 0x1000);
		e[i].stall = i == 3;
		e[i].weight = i == 3 ? .25f : 2;
	}
	flush(&w, e, ARRAY_SIZE(e));
	finish(&w);
	convert(&b);
	cr_assert_eq(damon_record_open(kit_path("p"), &r), 0);
	damon_record_set_log(r, see, &seen);
	while (damon_record_next(r, &s) > 0)
		;
	damon_record_stats(r, &stats);
	cr_expect_eq(stats.accesses, 3);
	cr_expect_eq(seen.accesses, 3);
	cr_expect_eq(seen.stalls, 1);
	cr_expect_float_eq(seen.stalled, .25, 1e-6);
	damon_record_close(r);
}
