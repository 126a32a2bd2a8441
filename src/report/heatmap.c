/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/heatmap.h"
#include "report/marks.h"
#include "report/names.h"
#include "report/notes.h"
#include "report/picture/picture.h"
#include "report/reports.h"
#include "report/select.h"
#include "report/table.h"

#define DATA_CELLS    100 /* of JSON and CSV, each way, unless asked for */
#define TICK_COLS     8	  /* an axis label has at least so many columns */
#define NARROW	      60  /* columns; addresses are left out below */
#define SETTLE_AGGRS  5	  /* in which the regions of a new mapping find their shape */
#define ADDRESS_WIDTH 13

/* ---- size ---- */

static size_t name_width(unsigned width)
{
	if (width < NARROW)
		return 10;
	return width < 100 ? 14 : width < 160 ? 20 : 28;
}

static size_t label_width(unsigned width)
{
	return name_width(width) + 1 + (width < NARROW ? 0 : ADDRESS_WIDTH);
}

size_t heatmap_fit_cols(const struct report_args *a)
{
	return MAX(a->width, 40u) - label_width(a->width) - 1;
}

/* About as high as wide, as characters go. */
static size_t fit_lines(const struct report_args *a)
{
	return MIN(MAX(a->width / 4, 16u), 48u);
}

static void choose_size(const struct report_args *a, size_t cells_per_line, size_t *cols,
			size_t *lines)
{
	bool text = a->format == REPORT_TEXT;
	size_t rows = a->resol_addr ? a->resol_addr : text ? 0 : DATA_CELLS;
	size_t fits = text ? heatmap_fit_cols(a) : DATA_CELLS;

	*cols = a->resol_time ? a->resol_time : fits;
	if (text)
		*cols = MIN(*cols, fits);
	*lines = rows ? (rows + cells_per_line - 1) / cells_per_line : fit_lines(a);
}

/* ---- second pass ---- */

static int nothing_in_range(struct report_args *a, uint64_t first, uint64_t last)
{
	damon_fail(&a->fail, ERANGE, "no access was seen in the address range %" PRIx64 "-%" PRIx64,
		   a->addr_start, a->addr_end);
	damon_fail_remedy(&a->fail, "accesses were seen within %" PRIx64 "-%" PRIx64, first, last);
	return -ERANGE;
}

static int explain(struct report_args *a, int err)
{
	if (err == -E2BIG) {
		damon_fail(&a->fail, E2BIG, "too many cells for a heatmap");
		damon_fail_remedy(&a->fail, "ask for a resolution of at most %u cells in all",
				  HEATGRID_MAX_CELLS);
	} else if (err == -ENOMEM) {
		damon_fail(&a->fail, ENOMEM, "out of memory");
	}
	return err;
}

int heatmap_prepare(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		    size_t cols, size_t lines, size_t cells_per_line, struct heatgrid *g)
{
	uint64_t from = MAX(sc->from_ns, t->first_ns), to = MIN(sc->to_ns, t->last_ns);
	struct extents ext = t->ext; /* the same ranges: they only shrink in place */
	int err;

	*g = (struct heatgrid){0};
	if (!ext.n || from >= to)
		return 0;
	if (a->addr_end) {
		uint64_t first = ext.x[0].start, last = ext.x[ext.n - 1].end;

		extents_clip(&ext, a->addr_start, a->addr_end);
		if (!ext.n)
			return nothing_in_range(a, first, last);
	}
	err = heatgrid_init(g, &ext, from, to, cols, lines, cells_per_line);
	if (err)
		return explain(a, err);
	g->settle_ns = SETTLE_AGGRS * sc->info.attrs.aggr_ns;
	g->from_birth = from == t->first_ns;
	g->keep_all = a->addr_end;
	g->hi_scale = notes_scale(&sc->info).hi;
	return 1;
}

