/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/names.h"
#include "report/table.h"

#define VALUE_DIGITS 6
#define COL_GAP	     2

static void csv_comma(struct table *t)
{
	bool first = true;

	for (size_t i = 0; i < t->at; i++)
		first &= !t->cols[i].key;
	if (!first)
		fputc(',', t->out);
}

/* As safe for a terminal as text is: CSV has no way to write a control byte in other letters. */
static void csv_string(FILE *out, const char *name)
{
	char v[8192];

	print_clean(v, sizeof(v), name);
	if (!v[strcspn(v, ",\"")]) {
		fputs(v, out);
		return;
	}
	fputc('"', out);
	for (const char *p = v; *p; p++) {
		if (*p == '"')
			fputc('"', out);
		fputc(*p, out);
	}
	fputc('"', out);
}

void table_init(struct table *t, struct report_args *a, const struct table_col *cols,
		struct json *within, const char *key)
{
	*t = (struct table){.out = a->out, .format = a->format, .width = a->width, .cols = cols};
	while (cols[t->nr_cols].key || cols[t->nr_cols].title)
		t->nr_cols++;
	if (t->format == REPORT_JSON) {
		json_init(&t->own, a->out);
		t->json = within ? within : &t->own;
		json_array(t->json, key);
	}
	if (t->format != REPORT_CSV)
		return;
	for (; t->at < t->nr_cols; t->at++) {
		if (!cols[t->at].key)
			continue;
		csv_comma(t);
		fputs(cols[t->at].key, t->out);
	}
	fputc('\n', t->out);
	t->at = 0;
}

static void keep_text(struct table *t, const char *text)
{
	size_t len = strlen(text) + 1;

	if (t->err)
		return;
	t->err = vec_reserve(&t->text, &t->text_cap, t->text_len + len, 1);
	if (t->err)
		return;
	memcpy(t->text + t->text_len, text, len);
	t->text_len += len;
}

/* Before a value of JSON or CSV. Returns its key, or NULL if this format does not have it. */
static const char *begin_cell(struct table *t)
{
	if (!t->at && t->format == REPORT_JSON)
		json_object(t->json, NULL);
	if (t->cols[t->at].key && t->format == REPORT_CSV)
		csv_comma(t);
	return t->format == REPORT_TEXT ? NULL : t->cols[t->at].key;
}

static void end_cell(struct table *t, const char *text)
{
	if (t->format == REPORT_TEXT && t->cols[t->at].title)
		keep_text(t, text ? text : "");
	if (++t->at < t->nr_cols)
		return;
	t->at = 0;
	t->nr_rows++;
	if (t->format == REPORT_JSON)
		json_end(t->json);
	else if (t->format == REPORT_CSV)
		fputc('\n', t->out);
}

void table_str(struct table *t, const char *v)
{
	const char *key = begin_cell(t);
	char clean[256];

	if (key && t->format == REPORT_JSON)
		json_str(t->json, key, v);
	else if (key)
		csv_string(t->out, v);
	end_cell(t, t->format == REPORT_TEXT ? print_clean(clean, sizeof(clean), v) : NULL);
}

void table_u64(struct table *t, uint64_t v, const char *text)
{
	const char *key = begin_cell(t);

	if (key && t->format == REPORT_JSON)
		json_u64(t->json, key, v);
	else if (key)
		fprintf(t->out, "%" PRIu64, v);
	end_cell(t, text);
}

void table_i64(struct table *t, int64_t v, const char *text)
{
	const char *key = begin_cell(t);

	if (key && t->format == REPORT_JSON)
		json_i64(t->json, key, v);
	else if (key)
		fprintf(t->out, "%" PRId64, v);
	end_cell(t, text);
}

/* An empty CSV cell is what null is to JSON; json_double() knows about locales. */
void table_double(struct table *t, double v, const char *text)
{
	const char *key = begin_cell(t);
	char buf[64];

	if (key && t->format == REPORT_JSON) {
		json_double(t->json, key, v, VALUE_DIGITS);
	} else if (key && __builtin_isfinite(v)) {
		snprintf(buf, sizeof(buf), "%.*g", VALUE_DIGITS, v == 0 ? 0.0 : v);
		for (char *p = buf; *p; p++)
			if (!strchr("+-.e0123456789", *p))
				*p = '.';
		fputs(buf, t->out);
	}
	end_cell(t, text);
}

void table_known(struct table *t, const struct known *k, enum known_kind kind)
{
	char value[KNOWN_MAX] = "", bounds[KNOWN_TEXT_MAX] = "";

	if (t->format == REPORT_TEXT && k->v == k->v) { /* NAN: an empty cell */
		known_value(value, k, kind);
		known_bounds(bounds, k, kind);
	}
	table_double(t, k->v, value);
	table_text(t, bounds);
}

void table_limits(struct table *t, const struct known *k)
{
	table_double(t, k->lo, NULL);
	table_double(t, k->hi, NULL);
}

void table_text(struct table *t, const char *text)
{
	begin_cell(t);
	end_cell(t, text);
}

/* Columns of text in order: the widths that they would like and get, and whether they are shown. */
struct layout {
	const struct table_col *col[TABLE_MAX_COLS];
	size_t wish[TABLE_MAX_COLS], width[TABLE_MAX_COLS];
	bool shown[TABLE_MAX_COLS];
	bool empty[TABLE_MAX_COLS]; /* in all rows: nothing is missed */
	size_t n;
};

