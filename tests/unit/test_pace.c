/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this machine's CPUs can do. */
#include <criterion/criterion.h>

#include "base/util.h"
#include "perf/pace.h"
#include "tests/kit/fake_sys.h"

#define CACHE "/sys/devices/system/cpu/cpu0/cache/"

struct cache_row {
	const char *name;
	struct fake_file files[7];
	uint32_t l1, l2;
};

static const struct cache_row cache_rows[] = {
	{"no files", {{NULL}}, 32 << 10, 1 << 20},
	{"as Linux tells them",
	 {{CACHE "index0/level", "1\n"},
	  {CACHE "index0/type", "Data\n"},
	  {CACHE "index0/size", "48K\n"},
	  {CACHE "index2/level", "2\n"},
	  {CACHE "index2/type", "Unified\n"},
	  {CACHE "index2/size", "2M\n"}},
	 48 << 10,
	 2 << 20},
	{"instructions are something else",
	 {{CACHE "index1/level", "1\n"},
	  {CACHE "index1/type", "Instruction\n"},
	  {CACHE "index1/size", "64K\n"}},
	 32 << 10,
	 1 << 20},
	{"nonsense",
	 {{CACHE "index0/level", "1\n"},
	  {CACHE "index0/type", "Data\n"},
	  {CACHE "index0/size", "0K\n"},
	  {CACHE "index2/level", "2\n"},
	  {CACHE "index2/type", "Unified\n"},
	  {CACHE "index2/size", "large\n"}},
	 32 << 10,
	 1 << 20},
};

Test(pace, caches)
{
	for (size_t i = 0; i < ARRAY_SIZE(cache_rows); i++) {
		const struct cache_row *r = &cache_rows[i];
		struct damon_pace p;
		struct fake_sys f;

		fake_sys_init(&f, r->files);
		damon_pace_measure(&f.sys, &p);
		cr_expect_eq(p.l1_bytes, r->l1, "%s: %u", r->name, p.l1_bytes);
		cr_expect_eq(p.l2_bytes, r->l2, "%s: %u", r->name, p.l2_bytes);
	}
}

/* A clock that goes on by 'step' each time that it is asked. */
static uint64_t step_ns, now_ns;

static uint64_t stepping(const struct damon_sys *s)
{
	return now_ns += step_ns;
}

struct clock_row {
	const char *name;
	uint64_t step_ns;
	double hz, far_ns;
};

static const struct clock_row clock_rows[] = {
	{"a clock that stands still", 0, 3e9, 100},
	{"absurdly fast", 1, 3e9, 100},
	{"absurdly slow", 1000000000, 3e9, 100},
	/* 60,000 cycles, 512 loads */
	{"plausible", 25600, 60000. / 25600e-9, 50},
};

Test(pace, clock)
{
	static const struct fake_file none[] = {{NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(clock_rows); i++) {
		const struct clock_row *r = &clock_rows[i];
		struct damon_pace p;
		struct fake_sys f;

		fake_sys_init(&f, none);
		f.sys.clock_ns = stepping;
		step_ns = r->step_ns;
		now_ns = 1;
		damon_pace_measure(&f.sys, &p);
		cr_expect_float_eq(p.hz, r->hz, 1, "%s: %g", r->name, p.hz);
#ifdef __x86_64__
		cr_expect_float_eq(p.far_ns, r->far_ns, 1e-6, "%s: %g", r->name, p.far_ns);
#endif
	}
}

Test(pace, of_this_machine)
{
	struct damon_pace p;

	damon_pace_measure(&damon_sys_real, &p);
	cr_expect(p.hz >= 3e8 && p.hz <= 1e10, "%g", p.hz);
	cr_expect(p.far_ns >= 20 && p.far_ns <= 2000, "%g", p.far_ns);
}