int heatmap_fill(struct report_args *a, const struct scan_target *t, struct heatgrid *g)
{
	struct scan_cursor c;
	int err = scan_rewind(a);

	scan_start(&c);
	while (err >= 0 && (err = scan_next_of(a, t->info.id, &c)) > 0) {
		if (c.si.start_ns >= g->end_ns)
			break;
		heatgrid_add(g, &c);
	}
	if (err >= 0)
		err = heatgrid_finish(g);
	return err < 0 ? explain(a, err) : g->lay.nr_rows > 0;
}

/* ---- names beside the rows ---- */

/* Byte-seconds that a mapping and a row have in common, while the grid lasts. */
static double common(const struct heatgrid *g, const struct heat_row *r,
		     const struct damon_mapping_info *m)
{
	uint64_t start = MAX(r->start, m->start), end = MIN(r->end, m->end);
	uint64_t from = MAX(g->start_ns, m->from_ns), to = MIN(g->end_ns, m->to_ns);

	if (start >= end || from >= to)
		return 0;
	return (double)(end - start) * (double)(to - from);
}

/* Mappings come sorted, so that those of one file are neighbours: they count together. */
static void label_add(struct heatmap_name *l, const char *name, double weight)
{
	if (strcmp(l->now, name)) {
		strcpy(l->now, name);
		l->now_weight = 0;
	}
	l->now_weight += weight;
	if (l->now_weight > l->best_weight) {
		l->best_weight = l->now_weight;
		strcpy(l->best, name);
	}
}

/* A row of which something is mapped needs a name. */
static bool all_named(const struct heatgrid *g, const struct heatmap_name *labels)
{
	for (size_t i = 0; i < g->lay.nr_rows * g->nr_cols; i++)
		if (g->cells[i].heat > 0 && !labels[i / g->nr_cols].best[0])
			return false;
	return true;
}

/* The rows without a name that a region touches: its mapping at that time, by its accesses. */
static void name_rows(const struct heatgrid *g, const struct scan_cursor *c,
		      const struct damon_region_info *r, size_t row, struct heatmap_name *labels)
{
	struct damon_mapping_info m = {.size = sizeof(m)};
	char name[NAME_MAX_LEN] = "";

	for (; row < g->lay.nr_rows && g->lay.rows[row].start < r->end; row++) {
		const struct heat_row *x = &g->lay.rows[row];
		uint64_t bytes = MIN(r->end, x->end) - MAX(r->start, x->start);

		if (labels[row].best[0] && !(labels[row].best_weight > 0))
			continue; /* it has had one before */
		if (!name[0] && damon_snapshot_mapping(c->s, c->at, r->start, &m) <= 0)
			return;
		if (!name[0])
			name_short(name, &m);
		label_add(&labels[row], name, r->heat * (double)bytes);
	}
}

static void name_regions(const struct heatgrid *g, const struct scan_cursor *c,
			 struct heatmap_name *labels)
{
	struct damon_region_info r = {.size = sizeof(r)};
	size_t row = 0;

	for (size_t i = 0; i < c->ti.nr_regions; i++) {
		damon_snapshot_region(c->s, c->at, i, &r);
		while (row < g->lay.nr_rows && g->lay.rows[row].end <= r.start)
			row++;
		if (r.heat > 0)
			name_rows(g, c, &r, row, labels);
	}
}

/* The mappings of a target are those of its last address space. A target that stands for many
 * processes, or that has executed another program, has had others, which its snapshots know. */
static void name_from_snapshots(struct report_args *a, const struct heatgrid *g, uint32_t id,
				struct heatmap_name *labels)
{
	struct scan_cursor c;
	int err = scan_rewind(a);

	for (size_t i = 0; i < g->lay.nr_rows; i++)
		if (labels[i].best[0])
			labels[i].best_weight = 0; /* it stays */
	scan_start(&c);
	while (err >= 0 && (err = scan_next_of(a, id, &c)) > 0)
		if (c.si.start_ns < g->end_ns && c.si.end_ns > g->start_ns)
			name_regions(g, &c, labels);
}

