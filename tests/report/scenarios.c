/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records with a known truth, each after a case that reports must get right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tests/report/scenarios.h"

#define KiB 1024ull
#define MiB (1024 * KiB)
#define GiB (1024 * MiB)

#define EXE   0x561c00000000ull
#define HEAP  0x561c01800000ull
#define ARENA 0x7f10c0000000ull
#define LIB   0x7f11a0000000ull
#define STACK 0x7ffd10000000ull

static void map_program(struct damon_record *r, uint32_t id, const char *exe)
{
	fake_mapping(r, id, EXE, 6 * MiB, exe);
	fake_mapping(r, id, HEAP, 24 * MiB, "[heap]");
	fake_mapping(r, id, ARENA, 256 * MiB, "");
	fake_mapping(r, id, LIB, 2 * MiB, "/usr/lib/x86_64-linux-gnu/libc.so.6");
	fake_mapping(r, id, LIB + 2 * MiB, 1536 * KiB,
		     "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0.8.6");
	fake_mapping(r, id, STACK, 132 * KiB, "[stack]");
}

/* A database: a cache that is swept, a hot index in it, hot heap, stack and library data. */
static void put_database(struct damon_record *r, uint32_t id, unsigned i, unsigned n)
{
	uint64_t sweep = ARENA + 16 * MiB + (i * 208ull * MiB / n & ~(MiB - 1));

	fake_part(r, id, 95);
	fake_region(r, EXE, 5 * MiB, 0, 0, i);
	fake_region(r, EXE + 5 * MiB, 1 * MiB, 4, 0.1, i);
	fake_region(r, HEAP, 4 * MiB, i < n / 2 ? 30 : 10, 0.5, i < n / 2 ? i : i - n / 2);
	fake_region(r, HEAP + 4 * MiB, 20 * MiB, 3, 0.5, i);
	fake_region(r, ARENA, 16 * MiB, 20, 0.02, i);
	if (sweep > ARENA + 16 * MiB)
		fake_region(r, ARENA + 16 * MiB, sweep - ARENA - 16 * MiB, 0, 0, i);
	fake_region(r, sweep, 32 * MiB, 25, 0, 0);
	if (sweep + 32 * MiB < ARENA + 256 * MiB)
		fake_region(r, sweep + 32 * MiB, ARENA + 256 * MiB - sweep - 32 * MiB, 0, 0, i);
	fake_region(r, LIB, 2 * MiB, 2, 0, i);
	fake_region(r, LIB + 2 * MiB, 1536 * KiB, 6, 0, i);
	fake_region(r, STACK, 120 * KiB, 0, 0, i);
	fake_region(r, STACK + 120 * KiB, 12 * KiB, 10, 0.6, i);
}

static void put_shell(struct damon_record *r, uint32_t id, unsigned i)
{
	fake_part(r, id, 5);
	fake_region(r, HEAP, 128 * KiB, 3, 0.3, i);
	fake_region(r, LIB, 2 * MiB, 1, 0, i);
	fake_region(r, STACK, 132 * KiB, 2, 0.5, i);
}

static void fill_database(struct damon_record *r)
{
	uint32_t shell = fake_target(r, 1200, "sh", 3);
	uint32_t db = fake_target(r, 1234, "sqlite3", 1);
	unsigned n = 120;

	strcpy(r->info.command, "sh -c 'sqlite3 big.db < q.sql'");
	map_program(r, shell, "/usr/bin/dash");
	map_program(r, db, "/usr/bin/sqlite3");
	r->info.scale_lo = 0.25;
	r->info.scale_hi = 3;
	r->stats.lost = 12;
	r->stats.no_address = 4321;
	r->stats.kernel_ticks = 800;
	r->stats.likely = 5000;
	for (unsigned i = 0; i < n; i++) {
		fake_snapshot(r);
		if (i < 20 || i >= 110)
			put_shell(r, shell, i);
		if (i >= 5 && i < 115)
			put_database(r, db, i, n);
		fake_snapshot_end(r);
	}
}

