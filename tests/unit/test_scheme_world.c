/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schemes over many intervals of a made-up world, and properties that hold whatever is asked. */
#include "tests/kit/scheme_kit.h"

#define MIB (1ull << 20)

/* A worker: does jobs in order, in slices of a millisecond, at a throughput that varies from job to
 * job, and only as long as a scheme has time left. */
struct worker {
	struct damos_step jobs[4096];
	size_t head, tail;
	uint64_t done; /* bytes of the job at the head */
	uint64_t job_ns;
	double bytes_per_ns; /* of the job at the head */
	uint64_t busy_ns, tried;
	struct rng rng;
};

static void take_steps(struct worker *w, struct damon_schemes *e)
{
	size_t n;
	const struct damos_step *s = damon_schemes_steps(e, &n);

	for (size_t i = 0; i < n; i++) {
		cr_assert_lt(w->tail, ARRAY_SIZE(w->jobs));
		w->jobs[w->tail++] = s[i];
	}
}

static void finish_job(struct worker *w, struct damon_schemes *e)
{
	const struct damos_step *s = &w->jobs[w->head++];
	uint64_t bytes = s->end - s->start;
	struct damos_result r = {.id = s->id,
				 .tried = w->done,
				 .applied = w->done,
				 .dropped = bytes - w->done,
				 .busy_ns = w->job_ns};

	damon_schemes_charge(e, &r);
	w->tried += w->done;
	w->done = w->job_ns = 0;
	if (w->head == w->tail)
		w->head = w->tail = 0;
}

/* Works for 'ns', at most as long as the engine allows. */
static void work(struct worker *w, struct damon_schemes *e, uint64_t ns, double mean, double noise)
{
	uint64_t left = damon_schemes_time_left(e, 0), spent = 0;

	while (w->head < w->tail && spent < ns) {
		const struct damos_step *s = &w->jobs[w->head];
		uint64_t slice;

		if (spent >= left) { /* time is up: what is left is dropped */
			finish_job(w, e);
			continue;
		}
		if (!w->done)
			w->bytes_per_ns = mean * (1 + noise * (2 * rng_unit(&w->rng) - 1));
		slice = (uint64_t)(w->bytes_per_ns * NS_PER_MS) & ~(DAMON_PAGE_SIZE - 1);
		slice = MIN(slice, s->end - s->start - w->done);
		w->done += slice;
		w->job_ns += (uint64_t)(slice / w->bytes_per_ns);
		w->busy_ns += (uint64_t)(slice / w->bytes_per_ns);
		spent += (uint64_t)(slice / w->bytes_per_ns);
		if (w->done == s->end - s->start)
			finish_job(w, e);
	}
}

struct total {
	uint64_t busy_ns, tried, worst; /* of all intervals, and the most bytes of one */
};

/* 'intervals' reset intervals of 1 s over 16 GiB of cold memory in regions of all sizes. */
static struct total run(struct damos *s, const struct damos_kind *kind, double noise, int intervals,
			uint64_t apply_ns)
{
	static struct worker w;
	struct total total = {0};
	uint64_t first_tried = 0, window_planned = 0;
	struct kit k;
	char text[4096];
	size_t at = 0;

	for (uint64_t page = 0, i = 0; page < 1 << 22; i++) {
		uint64_t pages = 1ull << (8 + i * 7 % 12);

		at += snprintf(text + at, sizeof(text) - at, "%lu-%lu:0@600 ", (unsigned long)page,
			       (unsigned long)(page + pages));
		page += pages + 16;
	}
	w = (struct worker){0};
	rng_seed(&w.rng, 5);
	kit_setup(&k);
	s->apply_ns = apply_ns;
	kit_set(&k, s, kind, 1);
	for (int i = 0; i < (intervals + 2) * 10; i++) {
		size_t n;
		const struct damos_step *steps;

		if (i % 10 == 0)
			window_planned = 0;
		if (i == 20) { /* it has learned */
			total.busy_ns = w.busy_ns;
			first_tried = w.tried;
		}
		kit_plan(&k, text);
		steps = damon_schemes_steps(k.e, &n);
		for (size_t j = 0; j < n; j++)
			window_planned += steps[j].end - steps[j].start;
		total.worst = MAX(total.worst, window_planned);
		take_steps(&w, k.e);
		work(&w, k.e, AGGR_NS, 0.5, noise);
	}
	total.busy_ns = w.busy_ns - total.busy_ns;
	total.tried = w.tried - first_tried;
	kit_teardown(&k);
	return total;
}

Test(scheme_world, bytes_are_never_exceeded)
{
	static const uint64_t grains[] = {0, 2 * MIB};

	for (size_t i = 0; i < ARRAY_SIZE(grains); i++) {
		const struct damos_kind kind = {DAMOS_HEAT_ANY, false, grains[i], 0};
		struct damos s = kit_scheme("stat");
		struct total t;

		s.quota.bytes = 33 * MIB;
		t = run(&s, &kind, .5, 12, 0);
		cr_expect_leq(t.worst, 33 * MIB);
		cr_expect_geq(t.tried, 12 * (33 * MIB - (grains[i] ? grains[i] : 4096)));
	}
}

Test(scheme_world, time_is_kept_over_ten_intervals)
{
	static const struct {
		const char *name;
		uint64_t time_ns, apply_ns;
		double noise;
	} rows[] = {
		{"steady", 20 * NS_PER_MS, 0, 0},
		{"noisy", 20 * NS_PER_MS, 0, .5},
		{"very noisy, long", 100 * NS_PER_MS, 0, .9},
		{"a plan per interval", 20 * NS_PER_MS, NS_PER_SEC, .3},
		{"hardly more than a slice", 3 * NS_PER_MS, 0, .5},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = kit_scheme("stat");
		struct total t;
		double used;

		s.quota.time_ns = rows[i].time_ns;
		t = run(&s, &kit_any, rows[i].noise, 10, rows[i].apply_ns);
		used = t.busy_ns / (10. * rows[i].time_ns);
		cr_expect(used > .9 && used < 1.1, "%s: %.3f", rows[i].name, used);
	}
}
