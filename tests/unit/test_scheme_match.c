/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns against bounds, and core filters. */
#include "core/schemes/scheme_match.h"
#include "tests/kit/scheme_kit.h"

Test(scheme_match, bounds_must_fit)
{
	static const struct {
		const char *name;
		enum damos_heat heat;
		double min, max;
		struct damon_nr_accesses nr;
		bool bounds, plain;
	} rows[] = {
		{"surely cold", DAMOS_HEAT_COLD, 0, 0, {0, 0, .5}, true, true},
		{"hardly cold", DAMOS_HEAT_COLD, 0, 0, {0, 0, .51}, false, true},
		{"cold, at most 3", DAMOS_HEAT_COLD, 0, .15, {2, 1, 3.5}, true, true},
		{"maybe more than 3", DAMOS_HEAT_COLD, 0, .15, {2, 1, 3.6}, false, true},
		{"not of it", DAMOS_HEAT_COLD, 0, .15, {3.6, 1, 3.6}, false, false},
		{"cold, and at least 1", DAMOS_HEAT_COLD, .05, .15, {.6, 0, 3}, true, true},
		{"too cold", DAMOS_HEAT_COLD, .05, .15, {.4, 0, 3}, false, false},
		{"any cold", DAMOS_HEAT_COLD, 0, 1, {9, 0, 20}, true, true},
		{"surely hot", DAMOS_HEAT_HOT, .5, 1, {15, 9.5, 20}, true, true},
		{"maybe not hot", DAMOS_HEAT_HOT, .5, 1, {15, 9.4, 20}, false, true},
		{"hot, but not too hot", DAMOS_HEAT_HOT, .5, .75, {15, 10, 20}, true, true},
		{"too hot", DAMOS_HEAT_HOT, .5, .75, {16, 10, 20}, false, false},
		{"no minimum", DAMOS_HEAT_HOT, 0, 1, {0, 0, 20}, true, true},
		{"at least one", DAMOS_HEAT_HOT, .05, 1, {1, .5, 20}, true, true},
		{"maybe none", DAMOS_HEAT_HOT, .05, 1, {1, .4, 20}, false, true},
		{"a fifth of one", DAMOS_HEAT_HOT, .01, 1, {.3, .1, 20}, true, true},
		{"nothing at all", DAMOS_HEAT_HOT, .01, 1, {0, 0, 20}, false, true},
		{"stat takes the estimate", DAMOS_HEAT_ANY, .5, .5, {10, 0, 20}, true, true},
		{"35 % of 20 are 7", DAMOS_HEAT_ANY, .35, .35, {7, 7, 7}, true, true},
		{"8 are not", DAMOS_HEAT_ANY, .35, .35, {8, 8, 8}, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = kit_scheme("any");

		s.access_min = rows[i].min;
		s.access_max = rows[i].max;
		cr_expect_eq(damos_match_accesses(&s, rows[i].heat, &rows[i].nr, 20),
			     rows[i].bounds, "%s", rows[i].name);
		s.compare = DAMOS_COMPARE_PLAIN;
		cr_expect_eq(damos_match_accesses(&s, rows[i].heat, &rows[i].nr, 20), rows[i].plain,
			     "%s, plain", rows[i].name);
	}
}

Test(scheme_match, age_of_cold_memory_counts_from_its_last_hit)
{
	static const struct {
		const char *name;
		enum damos_heat heat;
		double max;
		enum damos_compare compare;
		uint32_t age, idle, want;
	} rows[] = {
		{"hit since", DAMOS_HEAT_COLD, 0, DAMOS_COMPARE_BOUNDS, 9, 3, 3},
		{"just hit", DAMOS_HEAT_COLD, .04, DAMOS_COMPARE_BOUNDS, 9, 0, 0},
		{"not hit since", DAMOS_HEAT_COLD, 0, DAMOS_COMPARE_BOUNDS, 9, 30, 9},
		{"one access is allowed", DAMOS_HEAT_COLD, .05, DAMOS_COMPARE_BOUNDS, 9, 3, 9},
		{"as DAMON", DAMOS_HEAT_COLD, 0, DAMOS_COMPARE_PLAIN, 9, 3, 9},
		{"hot", DAMOS_HEAT_HOT, 0, DAMOS_COMPARE_BOUNDS, 9, 3, 9},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_region r = {.age_aggrs = rows[i].age, .idle_aggrs = rows[i].idle};
		struct damos s = kit_scheme("any");

		s.access_max = rows[i].max;
		s.compare = rows[i].compare;
		cr_expect_eq(damos_match_age(&s, rows[i].heat, &r, 20), rows[i].want, "%s",
			     rows[i].name);
	}
}

/* What lies within three distances of ticks of a neighbour in use may be its memory. */
Test(scheme_match, borders_of_memory_in_use_are_left_alone)
{
	static const struct {
		const char *name;
		enum damos_heat heat;
		enum damos_compare compare;
		uint32_t ticks, idle; /* of both neighbours, of 10 pages each */
		uint64_t gap;	      /* pages between the first and the one at hand */
		uint64_t from, to;    /* of pages 100 to 150 */
	} rows[] = {
		{"3 ticks", DAMOS_HEAT_COLD, DAMOS_COMPARE_BOUNDS, 3, 0, 0, 117, 133},
		{"7 ticks", DAMOS_HEAT_COLD, DAMOS_COMPARE_BOUNDS, 7, 0, 0, 108, 142},
		{"1 tick: nothing is sure", DAMOS_HEAT_COLD, DAMOS_COMPARE_BOUNDS, 1, 0, 0, 150,
		 150},
		{"none", DAMOS_HEAT_COLD, DAMOS_COMPARE_BOUNDS, 0, 0, 0, 100, 150},
		{"idle for as long", DAMOS_HEAT_COLD, DAMOS_COMPARE_BOUNDS, 3, 60, 0, 100, 150},
		{"hit since", DAMOS_HEAT_COLD, DAMOS_COMPARE_BOUNDS, 3, 59, 0, 117, 133},
		{"a gap between", DAMOS_HEAT_COLD, DAMOS_COMPARE_BOUNDS, 3, 0, 1, 100, 133},
		{"as DAMON", DAMOS_HEAT_COLD, DAMOS_COMPARE_PLAIN, 3, 0, 0, 100, 150},
		{"hot", DAMOS_HEAT_HOT, DAMOS_COMPARE_BOUNDS, 3, 0, 0, 100, 150},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_region r[] = {
			{.start = PAGE(90 - rows[i].gap),
			 .end = PAGE(100 - rows[i].gap),
			 .nr_ticks = rows[i].ticks,
			 .idle_aggrs = rows[i].idle},
			{.start = PAGE(100), .end = PAGE(150), .idle_aggrs = 60},
			{.start = PAGE(150),
			 .end = PAGE(160),
			 .nr_ticks = rows[i].ticks,
			 .idle_aggrs = rows[i].idle},
		};
		struct damos s = kit_scheme("any");
		struct damos_range part;

		s.compare = rows[i].compare;
		part = damos_match_part(&s, rows[i].heat, r, 1, 3, DAMOS_BORDER);
		cr_expect_eq(part.min, PAGE(rows[i].from), "%s", rows[i].name);
		cr_expect_eq(part.max, PAGE(rows[i].to), "%s", rows[i].name);
		part = damos_match_part(&s, rows[i].heat, &r[1], 0, 1, DAMOS_BORDER);
		cr_expect_eq(part.max - part.min, PAGE(50), "%s, alone", rows[i].name);
	}
}

/* Wide bounds from few looks, through the whole engine. */
Test(scheme_match, what_may_be_hot_is_left_alone)
{
	struct damos s = kit_scheme("pageout");
	struct kit k;

	s.access_max = 0;
	kit_setup(&k);
	kit_set(&k, &s, &kit_cold, 1);
	cr_expect_str_eq(kit_plan(&k, "0-10:0~10@9 10-20:0~1000@9"), "10-20");
	kit_done(&k, 0, 1);
	s.compare = DAMOS_COMPARE_PLAIN;
	kit_set(&k, &s, &kit_cold, 1);
	cr_expect_str_eq(kit_plan(&k, "0-10:0~10@9 30-40:0~1000@9"), "0-10 30-40");
	kit_teardown(&k);
}

/* Filters as text: "+a10-20" lets addresses 10 to 20 pass, "-a" keeps them out, "t1" is a target,
 * "p" a page filter; '!' before the letter: what does not match. */
static void parse_filters(struct damos *s, const char *text)
{
	while (*text) {
		struct damos_filter *f = &s->filters[s->nr_filters++];
		double from, to;
		int used = 0;

		*f = (struct damos_filter){.allow = text[0] == '+', .matching = text[1] != '!'};
		text += f->matching ? 1 : 2;
		if (*text == 'a') {
			cr_assert_eq(sscanf(text, "a%lf-%lf%n", &from, &to, &used), 2);
			f->type = DAMOS_FILTER_ADDR;
			f->start = (uint64_t)(from * DAMON_PAGE_SIZE);
			f->end = (uint64_t)(to * DAMON_PAGE_SIZE);
		} else if (*text == 't') {
			cr_assert_eq(sscanf(text, "t%u%n", &f->target, &used), 1);
			f->type = DAMOS_FILTER_TARGET;
		} else {
			f->type = DAMOS_FILTER_ANON;
			used = 1;
		}
		text += used;
		text += strspn(text, " ");
	}
}

/* Page by page: '.' kept out, 'x' passes, 'A' is allowed. */
static void draw(const struct damos_passes *p, char *out, size_t pages)
{
	for (size_t i = 0; i < pages; i++) {
		const struct damos_pass *at = p->at;

		for (size_t j = 1; j < p->n; j++)
			if (p->at[j].start <= PAGE(i))
				at = &p->at[j];
		out[i] = !at->pass ? '.' : at->allowed ? 'A' : 'x';
	}
	out[pages] = '\0';
}

Test(scheme_match, core_filters)
{
	static const struct {
		const char *name, *filters, *want;
	} rows[] = {
		{"none", "", "xxxxxxxx"},
		{"a range is kept out", "-a2-4", "xx..xxxx"},
		{"only a range", "+a2-4", "..AA...."},
		{"all but a range", "-!a2-4", "..xx...."},
		{"what is outside is allowed", "+!a2-4", "AA..AAAA"},
		{"the first decides", "-a2-4 +a3-6", "....AA.."},
		{"the other way round", "+a3-6 -a2-4", "xx.AAAxx"},
		{"this target", "+t0", "AAAAAAAA"},
		{"another target", "+t1", "........"},
		{"not this target", "-t0", "........"},
		{"not that target", "-t1", "xxxxxxxx"},
		{"a range of this target", "-!t0 +a1-2", ".A......"},
		{"page filters have the last word", "+a2-4 +p", "xxAAxxxx"},
		{"and come after", "+p +a2-4", "xxAAxxxx"},
		{"a page that is cut is kept out", "-a2.5-3.5", "xx..xxxx"},
		{"both ways", "+a1.5-4.5", "..AA...."},
		{"also outside", "-!a1.5-4.5", "..xx...."},
		{"less than a page", "+a2.2-2.8", "........"},
		{"nested", "-a3-4 +a1-6 -a0-8", ".AA.AA.."},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damos s = kit_scheme("any");
		struct damos_passes p;
		char drawn[9];

		parse_filters(&s, rows[i].filters);
		damos_passes_of(&s, 0, &p);
		draw(&p, drawn, 8);
		cr_expect_str_eq(drawn, rows[i].want, "%s: %s", rows[i].name, drawn);
		for (size_t j = 0; j < p.n; j++) {
			cr_expect_eq(p.at[j].start % DAMON_PAGE_SIZE, 0);
			cr_expect(j == 0 || p.at[j - 1].start < p.at[j].start);
		}
	}
}

Test(scheme_match, the_top_of_addresses)
{
	struct damos s = kit_scheme("any");
	struct damos_passes p;

	s.nr_filters = 1;
	s.filters[0] = (struct damos_filter){
		.type = DAMOS_FILTER_ADDR, .matching = 1, .start = PAGE(1), .end = UINT64_MAX};
	damos_passes_of(&s, 0, &p);
	cr_expect_eq(p.at[1].start, PAGE(1));
	cr_expect_not(p.at[1].pass);
}