struct heatmap_name *heatmap_names(struct report_args *a, const struct heatgrid *g, uint32_t id)
{
	struct damon_mapping_info m = {.size = sizeof(m)};
	struct heatmap_name *labels = calloc(g->lay.nr_rows ? g->lay.nr_rows : 1, sizeof(*labels));
	char name[NAME_MAX_LEN];

	for (size_t i = 0; labels && !damon_record_mapping(a->rec, id, i, &m); i++) {
		name_short(name, &m);
		for (size_t b = 0; b < g->lay.nr_bands; b++) {
			const struct heat_band *band = &g->lay.bands[b];
			size_t row;

			if (m.end <= band->start || m.start >= band->end)
				continue;
			row = m.start > band->start ? (m.start - band->start) / band->row_bytes : 0;
			for (; row < band->nr_rows; row++) {
				const struct heat_row *r = &g->lay.rows[band->first_row + row];

				if (r->start >= m.end)
					break;
				label_add(&labels[band->first_row + row], name, common(g, r, &m));
			}
		}
	}
	if (labels && !all_named(g, labels))
		name_from_snapshots(a, g, id, labels);
	return labels;
}

/* ---- text ---- */

bool heatmap_is_unsure(const struct heat_cell *c)
{
	struct known k = heatgrid_known(c);

	return c->heat > 0 && known_factor(&k) > HEATMAP_UNSURE;
}

static int level_of(const struct heatgrid *g, size_t row, size_t col)
{
	const struct heat_cell *c = &g->cells[row * g->nr_cols + col];
	int level;

	if (!(c->cover > 0))
		return COLOR_UNMAPPED;
	if (!(c->heat > 0))
		return COLOR_UNUSED;
	level = (int)(heatgrid_scale(g, c->heat) * (COLOR_LEVELS - 1) + 0.5);
	return heatmap_is_unsure(c) ? level | COLOR_UNSURE : level;
}

/* The label of a line, to the bar where cells begin. An address stands where a name does; one that
 * is longer than usual takes room from the name. */
static void draw_label(struct report_args *a, const struct heat_row *r, const char *name,
		       bool with_address)
{
	size_t used = 0, room = label_width(a->width) - 1;
	char cut[NAME_MAX_LEN];

	if (a->width >= NARROW && with_address)
		used = (size_t)fprintf(a->out, "%*" PRIx64 " ", ADDRESS_WIDTH - 1, r->start);
	else if (a->width >= NARROW)
		used = (size_t)fprintf(a->out, "%*s", ADDRESS_WIDTH, "");
	strcpy(cut, name);
	name_fit(cut, room - used);
	fprintf(a->out, "%s%*s|", cut, (int)(room - used - print_width(cut) + 1), "");
}

static void draw_line(struct painter *p, const struct heatgrid *g, size_t row, size_t end_row)
{
	bool pairs = painter_cells_per_line(p) == 2;

	for (size_t col = 0; col < g->nr_cols; col++)
		painter_put(p, level_of(g, row, col),
			    pairs && row + 1 < end_row ? level_of(g, row + 1, col)
						       : COLOR_UNMAPPED);
	painter_reset(p);
	fputc('\n', p->out);
}

static void draw_band(struct report_args *a, struct painter *p, const struct heatgrid *g,
		      const struct heat_band *b, const struct heatmap_name *labels)
{
	size_t step = painter_cells_per_line(p), end = b->first_row + b->nr_rows;
	const char *last = NULL;

	for (size_t row = b->first_row; row < end; row += step) {
		const char *name = labels ? labels[row].best : "";
		bool new_name = !last || (*name && strcmp(name, last));

		draw_label(a, &g->lay.rows[row], new_name ? name : "", new_name);
		draw_line(p, g, row, end);
		if (new_name)
			last = name;
	}
}

