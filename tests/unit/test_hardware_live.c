/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sources of hardware from damon_open() to snapshots, without the hardware: the kernel is fake,
 * what its PMUs would write comes from a plan. Two buffers get four and one of five accesses.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "damon.h"
#include "lib/ctx.h"
#include "tests/kit/hardware_stage.h"
#include "tests/kit/record_kit.h"

TestSuite(hardware_live, .fini = kit_remove);

/* The record tells what the context did; its head tells the period by itself. */
static void expect_recorded(const char *path, const struct damon_stats *want, const char *name)
{
	struct damon_stats got = {.size = sizeof(got)};
	const struct damon_snapshot *s;
	struct damon_record *r;

	cr_assert_eq(damon_record_open(path, &r), 0, "%s: %s", name, damon_record_error(NULL));
	damon_record_stats(r, &got);
	cr_expect_eq(got.period, want->period, "%s: %llu", name, (unsigned long long)got.period);
	cr_expect_eq(got.tick_cost_assumed, 1, "%s", name);
	cr_expect_eq(got.filtered, 0, "%s: not yet known", name);
	while (damon_record_next(r, &s) == 1)
		;
	damon_record_stats(r, &got);
	cr_expect_eq(got.period, want->period, "%s", name);
	cr_expect_eq(got.filtered, want->filtered, "%s", name);
	cr_expect_eq(got.filtered_no_access, want->filtered_no_access, "%s", name);
	cr_expect_eq(got.filtered_kernel, want->filtered_kernel, "%s", name);
	cr_expect_eq(got.filtered_unwanted, want->filtered_unwanted, "%s", name);
	cr_expect_eq(got.strangers, want->strangers, "%s", name);
	cr_expect_eq(got.traces_truncated, want->traces_truncated, "%s", name);
	cr_expect_eq(got.traces_collided, want->traces_collided, "%s", name);
	cr_expect_eq(got.malformed, want->malformed, "%s", name);
	cr_expect_eq(got.interruptions, want->interruptions, "%s", name);
	cr_expect_float_eq(got.counter_percent, want->counter_percent, .01, "%s", name);
	cr_expect_float_eq(got.uncovered_percent, want->uncovered_percent, .01, "%s", name);
	cr_expect_float_eq(got.overhead_percent, want->overhead_percent, .001, "%s", name);
	for (int i = 0; i < DAMON_RUNGS; i++)
		cr_expect_eq(got.rungs[i].period, want->rungs[i].period, "%s", name);
	damon_record_close(r);
	unlink(path);
}

Test(hardware_live, two_buffers_have_their_shares)
{
	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1); /* not the processor of this machine */
	for (size_t i = 0; i < HW_PLANS; i++) {
		const char *name = hw_plans[i].name;
		struct damon_stats stats = {.size = sizeof(stats)};
		char path[] = "/tmp/test_hardware_live.XXXXXX";
		struct damon_source_stats own;
		struct hw_stage l;

		hw_init(&l, &hw_plans[i]);
		l.nr_busy = 4; /* the last one has no SPE */
		close(mkstemp(path));
		unlink(path);
		cr_assert_eq(damon_set_record(l.ctx, path), 0);
		hw_run(&l);
		cr_expect_float_eq(l.share[0], .8, .04, "%s: %g", name, l.share[0]);
		cr_expect_float_eq(l.share[1], .2, .04, "%s: %g", name, l.share[1]);
		cr_expect_float_eq(l.stored[0] / l.share[0], 0, .02, "%s: %g", name, l.stored[0]);
		cr_expect_float_eq(l.stored[1] / l.share[1], 1, .02, "%s: %g", name, l.stored[1]);
		l.ctx->source->stats(l.ctx->source_state, &own);
		cr_expect_eq(own.truncated, l.truncated, "%s: %llu", name,
			     (unsigned long long)own.truncated);
		cr_expect_eq(own.collided, l.collided, "%s", name);
		cr_expect_eq(own.broken + own.skipped, 0, "%s: nothing is lost at an area's end",
			     name);
		cr_assert_eq(damon_close(l.ctx), 0);
		cr_assert_eq(damon_ctx_stats(l.ctx, &stats), 0);
		cr_expect_eq(stats.obs, l.written, "%s: %llu of %llu", name,
			     (unsigned long long)stats.obs, (unsigned long long)l.written);
		cr_expect_eq(stats.lost, 7, "%s: %llu", name, (unsigned long long)stats.lost);
		cr_expect_eq(stats.traces_truncated, l.truncated, "%s", name);
		cr_expect_eq(stats.traces_collided, l.collided, "%s", name);
		cr_expect_eq(stats.traces_broken, 0, "%s", name);
		cr_expect_eq(stats.malformed, 1, "%s", name);
		cr_expect_eq(stats.no_region, 0, "%s", name);
		cr_expect_eq(!!l.strangers, hw_plans[i].whole_cpus, "%s", name);
		cr_expect_gt(l.written, (uint64_t)l.polls * 30, "%s: it went on", name);
		cr_expect_gt(stats.period, 0, "%s", name);
		cr_expect_eq(stats.strangers, l.strangers, "%s", name);
		cr_expect_eq(stats.filtered_no_access, l.other_ops, "%s", name);
		cr_expect_eq(stats.filtered_kernel, l.of_kernel, "%s", name);
		cr_expect_eq(stats.filtered, l.other_ops + l.of_kernel, "%s", name);
		cr_expect_eq(stats.rungs[0].period > 0, !hw_plans[i].trace,
			     "%s: of a CPU's traces one is all there is", name);
		cr_expect_float_eq(stats.uncovered_percent, hw_plans[i].trace ? 25 : 0, 5,
				   "%s: %g %%", name, stats.uncovered_percent);
		expect_recorded(path, &stats, name);
		damon_ctx_free(l.ctx);
		fake_perf_release(&l.perf);
		cr_expect_eq(l.perf.locked, 0, "%s", name);
	}
}

