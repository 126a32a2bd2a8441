/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "live/view.h"

#define LEAST_ZOOM (16 * DAMON_PAGE_SIZE)

const struct live_help live_help[] = {
	{"q", "quit; a command that was started goes on", "quit"},
	{"space", "stop the picture, and let it go on", "pause"},
	{"up down tab", "choose a process", "process"},
	{"+ -", "look closer at part of its memory, or at more", "zoom"},
	{"left right", "the part before, the part behind", NULL},
	{"home", "all of its memory that is in use", NULL},
	{"z", "the surroundings of its hottest region", "hottest"},
	{"[ ]", "less or more time in a column", "time"},
	{"s", "sort processes by share, working set, RSS, CPU or pid", "sort"},
	{"1..9", "switch a scheme off, and on again", "scheme"},
	{"h w r", "hide or show heatmap, working set, regions", "panes"},
	{"?", "this text", "help"},
	{0},
};

const char *live_sort_name(enum live_sort s)
{
	static const char *const names[LIVE_NR_SORTS] = {"share", "working set", "rss", "cpu",
							 "pid"};

	return names[s];
}

void live_view_init(struct live_view *v)
{
	*v = (struct live_view){.chosen = UINT32_MAX};
}

void live_view_release(struct live_view *v)
{
	raster_release(&v->raster);
	free(v->order);
	v->order = NULL;
}

/* ---- processes ---- */

static double rank(const struct live_proc *p, enum live_sort sort)
{
	switch (sort) {
	case LIVE_BY_WSS:
		return p->wss.v;
	case LIVE_BY_RSS:
		return (double)p->rss_bytes;
	case LIVE_BY_CPU:
		return p->cpus;
	case LIVE_BY_PID:
		return -p->pid;
	default:
		return p->share.v;
	}
}

static int compare(const void *a, const void *b, void *sort)
{
	const struct live_proc *x = *(const struct live_proc *const *)a;
	const struct live_proc *y = *(const struct live_proc *const *)b;
	double p = rank(x, *(enum live_sort *)sort), q = rank(y, *(enum live_sort *)sort);

	if (p != q)
		return p < q ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void look_at(struct live_view *v, uint32_t id)
{
	if (v->chosen == id)
		return;
	v->chosen = id;
	v->zoom_end = 0;
	v->list_lines = 0;
}

/* The hottest, but one that is not surely hotter than the one before does not take its place. */
static void follow_hottest(struct live_view *v, const struct live_model *m)
{
	const struct live_proc *best = live_model_proc(m, v->chosen);

	if (best && v->by_hand)
		return;
	v->by_hand = false;
	for (size_t i = 0; i < m->nr_procs; i++) {
		const struct live_proc *p = &m->procs[i];

		if (!best || known_above(&p->share, &best->share) ||
		    (best->share.v < 0 && p->share.v > 0))
			best = p;
	}
	look_at(v, best ? best->id : UINT32_MAX);
}

int live_view_update(struct live_view *v, const struct live_model *m)
{
	int err = vec_reserve(&v->order, &v->cap_order, m->nr_procs + 1, sizeof(*v->order));

	if (err)
		return err;
	v->nr_order = m->nr_procs;
	for (size_t i = 0; i < m->nr_procs; i++)
		v->order[i] = &m->procs[i];
	qsort_r(v->order, v->nr_order, sizeof(*v->order), compare, &v->sort);
	follow_hottest(v, m);
	return 0;
}

static void choose(struct live_view *v, int step)
{
	size_t at = 0;

	if (!v->nr_order)
		return;
	while (at < v->nr_order && v->order[at]->id != v->chosen)
		at++;
	at = (at + v->nr_order + (size_t)(step + (int)v->nr_order)) % v->nr_order;
	look_at(v, v->order[at]->id);
	v->by_hand = true;
}

/* ---- ranges: in bytes of what is mapped, as if it lay side by side ---- */

struct mapped {
	const struct history_column *c;
	const struct history_target *t;
	uint64_t bytes;
};

static bool mapped_now(const struct live_view *v, const struct live_model *m, struct mapped *out)
{
	*out = (struct mapped){.c = history_column(&m->history, v->level, 0)};
	out->t = out->c ? history_target(out->c, v->chosen) : NULL;
	for (uint32_t i = 0; out->t && i < out->t->nr; i++) {
		const struct history_region *r = &out->c->regions[out->t->first + i];

		out->bytes += r->end - r->start;
	}
	return out->bytes > 0;
}

static uint64_t offset_of(const struct mapped *m, uint64_t addr)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->t->nr; i++) {
		const struct history_region *r = &m->c->regions[m->t->first + i];

		if (addr < r->end)
			return sum + (addr > r->start ? addr - r->start : 0);
		sum += r->end - r->start;
	}
	return sum;
}

/* 'upper': as the end of a range, which lies behind a byte. */
static uint64_t address_of(const struct mapped *m, uint64_t offset, bool upper)
{
	const struct history_region *r = NULL;

	for (uint32_t i = 0; i < m->t->nr; i++) {
		uint64_t bytes;

		r = &m->c->regions[m->t->first + i];
		bytes = r->end - r->start;
		if (offset < bytes + upper)
			return r->start + offset;
		offset -= bytes;
	}
	return r->end;
}

