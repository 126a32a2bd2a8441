/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a context asks of its source: chosen, refused, handed on. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "lib/ctx.h"
#include "tests/kit/machines.h"

/* libpfm4 looks at the processor that the tests run on, unless it is told of another. */
static void no_names(void)
{
	setenv("LIBPFM_FORCE_PMU", "ivb_unc_ha0", 1);
}

TestSuite(ctx_source, .init = no_names);

#define WITH(...) ((struct damon_sampling){.size = sizeof(struct damon_sampling), __VA_ARGS__})

static struct damon_ctx *ctx_on(struct fake_sys *world, const struct fake_file *machine)
{
	struct damon_ctx *ctx;

	fake_sys_init(world, machine);
	cr_assert_eq(damon_ctx_new(&ctx), 0);
	ctx->sys = &world->sys;
	return ctx;
}

Test(ctx_source, contradictions_are_refused)
{
	const struct {
		struct damon_sampling s;
		const char *text; /* NULL: fine */
	} rows[] = {
		{WITH(.overhead_percent = 1, .period = 1000), NULL},
		{WITH(.overhead_percent = 1, .no_loads = 1, .latency_cycles = 3), NULL},
		{WITH(.overhead_percent = 1, .event = "x", .phys = 1, .period = 7), NULL},
		{WITH(.rate_hz = 100, .period = 1000), "both a rate and a period"},
		{WITH(.overhead_percent = 1, .no_loads = 1, .no_stores = 1), "neither"},
		{WITH(.overhead_percent = 1, .event = "x", .no_loads = 1), "says itself"},
		{WITH(.overhead_percent = 1, .event = "x", .latency_cycles = 9), "says itself"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_sampling s = rows[i].s;
		struct fake_sys world;
		struct damon_ctx *ctx = ctx_on(&world, NULL);
		int err;

		s.checks_per_sec = 1000;
		err = damon_set_sampling(ctx, &s);
		cr_expect_eq(err, rows[i].text ? -EINVAL : 0, "%zu: %s", i, damon_error(ctx));
		if (rows[i].text)
			cr_expect(strstr(damon_error(ctx), rows[i].text), "%s", damon_error(ctx));
		damon_ctx_free(ctx);
	}
}

Test(ctx_source, what_it_cannot_do_is_refused)
{
	const struct {
		const char *source;
		const struct fake_file *machine;
		struct damon_sampling s;
		int err;
		const char *text; /* a part of the reason */
	} rows[] = {
		{"pebs", machine_skylake, WITH(.period = 1000), 0, ""},
		{"pebs", machine_skylake, WITH(.latency_cycles = 30, .phys = 1), 0, ""},
		{"auto", machine_skylake, WITH(.no_loads = 1), 0, ""},
		{"pebs", machine_skylake, WITH(.event = "mem-stores"), 0, ""},
		{"pebs", machine_virtual, WITH(.period = 1000), -ENODEV,
		 "no source 'pebs' here: cpu/mem-loads is not in sysfs"},
		{"soft", machine_skylake, WITH(.period = 1000), -EINVAL, "has no period"},
		{"soft", machine_skylake, WITH(.latency_cycles = 3), -EINVAL, "how long a load"},
		{"soft", machine_skylake, WITH(.no_stores = 1), -EINVAL, "cannot leave out"},
		{"soft", machine_skylake, WITH(.phys = 1), -EINVAL, "physical addresses"},
		{"soft", machine_skylake, WITH(.event = "x"), -EINVAL, "no events"},
		{"faults", machine_skylake, WITH(.period = 1000), -EINVAL, "each first touch"},
		{"faults", machine_skylake, WITH(.phys = 1), -EINVAL, "physical addresses"},
		{"nonsense", machine_skylake, WITH(.phys = 1), -EINVAL, "no source 'nonsense'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_sampling s = rows[i].s;
		struct fake_sys world;
		struct damon_ctx *ctx = ctx_on(&world, rows[i].machine);
		int err;

		s.source = rows[i].source;
		s.overhead_percent = 1;
		s.checks_per_sec = 1000;
		cr_assert_eq(damon_set_sampling(ctx, &s), 0, "%zu: %s", i, damon_error(ctx));
		err = source_choose(ctx);
		cr_expect_eq(err, rows[i].err, "%zu: %d, %s", i, err, damon_error(ctx));
		cr_expect(strstr(damon_error(ctx), rows[i].text), "%zu: %s", i, damon_error(ctx));
		cr_expect_eq(world.nr_open, 0, "%zu: left open", i);
		damon_ctx_free(ctx);
	}
}

/* The events that are sampled, in order: rungs and periods. Those that only count have none. */
static void sampled(const struct damon_event *e, int n, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; i < n && len < size; i++)
		if (e[i].attr.sample_period)
			len += (size_t)snprintf(text + len, size - len, "%u:%llu ", e[i].rung,
						(unsigned long long)e[i].attr.sample_period);
}

/* --overhead becomes a ladder of periods, --rate one of a program that makes 10^9 accesses a
 * second. In front is what tells of tasks and counts their time. */
Test(ctx_source, options_reach_the_events)
{
	static const struct {
		const char *name;
		const struct fake_file *machine;
		struct damon_sampling s;
		const char *events;
		int n;
		uint64_t period, loads_config1;
	} rows[] = {
		{"by overhead",
		 machine_skylake,
		 {.overhead_percent = 1},
		 "1:48947 1:48947 2:489133 2:489133 3:1956527 3:1956527 ",
		 7,
		 489133,
		 3},
		{"by much overhead: none is too dense",
		 machine_skylake,
		 {.overhead_percent = 50},
		 "1:20011 1:20011 2:40009 2:40009 3:160001 3:160001 ",
		 7,
		 20011,
		 3},
		{"the leader of loads counts",
		 machine_sapphire_rapids,
		 {.overhead_percent = 1},
		 "1:48947 1:48947 2:489133 2:489133 3:1956527 3:1956527 ",
		 10,
		 489133,
		 3},
		{"hybrid",
		 machine_alder_lake,
		 {.overhead_percent = 1, .no_stores = 1},
		 "1:48947 1:48947 2:489133 2:489133 3:1956527 3:1956527 ",
		 10,
		 489133,
		 3},
		{"by rate",
		 machine_skylake,
		 {.rate_hz = 1000},
		 "0:1000003 0:1000003 ",
		 3,
		 1000003,
		 3},
		{"a period",
		 machine_skylake,
		 {.overhead_percent = 1, .period = 5000},
		 "0:5000 0:5000 ",
		 3,
		 5000,
		 3},
		{"loads alone",
		 machine_skylake,
		 {.overhead_percent = 1, .period = 5000, .latency_cycles = 64, .no_stores = 1},
		 "0:5000 ",
		 2,
		 5000,
		 64},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_event e[CTX_MAX_EVENTS];
		struct damon_sampling s = rows[i].s;
		struct damon_source_options o;
		struct damon_scale scale;
		struct fake_sys world;
		struct damon_ctx *ctx = ctx_on(&world, rows[i].machine);
		char text[128];
		int n, loads = 1;

		s.size = sizeof(s);
		s.checks_per_sec = 1000;
		cr_assert_eq(damon_set_sampling(ctx, &s), 0, "%s", damon_error(ctx));
		cr_assert_eq(source_choose(ctx), 0);
		cr_assert_str_eq(ctx->source->name, "pebs");
		rate_choose(ctx, false);
		o = source_options(ctx);
		n = rate_events(ctx, &o, e);
		cr_assert_eq(n, rows[i].n, "%s: %d, %s", rows[i].name, n, damon_error(ctx));
		cr_expect_eq(ctx->first_event, 1);
		cr_expect(e[0].attr.config == PERF_COUNT_SW_TASK_CLOCK && !e[0].attr.sample_period);
		sampled(e, n, text, sizeof(text));
		cr_expect_str_eq(text, rows[i].events, "%s: %s", rows[i].name, text);
		for (int k = 1; k < n; k++)
			cr_expect(!e[k].leader ||
					  (e[k].leader == k && !e[k - 1].attr.sample_period),
				  "%s: the one before leads event %d", rows[i].name, k);
		while (!e[loads].attr.sample_period)
			loads++;
		cr_expect_eq(e[loads].attr.config1, rows[i].loads_config1, "%s", rows[i].name);
		cr_assert_eq(ctx->source->open(&o, &ctx->peek, &ctx->source_state), 0);
		cr_assert_eq(source_begin(ctx, e + 1, n - 1), 0);
		cr_expect_eq(ctx->period, rows[i].period, "%s: %llu", rows[i].name,
			     (unsigned long long)ctx->period);
		ctx->source->scale_of(ctx->source_state, &scale);
		cr_expect_lt(scale.lo, scale.hi, "loads are picked");
		ctx->source->close(ctx->source_state);
		ctx->source_state = NULL;
		damon_ctx_free(ctx);
	}
}
