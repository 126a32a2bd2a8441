/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a context asks of its source: chosen, refused, handed on. */
#include <criterion/criterion.h>
#include <errno.h>
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

/* --overhead and --rate become a period, of a program that makes 10^9 accesses a second. */
Test(ctx_source, options_reach_the_events)
{
	static const struct {
		struct damon_sampling s;
		uint64_t period, loads_config1;
		int n;
	} rows[] = {
		{{.overhead_percent = 1}, 300007, 3, 2},
		{{.overhead_percent = 50}, 20011, 3, 2},
		{{.rate_hz = 1000}, 1000003, 3, 2},
		{{.overhead_percent = 1, .period = 5000}, 5000, 3, 2},
		{{.overhead_percent = 1, .period = 5000, .latency_cycles = 64, .no_stores = 1},
		 5000,
		 64,
		 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
		struct damon_sampling s = rows[i].s;
		struct damon_source_options o;
		struct damon_scale scale;
		struct fake_sys world;
		struct damon_ctx *ctx = ctx_on(&world, machine_skylake);
		int n;

		s.size = sizeof(s);
		s.checks_per_sec = 1000;
		cr_assert_eq(damon_set_sampling(ctx, &s), 0, "%s", damon_error(ctx));
		cr_assert_eq(source_choose(ctx), 0);
		cr_assert_str_eq(ctx->source->name, "pebs");
		rate_choose(ctx);
		cr_expect_eq(ctx->rate.hz, 0, "its samples are no ticks");
		o = source_options(ctx);
		n = ctx->source->events(ctx->sys, &o, e, &ctx->fail);
		cr_assert_eq(n, rows[i].n, "%zu: %s", i, damon_error(ctx));
		cr_expect_eq(e[0].attr.sample_period, rows[i].period, "%zu: %llu", i,
			     e[0].attr.sample_period);
		cr_expect_eq(e[0].attr.config1, rows[i].loads_config1, "%zu", i);
		cr_assert_eq(ctx->source->open(&o, &ctx->peek, &ctx->source_state), 0);
		cr_assert_eq(source_begin(ctx, e, n), 0);
		cr_expect_eq(ctx->period, rows[i].period);
		ctx->source->scale_of(ctx->source_state, &scale);
		cr_expect_lt(scale.lo, scale.hi, "loads are picked");
		ctx->source->close(ctx->source_state);
		ctx->source_state = NULL;
		damon_ctx_free(ctx);
	}
}