/* Others have the counters half of the time: rates are too low, and that is told. */
Test(hardware_live, turns_are_told)
{
	static const double turns[] = {1, .5};

	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	for (size_t i = 0; i < HW_PLANS * ARRAY_SIZE(turns); i++) {
		const struct hw_plan *plan = &hw_plans[i / ARRAY_SIZE(turns)];
		struct damon_stats stats = {.size = sizeof(stats)};
		double part = turns[i % ARRAY_SIZE(turns)];
		struct hw_stage l;

		hw_init(&l, plan);
		l.turns = part;
		hw_run(&l);
		cr_assert_eq(damon_close(l.ctx), 0);
		cr_assert_eq(damon_ctx_stats(l.ctx, &stats), 0);
		if (plan->trace) /* no other can have its buffers */
			part = 0;
		cr_expect_float_eq(stats.counter_percent, part * 100, 1, "%s: %g %%", plan->name,
				   stats.counter_percent);
		damon_ctx_free(l.ctx);
		fake_perf_release(&l.perf);
	}
}

/*
 * --overhead 1 of programs that make few and many accesses. A sample costs 3 us as assumed, and 2
 * of own work as measured here, so 2000 a second are what is allowed. Whatever the period is, what
 * samples stand for is what the program did.
 */
Test(hardware_live, periods_keep_the_overhead, .timeout = 120)
{
	static const struct {
		const char *name;
		int plan;
		double accesses_hz;
		double least, most; /* overhead told, in percent */
		uint64_t period;    /* at the end; 0: it goes to and fro */
	} rows[] = {
		{"as guessed", 0, 1e9, .9, 1.1, 489133},
		{"a tenth of it", 0, 1e8, .9, 1.1, 48947},
		{"next to none", 0, 2e6, .005, .03, 48947},
		{"more than guessed", 0, 4e9, .95, 1.25, 1956527},
		{"between two periods", 0, 5e8, .5, 1.2, 0},
		{"out of reach", 0, 2e10, 4.5, 5.5, 1956527},
		{"a leader", 1, 1e8, .9, 1.1, 48947},
		{"CPUs", 2, 4e9, .95, 1.25, 1956527},
		{"ops of tasks", 4, 4e9, .95, 1.25, 1956512},
		{"whole CPUs, half of it strangers", 5, 4e9, .95, 1.25, 1956512},
	};

	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct hw_plan *plan = &hw_plans[rows[i].plan];
		struct damon_stats stats = {.size = sizeof(stats)};
		const char *name = rows[i].name;
		double seconds = 0;
		struct hw_stage l;

		hw_init(&l, plan);
		l.accesses_hz = rows[i].accesses_hz;
		l.sample_ns = 2000;
		hw_run(&l);
		if (rows[i].period)
			cr_expect_eq(hw_event(&l, 0, plan->loads)->attr.sample_period,
				     rows[i].period, "%s: %llu", name,
				     (unsigned long long)hw_event(&l, 0, plan->loads)
					     ->attr.sample_period);
		cr_expect_float_eq(l.seen_hz * (plan->whole_cpus ? 2 : 1) / rows[i].accesses_hz, 1,
				   .15, "%s: %g accesses a second", name, l.seen_hz);
		cr_assert_eq(damon_close(l.ctx), 0);
		cr_assert_eq(damon_ctx_stats(l.ctx, &stats), 0);
		cr_expect(stats.overhead_percent >= rows[i].least &&
				  stats.overhead_percent <= rows[i].most,
			  "%s: %g %%", name, stats.overhead_percent);
		cr_expect_eq(stats.tick_cost_assumed, 1);
		cr_expect_float_eq(stats.target_cpu_ns, 30e9, 1e9, "%s", name);
		cr_expect_eq(stats.strangers, l.strangers, "%s", name);
		cr_expect_eq(stats.interruptions, l.written + 7, "%s: the lost ones, too", name);
		cr_expect_eq(stats.obs, l.written, "%s", name);
		for (int k = 0; k < DAMON_RUNGS; k++) {
			cr_expect_gt(stats.rungs[k].period, 0);
			seconds += stats.rungs[k].seconds;
		}
		cr_expect_float_eq(seconds, 30, 1, "%s: %g s", name, seconds);
		damon_ctx_free(l.ctx);
		fake_perf_release(&l.perf);
	}
}

