/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/annotate.h"
#include "symbol/source.h"

#define AROUND	  3 /* lines or instructions shown around one that accessed memory */
#define TAB	  4
#define FILES_MAX 32 /* of source, in one function */

/* A line of source, summed. */
struct line {
	unsigned number;
	struct attrib_sums sums;
};

/* What of the function comes from one file; 'path' NULL: not known from which. */
struct part {
	const char *path;
	struct line *lines; /* sorted by number */
	size_t nr, cap;
	struct attrib_sums sums;
	struct symbol_source source;
	const char *note;
};

struct listing {
	struct report_args *a;
	const struct touch *x;
	const struct annotate_function *f;
	struct part parts[FILES_MAX];
	size_t nr_parts;
	struct table t;
};

/* ---- lines of source ---- */

static bool is_hot(const struct attrib_sums *s)
{
	return s->n || s->stall > 0;
}

static struct part *get_part(struct listing *l, const char *path)
{
	struct part *p;

	for (size_t i = 0; i < l->nr_parts; i++) {
		p = &l->parts[i];
		if (p->path == path || (p->path && path && !strcmp(p->path, path)))
			return p;
	}
	if (l->nr_parts == FILES_MAX)
		return NULL;
	p = &l->parts[l->nr_parts++];
	*p = (struct part){.path = path, .note = ""};
	return p;
}

static int add_line(struct part *p, const struct annotate_insn *i)
{
	size_t at = 0;

	while (at < p->nr && p->lines[at].number < i->line)
		at++;
	if (at == p->nr || p->lines[at].number != i->line) {
		if (vec_reserve(&p->lines, &p->cap, p->nr + 1, sizeof(*p->lines)))
			return -ENOMEM;
		memmove(&p->lines[at + 1], &p->lines[at], (p->nr++ - at) * sizeof(*p->lines));
		p->lines[at] = (struct line){.number = i->line};
	}
	attrib_sums_add(&p->lines[at].sums, &i->sums);
	attrib_sums_add(&p->sums, &i->sums);
	return 0;
}

static int by_weight(const void *x, const void *y)
{
	const struct part *p = x, *q = y;

	return p->sums.weight > q->sums.weight ? -1 : p->sums.weight < q->sums.weight;
}