static void set_zoom(struct live_view *v, const struct mapped *m, uint64_t from, uint64_t to)
{
	uint64_t page = DAMON_PAGE_SIZE - 1;

	if (!from && to >= m->bytes) {
		v->zoom_end = 0;
		return;
	}
	v->zoom_start = address_of(m, from, false) & ~page;
	v->zoom_end = (address_of(m, MIN(to, m->bytes), true) + page) & ~page;
}

static uint64_t whole_pages(uint64_t bytes)
{
	return bytes & ~(DAMON_PAGE_SIZE - 1);
}

/* The half in the middle of what is shown. */
static void closer(struct live_view *v, const struct mapped *m)
{
	const struct heat_layout *l = &v->raster.lay;
	uint64_t from, to, quarter;

	if (!v->zoom_end && l->nr_rows >= 4) { /* a part of the lines, as what is cold has none */
		v->zoom_start = l->rows[l->nr_rows / 4].start;
		v->zoom_end = l->rows[l->nr_rows - 1 - l->nr_rows / 4].end;
		return;
	}
	if (!v->zoom_end)
		return;
	from = offset_of(m, v->zoom_start);
	to = offset_of(m, v->zoom_end);
	quarter = whole_pages((to - from) / 4);
	if (to - from > LEAST_ZOOM)
		set_zoom(v, m, from + quarter, to - quarter);
}

static void wider(struct live_view *v, const struct mapped *m)
{
	uint64_t from = offset_of(m, v->zoom_start), to = offset_of(m, v->zoom_end);
	uint64_t more = MAX(whole_pages((to - from) / 2), DAMON_PAGE_SIZE);

	set_zoom(v, m, from - MIN(from, more), to + more);
}

static void pan(struct live_view *v, const struct mapped *m, bool back)
{
	uint64_t from = offset_of(m, v->zoom_start), to = offset_of(m, v->zoom_end);
	uint64_t step = whole_pages((to - from) / 4);

	step = MIN(step, back ? from : m->bytes - to);
	if (back)
		set_zoom(v, m, from - step, to - step);
	else
		set_zoom(v, m, from + step, to + step);
}

static void zoom_hottest(struct live_view *v, const struct live_model *m, const struct mapped *map)
{
	uint64_t from, to, around;

	if (!m->nr_hottest || m->chosen != v->chosen)
		return;
	from = offset_of(map, m->hottest[0].start);
	to = offset_of(map, m->hottest[0].end);
	around = MAX((to - from) / 2, (uint64_t)LEAST_ZOOM);
	set_zoom(v, map, from - MIN(from, around), to + around);
}

static void zoom(struct live_view *v, const struct live_model *m, uint32_t key)
{
	struct mapped map;

	if (!mapped_now(v, m, &map))
		return;
	if (key == 'z')
		zoom_hottest(v, m, &map);
	else if (key == '+' || key == '=')
		closer(v, &map);
	else if (v->zoom_end && key == '-')
		wider(v, &map);
	else if (v->zoom_end)
		pan(v, &map, key == LIVE_KEY_LEFT);
}

/* ---- keys ---- */

static enum live_asked switch_scheme(struct live_view *v, const struct live_model *m, size_t i)
{
	if (i >= m->nr_schemes)
		return LIVE_NOTHING;
	v->scheme = i;
	v->switch_on = m->schemes[i].stats.state == DAMOS_SWITCHED_OFF;
	return LIVE_SWITCH;
}

enum live_asked live_view_key(struct live_view *v, const struct live_model *m, uint32_t key)
{
	bool help = v->help;

	v->help = false; /* any key ends it */
	switch (key) {
	case 'q':
	case 'Q':
		return help ? LIVE_REDRAW : LIVE_QUIT;
	case '?':
		v->help = !help;
		break;
	case ' ':
		v->paused = !v->paused;
		break;
	case LIVE_KEY_UP:
		choose(v, -1);
		break;
	case LIVE_KEY_DOWN:
	case '\t':
		choose(v, 1);
		break;
	case LIVE_KEY_HOME:
		v->zoom_end = 0;
		break;
	case '+':
	case '=':
	case '-':
	case 'z':
	case LIVE_KEY_LEFT:
	case LIVE_KEY_RIGHT:
		zoom(v, m, key);
		break;
	case '[':
		v->level -= v->level > 0;
		break;
	case ']':
		v->level += v->level + 1 < HISTORY_LEVELS;
		break;
	case 's':
		v->sort = (v->sort + 1) % LIVE_NR_SORTS;
		break;
	case 'h':
		v->no_heat = !v->no_heat;
		break;
	case 'w':
		v->no_wss = !v->no_wss;
		break;
	case 'r':
		v->no_regions = !v->no_regions;
		break;
	default:
		if (key >= '1' && key <= '9')
			return switch_scheme(v, m, key - '1');
		return help ? LIVE_REDRAW : LIVE_NOTHING;
	}
	return LIVE_REDRAW;
}