/* Many short targets: more than a page lists. */
static void fill_build(struct damon_record *r)
{
	static const char *const names[] = {"make", "sh", "gcc", "cc1", "as", "collect2", "ld"};

	for (unsigned t = 0; t < 21; t++)
		map_program(r, fake_target(r, 3000 + (int)t, names[t % 7], t % 7 + 1),
			    "/usr/lib/gcc/x86_64-linux-gnu/12/cc1");
	for (unsigned i = 0; i < 42; i++) {
		fake_snapshot(r);
		fake_part(r, i / 2, i / 2 % 7 == 3 ? 90 : 10);
		fake_region(r, HEAP, 8 * MiB, 5, 0.5, 0);
		fake_region(r, STACK, 132 * KiB, 1, 0.5, 0);
		fake_snapshot_end(r);
	}
}

/* Processes that live for one snapshot each, in address spaces of their own. */
static void fill_storm(struct damon_record *r)
{
	uint32_t id = fake_target(r, 400, "sort", 3);

	fake_mapping(r, id, HEAP, 1 * MiB, "[heap]");
	fake_past_mapping(r, id, LIB, 2 * MiB, "/usr/lib/x86_64-linux-gnu/libc.so.6");
	fake_past_mapping(r, id, STACK, 132 * KiB, "[stack]");
	for (unsigned i = 0; i < 3; i++) {
		fake_snapshot(r);
		fake_part(r, id, 100);
		if (i == 0)
			fake_region(r, LIB, 2 * MiB, 5, 0, 0);
		else if (i == 1)
			fake_region(r, STACK, 132 * KiB, 5, 0.5, 0);
		else
			fake_region(r, HEAP, 1 * MiB, 5, 0.5, 0);
		fake_snapshot_end(r);
	}
}

static void fill_empty(struct damon_record *r)
{
}

static void fill_no_targets(struct damon_record *r)
{
	for (unsigned i = 0; i < 3; i++) {
		fake_snapshot(r);
		fake_snapshot_end(r);
	}
}

static void fill_no_regions(struct damon_record *r)
{
	uint32_t id = fake_target(r, 77, "idle", 1);

	for (unsigned i = 0; i < 3; i++) {
		fake_snapshot(r);
		fake_part(r, id, 0);
		fake_snapshot_end(r);
	}
}

static void fill_one(struct damon_record *r)
{
	uint32_t id = fake_target(r, 77, "true", 1);

	map_program(r, id, "/usr/bin/true");
	fake_snapshot(r);
	fake_part(r, id, 9);
	fake_region(r, HEAP, 64 * KiB, 3, 0.2, 1);
	fake_region(r, STACK, 132 * KiB, 6, 0.5, 1);
	fake_snapshot_end(r);
}

static void fill_zero(struct damon_record *r)
{
	uint32_t id = fake_target(r, 77, "sleep", 1);

	map_program(r, id, "/usr/bin/sleep");
	for (unsigned i = 0; i < 10; i++) {
		fake_snapshot(r);
		fake_part(r, id, 0);
		fake_region(r, HEAP, 24 * MiB, 0, 0, i);
		fake_region(r, STACK, 132 * KiB, 0, 0, i);
		fake_snapshot_end(r);
	}
}