static void measure(const struct table *t, struct layout *l)
{
	bool filled[TABLE_MAX_COLS] = {false};
	const char *cell = t->text;

	for (size_t i = 0; i < t->nr_cols; i++) {
		if (!t->cols[i].title)
			continue;
		l->col[l->n] = &t->cols[i];
		l->wish[l->n] = print_width(t->cols[i].title);
		l->shown[l->n++] = true;
	}
	for (size_t row = 0; row < t->nr_rows; row++) {
		for (size_t i = 0; i < l->n; i++, cell += strlen(cell) + 1) {
			l->wish[i] = MAX(l->wish[i], print_width(cell));
			filled[i] |= *cell;
		}
	}
	for (size_t i = 0; i < l->n; i++) {
		size_t least = MAX((size_t)l->col[i]->least, print_width(l->col[i]->title));

		l->width[i] = l->col[i]->least ? MIN(l->wish[i], least) : l->wish[i];
		l->shown[i] = filled[i] || !l->col[i]->drop || !t->nr_rows;
		l->empty[i] = !l->shown[i];
	}
}

static size_t total_width(const struct layout *l)
{
	size_t sum = 0;

	for (size_t i = 0; i < l->n; i++)
		sum += l->shown[i] ? l->width[i] + COL_GAP : 0;
	return sum ? sum - COL_GAP : 0;
}

/* Of those shown, the one that is left out first, or last; 'n' if there is none. */
static size_t extreme(const struct layout *l, bool first)
{
	size_t best = l->n;

	for (size_t i = 0; i < l->n; i++) {
		int drop = l->col[i]->drop;

		if (!l->shown[i] || (first ? !drop : l->width[i] >= l->wish[i]))
			continue;
		if (best == l->n || (first ? drop > l->col[best]->drop : drop < l->col[best]->drop))
			best = i;
	}
	return best;
}

/* Leaves out the least important columns until the others fit, and gives the room that is left to
 * those that are cut. Returns how many are left out. */
static size_t fit(const struct table *t, struct layout *l)
{
	size_t dropped = 0, i;

	while (total_width(l) > t->width && (i = extreme(l, true)) < l->n) {
		l->shown[i] = false;
		dropped++;
	}
	while (total_width(l) < t->width && (i = extreme(l, false)) < l->n)
		l->width[i] += MIN(l->wish[i] - l->width[i], t->width - total_width(l));
	return dropped;
}

/* A list of which 'buf' holds what has room: its whole items, or of the first one its name, without
 * half a figure. */
static char *cut_list(char *buf, const char *text)
{
	char *end;

	if (text[strlen(buf)] == ',')
		return buf;
	for (size_t n = strlen(buf); n && buf[n - 1] == ' '; n--)
		buf[n - 1] = '\0';
	end = strrchr(buf, ',');
	if (!end)
		end = strrchr(buf, ' ');
	if (end && end > buf)
		*end = '\0';
	return buf;
}

/* Cuts a cell to its column. */
static const char *cut(char *buf, size_t size, const char *text, const struct table_col *col,
		       size_t width)
{
	if (print_width(text) <= width)
		return text;
	snprintf(buf, size, "%s", text);
	if (col->cut == TABLE_CUT_MIDDLE)
		return name_fit(buf, width);
	print_cut(buf, width);
	return col->cut == TABLE_CUT_LIST ? cut_list(buf, text) : buf;
}

static void put_cell(FILE *out, const char *text, size_t width, bool left, size_t *owed)
{
	size_t have = print_width(text), pad = width > have ? width - have : 0;

	if (!left)
		*owed += pad;
	if (*text)
		fprintf(out, "%*s%s", (int)*owed, "", text);
	*owed = (*text ? 0 : *owed) + (left ? pad : 0) + COL_GAP;
}

static void write_text(const struct table *t)
{
	struct layout l = {.n = 0};
	const char *cell = t->text;
	size_t dropped, owed = 0, len;
	char text[1024];

	measure(t, &l);
	dropped = fit(t, &l);
	for (size_t i = 0; i < l.n; i++)
		if (l.shown[i])
			put_cell(t->out, l.col[i]->title, l.width[i], l.col[i]->left, &owed);
	fputc('\n', t->out);
	for (size_t row = 0; row < t->nr_rows; row++) {
		owed = 0;
		for (size_t i = 0; i < l.n; i++, cell += strlen(cell) + 1)
			if (l.shown[i])
				put_cell(t->out,
					 cut(text, sizeof(text), cell, l.col[i], l.width[i]),
					 l.width[i], l.col[i]->left, &owed);
		fputc('\n', t->out);
	}
	if (!dropped)
		return;
	len = (size_t)snprintf(text, sizeof(text), "(no room for");
	for (size_t i = 0; i < l.n; i++)
		if (!l.shown[i] && !l.empty[i])
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %s%s",
						l.col[i]->called ? l.col[i]->called
								 : l.col[i]->title,
						--dropped ? "," : ")");
	print_wrapped(t->out, text, t->width, 0, 1);
}

int table_end(struct table *t)
{
	int err = t->err;

	if (t->format == REPORT_JSON)
		json_end(t->json);
	else if (t->format == REPORT_TEXT && !err)
		write_text(t);
	free(t->text);
	t->text = NULL;
	return err;
}
