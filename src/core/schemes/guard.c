/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/units.h"
#include "base/util.h"
#include "core/schemes/guard.h"

/*
 * Looks come 10 s after. 64 pages tell a refault rate of 20 % within 10 points. 1 MiB a
 * second hurts no program that still runs. A minute lets a phase pass, an hour is short enough to
 * notice a new one.
 */
const struct damos_guard_params damos_guard_defaults = {
	.look_ns = 10 * NS_PER_SEC,
	.least_bytes = 64 * DAMON_PAGE_SIZE,
	.floor_bytes = 1 << 20,
	.strikes = 3,
	.pause_ns = 60 * NS_PER_SEC,
	.longest_ns = 3600 * NS_PER_SEC,
	.lately_ns = 20 * NS_PER_SEC,
};

void damos_guard_init(struct damos_guard *g, const struct damos_guard_params *p)
{
	*g = (struct damos_guard){
		.p = p,
		.refault_bp = NAN,
		.limit = UINT64_MAX,
		.base = UINT64_MAX,
		.pause_ns = p->pause_ns,
	};
}

static double lately(const struct damos_guard *g, uint64_t now_ns)
{
	double passed = now_ns > g->lately_at_ns ? (double)(now_ns - g->lately_at_ns) : 0;

	return g->lately * exp(-passed / g->p->lately_ns);
}

void damos_guard_applied(struct damos_guard *g, double bytes, uint64_t now_ns)
{
	g->lately = lately(g, now_ns) + bytes * NS_PER_SEC / g->p->lately_ns;
	g->lately_at_ns = MAX(now_ns, g->lately_at_ns);
}

static bool is_paused(const struct damos_guard *g, uint64_t now_ns)
{
	return g->until_ns > now_ns;
}

static void pause_it(struct damos_guard *g, uint64_t now_ns)
{
	g->until_ns = now_ns + g->pause_ns;
	g->counts_ns = g->until_ns + g->p->look_ns;
	g->pause_ns = MIN(2 * g->pause_ns, g->p->longest_ns);
	g->strikes = g->p->strikes - 1;
}

static void slow_down(struct damos_guard *g, uint64_t quota, uint64_t reset_ns, uint64_t grain,
		      uint64_t now_ns)
{
	uint64_t floor_bytes = MAX(g->p->floor_bytes, grain);

	if (g->limit == UINT64_MAX) {
		double did = lately(g, now_ns) * MAX(reset_ns, NS_PER_MS) / NS_PER_SEC;

		g->base = did < (double)quota ? (uint64_t)did : quota;
		g->base = g->limit = MAX(g->base, floor_bytes);
	}
	g->limit = MAX(g->limit / 2, floor_bytes);
	if (++g->strikes >= g->p->strikes)
		pause_it(g, now_ns);
}

static void speed_up(struct damos_guard *g)
{
	g->strikes = 0;
	if (g->limit == UINT64_MAX)
		return;
	if (g->limit < g->base / 2) {
		g->limit *= 2;
		return;
	}
	g->limit = g->base = UINT64_MAX;
	g->pause_ns = g->p->pause_ns;
}

/* What users see: all looks, the latest few times 'least_bytes' of them. */
static void show(struct damos_guard *g, double looked, double back)
{
	if (g->shown > 4 * g->p->least_bytes) {
		g->shown /= 2;
		g->shown_back /= 2;
	}
	g->shown += looked;
	g->shown_back += back;
	if (g->shown > 0)
		g->refault_bp = 10000 * g->shown_back / g->shown;
}

void damos_guard_refault(struct damos_guard *g, uint32_t max_bp, double looked, double back,
			 uint64_t quota, uint64_t reset_ns, uint64_t grain, uint64_t now_ns)
{
	double bp;

	show(g, looked, back);
	if (!max_bp || now_ns < g->counts_ns)
		return;
	g->looked += looked;
	g->back += back;
	if (g->looked < g->p->least_bytes)
		return;
	bp = 10000 * g->back / g->looked;
	g->looked = g->back = 0;
	g->counts_ns = now_ns + g->p->look_ns;
	if (bp <= max_bp) {
		speed_up(g);
		return;
	}
	g->bad_bp = bp;
	slow_down(g, quota, reset_ns, grain, now_ns);
}

enum damos_state damos_guard_state(const struct damos_guard *g, uint64_t now_ns)
{
	if (is_paused(g, now_ns))
		return DAMOS_PAUSED;
	return g->limit == UINT64_MAX ? DAMOS_ON : DAMOS_SLOWED;
}

uint64_t damos_guard_limit(const struct damos_guard *g, uint64_t now_ns)
{
	return is_paused(g, now_ns) ? 0 : g->limit;
}

void damos_guard_reason(const struct damos_guard *g, uint64_t now_ns, char *out, size_t size)
{
	char text[DAMON_UNITS_MAX];

	if (damos_guard_state(g, now_ns) == DAMOS_ON)
		out[0] = '\0';
	else if (is_paused(g, now_ns))
		snprintf(out, size, "%.0f %% of what was paged out came back soon; goes on in %s",
			 g->bad_bp / 100, damon_print_time(text, (double)(g->until_ns - now_ns)));
	else
		snprintf(out, size,
			 "%.0f %% of what was paged out came back soon; at most %s per interval",
			 g->bad_bp / 100, damon_print_bytes(text, (double)g->limit));
}
