/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "pmu/synth.h"
#include "tests/kit/fake_sys.h"

struct seen {
	const struct damon_synth_spec *spec;
	uint64_t obs, accesses, stores, per_range[8], sum, last_ns;
	double weight;
	bool bad;
};

static void see(void *priv, const struct damon_obs *o)
{
	struct seen *s = priv;
	const struct damon_synth_range *r = s->spec->ranges;
	size_t in = 0;

	while (in < s->spec->nr_ranges &&
	       (o->access[0].addr < r[in].start || o->access[0].addr >= r[in].end))
		in++;
	s->bad |= in == s->spec->nr_ranges || o->pid != s->spec->pid || o->tid != s->spec->tid ||
		  o->time_ns < s->last_ns || !o->nr || o->nr > s->spec->burst || o->nr_unknown ||
		  o->has_stall || o->weight != o->nr;
	if (s->bad)
		return;
	s->per_range[in]++;
	for (int i = 0; i < o->nr; i++) {
		const struct damon_access *a = &o->access[i];

		s->bad |= a->addr < r[in].start || a->addr + a->size > r[in].end;
		s->bad |= i && a->addr != a[-1].addr + a[-1].size;
		s->stores += a->flags == DAMON_ACCESS_STORE;
		s->bad |= a->flags != DAMON_ACCESS_STORE && a->flags != DAMON_ACCESS_LOAD;
	}
	s->obs++;
	s->accesses += o->nr;
	s->weight += o->weight;
	s->last_ns = o->time_ns;
	s->sum = s->sum * 31 + o->time_ns + o->access[0].addr + o->access[o->nr - 1].flags;
}

/* What a spec yields over ten seconds in pulls of 'step_ns'. */
static struct seen run(const struct damon_synth_spec *spec, double rate_hz, uint64_t seed,
		       uint64_t step_ns)
{
	struct damon_source_options o = {.rate_hz = rate_hz, .seed = seed};
	const uint64_t start = 5 * NS_PER_SEC, end = 15 * NS_PER_SEC;
	struct damon_source_stats stats;
	struct seen s = {.spec = spec};
	uint64_t pulled = 0;
	void *state = NULL;

	cr_assert_eq(damon_synth_new(spec, &o, &state), 0);
	for (uint64_t t = start; t < end; t += step_ns) {
		uint64_t upto = MIN(t + step_ns, end);

		pulled += damon_synth_source.pull(state, t, upto, see, &s);
		cr_assert_lt(s.last_ns, upto);
	}
	damon_synth_source.stats(state, &stats);
	cr_expect_eq(pulled, s.obs);
	cr_expect_eq(stats.samples, s.obs);
	cr_expect_eq(stats.accesses, s.accesses);
	damon_synth_source.close(state);
	return s;
}

