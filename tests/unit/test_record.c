/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written is read. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>

#include "base/util.h"
#include "record/chunk.h"
#include "tests/kit/record_kit.h"

TestSuite(record, .fini = kit_remove);

Test(record, snapshots_come_back)
{
	static const struct {
		const char *name;
		uint64_t seed;
		unsigned int flushes, per_flush;
	} rows[] = {
		{"each alone", 1, 40, 1},
		{"ten a flush", 2, 20, 10},
		{"all at once", 3, 1, 300},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit_snapshots k;
		struct damon_reader *r;
		struct damon_item item;
		unsigned int n = 0;

		kit_write(kit_path(rows[i].name), rows[i].seed, rows[i].flushes, rows[i].per_flush);
		kit_snapshots_init(&k, rows[i].seed);
		cr_assert_eq(damon_reader_open(kit_path(rows[i].name), &r, NULL), 0);
		while (damon_reader_next(r, &item) > 0) {
			const char *what;

			cr_assert_neq(item.type, DAMON_ITEM_DAMAGED, "%s", rows[i].name);
			if (item.type != DAMON_ITEM_SNAPSHOT)
				continue;
			kit_snapshots_step(&k);
			what = kit_snapshot_differs(&k.s, item.snapshot);
			cr_assert_null(what, "%s, snapshot %u: %s", rows[i].name, n, what);
			n++;
		}
		cr_expect_eq(n, rows[i].flushes * rows[i].per_flush, "%s", rows[i].name);
		damon_reader_close(r);
	}
}

static bool same_regions(const struct damon_snapshot *a, const struct damon_snapshot *b)
{
	bool same = a->nr_targets == b->nr_targets;

	for (size_t t = 0; same && t < a->nr_targets; t++) {
		const struct damon_target_snapshot *x = &a->targets[t], *y = &b->targets[t];

		same = x->nr_regions == y->nr_regions;
		for (size_t i = 0; same && i < x->nr_regions; i++) /* without padding */
			same = !memcmp(&x->regions[i], &y->regions[i],
				       offsetof(struct damon_region, nr_touched) + sizeof(float));
	}
	return same;
}

/* A record of a record says the same: what was rounded once is not rounded again. */
Test(record, rounding_is_final)
{
	struct kit_items a, b;
	struct damon_totals totals = {0};
	struct damon_writer *w;

	kit_write(kit_path("a"), 5, 3, 20);
	kit_read(kit_path("a"), true, &a);
	cr_assert_eq(damon_writer_open(kit_path("b"), &kit_meta, &w, NULL), 0);
	for (unsigned int i = 0; i < a.snapshots; i++)
		cr_assert_eq(damon_writer_snapshot(w, a.all[i]), 0);
	cr_assert_eq(damon_writer_close(w, &totals), 0);
	kit_read(kit_path("b"), true, &b);
	cr_assert_eq(a.snapshots, 60);
	cr_assert_eq(b.snapshots, 60);
	for (unsigned int i = 0; i < 60; i++)
		cr_assert(same_regions(a.all[i], b.all[i]), "snapshot %u", i);
	kit_items_release(&a);
	kit_items_release(&b);
}

Test(record, meta_comes_back)
{
	struct damon_meta m = kit_meta;
	const struct damon_meta *got;
	struct damon_totals totals = {0};
	struct damon_reader *r;
	struct damon_writer *w;

	memset(m.command, 'x', sizeof(m.command)); /* cut */
	cr_assert_eq(damon_writer_open(kit_path("m"), &m, &w, NULL), 0);
	cr_assert_eq(damon_writer_close(w, &totals), 0);
	cr_assert_eq(damon_reader_open(kit_path("m"), &r, NULL), 0);
	got = damon_reader_meta(r);
	cr_expect_eq(strlen(got->command), sizeof(m.command) - 1);
	m.command[sizeof(m.command) - 1] = '\0';
	cr_expect_eq(memcmp(got, &m, offsetof(struct damon_meta, source)), 0);
	cr_expect_str_eq(got->source, m.source);
	cr_expect_str_eq(got->version, m.version);
	cr_expect_str_eq(got->kernel, m.kernel);
	cr_expect_str_eq(got->command, m.command);
	cr_expect_eq(got->rate_asked, 998);
	cr_expect_eq(got->period, 490001);
	cr_expect_eq(got->tick_cost_assumed, 1);
	cr_expect_str_eq(got->ops, m.ops);
	cr_expect_str_eq(got->addresses, m.addresses);
	cr_expect_str_eq(got->scope, m.scope);
	damon_reader_close(r);
}

