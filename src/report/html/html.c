/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page: one file with a program in it that draws the heatmap and all that belongs to it. Made
 * in three passes over the record: where memory is touched; the rows of each target; its cells,
 * working sets and accesses. Memory and the file are bounded whatever the record: so many cells for
 * all targets together, so many accesses, so many names; columns are joined where cells compress
 * badly.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "report/html/data.h"
#include "report/html/parts.h"
#include "report/reports.h"
#include "report/select.h"

#define MAX_SHEETS     24
#define MAX_CELLS      ((size_t)5 << 18) /* of all targets */
#define LINES	       40		 /* of the layout; each has so many rows */
#define ROWS_PER_LINE  16
#define MORE_ROWS      32 /* where there are few snapshots */
#define FEW_SNAPSHOTS  1500
#define LESSER_LINES   16 /* of targets beside the hottest */
#define LESSER_ROWS    8
#define FEW_SHEETS     4
#define MAX_ACCESSES   65536
#define MAX_NAMES      3000 /* of a list, of all targets together */
#define LEAST_NAMES    150
#define MAX_TABLE_TEXT ((size_t)1900 << 10) /* base64 of all grids */

/* ---- which targets ---- */

static int hotter(const void *x, const void *y)
{
	const struct scan_target *const *a = x, *const *b = y;

	if ((*a)->info.share != (*b)->info.share)
		return (*a)->info.share > (*b)->info.share ? -1 : 1;
	return ((*a)->info.id > (*b)->info.id) - ((*a)->info.id < (*b)->info.id);
}

/* Those that are asked for, the hottest first; the caller frees '*list'. */
static int list_targets(struct report_args *a, struct html_data *d,
			const struct scan_target ***list, size_t *n)
{
	const struct scan_target *chosen = NULL;
	int got = select_target(a, &d->scan, &chosen);

	*n = 0;
	if (got < 0)
		return got;
	*list = calloc(d->scan.nr_targets + 1, sizeof(**list));
	if (!*list)
		return -ENOMEM;
	for (size_t i = 0; i < d->scan.nr_targets; i++)
		if (select_shows(a, &d->scan.targets[i], chosen))
			(*list)[(*n)++] = &d->scan.targets[i];
	qsort(*list, *n, sizeof(**list), hotter);
	return 0;
}

/* One of several targets may well have nothing in the range of addresses asked for. */
static int init_sheets(struct report_args *a, struct html_data *d, const struct scan_target **list,
		       size_t n)
{
	bool few = d->scan.nr_snapshots <= FEW_SNAPSHOTS, any = false;
	size_t rows = few ? MORE_ROWS : ROWS_PER_LINE, lesser = n > FEW_SHEETS ? LESSER_ROWS : rows;
	int err = 0;

	for (size_t i = 0; i < n && (!err || err == -ERANGE); i++) {
		int got = sheet_init(&d->sheets[d->nr_sheets++], a, &d->scan, list[i],
				     i ? LESSER_LINES : LINES, i ? lesser : rows);

		err = got ? got : err;
		any |= !got;
	}
	if (err == -ERANGE && any) {
		a->fail = (struct damon_fail){0};
		err = 0;
	}
	return err;
}

static int choose_sheets(struct report_args *a, struct html_data *d)
{
	_cleanup_(freep) const struct scan_target **list = NULL;
	size_t n;
	int err = list_targets(a, d, &list, &n);

	if (err)
		return err;
	d->sheets = calloc(MAX_SHEETS, sizeof(*d->sheets));
	if (!d->sheets)
		return -ENOMEM;
	err = init_sheets(a, d, list, MIN(n, (size_t)MAX_SHEETS));
	for (size_t i = MAX_SHEETS; i < n; i++) {
		d->nr_others++;
		d->others_share += list[i]->info.share;
	}
	d->max_names = d->nr_sheets ? MAX(MAX_NAMES / d->nr_sheets, (size_t)LEAST_NAMES) : 0;
	return err;
}

static struct sheet *sheet_of(const struct html_data *d, uint32_t id)
{
	for (size_t i = 0; i < d->nr_sheets; i++)
		if (d->sheets[i].target->info.id == id)
			return &d->sheets[i];
	return NULL;
}

