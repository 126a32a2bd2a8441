/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a rate is chosen, and what samples of different rates stand for. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/util.h"
#include "lib/ctx.h"
#include "tests/kit/fake_sys.h"

struct world {
	struct fake_sys fake;
	struct fake_file files[2];
	struct damon_ctx ctx;
};

/* 'max': the text of perf_event_max_sample_rate, NULL: it cannot be read. */
static void world_init(struct world *w, double rate_hz, double percent, const char *max)
{
	memset(w, 0, sizeof(*w));
	if (max)
		w->files[0] =
			(struct fake_file){"/proc/sys/kernel/perf_event_max_sample_rate", max, 0};
	fake_sys_init(&w->fake, w->files);
	w->ctx.sys = &w->fake.sys;
	w->ctx.source = &damon_soft_source;
	damon_attrs_init(&w->ctx.attrs);
	damon_sampling_init(&w->ctx.sampling);
	w->ctx.sampling.rate_hz = rate_hz;
	w->ctx.sampling.overhead_percent = percent;
	w->ctx.rate.tick_cost_ns = 16000;
}

Test(rate, never_more_than_the_kernel_allows)
{
	static const struct {
		const char *name;
		double asked_hz, percent;
		const char *max;
		double least, most; /* the rate chosen */
		double top;	    /* at most this is the highest rung */
	} rows[] = {
		{"as asked for", 1000, 1, "100000\n", 1000, 1000, 0},
		{"clipped", 5000, 1, "3000\n", 3000, 3000, 0},
		{"limit not known", 5000, 1, NULL, 5000, 5000, 0},
		{"limit is nonsense", 5000, 1, "0\n", 5000, 5000, 0},
		{"by overhead", 0, 1, "100000\n", 150, 460, 460},
		{"by overhead, clipped", 0, 50, "700\n", 300, 700, 700},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_totals none = {0};
		struct damon_stats s;
		struct damon_meta m;
		struct world w;

		world_init(&w, rows[i].asked_hz, rows[i].percent, rows[i].max);
		rate_choose(&w.ctx);
		cr_expect(w.ctx.rate.hz >= rows[i].least && w.ctx.rate.hz <= rows[i].most, "%s: %g",
			  rows[i].name, w.ctx.rate.hz);
		cr_expect_eq(w.ctx.rate.ladder, rows[i].top > 0, "%s", rows[i].name);
		cr_expect_leq(w.ctx.rate.budget.rung_hz[0], rows[i].top, "%s", rows[i].name);
		meta_fill(&w.ctx, &m);
		stats_fill(&none, &m, &s);
		cr_expect_eq(s.rate_asked_hz, rows[i].asked_hz, "%s: and it is told", rows[i].name);
		cr_expect_eq(s.rate_hz, w.ctx.rate.hz, "%s", rows[i].name);
	}
}

Test(rate, the_ladder_has_a_dummy_and_a_period_for_each_rung)
{
	struct damon_event events[DAMON_SOURCE_MAX_EVENTS];
	const struct damon_source_options o = {.rate_hz = 100, .stack_bytes = 512};
	struct world w;

	world_init(&w, 0, 1, NULL);
	w.ctx.sys = &damon_sys_real; /* the source looks at what this program is */
	rate_choose(&w.ctx);
	if (damon_soft_source.events(w.ctx.sys, &o, events, &w.ctx.fail) < 0)
		cr_skip("%s", w.ctx.fail.text);
	cr_assert_eq(rate_events(&w.ctx, &o, events), 1 + DAMON_RUNGS);
	cr_expect_eq(events[0].attr.config, PERF_COUNT_SW_DUMMY);
	for (int i = 0; i < DAMON_RUNGS; i++)
		cr_expect_float_eq((double)events[1 + i].attr.sample_period,
				   1e9 / w.ctx.rate.budget.rung_hz[i], 1);
	w.ctx.rate.ladder = false;
	cr_assert_eq(rate_events(&w.ctx, &o, events), 1, "a fixed rate needs one event");
	cr_expect_eq(events[0].attr.sample_period, 10 * NS_PER_MS);
	w.ctx.schemes = calloc(1, sizeof(*w.ctx.schemes));
	cr_assert_eq(rate_events(&w.ctx, &o, events), 2, "with schemes, one that is never paused");
	cr_expect_eq(w.ctx.first_event, 1);
	cr_expect_eq(events[0].attr.config, PERF_COUNT_SW_DUMMY);
	cr_expect_eq(events[1].attr.sample_period, 10 * NS_PER_MS);
	free(w.ctx.schemes);
}

Test(rate, a_sample_stands_for_the_period_of_its_own_rung)
{
	struct damon_perf_sample s = {0};
	struct world w;

	world_init(&w, 0, 1, NULL);
	w.ctx.core = damon_core_new(&damon_core_defaults);
	rate_choose(&w.ctx);
	for (uint32_t i = 0; i < DAMON_RUNGS; i++) {
		s.rung = i + 1;
		cr_expect_float_eq(rate_sample_ns(&w.ctx, &s), 1e9 / w.ctx.rate.budget.rung_hz[i],
				   1e-3);
	}
	s.rung = 77; /* nonsense is of the current one */
	cr_expect_float_eq(rate_sample_ns(&w.ctx, &s), 1e9 / w.ctx.rate.hz, 1e-3);
	damon_core_free(w.ctx.core);
}

Test(rate, an_interval_with_a_change_has_the_mean)
{
	static const struct {
		uint64_t since, start, end;
		double mean;
	} rows[] = {{0, 100, 200, 400},	  {100, 100, 200, 400}, {150, 100, 200, 250},
		    {175, 100, 200, 175}, {300, 100, 200, 100}, {150, 200, 200, 400}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_ctx ctx = {
			.rate = {.hz = 400, .before_hz = 100, .since_ns = rows[i].since}};

		cr_expect_float_eq(rate_mean(&ctx, rows[i].start, rows[i].end), rows[i].mean, 1e-9,
				   "row %zu", i);
	}
}

/* Own work adds up, whatever it went into. */
Test(rate, work_is_split)
{
	struct world w;
	double sum = 0;

	world_init(&w, 0, 1, NULL);
	for (int i = 0; i < 20; i++) {
		w.fake.own_cpu_ns += 1000u * (unsigned)(1 + i % DAMON_NR_WORKS);
		rate_work(&w.ctx, (enum damon_work)((i + 1) % DAMON_NR_WORKS));
	}
	for (int i = 0; i < DAMON_NR_WORKS; i++) {
		cr_expect_eq(w.ctx.rate.work_ns[i], 4000 * (1 + i), "%d", i);
		sum += w.ctx.rate.work_ns[i];
	}
	cr_expect_eq(sum, (double)w.fake.own_cpu_ns);
}