/* What was left out before a band, and how much a line of it holds. */
static void draw_gap(struct report_args *a, const struct heatgrid *g, size_t band, size_t step)
{
	const struct heat_band *b = &g->lay.bands[band];
	char gap[DAMON_UNITS_MAX], line[DAMON_UNITS_MAX];
	int indent = a->width < NARROW ? 0 : ADDRESS_WIDTH;

	damon_print_bytes(line, (double)(b->row_bytes * MIN(step, b->nr_rows)));
	fprintf(a->out, "%*s", indent, "");
	if (band)
		fprintf(a->out, "~ %s left out; ",
			damon_print_bytes(gap, (double)(b->start - g->lay.bands[band - 1].end)));
	fprintf(a->out, "%s a line\n", line);
}

/* Below the addresses: what they are, where they are not those of a process. */
static void draw_address_kind(struct report_args *a, const struct scan *sc)
{
	size_t room = label_width(a->width), used = 0;
	char kind[64];

	print_clean(kind, sizeof(kind), sc->info.addresses);
	name_fit(kind, room - 1);
	if (a->width >= NARROW && print_width(kind) < ADDRESS_WIDTH)
		used = ADDRESS_WIDTH - 1 - print_width(kind);
	fprintf(a->out, "%*s%s", (int)used, "", kind);
	fprintf(a->out, "%*s", (int)(room - used - print_width(kind)), "");
}

/* The time of the first column, then round ones where they fall and there is room, since the start
 * of the record. */
static void draw_time_axis(struct report_args *a, const struct scan *sc, const struct heatgrid *g)
{
	uint64_t span = g->end_ns - g->start_ns, off = g->start_ns - sc->info.start_ns;
	uint64_t step = print_round_step(span * MIN((size_t)TICK_COLS, g->nr_cols) / g->nr_cols);
	char tick[DAMON_UNITS_MAX];
	size_t at;

	draw_address_kind(a, sc);
	at = (size_t)fprintf(a->out, "|%s", damon_print_time(tick, (double)off));
	for (uint64_t ns = (off / step + 1) * step; ns < off + span; ns += step) {
		size_t col = (size_t)((unsigned __int128)(ns - off) * g->nr_cols / span);

		print_tick(tick, ns, step);
		if (col <= at || col + strlen(tick) > g->nr_cols)
			continue;
		at = col + (size_t)fprintf(a->out, "%*s|%s", (int)(col - at), "", tick) -
		     (col - at);
	}
	fputc('\n', a->out);
}

/* Returns its columns. */
static size_t draw_ramp(struct report_args *a, struct painter *p, int mark)
{
	int swatches = a->color == REPORT_ASCII ? 8 : 16;

	for (int i = 0; i < swatches; i++) {
		int level = i * (COLOR_LEVELS - 1) / (swatches - 1);

		painter_put(p, level | mark, level | mark);
	}
	painter_reset(p);
	return (size_t)swatches;
}

/* An end of the scale, with the digits that cells and the scale of heat allow. */
static char *end_of_scale(char *buf, const struct scan *sc, const struct heatgrid *g, double heat)
{
	double f = isfinite(g->typical) ? MAX(g->typical, 1.0) : HEATMAP_UNSURE;
	struct known k =
		known_times((struct known){heat, heat / f, heat * f}, notes_scale(&sc->info));

	return known_value(buf, &k, KNOWN_COUNT);
}

static bool any_unsure(const struct heatgrid *g)
{
	for (size_t i = 0; i < g->lay.nr_rows * g->nr_cols; i++)
		if (heatmap_is_unsure(&g->cells[i]))
			return true;
	return false;
}

char *heatmap_certainty(char *buf, size_t size, const struct heatgrid *g)
{
	buf[0] = '\0';
	if (g->typical > 0 && isfinite(g->typical))
		snprintf(buf, size, "within a factor of %.2g", g->typical);
	else if (g->typical > 0)
		snprintf(buf, size, "roughly");
	return buf;
}

