/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines at the top and at the bottom, reasons, and help. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "live/pane.h"
#include "report/losses.h"
#include "report/print.h"

#define PART_MAX  64
#define MAX_PARTS 9

/* Parts of a line; where there is no room the higher 'drop' goes first. */
struct part {
	char text[PART_MAX];
	int drop;
	bool warn;
};

void pane_clock(char *buf, size_t size, uint64_t ns)
{
	unsigned long long s = ns / NS_PER_SEC;

	if (s < 3600)
		snprintf(buf, size, "%llu:%02llu", s / 60, s % 60);
	else
		snprintf(buf, size, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
}

/* ---- top ---- */

static void put_cost(struct part *p, const struct damon_stats *s)
{
	if (s->overhead_percent >= 0)
		snprintf(p->text, PART_MAX, "cost %.2g %%", s->overhead_percent);
	else
		snprintf(p->text, PART_MAX, "own CPU %.2g %%", s->own_cpu_percent);
	p->drop = 4;
	p->warn = s->overhead_asked_percent > 0 &&
		  s->overhead_percent > 2 * s->overhead_asked_percent &&
		  s->duration_ns > 10 * NS_PER_SEC;
}

static size_t make_parts(struct part *p, const struct live_model *m, const struct live_view *v)
{
	const struct damon_stats *s = &m->stats;
	char count[DAMON_UNITS_MAX];
	size_t n = 0;

	p[n++] = (struct part){.text = "damon-perf", .drop = 6};
	if (v->paused)
		p[n++] = (struct part){.text = "PAUSED", .drop = 0, .warn = true};
	if (m->dry_run)
		p[n++] = (struct part){.text = "dry run", .drop = 1, .warn = true};
	snprintf(p[n].text, PART_MAX, "%zu process%s", m->nr_targets,
		 m->nr_targets == 1 ? "" : "es");
	p[n++].drop = 5;
	if (s->source[0])
		snprintf(p[n].text, PART_MAX, "%s %s/s", s->source,
			 damon_print_count(count, m->rate_hz));
	p[n++].drop = 3;
	put_cost(&p[n++], s);
	snprintf(p[n].text, PART_MAX, "lost %s", damon_print_count(count, (double)losses_count(s)));
	p[n].warn = m->recent_lost > 0;
	p[n++].drop = 2;
	if (s->throttled)
		snprintf(p[n].text, PART_MAX, "throttled %s",
			 damon_print_count(count, (double)s->throttled));
	p[n].warn = m->recent_lost > 0;
	p[n++].drop = 2;
	pane_clock(p[n].text, PART_MAX, m->now_ns - m->start_ns);
	p[n++].drop = 1;
	return n;
}

static int width_of(const struct part *p, size_t n)
{
	int sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += p[i].text[0] ? (int)strlen(p[i].text) + 2 : 0;
	return sum;
}

static void drop_least(struct part *p, size_t n)
{
	size_t at = 0;

	for (size_t i = 1; i < n; i++)
		if (p[i].text[0] && (!p[at].text[0] || p[i].drop > p[at].drop))
			at = i;
	p[at].text[0] = '\0';
}

void pane_top(struct grid *g, const struct live_model *m, struct live_view *v,
	      const struct pane_area *a)
{
	struct part parts[MAX_PARTS] = {0};
	size_t n = make_parts(parts, m, v);
	int x = 1;

	while (width_of(parts, n) > a->width)
		drop_least(parts, n);
	grid_fill(g, 0, a->y, a->width, 1, grid_bar);
	for (size_t i = 0; i < n; i++) {
		struct grid_style style = grid_bar;

		if (!parts[i].text[0])
			continue;
		if (parts[i].warn) {
			style.ink = INK_WARN;
			style.attrs |= GRID_BOLD;
		}
		if (i + 1 == n) /* the clock stands at the right */
			x = MAX(x, a->width - 1 - (int)strlen(parts[i].text));
		x = grid_text(g, x, a->y, a->width - x, style, parts[i].text) + 2;
	}
}

/* ---- reasons ---- */

/* The i-th line that tells why something is as it is; false beyond the last. */
static bool reason(const struct live_model *m, const struct live_view *v, size_t i, char *buf,
		   size_t size)
{
	if (v->note && !i--) {
		snprintf(buf, size, "%s", v->note);
		return true;
	}
	for (size_t k = 0; k < m->nr_schemes; k++) {
		const struct damos_stats *s = &m->schemes[k].stats;

		if (s->state_reason[0] && !i--) {
			snprintf(buf, size, "%zu %s, %s: %.200s", k + 1, s->action,
				 damos_state_name(s->state), s->state_reason);
			return true;
		}
		if (s->sz_failed && !i--) {
			char bytes[DAMON_UNITS_MAX];

			snprintf(buf, size, "%zu %s failed for %s: %s", k + 1, s->action,
				 damon_print_bytes(bytes, (double)s->sz_failed), s->reason);
			return true;
		}
	}
	return false;
}

int pane_reasons_lines(const struct live_model *m, const struct live_view *v)
{
	char text[256];
	int n = 0;

	while (reason(m, v, (size_t)n, text, sizeof(text)))
		n++;
	return n;
}

void pane_reasons(struct grid *g, const struct live_model *m, struct live_view *v,
		  const struct pane_area *a)
{
	char text[256], clean[256];

	for (int i = 0; i < a->height && reason(m, v, (size_t)i, text, sizeof(text)); i++) {
		struct grid_style style = v->note && !i ? grid_faint : grid_warn;

		style.attrs = 0;
		print_clean(clean, sizeof(clean), text);
		grid_text(g, 1, a->y + i, a->width - 1, style, clean);
	}
}

/* ---- keys ---- */

void pane_keys(struct grid *g, const struct live_model *m, struct live_view *v,
	       const struct pane_area *a)
{
	int x = 1;

	for (const struct live_help *h = live_help; h->keys; h++) {
		const char *text = h->brief;
		char sort[PART_MAX];
		int need;

		if (!text || (h->keys[0] == '1' && !m->nr_schemes))
			continue;
		if (h->keys[0] == 's' && !h->keys[1]) {
			snprintf(sort, sizeof(sort), "sort:%s", live_sort_name(v->sort));
			text = sort;
		}
		if (h->keys[0] == ' ' || !strcmp(h->keys, "space"))
			text = v->paused ? "go on" : text;
		need = (int)(strlen(h->keys) + strlen(text)) + 1;
		if (x + need > a->width)
			continue;
		x = grid_text(g, x, a->y, a->width - x, grid_accent, h->keys);
		x = grid_text(g, x + 1, a->y, a->width - x - 1, grid_faint, text) + 2;
	}
}

/* ---- help ---- */

static void frame(struct grid *g, int x, int y, int width, int height)
{
	grid_fill(g, x, y, width, height, grid_plain);
	for (int i = 0; i < width; i++) {
		uint32_t top = !i ? 0x250c : i + 1 == width ? 0x2510 : 0x2500;
		uint32_t end = !i ? 0x2514 : i + 1 == width ? 0x2518 : 0x2500;

		grid_put(g, x + i, y, top, grid_faint);
		grid_put(g, x + i, y + height - 1, end, grid_faint);
	}
	for (int i = 1; i + 1 < height; i++) {
		grid_put(g, x, y + i, 0x2502, grid_faint);
		grid_put(g, x + width - 1, y + i, 0x2502, grid_faint);
	}
}

void pane_help(struct grid *g, const struct live_view *v)
{
	static const char *const legend[] = {
		"Figures in [ ] are bounds: the truth lies within with 95 %.",
		"Heat: accesses per page and second; hatched: known only roughly.",
		"Working set: pages in use within the last second.",
	};
	int n = 0, width = MIN(72, v->width), height, x, y;

	for (const struct live_help *h = live_help; h->keys; h++)
		n++;
	height = MIN(n + 3 + (int)ARRAY_SIZE(legend), v->height);
	x = (v->width - width) / 2;
	y = (v->height - height) / 2;
	frame(g, x, y, width, height);
	for (int i = 0; i < n && i + 2 < height; i++) {
		grid_text(g, x + 2, y + 1 + i, 12, grid_accent, live_help[i].keys);
		grid_text(g, x + 15, y + 1 + i, width - 17, grid_plain, live_help[i].text);
	}
	for (int i = 0; i < (int)ARRAY_SIZE(legend) && n + 3 + i < height; i++)
		grid_text(g, x + 2, y + 2 + n + i, width - 4, grid_faint, legend[i]);
}
