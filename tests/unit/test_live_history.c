/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The past in bounded memory: means over time, regions joined, targets left out. */
#include <criterion/criterion.h>
#include <math.h>

#include "base/util.h"
#include "live/history.h"

#define SECOND NS_PER_SEC

struct piece {
	uint64_t start, end;
	float heat;
};

static struct history_column *column(uint64_t second, uint32_t id, double wss,
				     const struct piece *p, size_t n)
{
	struct history_maker m = {0};
	struct history_target t = {.id = id, .share = .5f, .wss = {wss, wss, wss}};
	struct history_column *c;

	cr_assert(!history_maker_target(&m, &t));
	for (size_t i = 0; i < n; i++) {
		struct history_region r = {p[i].start, p[i].end, p[i].heat, p[i].heat, p[i].heat};

		cr_assert(!history_maker_region(&m, &r));
	}
	c = history_maker_column(&m, second * SECOND, (second + 1) * SECOND);
	cr_assert(c);
	history_maker_release(&m);
	return c;
}

static double heat_at(const struct history_column *c, uint32_t id, uint64_t start, uint64_t end,
		      double *cover)
{
	const struct history_target *t = history_target(c, id);
	struct known k = {NAN, NAN, NAN};

	*cover = t ? history_heat(c, t, start, end, &k) : 0;
	return k.v;
}

Test(live_history, levels_are_means)
{
	static const struct piece first[] = {{0, 100, 8}, {100, 200, 0}};
	static const struct piece rest[] = {{0, 50, 4}, {100, 200, 12}, {300, 400, 1}};
	static const struct {
		const char *name;
		uint64_t start, end;
		double heat, cover;
	} rows[] = {
		{"in all", 0, 50, (8 + 3 * 4) / 4., 1},
		{"mapped in the first alone", 50, 100, 8, 1},
		{"cold in the first", 100, 200, 9, 1},
		{"across both", 0, 100, (5 * 50 + 8 * 50) / 100., 1},
		{"a gap", 200, 300, NAN, 0},
		{"half a gap", 200, 400, 1, .5},
		{"beyond", 400, 500, NAN, 0},
	};
	const struct history_column *mean;
	struct history h;

	history_init(&h);
	history_add(&h, column(0, 1, 100, first, ARRAY_SIZE(first)));
	for (unsigned i = 1; i < HISTORY_FACTOR; i++)
		history_add(&h, column(i, 1, 200, rest, ARRAY_SIZE(rest)));
	mean = history_column(&h, 1, 0);
	cr_assert(mean);
	cr_expect_null(history_column(&h, 1, 1));
	cr_expect_null(history_column(&h, 2, 0));
	cr_expect_eq(mean->start_ns, 0);
	cr_expect_eq(mean->end_ns, HISTORY_FACTOR * SECOND);
	cr_expect_float_eq(history_target(mean, 1)->wss.v, 175, 1e-9);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double cover, heat = heat_at(mean, 1, rows[i].start, rows[i].end, &cover);

		cr_expect_float_eq(cover, rows[i].cover, 1e-9, "%s: %g", rows[i].name, cover);
		if (cover > 0)
			cr_expect_float_eq(heat, rows[i].heat, 1e-5, "%s: %g", rows[i].name, heat);
	}
	history_release(&h);
}

/* A target that was there for a part of the time: its share is of all of it, its memory of its own
 * time. */
Test(live_history, targets_come_and_go)
{
	static const struct piece p[] = {{0, 100, 8}};
	const struct history_column *mean;
	struct history h;

	history_init(&h);
	for (unsigned i = 0; i < HISTORY_FACTOR; i++)
		history_add(&h, column(i, i == 2 ? 5 : 4, 100, p, 1));
	mean = history_column(&h, 1, 0);
	cr_assert_eq(mean->nr_targets, 2);
	cr_expect_float_eq(history_target(mean, 4)->share, .5 * 3 / 4, 1e-6);
	cr_expect_float_eq(history_target(mean, 5)->share, .5 / 4, 1e-6);
	cr_expect_float_eq(history_target(mean, 5)->wss.v, 100, 1e-9);
	cr_expect_null(history_target(mean, 6));
	history_release(&h);
}

Test(live_history, old_columns_go)
{
	static const struct piece p[] = {{0, 100, 8}};
	size_t most = sizeof(struct history_column) + sizeof(struct history_target) +
		      sizeof(struct history_region);
	size_t n = 3 * HISTORY_COLUMNS;
	struct history h;

	history_init(&h);
	for (unsigned i = 0; i < n; i++)
		history_add(&h, column(i, 1, 0, p, 1));
	cr_expect_eq(history_column(&h, 0, 0)->start_ns, (n - 1) * SECOND);
	cr_expect_eq(history_column(&h, 0, HISTORY_COLUMNS - 1)->start_ns,
		     (n - HISTORY_COLUMNS) * SECOND);
	cr_expect_null(history_column(&h, 0, HISTORY_COLUMNS));
	cr_expect_eq(h.levels[1].nr, n / HISTORY_FACTOR);
	cr_expect_eq(h.levels[3].nr, n / HISTORY_FACTOR / HISTORY_FACTOR / HISTORY_FACTOR);
	cr_expect_leq(h.bytes, most * (HISTORY_COLUMNS + n / 4 + n / 16 + n / 64));
	history_release(&h);
}

/* However many regions and targets there are, a column is not larger than it may be; the heat of
 * all is what it was, and the hottest targets are kept. */
Test(live_history, columns_are_limited)
{
	enum { TARGETS = 90, REGIONS = 300 };
	struct history_maker m = {0};
	struct history_column *c;
	double sum = 0, kept = 0;

	for (uint32_t t = 0; t < TARGETS; t++) {
		struct history_target target = {.id = t, .share = (float)(t * 37 % TARGETS)};

		history_maker_target(&m, &target);
		for (uint64_t i = 0; i < REGIONS; i++) {
			/* every other one with a gap behind it */
			struct history_region r = {i * 8192, i * 8192 + (i % 2 ? 4096 : 8192)};

			r.heat = r.lo = r.hi = (float)((i * 2654435761u >> 7) % 100);
			history_maker_region(&m, &r);
			if (t * 37 % TARGETS >= TARGETS - HISTORY_MAX_TARGETS)
				sum += r.heat * (double)(r.end - r.start);
		}
	}
	c = history_maker_column(&m, 0, SECOND);
	cr_assert(c);
	cr_expect_eq(c->nr_targets, HISTORY_MAX_TARGETS);
	cr_expect_leq(c->nr_regions, HISTORY_MAX_REGIONS);
	for (size_t i = 0; i < c->nr_targets; i++)
		cr_expect_geq(c->targets[i].share, TARGETS - HISTORY_MAX_TARGETS);
	for (size_t i = 0; i < c->nr_targets; i++) {
		uint64_t last = 0;

		for (uint32_t k = 0; k < c->targets[i].nr; k++) {
			const struct history_region *r = &c->regions[c->targets[i].first + k];

			cr_expect(r->start >= last && r->end > r->start, "sorted, apart");
			last = r->end;
			kept += r->heat * (double)(r->end - r->start);
		}
	}
	/* a gap that was joined in counts as cold as what is beside it */
	cr_expect(kept >= .99 * sum && kept <= 1.5 * sum, "%g of %g", kept, sum);
	free(c);
	history_maker_release(&m);
}