/* ---- passes ---- */

/* What a pass does with each snapshot of a sheet, and with each access. */
struct pass {
	struct report_args *a;
	struct html_data *d;
	void (*snapshot)(struct sheet *s, const struct scan_cursor *c);
};

static bool is_asked_for(const struct report_args *a, const struct sheet *s,
			 const struct damon_access_info *i)
{
	if (!s || !s->grid.cells)
		return false;
	if (a->addr_end && (i->addr < a->addr_start || i->addr >= a->addr_end))
		return false;
	return (!a->time_from_ns || i->time_ns >= s->grid.start_ns) &&
	       (!a->time_to_ns || i->time_ns < s->grid.end_ns);
}

static int count_access(void *priv, const struct damon_access_info *i)
{
	struct pass *p = priv;

	p->d->logged += is_asked_for(p->a, sheet_of(p->d, i->target_id), i);
	return 0;
}

/* Every n-th of them, evenly: as many as there is room for, each standing for n. */
static int keep_access(void *priv, const struct damon_access_info *i)
{
	struct pass *p = priv;
	struct html_data *d = p->d;
	struct sheet *s = sheet_of(d, i->target_id);
	uint64_t room = MIN(d->logged, (uint64_t)MAX_ACCESSES), at;

	if (!is_asked_for(p->a, s, i))
		return 0;
	at = d->seen++;
	if (at * room / d->logged == (at + 1) * room / d->logged)
		return 0;
	d->kept++;
	return kept_add(&s->kept, &s->grid, d->attrib, i, (double)d->logged / (double)room);
}

static int run_pass(struct pass *p, damon_access_fn on_access)
{
	struct scan_cursor c;
	int got = scan_rewind(p->a);

	scan_start(&c);
	damon_record_set_log(p->a->rec, on_access, p);
	while (got >= 0 && (got = scan_next(p->a, &c.s)) > 0) {
		damon_snapshot_info(c.s, &c.si);
		for (c.at = 0; c.at < c.si.nr_targets; c.at++) {
			struct sheet *s;

			damon_snapshot_target(c.s, c.at, &c.ti);
			s = sheet_of(p->d, c.ti.id);
			if (s)
				p->snapshot(s, &c);
		}
	}
	damon_record_set_log(p->a->rec, NULL, NULL);
	return got == -EINTR ? -ENOMEM : got;
}

/* Half of the cells are for all alike, half go by the share of the accesses. */
static size_t cells_of(const struct html_data *d, const struct sheet *s)
{
	double even = 1. / (double)d->nr_sheets;

	return (size_t)(MAX_CELLS * (fmin(s->target->info.share, 1) + even) / 2);
}

static int fill_sheets(struct report_args *a, struct html_data *d)
{
	struct attrib_options o = {.lines = a->grain == REPORT_LINES,
				   .no_symbols = a->grain == REPORT_MODULES,
				   .members = a->members,
				   .symbols = a->symbols,
				   .target_id = UINT32_MAX};
	struct pass p = {a, d, sheet_lay_out};
	int err = run_pass(&p, count_access);

	for (size_t i = 0; i < d->nr_sheets && !err; i++)
		err = sheet_begin(&d->sheets[i], cells_of(d, &d->sheets[i]));
	if (!err)
		err = attrib_new(a->rec, &o, &d->attrib);
	p.snapshot = sheet_add;
	if (!err)
		err = run_pass(&p, keep_access);
	for (size_t i = 0; i < d->nr_sheets && !err; i++)
		err = sheet_finish(&d->sheets[i]);
	return err;
}

/* ---- size ---- */

/* Packs all, then joins columns of the largest until it fits. */
static int pack_sheets(struct html_data *d)
{
	size_t sum = 0;
	int err = 0;

	for (size_t i = 0; i < d->nr_sheets && !err; i++) {
		err = sheet_pack(&d->sheets[i]);
		if (!err)
			err = kept_pack(&d->sheets[i].kept, d->attrib, d->max_names);
		sum += sheet_packed_bytes(&d->sheets[i]);
	}
	while (!err && sum > MAX_TABLE_TEXT) {
		struct sheet *largest = &d->sheets[0];

		for (size_t i = 1; i < d->nr_sheets; i++)
			if (sheet_packed_bytes(&d->sheets[i]) > sheet_packed_bytes(largest))
				largest = &d->sheets[i];
		if (!sheet_halve(largest))
			break;
		sum -= sheet_packed_bytes(largest);
		err = sheet_pack(largest);
		sum += sheet_packed_bytes(largest);
	}
	return err;
}

