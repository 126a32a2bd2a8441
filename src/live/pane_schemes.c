/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schemes: what each has tried and done, and why not more. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "live/cols.h"
#include "live/pane.h"
#include "report/names.h"
#include "report/print.h"

static const struct cols_spec specs[] = {
	{"#", 2},
	{"SCHEME", 11, .left = true, .most = 16},
	{"STATE", 17, 1, .left = true},
	{"NOW", 6, 7}, /* bytes of the pattern */
	{"TRIED", 9, 3},
	{"APPLIED", 9},
	{"FAILED", 7, 5},
	{"QUOTA", 15, 4}, /* used of what may be */
	{"GOAL", 16, 6},
	{"BACK", 7, 8}, /* refaults */
	{0},
};

static struct grid_style state_style(enum damos_state s)
{
	return s == DAMOS_ON				? grid_good
	       : s == DAMOS_PAUSED || s == DAMOS_SLOWED ? grid_warn
							: grid_faint;
}

static void put_bytes(struct grid *g, struct cols *c, uint64_t bytes)
{
	char text[DAMON_UNITS_MAX];

	cols_put(c, g, grid_plain, bytes ? damon_print_bytes(text, (double)bytes) : "-");
}

static void put_quota(struct grid *g, struct cols *c, const struct damos_stats *s)
{
	char used[DAMON_UNITS_MAX], all[DAMON_UNITS_MAX], text[2 * DAMON_UNITS_MAX + 8];

	if (s->quota_bytes == UINT64_MAX)
		snprintf(text, sizeof(text), "-");
	else
		snprintf(text, sizeof(text), "%s of %s", name_size(used, s->quota_used),
			 name_size(all, s->quota_bytes));
	cols_put(c, g, s->qt_exceeds ? grid_accent : grid_plain, text);
}

static char *print_goal(char *buf, enum damos_goal_metric metric, uint64_t value)
{
	double v = (double)value;

	switch (metric) {
	case DAMOS_GOAL_TARGET_RSS:
		return name_size(buf, value);
	case DAMOS_GOAL_SOME_MEM_PSI_US:
		return damon_print_time(buf, v * NS_PER_US);
	case DAMOS_GOAL_NODE_MEM_USED_BP:
	case DAMOS_GOAL_NODE_MEM_FREE_BP:
	case DAMOS_GOAL_REFAULT_BP:
	case DAMOS_GOAL_NODE_MEMCG_USED_BP:
	case DAMOS_GOAL_NODE_MEMCG_FREE_BP:
	case DAMOS_GOAL_ACTIVE_MEM_BP:
	case DAMOS_GOAL_INACTIVE_MEM_BP:
		return print_percent(buf, v / 10000);
	default:
		return damon_print_count(buf, v);
	}
}

static void put_goal(struct grid *g, struct cols *c, const struct live_scheme *s)
{
	char now[DAMON_UNITS_MAX], target[DAMON_UNITS_MAX], text[2 * DAMON_UNITS_MAX + 8] = "-";

	if (s->nr_goals)
		snprintf(text, sizeof(text), "%s of %s",
			 print_goal(now, s->metric, s->stats.goal_current[0]),
			 print_goal(target, s->metric, s->target));
	cols_put(c, g, grid_plain, text);
}

static void put_scheme(struct grid *g, struct cols *c, const struct live_scheme *s, size_t i)
{
	char text[DAMON_UNITS_MAX];

	snprintf(text, sizeof(text), "%zu", i + 1);
	cols_put(c, g, grid_accent, text);
	cols_put(c, g, grid_plain, s->stats.action);
	cols_put(c, g, state_style(s->stats.state), damos_state_name(s->stats.state));
	cols_put(c, g, grid_plain, s->stats.sz_now ? name_size(text, s->stats.sz_now) : "-");
	put_bytes(g, c, s->stats.sz_tried);
	put_bytes(g, c, s->stats.sz_applied);
	cols_put(c, g, s->stats.sz_failed ? grid_warn : grid_plain,
		 s->stats.sz_failed ? name_size(text, s->stats.sz_failed) : "-");
	put_quota(g, c, &s->stats);
	put_goal(g, c, s);
	cols_put(c, g, grid_plain,
		 s->stats.refault_bp >= 0 ? print_percent(text, s->stats.refault_bp / 10000) : "-");
}

void pane_schemes(struct grid *g, const struct live_model *m, struct live_view *v,
		  const struct pane_area *a)
{
	struct cols c;

	cols_init(&c, specs, 1, a->width - 2);
	cols_titles(&c, g, a->y);
	for (size_t i = 0; i < m->nr_schemes && (int)i + 1 < a->height; i++) {
		cols_line(&c, a->y + 1 + (int)i);
		put_scheme(g, &c, &m->schemes[i], i);
	}
}