Test(record, totals_latest_wins_and_only_close_completes)
{
	struct damon_totals totals = {.counts = {.obs = 1, .thinned = UINT64_MAX},
				      .own_cpu_ns = .1,
				      .foreign = 3,
				      .complete = 1 /* not the caller's to say */};
	struct damon_totals seen[3];
	struct damon_item item;
	struct damon_reader *r;
	struct damon_writer *w;
	unsigned int n = 0;

	cr_assert_eq(damon_writer_open(kit_path("t"), &kit_meta, &w, NULL), 0);
	cr_assert_eq(damon_writer_flush(w, &totals), 0);
	totals.counts.obs = 2;
	totals.checks = (struct damon_check_totals){.names = "idle,smaps", .pages = UINT64_MAX};
	cr_assert_eq(damon_writer_flush(w, &totals), 0);
	totals.counts.obs = 3;
	totals.traces_truncated = 4;
	totals.traces_broken = UINT64_MAX;
	totals.traces_skipped = 5;
	totals.no_access = UINT64_MAX;
	totals.in_kernel = 6;
	totals.unwanted = 7;
	totals.strangers = 8;
	totals.nr_rungs = DAMON_RUNGS;
	for (uint64_t i = 0; i < DAMON_RUNGS; i++)
		totals.rungs[i] =
			(struct damon_rung_time){(double)i, (double)(9 * i), UINT64_MAX - i};
	totals.left_out = 9;
	totals.closed_procs = UINT64_MAX;
	strcpy(totals.closed_reason, "closed");
	totals.counter_percent = 49.75;
	totals.uncovered_percent = 12.25;
	totals.checks = (struct damon_check_totals){"idle,smaps", 1, 2, 3, 4, 5, 6, 7, 8, "cannot"};
	totals.complete = 0;
	cr_assert_eq(damon_writer_close(w, &totals), 0);
	cr_assert_eq(damon_reader_open(kit_path("t"), &r, NULL), 0);
	while (damon_reader_next(r, &item) > 0) {
		cr_assert_eq(item.type, DAMON_ITEM_TOTALS);
		cr_assert_lt(n, 3);
		seen[n++] = *item.totals;
	}
	cr_assert_eq(n, 3);
	cr_expect_eq(seen[0].complete + seen[1].complete, 0);
	cr_expect_eq(seen[1].counts.obs, 2);
	cr_expect_eq(seen[1].traces_truncated, 0);
	cr_expect_str_eq(seen[0].checks.names, "", "none, and no chunk of them");
	cr_expect_eq(seen[1].checks.pages, UINT64_MAX);
	totals.complete = 1;
	cr_expect_eq(memcmp(&seen[2], &totals, sizeof(totals)), 0);
	damon_reader_close(r);
}

static bool same_entry(const struct damon_log_entry *a, const struct damon_log_entry *b)
{
	return a->time_ns == b->time_ns && a->addr == b->addr && a->ip == b->ip &&
	       a->pid == b->pid && a->tid == b->tid && a->target_id == b->target_id &&
	       a->space_id == b->space_id && a->size == b->size && a->flags == b->flags &&
	       a->stall == b->stall && a->latency == b->latency && a->level == b->level &&
	       a->hw_flags == b->hw_flags && b->weight >= a->weight * .9995f &&
	       b->weight <= a->weight * 1.0005f;
}