static int make_parts(struct listing *l)
{
	for (size_t i = 0; i < l->f->nr; i++) {
		const struct annotate_insn *insn = &l->f->insns[i];
		struct part *p = get_part(l, insn->line ? insn->file : NULL);

		if (p && add_line(p, insn))
			return -ENOMEM;
	}
	qsort(l->parts, l->nr_parts, sizeof(l->parts[0]), by_weight);
	for (size_t i = 0; i < l->nr_parts; i++) {
		struct part *p = &l->parts[i];

		if (p->path && symbol_source_read(p->path, symbols_built_ns(l->f->file), &p->source,
						  &p->note) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* ---- rows ---- */

static const struct table_col text_cols[] = {
	{.title = "share"},
	{.title = "[lo, hi]", .called = "bounds of share", .left = true, .drop = 2},
	{.title = "samples", .drop = 5},
	{.title = "stores", .drop = 4},
	{.title = "cycles", .called = "mean latency", .drop = 3},
	{.title = "stall", .drop = 3},
	{.title = "line"},
	{.title = "", .left = true, .least = 40}, /* at most half of the page */
	{.title = "touches", .left = true, .drop = 1, .least = 12, .cut = TABLE_CUT_MIDDLE},
	{0},
};
enum { TEXT_COL = 7 };

static const struct table_col data_cols[] = {
	{.key = "vaddr"},	{.key = "share"},
	{.key = "share_lo"},	{.key = "share_hi"},
	{.key = "samples"},	{.key = "store_share"},
	{.key = "stall_share"}, {.key = "latency_mean"},
	{.key = "object"},	{.key = "file"},
	{.key = "line"},	{.key = "source"},
	{.key = "text"},	{0},
};

static struct known share_of(const struct listing *l, const struct attrib_sums *s)
{
	double all = touch_weight(l->a, &l->f->sums);

	return known_share(all > 0 ? touch_weight(l->a, s) / all : 0,
			   attrib_effective(&l->f->sums));
}

static double stall_of(const struct listing *l, const struct attrib_sums *s)
{
	return l->f->sums.stall > 0 ? s->stall / l->f->sums.stall : NAN;
}

static void put_sums(struct listing *l, const struct attrib_sums *s)
{
	struct known share = share_of(l, s);
	char buf[DAMON_UNITS_MAX] = "", stall[DAMON_UNITS_MAX] = "", value[KNOWN_MAX] = "",
	     bounds[KNOWN_TEXT_MAX] = "";

	if (s->n) {
		known_value(value, &share, KNOWN_PERCENT);
		known_bounds(bounds, &share, KNOWN_PERCENT);
		snprintf(buf, sizeof(buf), "%" PRIu64, s->n);
	}
	table_text(&l->t, value);
	table_text(&l->t, bounds);
	table_text(&l->t, buf);
	table_text(&l->t, s->weight > 0 ? print_percent(buf, s->stores / s->weight) : "");
	snprintf(buf, sizeof(buf), "%.0f", s->latency_sum / (double)MAX(s->latency_n, 1ull));
	table_text(&l->t, s->latency_n ? buf : "");
	if (s->stall > 0)
		print_percent(stall, stall_of(l, s));
	table_text(&l->t, stall);
}

/* Tabs become few columns: there is not much room. */
static char *untab(char *buf, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + TAB + 1 < size; text++) {
		if (*text != '\t') {
			buf[n++] = *text;
			continue;
		}
		do
			buf[n++] = ' ';
		while (n % TAB);
	}
	buf[n] = '\0';
	return buf;
}

static void put_source(struct listing *l, const struct part *p, unsigned number,
		       const struct attrib_sums *s)
{
	const char *text = symbol_source_line(&p->source, number);
	char line[16], plain[400], clean[400];

	put_sums(l, s);
	snprintf(line, sizeof(line), "%u", number);
	table_text(&l->t, line);
	table_text(&l->t, print_clean(clean, sizeof(clean),
				      untab(plain, sizeof(plain), text ? text : "")));
	table_text(&l->t, "");
}

static void put_insn(struct listing *l, const struct annotate_insn *i)
{
	char text[256], object[128] = "";

	put_sums(l, &i->sums);
	table_text(&l->t, "");
	snprintf(text, sizeof(text), "    %" PRIx64 "  %s", i->vaddr,
		 i->text ? i->text : "(not known)");
	table_text(&l->t, text);
	if (i->object != UINT32_MAX && i->sums.n)
		print_clean(object, sizeof(object), attrib_object(l->x->attrib, i->object)->name);
	table_text(&l->t, object);
}

static void put_gap(struct listing *l)
{
	static const struct attrib_sums none;

	put_sums(l, &none);
	table_text(&l->t, "");
	table_text(&l->t, "...");
	table_text(&l->t, "");
}

static void put_insns_of(struct listing *l, const struct part *p, unsigned number)
{
	for (size_t i = 0; i < l->f->nr; i++) {
		const struct annotate_insn *insn = &l->f->insns[i];

		if (insn->line == number && insn->file && !strcmp(insn->file, p->path) &&
		    is_hot(&insn->sums))
			put_insn(l, insn);
	}
}

/* ---- text ---- */

/* Lines from the first to the last that accessed memory, as far as they are near one. */
static void list_source(struct listing *l, const struct part *p)
{
	static const struct attrib_sums none;
	unsigned shown = 0;

	for (size_t i = 0; i < p->nr; i++) {
		unsigned number = p->lines[i].number, from, next = UINT32_MAX;

		if (!is_hot(&p->lines[i].sums))
			continue;
		for (size_t k = i + 1; k < p->nr && next == UINT32_MAX; k++)
			next = is_hot(&p->lines[k].sums) ? p->lines[k].number : next;
		from = number > AROUND ? number - AROUND : 1;
		if (shown && from > shown + 1)
			put_gap(l);
		for (unsigned n = MAX(from, shown + 1); n < number && p->source.nr; n++)
			put_source(l, p, n, &none);
		put_source(l, p, number, &p->lines[i].sums);
		put_insns_of(l, p, number);
		shown = number;
		for (unsigned n = number + 1;
		     p->source.nr && n <= number + AROUND && n < next && n <= p->source.nr; n++)
			put_source(l, p, shown = n, &none);
	}
}

/* Instructions whose source is not known, and some around them. */
static void list_insns(struct listing *l)
{
	size_t shown = 0; /* one behind the last */

	for (size_t i = 0; i < l->f->nr; i++) {
		const struct annotate_insn *insn = &l->f->insns[i];
		size_t from = i > AROUND ? i - AROUND : 0;

		if (!is_hot(&insn->sums) || insn->line)
			continue;
		if (shown && from > shown)
			put_gap(l);
		for (size_t k = MAX(from, shown); k <= MIN(i + AROUND, l->f->nr - 1); k++) {
			put_insn(l, &l->f->insns[k]);
			shown = k + 1;
		}
	}
}

static int write_part(struct listing *l, const struct part *p)
{
	struct table_col cols[ARRAY_SIZE(text_cols)];
	char name[400];

	if (!is_hot(&p->sums))
		return 0;
	fputc('\n', l->a->out);
	if (p->path)
		print_line(l->a->out, l->a->width, 2, "%s%s%s",
			   print_clean(name, sizeof(name), p->path), *p->note ? " " : "", p->note);
	else
		print_line(l->a->out, l->a->width, 2, "instructions without a known source line");
	memcpy(cols, text_cols, sizeof(cols));
	cols[TEXT_COL].least = (unsigned char)MIN(l->a->width / 2, (unsigned)cols[TEXT_COL].least);
	table_init(&l->t, l->a, cols, NULL, NULL);
	if (p->path)
		list_source(l, p);
	else
		list_insns(l);
	return table_end(&l->t);
}

/* ---- JSON, CSV ---- */

static int write_data(struct listing *l)
{
	table_init(&l->t, l->a, data_cols, NULL, NULL);
	for (size_t i = 0; i < l->f->nr; i++) {
		const struct annotate_insn *n = &l->f->insns[i];
		const struct attrib_sums *s = &n->sums;
		struct part *p = get_part(l, n->line ? n->file : NULL);
		const char *text = p ? symbol_source_line(&p->source, n->line) : NULL;
		struct known share = share_of(l, s);

		table_u64(&l->t, n->vaddr, NULL);
		table_double(&l->t, share.v, NULL);
		table_limits(&l->t, &share);
		table_u64(&l->t, s->n, NULL);
		table_double(&l->t, s->weight > 0 ? s->stores / s->weight : NAN, NULL);
		table_double(&l->t, stall_of(l, s), NULL);
		table_double(&l->t, s->latency_n ? s->latency_sum / (double)s->latency_n : NAN,
			     NULL);
		table_str(&l->t, n->object == UINT32_MAX || !s->n
					 ? ""
					 : attrib_object(l->x->attrib, n->object)->name);
		table_str(&l->t, n->line && n->file ? n->file : "");
		table_u64(&l->t, n->line, NULL);
		table_str(&l->t, text ? text : "");
		table_str(&l->t, n->text ? n->text : "");
	}
	return table_end(&l->t);
}

int annotate_write(struct report_args *a, const struct touch *x, const struct annotate_function *f)
{
	_cleanup_(freep) struct listing *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->a = a;
	l->x = x;
	l->f = f;
	err = make_parts(l);
	if (!err && a->format != REPORT_TEXT)
		err = write_data(l);
	for (size_t i = 0; i < l->nr_parts; i++) {
		if (!err && a->format == REPORT_TEXT)
			err = write_part(l, &l->parts[i]);
		free(l->parts[i].lines);
		symbol_source_release(&l->parts[i].source);
	}
	return err;
}