/* Moments with names: two of one column, some that are cut, some near the end. */
static void fill_marked(struct damon_record *r)
{
	static const char *const names[] = {
		"start of it all", "load",	  "load",
		"query \"a,b\"",   "\033[2J\xff", "the very last one of them all"};
	static const uint64_t at_ms[] = {0, 1000, 1003, 2000, 5500, 7990};
	uint32_t id = fake_target(r, 77, "phases", 1);

	fake_mapping(r, id, HEAP, 4 * MiB, "[heap]");
	for (unsigned i = 0; i < 80; i++) {
		fake_snapshot(r);
		fake_part(r, id, 50);
		for (unsigned k = 0; k < 4; k++)
			fake_region(r, HEAP + k * MiB, 1 * MiB, (i / 20 + k) % 4, 0, i % 20);
		fake_snapshot_end(r);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		fake_mark(r, at_ms[i] * 1000000, names[i]);
	r->info.marks_refused = 3;
}

/* One with marks: one that has room for its name, one too close to it, one at the right end, one
 * beyond it. */
static void fill_database_marked(struct damon_record *r)
{
	fill_database(r);
	fake_mark(r, 2000000000, "load <all>");
	fake_mark(r, 2100000000, "too close");
	fake_mark(r, 10900000000, "the end of all of it");
	fake_mark(r, 90000000000, "never");
}

/* A log of samples whose names are as hostile as those of processes and files can be. */
static void fill_stacks(struct damon_record *r)
{
	static const uint8_t build_id[] = {0xde, 0xad, 0xbe, 0xef};
	const uint64_t code = 0x400000, other = 0x500000, data = HEAP;
	uint32_t id = fake_target(r, 66, "a;b\033[31m \n\xff", 1), id2 = fake_target(r, 67, "", 1);

	strcpy(r->info.command, "evil;\n\xff");
	r->info.scale = 1000;
	r->info.scale_lo = 500;
	r->info.scale_hi = 2000;
	for (uint32_t i = id; i <= id2; i++) {
		fake_mapping(r, i, code + i * 0x1000, 64 * KiB, "/nowhere/evil;code\033[2J\n\xff");
		r->targets[i].maps[0].build_id = build_id;
		r->targets[i].maps[0].build_id_len = sizeof(build_id);
		r->targets[i].maps[0].offset = 0x3000;
		fake_mapping(r, i, other, 64 * KiB, "");
		fake_mapping(r, i, data, 1 * MiB, "/dev/shm/evil data;\t\xc3\x28");
	}
	fake_snapshot(r);
	fake_part(r, id, 50);
	fake_region(r, data, 1 * MiB, 1, 0, 1);
	fake_part(r, id2, 50);
	fake_snapshot_end(r);
	for (uint32_t i = id; i <= id2; i++) {
		fake_access(r, i,
			    (struct damon_access_info){.addr = data,
						       .ip = code + i * 0x1000 + 16,
						       .weight = 2,
						       .bytes = 8,
						       .store = 1,
						       .latency_cycles = 30,
						       .level = DAMON_MEMORY_DRAM});
		fake_access(r, i,
			    (struct damon_access_info){.addr = data + 64,
						       .ip = other,
						       .weight = .5,
						       .bytes = 4,
						       .load = 1,
						       .tid = 99});
		fake_access(r, i,
			    (struct damon_access_info){.addr = data,
						       .ip = code + i * 0x1000 + 16,
						       .weight = .25,
						       .is_stall = 1,
						       .store = 1,
						       .level = DAMON_MEMORY_DRAM});
		fake_access(r, i, (struct damon_access_info){.addr = 1, .ip = 1, .weight = 1});
	}
	fake_mark(r, 1000, "a;b\033[2J\n\xff");
}

/* Names as hostile as a process can make them. */
static void fill_hostile(struct damon_record *r)
{
	uint32_t id = fake_target(r, 66, "a\033[31m\",\n\xff", 1);

	strcpy(r->info.command, "evil \033]0;title\a \"quoted\" \xc3\x28 \xe2\x82\xac");
	fake_mapping(r, id, HEAP, 1 * MiB, "/tmp/a\033[2Jb\nc,\"d\".so.1.2 (deleted)");
	fake_mapping(r, id, HEAP + 1 * MiB, 1 * MiB, "/");
	fake_mapping(r, id, HEAP + 2 * MiB, 1 * MiB,
		     "[anon:a very long name \xe2\x82\xac of memory]");
	fake_mapping(r, id, UINT64_MAX - 8 * MiB + 1, 8 * MiB - 4 * KiB, "[top]");
	for (unsigned i = 0; i < 12; i++) {
		fake_snapshot(r);
		fake_part(r, id, 50);
		fake_region(r, 0, 4 * KiB, 1, 0, i);
		for (unsigned k = 0; k < 3; k++)
			fake_region(r, HEAP + k * MiB, 1 * MiB, 1 + k, 0, i);
		fake_region(r, UINT64_MAX - 8 * MiB + 1, 8 * MiB - 4 * KiB, 1, 0, i);
		fake_snapshot_end(r);
	}
	r->info.damaged_bytes = 4096;
	r->stats.complete = 0;
}

/* Names that would end the text that they stand in, or are none in any encoding. */
static void fill_markup(struct damon_record *r)
{
	static const char *const names[] = {"/tmp/</text><script>x</script>", "/a&b;\"'<!--", "]]>",
					    "/\xed\xa0\x80 \xe0\x80\xaf \xef\xbf\xbe",
					    "/\xf0\x9f\x94\xa5 \xe2\x82\xac.so"};
	uint32_t id = fake_target(r, 67, "</script>&\"\x01", 1);

	strcpy(r->info.command, "sh -c '<svg onload=\"x\">' \xf4\x90\x80\x80 &lt;");
	for (unsigned k = 0; k < 5; k++)
		fake_mapping(r, id, HEAP + k * 4 * MiB, 4 * MiB, names[k]);
	for (unsigned i = 0; i < 12; i++) {
		fake_snapshot(r);
		fake_part(r, id, 50);
		for (unsigned k = 0; k < 5; k++)
			fake_region(r, HEAP + k * 4 * MiB, 4 * MiB, 1 + k, 0, i);
		fake_snapshot_end(r);
	}
}

/* 10,000 mappings, each with a name of its own; a region for each tenth. */
static void fill_crowd(struct damon_record *r)
{
	static char names[10000][24];
	uint32_t id = fake_target(r, 90, "crowd", 1);

	for (unsigned k = 0; k < 10000; k++) {
		snprintf(names[k], sizeof(names[k]), "/lib/part-%u.so", k);
		fake_mapping(r, id, ARENA + k * MiB, 256 * KiB, names[k]);
	}
	for (unsigned i = 0; i < 10; i++) {
		fake_snapshot(r);
		fake_part(r, id, 4000);
		for (unsigned k = 0; k < 10000; k += 10)
			fake_region(r, ARENA + k * MiB, 256 * KiB, 1 + k % 7, 0, i);
		fake_snapshot_end(r);
	}
}

/* 40 islands far apart: more than a picture has room for, most of them hardly used. */
static void fill_islands(struct damon_record *r)
{
	uint32_t id = fake_target(r, 88, "islands", 1);

	for (unsigned k = 0; k < 40; k++)
		fake_mapping(r, id, (k + 1) * GiB, 1 * MiB, "");
	for (unsigned i = 0; i < 20; i++) {
		fake_snapshot(r);
		fake_part(r, id, 1000);
		for (unsigned k = 0; k < 40; k++)
			fake_region(r, (k + 1) * GiB, 1 * MiB, k % 10 == 3 ? 100 : 0.05, 0, i);
		fake_snapshot_end(r);
	}
}

/* What a page of HTML must show, and names that would take it over if it let them. */
static void map_page(struct damon_record *r, uint32_t id)
{
	fake_mapping(r, id, EXE, 6 * MiB, "/no such place/bin/</script><script>alert(1)</script>");
	fake_mapping(r, id, HEAP, 24 * MiB, "[heap]");
	fake_mapping(r, id, ARENA, 64 * MiB, "/tmp/<img src=x onerror=alert(2)>\033[31m");
	fake_mapping(r, id, ARENA + 8 * GiB, 8 * MiB, "[anon:\"&lt;'\xe2\x80\xae gnp.exe\xff]");
	fake_mapping(r, id, LIB, 2 * MiB, "/no such place/lib/libwork.so.6");
	fake_mapping(r, id, STACK, 132 * KiB, "[stack]");
}

static void put_page(struct damon_record *r, uint32_t id, unsigned i)
{
	struct damon_access_info a = {.weight = 1000, .load = 1};

	fake_part(r, id, id ? 10 : 90);
	fake_region(r, EXE, 6 * MiB, 1, 0, i);
	fake_region(r, HEAP, 12 * MiB, i < 30 ? 40 : 4, 0.5, i % 30);
	fake_region(r, HEAP + 12 * MiB, 12 * MiB, 0, 0, i);
	fake_region(r, ARENA, 32 * MiB, i < 30 ? 1 : 60, 0.1, i % 30);
	fake_region(r, ARENA + 32 * MiB, 32 * MiB, 2, 0.1, i);
	fake_region(r, LIB, 2 * MiB, 1, 0, i);
	fake_region(r, ARENA + 8 * GiB, 8 * MiB, 1, 0, i);
	fake_region(r, STACK, 132 * KiB, 20, 0.5, i);
	for (unsigned k = 0; k < 12; k++) {
		a.addr = k < 6 ? (i < 30 ? HEAP : ARENA) + k * MiB : STACK + k * 4 * KiB;
		a.ip = k < 6 ? EXE + 0x100 : LIB + 0x100;
		a.store = k == 1;
		fake_access(r, id, a);
	}
}

static void fill_page(struct damon_record *r)
{
	strcpy(r->info.command, "worker '</script><script>alert(3)</script>' \033]0;x\a");
	map_page(r, fake_target(r, 700, "worker", 1));
	map_page(r, fake_target(r, 701, "</script>\"<b>\033", 2));
	r->info.scale_lo = .5;
	r->info.scale_hi = 2;
	for (unsigned i = 0; i < 60; i++) {
		fake_snapshot(r);
		put_page(r, 0, i);
		if (i >= 20)
			put_page(r, 1, i);
		fake_snapshot_end(r);
	}
}

/* A large reservation that is one region at first, until it is known that little of it is used. */
static void fill_reserve(struct damon_record *r)
{
	uint32_t id = fake_target(r, 89, "java", 1);

	fake_mapping(r, id, ARENA, 8 * GiB, "");
	for (unsigned i = 0; i < 50; i++) {
		fake_snapshot(r);
		fake_part(r, id, 400);
		if (i < 2) {
			fake_region(r, ARENA, 8 * GiB, i ? 0.1 : 1, 0, 0);
		} else {
			fake_region(r, ARENA, 1 * GiB, 0, 0, i);
			fake_region(r, ARENA + 1 * GiB, 48 * MiB, 1, 0, i);
			fake_region(r, ARENA + 1 * GiB + 48 * MiB, 16 * MiB, 9, 0, i);
			fake_region(r, ARENA + 1 * GiB + 64 * MiB, 7 * GiB - 64 * MiB, 0, 0, i);
		}
		fake_snapshot_end(r);
	}
}

static void fill_pipe(struct damon_record *r)
{
	fill_one(r);
	r->is_pipe = 1;
}

/* Its intervals are tuned: 5 ms until the program is known, shorter and longer ones then. */
static void fill_tuned(struct damon_record *r)
{
	uint32_t id = fake_target(r, 90, "tuned", 1);

	fake_mapping(r, id, ARENA, 64 * MiB, "");
	r->info.goal = (struct damon_intervals_goal){sizeof(r->info.goal), 400, 3, 5 * NS_PER_MS,
						     10 * NS_PER_SEC};
	r->info.resolution_share = .01;
	r->info.resolution_ns = NS_PER_SEC;
	r->stats.rate_bound = DAMON_RATE_OVERHEAD;
	r->stats.resolution_hz = 1200;
	for (unsigned i = 0; i < 30; i++) {
		struct damon_snapshot_info *si;

		fake_snapshot(r);
		si = &r->snaps[r->nr_snaps - 1].info;
		si->sample_ns = i ? (48 + i / 3 % 4 * 9) * NS_PER_MS : 5 * NS_PER_MS;
		si->aggr_ns = 20 * si->sample_ns;
		fake_part(r, id, 200);
		fake_region(r, ARENA, 60 * MiB, 0.1, 0, i);
		fake_region(r, ARENA + 60 * MiB, 4 * MiB, 20, 0.5, i);
		fake_snapshot_end(r);
	}
}

/* Accessed bits were looked at beside the samples: of an idle area more often than it has samples.
 */
static void fill_checked(struct damon_record *r)
{
	uint32_t id = fake_target(r, 91, "checked", 1);

	fake_mapping(r, id, ARENA, 64 * MiB, "");
	strcpy(r->stats.checkers, "idle,smaps");
	r->stats.checks = 5200;
	r->stats.check_no_region = 30;
	r->stats.check_thinned = 70;
	r->stats.check_no_target = 4;
	r->stats.checks_made = 5300;
	r->stats.check_pages = 5400;
	r->stats.check_touched = 900;
	for (unsigned i = 0; i < 20; i++) {
		struct fake_part *p;

		fake_snapshot(r);
		fake_part(r, id, 40);
		fake_region(r, ARENA, 52 * MiB, 0, 0, i);
		fake_region(r, ARENA + 52 * MiB, 8 * MiB, 0.1, 0, i);
		fake_region(r, ARENA + 60 * MiB, 4 * MiB, 20, 0.5, i);
		p = &r->snaps[r->nr_snaps - 1].parts[0];
		p->regions[0].nr_checks = 31.4;
		p->regions[1].nr_checks = 12.5;
		p->regions[1].checked_share = 0.28;
		fake_snapshot_end(r);
	}
}

static void put_steady(struct damon_record *r, const char *comm)
{
	uint32_t id = fake_target(r, 92, comm, 1);

	fake_mapping(r, id, ARENA, 64 * MiB, "");
	for (unsigned i = 0; i < 20; i++) {
		fake_snapshot(r);
		fake_part(r, id, 40);
		fake_region(r, ARENA, 60 * MiB, 1, 0.2, i);
		fake_region(r, ARENA + 60 * MiB, 4 * MiB, 20, 0.5, i);
		fake_snapshot_end(r);
	}
}

/* Sampled by hardware of whole CPUs, by a ladder of periods: most samples are no accesses. */
static void fill_ladder(struct damon_record *r)
{
	struct damon_stats *st = &r->stats;

	put_steady(r, "ladder");
	strcpy(st->source, "ibs");
	st->counter_percent = 48.5;
	st->uncovered_percent = 12.5;
	st->rate_hz = 420;
	st->overhead_asked_percent = 1;
	st->rate_bound = DAMON_RATE_OVERHEAD;
	st->period = 489120;
	memset(st->rungs, 0, sizeof(st->rungs));
	st->rungs[0] = (struct damon_rung){0, 0, 48912};
	st->rungs[1] = (struct damon_rung){2100, 1.5, 489120};
	st->rungs[2] = (struct damon_rung){560, .5, 1956512};
	st->tick_cost_ns = 3000;
	st->tick_cost_assumed = 1;
	st->filtered_no_access = 5600;
	st->filtered_kernel = 300;
	st->filtered_unwanted = 100;
	st->filtered = 6000;
	st->strangers = 7000;
}

/* A hardware trace, whose period stays. */
static void fill_trace(struct damon_record *r)
{
	struct damon_stats *st = &r->stats;

	put_steady(r, "trace");
	strcpy(st->source, "spe");
	st->rate_hz = 3100;
	st->overhead_asked_percent = 1;
	st->rate_bound = DAMON_RATE_OVERHEAD;
	st->period = 199936;
	memset(st->rungs, 0, sizeof(st->rungs));
	st->tick_cost_ns = 3000;
	st->tick_cost_assumed = 1;
	st->traces_truncated = 3;
	st->traces_collided = 40;
	st->traces_broken = 2;
	st->traces_skipped = 77;
	st->filtered_unwanted = st->filtered = 12;
}

static void fill_broken(struct damon_record *r)
{
	fill_zero(r);
	r->fail_at = 4;
}

/* Physical memory, as three processes accessed it. */
static void fill_physical(struct damon_record *r)
{
	uint32_t id = fake_target(r, 0, "physical memory", 3);

	strcpy(r->info.ops, "paddr");
	strcpy(r->info.addresses, "physical");
	strcpy(r->info.scope, "all processes");
	r->stats.left_out = 12;
	r->stats.untranslated = 34;
	r->stats.closed_procs = 2;
	strcpy(r->stats.closed_reason, "process 7 (vault) cannot be looked into");
	fake_mapping(r, id, 0x100000, 3071 * MiB, "System RAM");
	fake_mapping(r, id, 4096 * MiB, 4096 * MiB, "System RAM");
	for (unsigned i = 0; i < 40; i++) {
		fake_snapshot(r);
		fake_part(r, id, 400);
		fake_region(r, 0x100000, 1023 * MiB, 30, 0.1, i);
		fake_region(r, 0x100000 + 1023 * MiB, 2048 * MiB, 0, 0, i);
		fake_region(r, 4096 * MiB, 1024 * MiB, i < 20 ? 300 : 10, 0.5, i % 20);
		fake_region(r, 5120 * MiB, 3072 * MiB, 5, 0, i);
		fake_snapshot_end(r);
	}
}

/*
 * Two servers and their log: a cache that both share, what each has for itself, code without and
 * with a name (a directory that no machine has: nothing is known of its files).
 */
static void map_server(struct damon_record *r, uint32_t id)
{
	fake_mapping(r, id, EXE, 6 * MiB, "/no such place/bin/server");
	fake_mapping(r, id, HEAP, 24 * MiB, "[heap]");
	fake_shared(r, id, ARENA + id * GiB, 64 * MiB, "/dev/shm/cache (deleted)", 77, 16 * MiB);
	fake_mapping(r, id, ARENA + 8 * GiB, 64 * MiB, "");
	fake_mapping(r, id, ARENA + 9 * GiB, 1 * MiB, "[anon:a pool]");
	fake_mapping(r, id, ARENA + 10 * GiB, 8 * MiB, "");
	fake_mapping(r, id, LIB, 2 * MiB, "/no such place/lib/libwork.so.6");
	fake_mapping(r, id, STACK, 132 * KiB, "[stack]");
}

static void put_server(struct damon_record *r, uint32_t id, unsigned i)
{
	fake_part(r, id, id ? 20 : 80);
	fake_region(r, EXE, 6 * MiB, 1, 0, i);
	fake_region(r, HEAP, 20 * MiB, 10, 0.5, i / 2);
	fake_region(r, HEAP + 20 * MiB, 4 * MiB, 0, 0, i);
	fake_region(r, ARENA + id * GiB, 16 * MiB, 60, 0.1, i);
	fake_region(r, ARENA + id * GiB + 16 * MiB, 48 * MiB, 0, 0, i);
	fake_region(r, ARENA + 8 * GiB, 64 * MiB, 2, 0, i);
	fake_region(r, STACK, 132 * KiB, 20, 0.5, i);
}

#define CODE(weighs, at, ...) .weight = (weighs), .ip = (at), __VA_ARGS__
static void log_server(struct damon_record *r, uint32_t id, unsigned i)
{
	const struct damon_access_info all[] = {
		{CODE(4, EXE + 0x100, .addr = ARENA + id * GiB + 4096, .load = 1,
		      .latency_cycles = 200 + 40 * (i % 10), .level = DAMON_MEMORY_DRAM,
		      .remote = i % 3 == 0, .local = i % 3 != 0, .tlb_miss = i % 2,
		      .tlb_hit = !(i % 2))},
		{CODE(2, EXE + 0x200, .addr = ARENA + id * GiB + 8 * i, .store = 1,
		      .latency_cycles = 5, .level = DAMON_MEMORY_L1, .tlb_hit = 1)},
		{CODE(1, LIB + 0x100, .addr = HEAP + 4096 * i, .store = i % 2)},
		{CODE(1, LIB + 0x200, .addr = STACK + 131 * KiB, .stack = 1, .likely = 1)},
		{CODE(.5, EXE + 0x300, .addr = ARENA + 10 * GiB + 96 * KiB, .stack = i % 2,
		      .tid = 4321)},
		{CODE(.25, EXE + 0x300, .addr = ARENA + 9 * GiB, .load = 1)},
		{CODE(.25, EXE + 0x300, .addr = ARENA + 8 * GiB + 64 * i, .load = 1)},
		{CODE(.125, 0x10, .addr = 0x20)},
		{CODE(3000, EXE + 0x100, .addr = ARENA + id * GiB, .is_stall = 1)},
	};

	for (size_t k = 0; k < ARRAY_SIZE(all); k++)
		fake_access(r, id, all[k]);
}

static void fill_servers(struct damon_record *r)
{
	for (int t = 0; t < 2; t++)
		map_server(r, fake_target(r, 500 + t, t ? "helper" : "server", 1));
	r->info.scale_lo = .5;
	r->info.scale_hi = 2;
	for (unsigned i = 0; i < 60; i++) {
		fake_snapshot(r);
		for (uint32_t id = 0; id < (i < 30 ? 1 : 2); id++) {
			put_server(r, id, i);
			log_server(r, id, i);
		}
		fake_snapshot_end(r);
	}
}

/* The same a version later: the cache has a fifth of the accesses that it had, all use more. */
static void fill_servers_later(struct damon_record *r)
{
	fill_servers(r);
	for (size_t i = 0; i < r->nr_log; i++) {
		struct damon_access_info *a = &r->log[i].info;

		if (a->addr >= ARENA && a->addr < ARENA + 2 * GiB)
			a->weight /= 5;
	}
	for (size_t i = 0; i < r->nr_snaps; i++) {
		struct damon_wss *w = r->snaps[i].parts[0].wss;

		for (int k = 0; k < 4; k++)
			w[k] = (struct damon_wss){w[k].bytes * 2.5, w[k].lo * 2.5, w[k].hi * 2.5};
	}
}

/* A log in which everything is hostile but the numbers. */
static void fill_hostile_log(struct damon_record *r)
{
	fill_hostile(r);
	for (unsigned k = 0; k < 4; k++)
		fake_access(r, 0,
			    (struct damon_access_info){
				    CODE(1, HEAP + k * MiB, .addr = HEAP + k * MiB)});
}

/* The size that figures are quoted for. */
static void fill_large(struct damon_record *r)
{
	uint32_t id = fake_target(r, 99, "large", 1);

	fake_mapping(r, id, ARENA, 1000 * MiB, "");
	for (unsigned i = 0; i < 600; i++) {
		fake_snapshot(r);
		fake_part(r, id, 400);
		for (unsigned k = 0; k < 1000; k++)
			fake_region(r, ARENA + k * MiB, 1 * MiB, (i + k) % 7 ? 0 : 1 + k % 50, 0,
				    i);
		fake_snapshot_end(r);
	}
}

static const struct damos any = {
	.size = sizeof(any),
	.action = "stat",
	.sz = {0, UINT64_MAX},
	.access_max = 1,
	.age_ns = {0, UINT64_MAX},
	.quota = {.reset_ns = NS_PER_SEC},
};

/* Three schemes: one that was busy and slowed, one that only counts, one with nothing to do. */
static void fill_schemes(struct damon_record *r)
{
	struct damos *s = r->schemes;
	struct damos_stats *st = r->scheme_stats;

	fill_one(r);
	r->stats.own_actions_percent = 1.25;
	r->stats.paused_ns = 61 * NS_PER_SEC;
	r->nr_schemes = 3;
	for (size_t i = 0; i < 3; i++) {
		s[i] = any;
		st[i] = (struct damos_stats){.size = sizeof(st[i]), .refault_bp = -1};
	}
	s[0].action = "pageout";
	s[0].access_max = .001;
	s[0].age_ns.min = 5 * NS_PER_SEC;
	s[0].sz = (struct damos_range){4096, GiB};
	s[0].quota.bytes = 128 * MiB;
	s[0].quota.time_ns = 10 * NS_PER_MS;
	s[0].nr_filters = 1;
	st[0] = (struct damos_stats){
		.size = sizeof(st[0]),
		.nr_tried = 1234,
		.sz_tried = 900 * MiB,
		.nr_applied = 1200,
		.sz_applied = 800 * MiB,
		.sz_filter_passed = 880 * MiB,
		.sz_skipped = 75 * MiB,
		.sz_failed = 25 * MiB,
		.sz_dropped = 12 * MiB,
		.reason = "the kernel kept some pages in memory: \x1b[31mshared",
		.qt_exceeds = 17,
		.nr_snapshots = 5000,
		.verified = 1,
		.busy_ns = 2 * NS_PER_SEC,
		.state = DAMOS_SLOWED,
		.state_reason = "31 % came back",
		.refault_bp = 3100,
	};
	st[1].nr_tried = 1;
	st[1].sz_tried = st[1].sz_filter_passed = 4096;
	s[2].action = "cold";
	s[2].access_min = .5;
}

const struct scenario scenarios[] = {
	{"database", fill_database},
	{"build", fill_build},
	{"storm", fill_storm},
	{"empty", fill_empty},
	{"no-targets", fill_no_targets},
	{"no-regions", fill_no_regions},
	{"one", fill_one},
	{"zero", fill_zero},
	{"hostile", fill_hostile},
	{"marked", fill_marked},
	{"database-marked", fill_database_marked},
	{"stacks", fill_stacks},
	{"markup", fill_markup},
	{"crowd", fill_crowd},
	{"islands", fill_islands},
	{"page", fill_page},
	{"reserve", fill_reserve},
	{"pipe", fill_pipe},
	{"broken", fill_broken},
	{"tuned", fill_tuned},
	{"checked", fill_checked},
	{"ladder", fill_ladder},
	{"trace", fill_trace},
	{"schemes", fill_schemes},
	{"physical", fill_physical},
	{"servers", fill_servers},
	{"servers-later", fill_servers_later},
	{"hostile-log", fill_hostile_log},
	{"large", fill_large},
	{0},
};