Test(record, log_comes_back)
{
	enum { N = 70000, FLUSH = 66000 }; /* more than a chunk holds */
	struct damon_log_entry *e = calloc(N, sizeof(*e));
	struct damon_totals totals = {0};
	struct damon_reader *r;
	struct damon_writer *w;
	struct damon_item item;
	struct rng rng;
	size_t n = 0;

	rng_seed(&rng, 4);
	for (size_t i = 0; i < N; i++)
		e[i] = (struct damon_log_entry){
			.time_ns = i * 1000 + rng_below(&rng, 5000),
			.addr = rng_next(&rng) >> rng_below(&rng, 64),
			.ip = rng_below(&rng, 3000) * 3,
			.pid = (int)rng_below(&rng, 3) - 1,
			.tid = (int)rng_below(&rng, 50),
			.target_id = (uint32_t)rng_below(&rng, 3),
			.space_id = (uint32_t)rng_next(&rng) | 1u << 31,
			.weight = (float)rng_unit(&rng),
			.size = (uint16_t)rng_next(&rng),
			.flags = (uint8_t)rng_next(&rng),
			.stall = rng_below(&rng, 2),
			.latency = (uint16_t)rng_next(&rng),
			.level = (uint8_t)rng_next(&rng),
			.hw_flags = (uint8_t)rng_next(&rng),
		};
	cr_assert_eq(damon_writer_open(kit_path("l"), &kit_meta, &w, NULL), 0);
	cr_assert_eq(damon_writer_log(w, e, FLUSH), 0);
	cr_assert_eq(damon_writer_flush(w, NULL), 0);
	cr_assert_eq(damon_writer_log(w, NULL, 0), 0);
	cr_assert_eq(damon_writer_log(w, e + FLUSH, N - FLUSH), 0);
	cr_assert_eq(damon_writer_close(w, &totals), 0);
	cr_assert_eq(damon_reader_open(kit_path("l"), &r, NULL), 0);
	while (damon_reader_next(r, &item) > 0) {
		if (item.type == DAMON_ITEM_TOTALS)
			continue;
		cr_assert_eq(item.type, DAMON_ITEM_LOG);
		for (size_t i = 0; i < item.log.n; i++, n++)
			cr_assert(same_entry(&e[n], &item.log.entries[i]), "entry %zu", n);
	}
	cr_expect_eq(n, N);
	damon_reader_close(r);
	free(e);
}

/* Without a flush chunks are made, so that none grows without bound, but not written. */
/* Snapshots keep the sampling interval that was tuned for them; those without one have none. */
Test(record, tuning_comes_back)
{
	static const uint64_t ms[] = {0, 0, 5, 5, 48, 48, 7, 0, 7, 9, 9, 9};
	const struct damon_tuning tuning = {
		.goal = {400, 3, 5 * NS_PER_MS, 10 * NS_PER_SEC},
		.resolution_share = .01,
		.resolution_ns = NS_PER_SEC,
		.bound = DAMON_BOUND_KERNEL,
	};
	static const struct damon_tuning none;
	struct damon_totals totals = {0};
	struct kit_snapshots k;
	struct damon_writer *w;
	struct damon_reader *r;
	struct damon_item item;

	kit_snapshots_init(&k, 31);
	cr_assert_eq(damon_writer_open(kit_path("tuned"), &kit_meta, &w, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ms); i++) {
		kit_snapshots_step(&k);
		k.s.sample_ns = ms[i] * NS_PER_MS;
		if (i == 2)
			damon_writer_tuning(w, &tuning);
		cr_assert_eq(damon_writer_snapshot(w, &k.s), 0);
		if (i % 5 == 1)
			cr_assert_eq(damon_writer_flush(w, &totals), 0);
	}
	cr_assert_eq(damon_writer_close(w, &totals), 0);

	cr_assert_eq(damon_reader_open(kit_path("tuned"), &r, NULL), 0);
	cr_expect_eq(memcmp(damon_reader_tuning(r), &none, sizeof(none)), 0, "not read yet");
	for (int pass = 0; pass < 2; pass++) {
		size_t i = 0;

		while (damon_reader_next(r, &item) > 0) {
			if (item.type != DAMON_ITEM_SNAPSHOT)
				continue;
			cr_expect_eq(item.snapshot->sample_ns, ms[i] * NS_PER_MS,
				     "pass %d, snapshot %zu: %llu", pass, i,
				     (unsigned long long)item.snapshot->sample_ns);
			i++;
		}
		cr_expect_eq(i, ARRAY_SIZE(ms));
		cr_expect_eq(damon_reader_tuning(r)->goal.access_bp, 400);
		cr_expect_eq(damon_reader_tuning(r)->goal.max_sample_ns, 10 * NS_PER_SEC);
		cr_expect_eq(damon_reader_tuning(r)->resolution_share, .01);
		cr_expect_eq(damon_reader_tuning(r)->bound, DAMON_BOUND_KERNEL);
		cr_assert_eq(damon_reader_rewind(r), 0);
	}
	damon_reader_close(r);
}

