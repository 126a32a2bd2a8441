/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random schemes over random memory, beside a model that knows each page by itself: what is planned
 * is of the pattern, passes the filters, lies in one region, is planned once, and fits the quota;
 * and what is not planned had a reason.
 */
#include "core/schemes/quota.h"
#include "tests/kit/scheme_kit.h"

#define TARGETS 2
#define PAGES	256
#define SCHEMES 3

/* A page as a scheme's plan found it. */
struct page {
	int region;	   /* index, -1: not mapped */
	uint64_t young_ns; /* acted upon then */
	uint64_t pending[SCHEMES];
};

struct job {
	struct damos_step step;
	uint64_t at_ns;
	uint64_t before_ns[PAGES]; /* of its pages, by the first */
	bool acts;
};

struct model {
	struct kit k;
	struct rng rng;
	struct damos s[SCHEMES];
	struct damos_kind kind[SCHEMES];
	size_t n;
	struct page pages[TARGETS][PAGES];
	struct job jobs[4096];
	size_t nr_jobs;
	uint64_t used[SCHEMES]; /* bytes of this reset interval, one per aggregation */
	size_t steps, cuts;	/* seen: the test is to test something */
};

static uint64_t below(struct model *m, uint64_t n)
{
	return rng_below(&m->rng, n);
}

static void random_filter(struct model *m, struct damos_filter *f)
{
	uint64_t from = below(m, PAGES);

	*f = (struct damos_filter){.type = below(m, 4) ? DAMOS_FILTER_ADDR : DAMOS_FILTER_TARGET,
				   .matching = below(m, 2),
				   .allow = below(m, 2),
				   .start = PAGE(from),
				   .end = PAGE(from + 1 + below(m, 100)),
				   .target = below(m, TARGETS)};
	if (!below(m, 8))
		f->type = DAMOS_FILTER_ANON;
}

static void random_scheme(struct model *m, size_t i)
{
	struct damos *s = &m->s[i];
	uint64_t min = below(m, 4) ? 0 : below(m, 21);

	*s = kit_scheme("any");
	s->access_min = min / 20.;
	s->access_max = (min + below(m, 21 - min)) / 20.;
	s->age_ns.min = below(m, 6) * AGGR_NS;
	if (!below(m, 4))
		s->age_ns.max = s->age_ns.min + below(m, 6) * AGGR_NS;
	if (!below(m, 4))
		s->sz.max = PAGE(1 + below(m, 40));
	s->quota.bytes = below(m, 2) ? 0 : PAGE(1 + below(m, 100));
	s->quota.reset_ns = AGGR_NS;
	s->quota.weight_size = below(m, 1001);
	s->quota.weight_age = below(m, 1001);
	s->nr_filters = below(m, 2) ? 0 : below(m, 5);
	for (size_t f = 0; f < s->nr_filters; f++)
		random_filter(m, &s->filters[f]);
	m->kind[i] = (struct damos_kind){below(m, 3), below(m, 4) > 0,
					 below(m, 3) ? 0 : PAGE(1 << below(m, 4)), 0};
}

static void random_regions(struct model *m)
{
	struct kit *k = &m->k;
	size_t n = 0;

	k->s.nr_targets = TARGETS;
	for (uint32_t t = 0; t < TARGETS; t++) {
		k->targets[t] =
			(struct damon_target_snapshot){.target_id = t, .regions = &k->regions[n]};
		for (uint64_t page = below(m, 9), i = 0; page < PAGES; i++) {
			uint64_t end = MIN(page + 1 + below(m, 50), (uint64_t)PAGES);

			k->regions[n++] = (struct damon_region){
				.start = PAGE(page), .end = PAGE(end), .span_aggrs = 1};
			k->targets[t].nr_regions++;
			for (; page < end; page++)
				m->pages[t][page].region = (int)i;
			page += below(m, 2) ? 0 : below(m, 9);
		}
	}
}

static void setup(struct model *m, uint64_t seed)
{
	memset(m, 0, sizeof(*m));
	rng_seed(&m->rng, seed);
	kit_setup(&m->k);
	for (uint32_t t = 0; t < TARGETS; t++)
		for (size_t p = 0; p < PAGES; p++)
			m->pages[t][p].region = -1;
	random_regions(m);
	m->n = 1 + below(m, SCHEMES);
	for (size_t i = 0; i < m->n; i++)
		random_scheme(m, i);
	kit_set(&m->k, m->s, m->kind, m->n);
}

