/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folded stacks, for flamegraph.pl, speedscope and their like: a line for each stack of frames, the
 * outermost first, separated by ';', then a blank and how much. There are no call chains in a
 * record; the frames are those that tell who touches what:
 *
 *	comm;object;module;function;inlined function ACCESSES
 *
 * Names have no ';' and no line ends of their own. Stacks come sorted, each of them once.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/print.h"
#include "report/reports.h"
#include "report/samples.h"

#define LINE_BYTES 8192

struct stack {
	char *text;
	double accesses;
};

/* Appends a frame. Names that are cut stay whole characters. */
static void push(char *line, size_t *len, const char *name)
{
	char *at = line + *len;

	if (*len + 2 >= LINE_BYTES)
		return;
	if (*len)
		*at++ = ';';
	print_clean(at, LINE_BYTES - (size_t)(at - line), *name ? name : "?");
	for (char *p = at; *p; p++)
		if (*p == ';')
			*p = ':';
	*len = (size_t)(at - line) + strlen(at);
}

static void put_frames(char *line, size_t *len, const struct attrib_code *c)
{
	if (!c->nr_frames)
		push(line, len, c->function);
	for (size_t i = c->nr_frames; i--;)
		push(line, len, c->frames[i].function ? c->frames[i].function : "?");
}

static char *stack_of(const struct samples *s, const struct sample *one)
{
	const struct attrib_code *c = attrib_code(s->attrib, one->code);
	const struct attrib_object *o = attrib_object(s->attrib, one->object);
	char line[LINE_BYTES];
	size_t len = 0;

	push(line, &len, samples_comm(s, one));
	push(line, &len, o->name);
	push(line, &len, c->module);
	put_frames(line, &len, c);
	return strdup(line);
}

static int by_text(const void *x, const void *y)
{
	const struct stack *a = x, *b = y;

	return strcmp(a->text, b->text);
}

static void write_stacks(FILE *out, const struct stack *v, size_t n)
{
	double accesses = 0;

	for (size_t i = 0; i < n; i++) {
		accesses += v[i].accesses;
		if (i + 1 < n && !strcmp(v[i].text, v[i + 1].text))
			continue;
		if (accesses >= .5)
			fprintf(out, "%s %.0f\n", v[i].text, accesses);
		accesses = 0;
	}
}

static int write_all(struct report_args *a, const struct samples *s)
{
	struct stack *v = calloc(s->nr, sizeof(*v));
	size_t n = 0;

	for (; v && n < s->nr; n++) {
		v[n] = (struct stack){stack_of(s, &s->v[n]), s->v[n].sums.accesses};
		if (!v[n].text)
			break;
	}
	if (v && n == s->nr) {
		qsort(v, n, sizeof(*v), by_text);
		write_stacks(a->out, v, n);
		if (s->others.accesses >= .5)
			fprintf(a->out, "(others) %.0f\n", s->others.accesses);
	}
	for (size_t i = 0; v && i < n; i++)
		free(v[i].text);
	free(v);
	return n == s->nr ? 0 : damon_fail(&a->fail, ENOMEM, "out of memory");
}

int export_folded(struct report_args *a)
{
	struct samples s;
	int err = samples_load(a, &s);

	if (!err)
		err = write_all(a, &s);
	samples_release(&s);
	return err;
}
