/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine of schemes on toy numbers. Pages are small numbers; regions are written as text:
 *
 *	"0-100:5@2"	pages 0 to 100 with an nr_accesses of 5 (of 20) and an age of 2 aggregations
 *	"0-100:0~10@2"	the same of 0, known from 10 looks only: bounds are wide
 *	"0-100:0@9!3"	hit 3 aggregations ago
 *	"| 0-100:5@2"	of the next target
 *
 * Steps are written the same way, "0-100", with their target before those of others than the first:
 * "1/0-100". Aggregations take 100 ms.
 */
#ifndef KIT_SCHEME_KIT_H
#define KIT_SCHEME_KIT_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/schemes/scheme.h"

#define PAGE(n) ((uint64_t)(n) << DAMON_PAGE_SHIFT)
#define AGGR_NS (100 * NS_PER_MS)

/* Checks only: nr_accesses is what they counted. */
static const struct damon_view kit_view = {.sample_ns = 5 * NS_PER_MS, .aggr_ns = AGGR_NS};

static const struct damos_kind kit_cold = {DAMOS_HEAT_COLD, true, 0, 0};
static const struct damos_kind kit_hot = {DAMOS_HEAT_HOT, true, 0, 0};
static const struct damos_kind kit_any = {DAMOS_HEAT_ANY, false, 0, 0};

struct kit {
	struct damon_schemes *e;
	struct damon_region regions[256];
	struct damon_target_snapshot targets[8];
	struct damon_snapshot s;
	struct damos_world w;
	char text[4096];
};

/* As damos_init() of the library, which the core does not know. */
static inline struct damos kit_scheme(const char *action)
{
	return (struct damos){
		.size = sizeof(struct damos),
		.action = action,
		.sz = {0, UINT64_MAX},
		.access_max = 1,
		.age_ns = {0, UINT64_MAX},
		.quota = {.reset_ns = NS_PER_SEC},
		.target_nid = -1,
		.refault_max_bp = 2000,
	};
}

static inline void kit_setup(struct kit *k)
{
	memset(k, 0, sizeof(*k));
	k->e = damon_schemes_new(AGGR_NS);
	k->w = (struct damos_world){.now_ns = 1000 * NS_PER_SEC,
				    .free_mem_permil = NAN,
				    .psi_some_us = NAN,
				    .target_rss = NAN,
				    .refault_bp = NAN};
	k->s.targets = k->targets;
	cr_assert(k->e);
}

static inline void kit_teardown(struct kit *k)
{
	damon_schemes_free(k->e);
}

static inline void kit_set(struct kit *k, const struct damos *s, const struct damos_kind *kind,
			   size_t n)
{
	struct damon_fail why = {0};

	for (size_t i = 0; i < n; i++)
		cr_assert_eq(damos_validate(&s[i], &why), 0, "%s", why.text);
	cr_assert_eq(damon_schemes_set(k->e, s, kind, n), 0);
}

static inline const char *kit_region(struct damon_region *r, const char *text)
{
	unsigned int from, to, age;
	float nr, looks = 1e6f;
	int used = 0;

	cr_assert_eq(sscanf(text, " %u-%u:%f%n", &from, &to, &nr, &used), 3, "'%s'", text);
	text += used;
	if (*text == '~')
		looks = strtof(text + 1, (char **)&text);
	cr_assert_eq(sscanf(text, "@%u%n", &age, &used), 1, "'%s'", text);
	text += used;
	*r = (struct damon_region){
		.start = PAGE(from),
		.end = PAGE(to),
		.span_aggrs = MAX(age, 1u),
		.age_aggrs = age,
		.idle_aggrs = nr > 0 ? 0 : age,
		.evenness = 1,
		.nr_checks = looks,
		.nr_touched = looks * nr / 20,
	};
	if (*text == '!')
		r->idle_aggrs = strtoul(text + 1, (char **)&text, 10);
	return text;
}

/* The next aggregation, and what was seen in it. */
static inline void kit_snapshot(struct kit *k, const char *text)
{
	struct damon_target_snapshot *t = k->targets;
	size_t n = 0;

	k->s.start_ns = k->w.now_ns;
	k->s.end_ns = k->w.now_ns += AGGR_NS;
	k->s.nr_targets = 1;
	*t = (struct damon_target_snapshot){.regions = k->regions};
	while (text[strspn(text, " ")]) {
		text += strspn(text, " ");
		if (*text == '|') {
			uint32_t id = t->target_id + 1;

			*++t = (struct damon_target_snapshot){.target_id = id,
							      .regions = k->regions + n};
			k->s.nr_targets++;
			text++;
			continue;
		}
		cr_assert_lt(n, ARRAY_SIZE(k->regions));
		text = kit_region(&k->regions[n++], text);
		t->nr_regions++;
	}
}

static inline const char *kit_write(struct kit *k, const struct damos_step *s, size_t n,
				    size_t scheme)
{
	size_t at = 0;

	k->text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		char target[16] = "";

		if (s[i].scheme != scheme)
			continue;
		if (s[i].target_id)
			snprintf(target, sizeof(target), "%u/", s[i].target_id);
		at += snprintf(k->text + at, sizeof(k->text) - at, "%s%s%lu-%lu", at ? " " : "",
			       target, (unsigned long)(s[i].start >> DAMON_PAGE_SHIFT),
			       (unsigned long)(s[i].end >> DAMON_PAGE_SHIFT));
		cr_assert_lt(at, sizeof(k->text));
	}
	return k->text;
}

/* The steps of a scheme in the latest plan. */
static inline const char *kit_steps(struct kit *k, size_t scheme)
{
	size_t n;
	const struct damos_step *s = damon_schemes_steps(k->e, &n);

	return kit_write(k, s, n, scheme);
}

/* Plans for the next aggregation; returns the steps of the first scheme. */
static inline const char *kit_plan(struct kit *k, const char *text)
{
	kit_snapshot(k, text);
	cr_assert_eq(damon_schemes_plan(k->e, &k->s, &kit_view, &k->w), 0);
	return kit_steps(k, 0);
}

/* All steps of the latest plan are done: tried and applied but for 'dropped' bytes at the end of
 * each, at 'ns' a page. */
static inline void kit_done(struct kit *k, uint64_t dropped, double ns)
{
	size_t n;
	const struct damos_step *s = damon_schemes_steps(k->e, &n);

	for (size_t i = 0; i < n; i++) {
		uint64_t bytes = s[i].end - s[i].start, drop = MIN(dropped, bytes);
		struct damos_result r = {.id = s[i].id,
					 .tried = bytes - drop,
					 .applied = bytes - drop,
					 .filter_passed = bytes - drop,
					 .dropped = drop,
					 .verified = 1};

		r.busy_ns = (uint64_t)(ns * r.tried / DAMON_PAGE_SIZE);
		damon_schemes_charge(k->e, &r);
	}
}

static inline struct damos_stats kit_stats(struct kit *k, size_t i)
{
	struct damos_stats s;

	damon_schemes_stats(k->e, i, &s);
	return s;
}

#endif