/* An aggregation passes: regions grow older, or change. */
static void pass(struct model *m)
{
	struct kit *k = &m->k;

	k->s.start_ns = k->w.now_ns;
	k->s.end_ns = k->w.now_ns += AGGR_NS;
	for (uint32_t t = 0; t < TARGETS; t++) {
		for (size_t i = 0; i < k->targets[t].nr_regions; i++) {
			struct damon_region *r = &k->targets[t].regions[i];
			float nr = below(m, 2) ? 0 : below(m, 21);

			r->age_aggrs++;
			r->span_aggrs = r->age_aggrs;
			if (below(m, 8) && r->nr_checks > 0)
				goto idle;
			r->age_aggrs = 0;
			r->nr_checks = 1e6f;
			r->nr_touched = 1e6f * nr / 20;
		idle:
			r->idle_aggrs = r->nr_touched > 0 ? 0 : r->age_aggrs;
		}
	}
}

static const struct damon_region *region_of(const struct model *m, uint32_t t, uint64_t page)
{
	int i = m->pages[t][page].region;

	return i < 0 ? NULL : &m->k.targets[t].regions[i];
}

static uint64_t age_of(const struct model *m, uint32_t t, uint64_t page)
{
	uint64_t age_ns = region_of(m, t, page)->age_aggrs * AGGR_NS;

	return MIN(age_ns, m->k.s.end_ns - m->pages[t][page].young_ns);
}

/* 1: allowed, 0: passes, -1: kept out. */
static int filtered(const struct damos *s, uint32_t t, uint64_t page)
{
	bool page_filters = false;

	for (size_t i = 0; i < s->nr_filters; i++) {
		const struct damos_filter *f = &s->filters[i];
		bool is = f->type == DAMOS_FILTER_TARGET
				  ? f->target == t
				  : f->start <= PAGE(page) && PAGE(page) < f->end;

		page_filters |= f->type == DAMOS_FILTER_ANON;
		if (f->type != DAMOS_FILTER_ANON && is == f->matching)
			return f->allow ? 1 : -1;
	}
	return !page_filters && s->nr_filters && s->filters[s->nr_filters - 1].allow ? -1 : 0;
}

static bool matches(const struct model *m, size_t i, uint32_t t, uint64_t page)
{
	const struct damon_region *r = region_of(m, t, page);
	const struct damos *s = &m->s[i];
	double nr, age;

	if (!r || filtered(s, t, page) < 0)
		return false;
	nr = round(20. * r->nr_touched / r->nr_checks);
	age = (double)age_of(m, t, page);
	return r->end - r->start <= s->sz.max && nr >= round(20 * s->access_min) &&
	       nr <= round(20 * s->access_max) && age >= (double)s->age_ns.min &&
	       age <= (double)s->age_ns.max;
}

static bool wanted(const struct model *m, size_t i, uint32_t t, uint64_t page)
{
	return !m->pages[t][page].pending[i] && matches(m, i, t, page);
}

static uint64_t bytes_of(const struct model *m, size_t i,
			 bool (*is)(const struct model *m, size_t i, uint32_t t, uint64_t page))
{
	uint64_t sum = 0;

	for (uint32_t t = 0; t < TARGETS; t++)
		for (uint64_t page = 0; page < PAGES; page++)
			sum += is(m, i, t, page) ? DAMON_PAGE_SIZE : 0;
	return sum;
}

static unsigned int priority(const struct model *m, size_t i, uint32_t t, uint64_t page)
{
	const struct damon_region *r = region_of(m, t, page);
	const struct damos_rank rank = {r->end - r->start, age_of(m, t, page),
					20. * r->nr_touched / r->nr_checks, 20};

	return damos_priority(&m->s[i].quota, m->kind[i].heat, &rank);
}

/* What is planned and what is left, before the former becomes young. */
static void check_best(const struct model *m, size_t i, const struct damos_step *s, size_t n)
{
	unsigned int least = DAMOS_MAX_PRIORITY, best_left = 0;

	for (size_t j = 0; j < n; j++) {
		unsigned int p = priority(m, i, s[j].target_id, s[j].start >> DAMON_PAGE_SHIFT);

		cr_assert_leq(p, least, "the best first");
		least = p;
	}
	for (uint32_t t = 0; t < TARGETS; t++)
		for (uint64_t page = 0; page < PAGES; page++)
			if (wanted(m, i, t, page))
				best_left = MAX(best_left, priority(m, i, t, page));
	cr_assert(!n || least >= best_left, "%u, %u", least, best_left);
}

static void check_step(struct model *m, const struct damos_step *s)
{
	uint64_t first = s->start >> DAMON_PAGE_SHIFT, end = s->end >> DAMON_PAGE_SHIFT;
	struct page *p = m->pages[s->target_id];

	cr_assert_lt(s->start, s->end);
	cr_assert_leq(end, PAGES);
	for (uint64_t page = first; page < end; page++) {
		cr_assert_eq(p[page].region, p[first].region, "of one region");
		cr_assert(wanted(m, s->scheme, s->target_id, page), "scheme %u page %u/%lu",
			  s->scheme, s->target_id, (unsigned long)page);
		cr_assert_eq(s->allowed, filtered(&m->s[s->scheme], s->target_id, page) > 0);
		cr_assert_eq(s->age_aggrs, age_of(m, s->target_id, page) / AGGR_NS);
		p[page].pending[s->scheme] = s->id;
	}
}