/* How sure cells are. */
static void draw_certainty(struct report_args *a, struct painter *p, const struct heatgrid *g)
{
	char typical[64], text[128];
	size_t at;

	if (any_unsure(g)) {
		fputs("     ", a->out);
		snprintf(text, sizeof(text), "the same, known only within a factor of more than %g",
			 HEATMAP_UNSURE);
		at = 6 + draw_ramp(a, p, COLOR_UNSURE);
		fputc(' ', a->out);
		print_wrapped(a->out, text, a->width, at, 5);
	}
	if (*heatmap_certainty(typical, sizeof(typical), g))
		print_line(a->out, a->width, 5, "     half of the cells are known %s or better",
			   typical);
}

static void draw_legend(struct report_args *a, struct painter *p, const struct scan *sc,
			const struct heatgrid *g)
{
	struct known unseen = {0, 0, g->unseen_hi * notes_scale(&sc->info).hi};
	char low[KNOWN_MAX], high[KNOWN_MAX], most[KNOWN_MAX], blank[HEATGRID_BLANK_MAX];
	char text[192];

	fprintf(a->out, "heat %s ", end_of_scale(low, sc, g, g->scale_lo));
	draw_ramp(a, p, 0);
	fprintf(a->out, " %s%saccesses/page/s, log scale\n", end_of_scale(high, sc, g, g->scale_hi),
		a->width < 76 ? "\n     " : " ");
	draw_certainty(a, p, g);
	fputs("     ", a->out);
	painter_put(p, COLOR_UNUSED, COLOR_UNUSED);
	painter_reset(p);
	fputc(' ', a->out);
	snprintf(text, sizeof(text), "no access seen%s%s; blank: %s",
		 g->unseen_hi > 0 ? ": heat " : "",
		 g->unseen_hi > 0 ? known_value(most, &unseen, KNOWN_COUNT) : "",
		 heatgrid_blank(blank, g));
	print_wrapped(a->out, text, a->width, 7, 5);
}

void heatmap_draw(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		  const struct heatgrid *g)
{
	_cleanup_(freep) struct heatmap_name *labels = heatmap_names(a, g, t->info.id);
	struct known left_out = known_share(g->weight_left_out, (double)t->info.obs);
	char share[KNOWN_MAX];
	struct painter p;
	bool cut;

	painter_init(&p, a->out, a->color);
	for (size_t b = 0; b < g->lay.nr_bands; b++) {
		draw_gap(a, g, b, painter_cells_per_line(&p));
		draw_band(a, &p, g, &g->lay.bands[b], labels);
	}
	cut = marks_draw(a, g->start_ns, g->end_ns, label_width(a->width), g->nr_cols);
	draw_time_axis(a, sc, g);
	draw_legend(a, &p, sc, g);
	if (cut)
		print_line(a->out, a->width, 5,
			   "  ^  marks; 'damon-perf report info' has their "
			   "names");
	if (labels && !all_named(g, labels))
		print_line(a->out, a->width, 0,
			   "lines without a name: what was mapped there is not known");
	if (g->weight_left_out > 0)
		print_line(a->out, a->width, 0, "not shown: ranges with %s of the accesses",
			   known_value(share, &left_out, KNOWN_PERCENT));
}

static void write_text(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		       const struct heatgrid *g, int got)
{
	if (!t) {
		notes_empty(a, sc);
		return;
	}
	select_say(a, sc, t, "heatmap");
	if (!got) {
		fputs("no access was seen\n", a->out);
		return;
	}
	heatmap_draw(a, sc, t, g);
	notes_relative(a, &sc->info);
}

/* ---- JSON, CSV ---- */

static const struct table_col cell_cols[] = {
	{.key = "time_from_ns"}, {.key = "time_to_ns"},	  {.key = "start"},
	{.key = "end"},		 {.key = "mapped_bytes"}, {.key = "heat"},
	{.key = "lo"},		 {.key = "hi"},		  {0},
};