Test(synth, shares)
{
	static const struct damon_synth_range even[] = {{0x1000, 0x2000, 1, 0},
							{0x2000, 0x2008, 1, 1}};
	static const struct damon_synth_range idle[] = {
		{0x1000, 0x2000, 0, 0.5}, {0x2000, 0x3000, 3, 0.5}, {0x9000, 0xa000, 0, 0.5}};
	static const struct damon_synth_spec two = {7, 8, even, 2, 1}, burst = {7, 8, even, 2, 16},
					     one = {7, 8, idle, 3, 4};
	static const struct {
		const char *name;
		const struct damon_synth_spec *spec;
		double rate_hz, shares[3], stores, accesses; /* per observation */
	} rows[] = {
		{"default", &damon_synth_default, 1000, {.7, .2, .1}, .25, 1},
		{"even", &two, 1000, {.5, .5, 0}, .5, 1},
		{"bursts end with the range", &burst, 1000, {.5, .5, 0}, .06, 8.4},
		{"share 0", &one, 4000, {0, 1, 0}, .5, 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct seen s = run(rows[i].spec, rows[i].rate_hz, 1, 100 * NS_PER_MS);
		/* four standard deviations of a share of the observations */
		double slack = 4 * 0.5 / sqrt((double)s.obs);

		cr_expect_not(s.bad, "%s", rows[i].name);
		cr_expect_eq(s.obs, 10 * rows[i].rate_hz, "%s", rows[i].name);
		cr_expect_eq(s.weight, s.accesses, "%s", rows[i].name);
		for (size_t j = 0; j < 3; j++)
			cr_expect_float_eq((double)s.per_range[j] / s.obs, rows[i].shares[j],
					   rows[i].shares[j] ? slack : 0, "%s: range %zu",
					   rows[i].name, j);
		cr_expect_float_eq((double)s.stores / s.accesses, rows[i].stores, slack, "%s",
				   rows[i].name);
		cr_expect_float_eq((double)s.accesses / s.obs, rows[i].accesses, 0.2, "%s",
				   rows[i].name);
	}
}

Test(synth, depends_on_the_seed_alone)
{
	const struct damon_synth_spec *d = &damon_synth_default;
	uint64_t whole = run(d, 997, 1, 10 * NS_PER_SEC).sum;

	cr_expect_eq(run(d, 997, 1, 10 * NS_PER_SEC).sum, whole);
	cr_expect_eq(run(d, 997, 1, 100 * NS_PER_MS).sum, whole, "cut into intervals");
	cr_expect_eq(run(d, 997, 1, 333333).sum, whole, "cut oddly");
	cr_expect_neq(run(d, 997, 2, 10 * NS_PER_SEC).sum, whole, "another seed");
}

Test(synth, a_gap_between_pulls_is_no_observation)
{
	struct damon_source_options o = {.rate_hz = 10, .seed = 1};
	struct seen s = {.spec = &damon_synth_default};
	void *state = NULL;

	cr_assert_eq(damon_synth_source.open(&o, NULL, &state), 0);
	cr_expect_eq(damon_synth_source.pull(state, 0, NS_PER_SEC, see, &s), 10);
	cr_expect_eq(damon_synth_source.pull(state, NS_PER_SEC, NS_PER_SEC, see, &s), 0);
	cr_expect_eq(damon_synth_source.pull(state, 2 * NS_PER_SEC, 3 * NS_PER_SEC, see, &s), 10);
	cr_expect_eq(s.last_ns, 2900 * NS_PER_MS);
	damon_synth_source.close(state);
	damon_synth_source.close(NULL);
}

Test(synth, refuses)
{
	static const struct damon_synth_range ok = {0x1000, 0x2000, 1, 0}, zero = {0, 8, 0, 0},
					      small = {0x1000, 0x1007, 1, 0},
					      backwards = {0x2000, 0x1000, 1, 0},
					      negative = {0x1000, 0x2000, -1, 0},
					      nan_share = {0x1000, 0x2000, NAN, 0},
					      infinite = {0x1000, 0x2000, INFINITY, 0},
					      stores = {0x1000, 0x2000, 1, 1.5};
	static const struct {
		const char *name;
		struct damon_synth_spec spec;
		double rate_hz;
		int want;
	} rows[] = {
		{"nothing", {1, 1, &ok, 1, 1}, 1, 0},
		{"no range", {1, 1, &ok, 0, 1}, 1, -EINVAL},
		{"no share", {1, 1, &zero, 1, 1}, 1, -EINVAL},
		{"less than a word", {1, 1, &small, 1, 1}, 1, -EINVAL},
		{"backwards", {1, 1, &backwards, 1, 1}, 1, -EINVAL},
		{"negative", {1, 1, &negative, 1, 1}, 1, -EINVAL},
		{"not a number", {1, 1, &nan_share, 1, 1}, 1, -EINVAL},
		{"infinite", {1, 1, &infinite, 1, 1}, 1, -EINVAL},
		{"more than all stores", {1, 1, &stores, 1, 1}, 1, -EINVAL},
		{"no burst", {1, 1, &ok, 1, 0}, 1, -EINVAL},
		{"long burst", {1, 1, &ok, 1, 17}, 1, -EINVAL},
		{"no rate", {1, 1, &ok, 1, 1}, 0, -EINVAL},
		{"absurd rate", {1, 1, &ok, 1, 1}, 1e10, -EINVAL},
		{"no number for a rate", {1, 1, &ok, 1, 1}, NAN, -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_source_options o = {.rate_hz = rows[i].rate_hz};
		void *state = NULL;

		cr_expect_eq(damon_synth_new(&rows[i].spec, &o, &state), rows[i].want, "%s",
			     rows[i].name);
		cr_expect_eq(state != NULL, !rows[i].want, "%s", rows[i].name);
		damon_synth_source.close(state);
	}
}

Test(sources, by_name)
{
	static const char *const unknown[] = {"auto", "", "Soft", "soft ", "pebs2"};

	for (size_t i = 0; damon_sources[i]; i++) {
		const struct damon_source_ops *s = damon_sources[i];

		cr_expect_eq(damon_source_find(s->name), s, "%s", s->name);
		cr_expect(s->summary && s->probe, "%s", s->name);
	}
	cr_expect_eq(damon_source_find("synth"), &damon_synth_source);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		cr_expect_null(damon_source_find(unknown[i]), "'%s'", unknown[i]);
}

Test(sources, auto_explains_the_refusal)
{
	static const struct fake_file files[] = {
		{"/proc/sys/kernel/perf_event_paranoid", "3\n", 0},
		{"/proc/self/status", "x\nCapEff:\t0000000000000000\n", 0},
		{0}};
	struct damon_fail why = {0};
	struct fake_sys world;

	fake_sys_init(&world, files);
	world.perf_err = EACCES;
	cr_expect_null(damon_source_auto(&world.sys, &why), "not even synth");
	cr_expect_str_not_empty(why.text);
	cr_expect_null(damon_source_auto(&world.sys, NULL));
}