/* All steps of a scheme make young at once, after it was planned. */
static void accept(struct model *m, const struct damos_step *s)
{
	struct job *j = &m->jobs[m->nr_jobs++];
	uint64_t first = s->start >> DAMON_PAGE_SHIFT;

	cr_assert_lt(m->nr_jobs, ARRAY_SIZE(m->jobs));
	*j = (struct job){.step = *s, .at_ns = m->k.s.end_ns, .acts = m->kind[s->scheme].acts};
	for (uint64_t page = first; PAGE(page) < s->end; page++) {
		struct page *p = &m->pages[s->target_id][page];

		j->before_ns[page - first] = m->k.s.end_ns - age_of(m, s->target_id, page);
		if (j->acts)
			p->young_ns = j->at_ns;
	}
}

static void check_scheme(struct model *m, size_t i, const struct damos_step *s, size_t n)
{
	uint64_t all = bytes_of(m, i, wanted), planned = 0, quota = m->s[i].quota.bytes;

	cr_assert_eq(kit_stats(&m->k, i).sz_now, bytes_of(m, i, matches));

	for (size_t j = 0; j < n; j++) {
		check_step(m, &s[j]);
		planned += s[j].end - s[j].start;
	}
	check_best(m, i, s, n);
	for (size_t j = 0; j < n; j++)
		accept(m, &s[j]);
	m->steps += n;
	if (!quota) {
		cr_assert_eq(planned, all, "%lu of %lu", (unsigned long)planned,
			     (unsigned long)all);
		return;
	}
	cr_assert_leq(planned, quota);
	cr_assert(planned == all || quota - planned < MAX(m->kind[i].grain_bytes, PAGE(1)),
		  "%lu of %lu, quota %lu", (unsigned long)planned, (unsigned long)all,
		  (unsigned long)quota);
	m->cuts += planned < all;
}

/* Some of what is pending is done, at least in part. */
static void charge_some(struct model *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->nr_jobs; i++) {
		struct job *j = &m->jobs[i];
		uint64_t first = j->step.start >> DAMON_PAGE_SHIFT;
		uint64_t pages = (j->step.end - j->step.start) >> DAMON_PAGE_SHIFT, tried;

		if (below(m, 3)) {
			m->jobs[kept++] = *j;
			continue;
		}
		tried = below(m, 2) ? pages : below(m, pages + 1);
		damon_schemes_charge(m->k.e, &(struct damos_result){.id = j->step.id,
								    .tried = PAGE(tried),
								    .dropped = PAGE(pages - tried),
								    .busy_ns = below(m, 1000)});
		for (uint64_t p = 0; p < pages; p++) {
			struct page *page = &m->pages[j->step.target_id][first + p];

			page->pending[j->step.scheme] = 0;
			if (j->acts && p >= tried && page->young_ns == j->at_ns)
				page->young_ns = j->before_ns[p];
		}
	}
	m->nr_jobs = kept;
}

static void check_plan(struct model *m)
{
	const struct damos_step *s;
	size_t n, at = 0;

	pass(m);
	cr_assert_eq(damon_schemes_plan(m->k.e, &m->k.s, &kit_view, &m->k.w), 0);
	s = damon_schemes_steps(m->k.e, &n);
	for (size_t i = 0; i < m->n; i++) {
		size_t first = at;

		while (at < n && s[at].scheme == i)
			at++;
		check_scheme(m, i, s + first, at - first);
	}
	cr_assert_eq(at, n, "in order of schemes");
	charge_some(m);
}

static struct model model;

Test(scheme_random, what_is_planned_is_wanted)
{
	size_t steps = 0, cuts = 0;

	for (uint64_t seed = 0; seed < 150; seed++) {
		setup(&model, seed);
		for (int i = 0; i < 40; i++)
			check_plan(&model);
		steps += model.steps;
		cuts += model.cuts;
		kit_teardown(&model.k);
	}
	cr_assert_gt(steps, 10000);
	cr_assert_gt(cuts, 500);
}

Test(scheme_random, the_same_again)
{
	static char first[40][sizeof(model.k.text)];

	for (int round = 0; round < 2; round++) {
		setup(&model, 7);
		for (int i = 0; i < 40; i++) {
			check_plan(&model);
			if (!round)
				strcpy(first[i], kit_steps(&model.k, 0));
			else
				cr_expect_str_eq(first[i], kit_steps(&model.k, 0));
		}
		kit_teardown(&model.k);
	}
}