Test(record, collects_more_than_a_chunk)
{
	enum { N = 60000, TIMES = 6 };
	struct damon_log_entry *e = calloc(N, sizeof(*e));
	struct damon_totals totals = {0};
	struct damon_item item;
	struct damon_reader *r;
	struct damon_writer *w;
	uint64_t bytes;
	size_t n = 0;

	cr_assert_gt(N * TIMES * sizeof(*e), RECORD_FULL_PAYLOAD);
	cr_assert_eq(damon_writer_open(kit_path("c"), &kit_meta, &w, NULL), 0);
	bytes = damon_writer_bytes(w);
	for (uint64_t i = 0; i < TIMES; i++) {
		for (uint64_t j = 0; j < N; j++)
			e[j].time_ns = i * N + j;
		cr_assert_eq(damon_writer_log(w, e, N), 0);
	}
	cr_expect_eq(damon_writer_bytes(w), bytes);
	cr_assert_eq(damon_writer_close(w, &totals), 0);
	cr_assert_eq(damon_reader_open(kit_path("c"), &r, NULL), 0);
	while (damon_reader_next(r, &item) > 0)
		for (size_t i = 0; item.type == DAMON_ITEM_LOG && i < item.log.n; i++, n++)
			if (item.log.entries[i].time_ns != n)
				cr_assert_fail("entry %zu", n);
	cr_expect_eq(n, N * TIMES);
	damon_reader_close(r);
	free(e);
}

Test(record, what_no_reader_takes_is_refused)
{
	struct damon_region two[2] = {{.start = 4096, .end = 8192, .span_aggrs = 1},
				      {.start = 8192, .end = 12288, .span_aggrs = 1}};
	struct damon_target_snapshot t = {.regions = two, .nr_regions = 2};
	struct damon_snapshot s = {.end_ns = 1, .targets = &t, .nr_targets = 1};
	static const struct {
		const char *name;
		struct damon_region second;
	} rows[] = {
		{"empty", {.start = 8192, .end = 8192, .span_aggrs = 1}},
		{"overlapping", {.start = 4096, .end = 12288, .span_aggrs = 1}},
		{"no span", {.start = 8192, .end = 12288}},
	};
	struct damon_totals totals = {0};
	struct kit_items items;
	struct damon_writer *w;

	cr_assert_eq(damon_writer_open(kit_path("r"), &kit_meta, &w, NULL), 0);
	cr_assert_eq(damon_writer_snapshot(w, &s), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_region good = two[1];

		two[1] = rows[i].second;
		cr_expect_eq(damon_writer_snapshot(w, &s), -EINVAL, "%s", rows[i].name);
		two[1] = good;
	}
	cr_assert_eq(damon_writer_snapshot(w, &s), 0, "goes on");
	cr_assert_eq(damon_writer_close(w, &totals), 0);
	kit_read(kit_path("r"), true, &items);
	cr_assert_eq(items.snapshots, 2);
	cr_assert_eq(items.damaged, 0);
	cr_expect_null(kit_snapshot_differs(&s, items.all[1]));
	kit_items_release(&items);
}