/* The kernel throttles, and lowers its limit: the budget would allow twice as many samples. */
Test(hardware_live, what_the_kernel_throttles_is_not_asked_for_again)
{
	static const char limit[] = "/proc/sys/kernel/perf_event_max_sample_rate";
	struct damon_stats stats = {.size = sizeof(stats)};
	struct fake_perf_file *file;
	struct hw_stage l;

	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	hw_init(&l, &hw_plans[0]);
	file = fake_perf_file(&l.perf, limit, "1000\n");
	file->turn[0] = "100000\n";
	l.accesses_hz = 1e9;
	l.sample_ns = 2000;
	l.throttled_at = 100;
	hw_run(&l);
	cr_expect_eq(hw_event(&l, 0, hw_plans[0].loads)->attr.sample_period, 1956527);
	cr_expect_eq(file->reads, 2, "at the start, and when it throttles: %d", file->reads);
	cr_assert_eq(damon_close(l.ctx), 0);
	cr_assert_eq(damon_ctx_stats(l.ctx, &stats), 0);
	cr_expect_eq(stats.throttled, 1);
	cr_expect_float_eq(stats.rungs[1].seconds, 10, 1, "%g", stats.rungs[1].seconds);
	cr_expect_float_eq(stats.rungs[2].seconds, 20, 1, "%g", stats.rungs[2].seconds);
	damon_ctx_free(l.ctx);
	fake_perf_release(&l.perf);
}

enum { ROUNDS = 30 };

/* Samples that perf itself finds; -1: there is no perf here. Of a trace it makes them up. */
static long perf_samples(const char *path, bool trace)
{
	char command[256];
	long n = -1;
	FILE *f;

	if (system("command -v perf > /dev/null"))
		return -1;
	snprintf(command, sizeof(command),
		 "perf script -i %s %s -F tid,time,addr 2> /dev/null | wc -l", path,
		 trace ? "--itrace=M" : "");
	f = popen(command, "r");
	cr_assert(f && fscanf(f, "%ld", &n) == 1);
	pclose(f);
	return n;
}

/* All that hardware took, accesses of memory or not. */
static uint64_t sampled(const struct hw_stage *l)
{
	return l->written + l->strangers + l->other_ops + l->of_kernel;
}

static void read_raw(struct hw_stage *l, const char *path, struct damon_stats *stats)
{
	const struct damon_snapshot *s;
	struct damon_record *r;
	int got;

	cr_assert_eq(damon_record_open(path, &r), 0, "%s: %s", l->plan->name,
		     damon_record_error(NULL));
	while ((got = damon_record_next(r, &s)) > 0)
		;
	cr_assert_eq(got, 0);
	damon_record_stats(r, stats);
	damon_record_close(r);
}

/* 'cut': what there is of it before it is complete. */
static void record_raw(struct hw_stage *l, const char *path, struct damon_stats *cut)
{
	cr_assert_eq(damon_set_raw(l->ctx, path), 0);
	cr_assert_eq(damon_open(l->ctx), 0, "%s: %s", l->plan->name, damon_error(l->ctx));
	for (int i = 0; i < ROUNDS; i++)
		cr_assert_eq(damon_dispatch(l->ctx, -1), 1, "%s", damon_error(l->ctx));
	read_raw(l, path, cut);
	cr_expect_str_eq(cut->source, l->ctx->source->name);
	cr_assert_eq(damon_close(l->ctx), 0, "%s", damon_error(l->ctx));
}