/* The mean over the time of the cell. */
static double mapped_bytes(const struct heatgrid *g, size_t i)
{
	size_t col = i % g->nr_cols;
	uint64_t ns = heatgrid_col_ns(g, col + 1) - heatgrid_col_ns(g, col);

	return g->cells[i].cover / ((double)ns / NS_PER_SEC);
}

static int write_cells(struct report_args *a, const struct scan *sc, const struct heatgrid *g,
		       struct json *j)
{
	struct table t;

	table_init(&t, a, cell_cols, j, "cells");
	for (size_t i = 0; i < g->lay.nr_rows * g->nr_cols; i++) {
		const struct heat_row *r = &g->lay.rows[i / g->nr_cols];
		size_t col = i % g->nr_cols;
		struct known heat;

		if (!(g->cells[i].cover > 0))
			continue;
		table_u64(&t, heatgrid_col_ns(g, col) - sc->info.start_ns, NULL);
		table_u64(&t, heatgrid_col_ns(g, col + 1) - sc->info.start_ns, NULL);
		table_u64(&t, r->start, NULL);
		table_u64(&t, r->end, NULL);
		table_double(&t, mapped_bytes(g, i), NULL);
		heat = known_times(heatgrid_known(&g->cells[i]), notes_scale(&sc->info));
		table_double(&t, heat.v, NULL);
		table_limits(&t, &heat);
	}
	return table_end(&t);
}

static int write_json(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		      const struct heatgrid *g)
{
	struct json j;
	int err;

	json_init(&j, a->out);
	json_object(&j, NULL);
	if (t) {
		json_u64(&j, "id", t->info.id);
		json_i64(&j, "pid", t->info.pid);
		json_str(&j, "comm", t->info.comm);
	}
	json_i64(&j, "start_time", (int64_t)sc->info.start_ns + sc->info.epoch_offset_ns);
	json_str(&j, "time_unit", "ns since start_time, which is ns since the epoch");
	json_str(&j, "address_unit", "bytes");
	if (sc->info.addresses[0])
		json_str(&j, "addresses", sc->info.addresses);
	json_str(&j, "heat_unit", "accesses per page of 4 KiB and second");
	json_double(&j, "heat_scale_lo", sc->info.scale_lo, 6);
	json_double(&j, "heat_scale_hi", sc->info.scale_hi, 6);
	json_u64(&j, "columns", g->lay.nr_rows ? g->nr_cols : 0);
	json_u64(&j, "rows", g->lay.nr_rows);
	json_double(&j, "share_left_out", g->weight_left_out, 6);
	json_u64(&j, "no_snapshots_ns", g->unseen_ns);
	marks_json(a, g->start_ns, g->end_ns, &j);
	err = write_cells(a, sc, g, &j);
	json_end(&j);
	return err;
}

int report_heatmap(struct report_args *a)
{
	const struct scan_target *t = NULL;
	struct heatgrid g = {0};
	struct painter p;
	struct scan sc;
	size_t cols, lines, per_line = 1;
	int got;

	if (report_is_picture(a->format))
		return picture_heatmap(a);
	painter_init(&p, a->out, a->color);
	if (a->format == REPORT_TEXT)
		per_line = painter_cells_per_line(&p);
	choose_size(a, per_line, &cols, &lines);
	got = scan_record(a, true, &sc);
	if (!got)
		got = select_target(a, &sc, &t);
	if (got > 0)
		got = heatmap_prepare(a, &sc, t, cols, lines, per_line, &g);
	if (got > 0)
		got = heatmap_fill(a, t, &g);
	if (got >= 0 && a->format == REPORT_TEXT)
		write_text(a, &sc, t, &g, got);
	else if (got >= 0 && a->format == REPORT_JSON)
		got = write_json(a, &sc, t, &g);
	else if (got >= 0)
		got = write_cells(a, &sc, &g, NULL);
	heatgrid_release(&g);
	scan_release(&sc);
	return MIN(got, 0);
}