Test(record, rewinds)
{
	struct damon_reader *r;
	struct damon_item item;

	kit_write(kit_path("w"), 6, 3, 4);
	cr_assert_eq(damon_reader_open(kit_path("w"), &r, NULL), 0);
	for (int pass = 0; pass < 3; pass++) {
		unsigned int n = 0;

		while (damon_reader_next(r, &item) > 0 && (pass != 1 || n < 6))
			n += item.type == DAMON_ITEM_SNAPSHOT;
		cr_expect_eq(n, pass == 1 ? 6 : 12, "pass %d", pass);
		cr_assert_eq(damon_reader_rewind(r), 0);
	}
	damon_reader_close(r);
}

Test(record, goes_through_pipes)
{
	struct damon_reader *r;
	struct damon_item item;
	struct kit_bytes b;
	unsigned int n = 0;
	int fd[2];

	kit_write(kit_path("p"), 7, 2, 3);
	b = kit_slurp(kit_path("p"));
	cr_assert_eq(pipe(fd), 0);
	cr_assert_lt(b.n, 65536);
	cr_assert_eq(write(fd[1], b.data, b.n), (ssize_t)b.n);
	close(fd[1]);
	dup2(fd[0], STDIN_FILENO);
	cr_assert_eq(damon_reader_open("-", &r, NULL), 0);
	while (damon_reader_next(r, &item) > 0)
		n += item.type == DAMON_ITEM_SNAPSHOT;
	cr_expect_eq(n, 6);
	cr_expect_eq(damon_reader_rewind(r), -ESPIPE);
	damon_reader_close(r);
	free(b.data);
}

/* Chunks of a type that is not known yet, before, between and behind the others. */
Test(record, unknown_chunks_are_skipped)
{
	_cleanup_(damon_pack_release) struct damon_pack out = PACK_WRITER;
	static uint8_t text[10] = "from 2030";
	struct record_payload p = {.raw = PACK_READER(text, sizeof(text))};
	struct record_frame f;
	struct kit_items items;
	struct kit_bytes b;
	size_t at = RECORD_HEAD_BYTES, nr = 0;

	kit_write(kit_path("u"), 8, 3, 2);
	b = kit_slurp(kit_path("u"));
	damon_pack_bytes(&out, b.data, at);
	while (at < b.n) {
		size_t n;

		cr_assert_eq(damon_frame_parse(b.data + at, &f), 0);
		n = RECORD_CHUNK_BYTES + f.stored_bytes;
		damon_pack_bytes(&out, b.data + at, n);
		cr_assert_eq(damon_frame_append(&out, NULL, 999, &p), 0);
		at += n;
		nr++;
	}
	kit_spill(kit_path("u"), out.data, out.len);
	kit_read(kit_path("u"), false, &items);
	cr_expect_gt(nr, 6);
	cr_expect_eq(items.snapshots, 6);
	cr_expect_eq(items.damaged, 0);
	cr_expect(items.complete);
	free(b.data);
}

Test(record, newer_version_is_refused)
{
	struct damon_reader *r;
	struct damon_fail f;
	struct kit_bytes b;

	kit_write(kit_path("n"), 9, 1, 1);
	b = kit_slurp(kit_path("n"));
	damon_frame_head(b.data, DAMON_RECORD_VERSION + 1);
	kit_spill(kit_path("n"), b.data, b.n);
	cr_expect_eq(damon_reader_open(kit_path("n"), &r, &f), -ENOTSUP);
	cr_expect(strstr(f.text, "has format 2 of records"), "%s", f.text);
	cr_expect(strstr(f.remedy, "newer damon-perf"), "%s", f.remedy);
	free(b.data);
}