/* ---- the page ---- */

/* JSON within a page: as '<' stands in strings alone, no name can end the element it is in. */
static void write_data(FILE *out, const char *json, size_t len)
{
	for (const char *end = json + len; json < end;) {
		const char *next = memchr(json, '<', (size_t)(end - json));

		fwrite(json, 1, (size_t)((next ? next : end) - json), out);
		if (!next)
			break;
		fputs("\\u003c", out);
		json = next + 1;
	}
}

static void write_part(FILE *out, const char *before, const struct html_part *part,
		       const char *after)
{
	fputs(before, out);
	fwrite(part->text, 1, (size_t)(part->end - part->text), out);
	fputs(after, out);
}

static void write_slot(FILE *out, const char *slot, const char *json, size_t len)
{
	if (!strncmp(slot, "style", 5)) {
		write_part(out, "<style>\n", &html_style, "</style>");
	} else if (!strncmp(slot, "data", 4)) {
		fputs("<script type=\"application/json\" id=\"data\">", out);
		write_data(out, json, len);
		fputs("</script>", out);
	} else {
		for (const struct html_part *p = html_scripts; p->text; p++)
			write_part(out, "<script>\n", p, "</script>\n");
	}
}

static void write_page(FILE *out, const char *json, size_t len)
{
	static const char *const slots[] = {"<!--style-->", "<!--data-->", "<!--script-->"};
	const char *at = html_page.text;

	for (size_t i = 0; i < ARRAY_SIZE(slots); i++) {
		const char *slot = strstr(at, slots[i]);

		fwrite(at, 1, (size_t)(slot - at), out);
		write_slot(out, slot + 4, json, len);
		at = slot + strlen(slots[i]);
	}
	fputs(at, out);
}

static int write_all(struct report_args *a, const struct html_data *d)
{
	_cleanup_(freep) char *json = NULL;
	size_t len = 0;
	FILE *out;
	int err;

	if (a->format == REPORT_JSON)
		return html_data_write(a, d, a->out);
	out = open_memstream(&json, &len);
	if (!out)
		return -ENOMEM;
	err = html_data_write(a, d, out);
	if (fclose(out) || err)
		return -ENOMEM;
	write_page(a->out, json, len);
	return 0;
}

static int refuse(struct report_args *a)
{
	if (a->format == REPORT_CSV) {
		damon_fail(&a->fail, EINVAL, "a page is no table: there is no CSV of it");
		damon_fail_remedy(&a->fail, "'--format json' writes the data of the page");
		return -EINVAL;
	}
	if (a->format == REPORT_TEXT && isatty(fileno(a->out))) {
		damon_fail(&a->fail, EINVAL, "a page of HTML is not for a terminal");
		damon_fail_remedy(&a->fail, "write it to a file: '-o report.html'");
		return -EINVAL;
	}
	return 0;
}

static void data_release(struct html_data *d)
{
	for (size_t i = 0; i < d->nr_sheets; i++)
		sheet_release(&d->sheets[i]);
	free(d->sheets);
	attrib_free(d->attrib);
	scan_release(&d->scan);
}

int report_html(struct report_args *a)
{
	struct html_data d = {0};
	int err = refuse(a);

	if (err)
		return err;
	err = scan_record(a, true, &d.scan);
	if (!err)
		err = choose_sheets(a, &d);
	if (!err && d.nr_sheets)
		err = fill_sheets(a, &d);
	if (!err)
		err = pack_sheets(&d);
	if (!err)
		err = write_all(a, &d);
	if (err == -ENOMEM && !a->fail.text[0])
		damon_fail(&a->fail, ENOMEM, "out of memory");
	data_release(&d);
	return err;
}