/* Strangers' samples are in it: nothing was looked at. */
Test(hardware_live, raw_recordings_hold_all)
{
	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	for (size_t i = 0; i < HW_PLANS; i++) {
		const char *name = hw_plans[i].name, *path = kit_path("raw");
		struct damon_stats made = {.size = sizeof(made)}, read = made, cut = made;
		struct hw_stage l;
		long n;

		hw_init(&l, &hw_plans[i]);
		record_raw(&l, path, &cut);
		cr_expect_eq(cut.truncated, 1, "%s", name);
		cr_expect(cut.obs > 0 && cut.obs <= l.written + l.strangers, "%s: %llu", name,
			  (unsigned long long)cut.obs);
		cr_assert_eq(damon_ctx_stats(l.ctx, &made), 0);
		cr_expect_eq(made.lost, 7, "%s: %llu", name, (unsigned long long)made.lost);
		cr_expect_eq(made.obs, 0, "%s: nothing is decoded", name);
		cr_expect_eq(made.malformed, 1, "%s", name);
		cr_expect_eq(made.traces_truncated, l.truncated, "%s: %llu", name,
			     (unsigned long long)made.traces_truncated);
		cr_expect_eq(made.traces_collided, l.collided, "%s: %llu", name,
			     (unsigned long long)made.traces_collided);
		cr_expect_eq(!!made.raw_trace_bytes, hw_plans[i].trace, "%s", name);
		if (!hw_plans[i].trace)
			cr_expect_eq(made.raw_samples, sampled(&l), "%s", name);
		damon_ctx_free(l.ctx);
		fake_perf_release(&l.perf);
		read_raw(&l, path, &read);
		cr_expect_eq(read.obs, l.written + l.strangers, "%s: %llu of %llu", name,
			     (unsigned long long)read.obs, (unsigned long long)l.written);
		cr_expect_eq(read.lost, 7, "%s: %llu", name, (unsigned long long)read.lost);
		cr_expect_eq(read.malformed + read.no_event + read.truncated + read.late, 0, "%s",
			     name);
		cr_expect_eq(read.inferred_mappings, l.strangers ? 2 : 0, "%s: %llu", name,
			     (unsigned long long)read.inferred_mappings);
		cr_expect_eq(read.traces_truncated, l.truncated, "%s", name);
		cr_expect_eq(read.traces_collided, l.collided, "%s", name);
		cr_expect_eq(read.traces_broken, 0, "%s", name);
		n = perf_samples(path, hw_plans[i].trace);
		if (n >= 0)
			cr_expect_eq(n, (long)sampled(&l), "%s: perf has %ld of %llu", name, n,
				     (unsigned long long)sampled(&l));
	}
	kit_remove();
}

/* All is closed again, and nothing is left of the file. */
Test(hardware_live, raw_is_refused_before_it_begins)
{
	static const struct {
		const char *name, *path, *check, *cgroup, *says;
		int err;
	} rows[] = {
		{"no folder", "/nonexistent/x", "none", NULL, "cannot write '/nonexistent/x'",
		 -ENOENT},
		{"a folder", "/tmp", "none", NULL, "Is a directory", -EISDIR},
		{"with checks", "/tmp/x", "smaps", NULL, "accessed bits", -EINVAL},
		{"of a cgroup", "/tmp/x", "none", "app", "join a cgroup later", -EINVAL},
	};

	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_sampling s;
		struct hw_stage l;

		hw_init(&l, &hw_plans[0]);
		damon_sampling_init(&s);
		s.source = "pebs";
		s.check = rows[i].check;
		damon_set_sampling(l.ctx, &s);
		damon_set_raw(l.ctx, rows[i].path);
		if (rows[i].cgroup)
			damon_add_cgroup(l.ctx, rows[i].cgroup);
		cr_expect_eq(damon_open(l.ctx), rows[i].err, "%s", rows[i].name);
		cr_expect(strstr(damon_error(l.ctx), rows[i].says), "%s: %s", rows[i].name,
			  damon_error(l.ctx));
		damon_ctx_free(l.ctx);
		fake_perf_release(&l.perf);
		cr_expect_eq(l.perf.locked, 0, "%s", rows[i].name);
	}
}
