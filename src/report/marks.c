/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/marks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/print.h"
#include "report/scan.h"

#define NAME_BYTES 256
#define LEAST_NAME 3 /* columns; less of a name tells nothing */

static bool mark_at(const struct report_args *a, size_t i, struct mark *m)
{
	return !damon_record_mark(a->rec, i, &m->time_ns, &m->name);
}

/* The first one from 'from_ns' on. */
static size_t first_from(const struct report_args *a, uint64_t from_ns)
{
	struct mark m;
	size_t i = 0;

	while (mark_at(a, i, &m) && m.time_ns < from_ns)
		i++;
	return i;
}

size_t marks_count(const struct report_args *a, uint64_t from_ns, uint64_t to_ns)
{
	size_t first = first_from(a, from_ns), n = 0;
	struct mark m;

	while (mark_at(a, first + n, &m) && m.time_ns <= to_ns)
		n++;
	return n;
}

int marks_list(const struct report_args *a, uint64_t from_ns, uint64_t to_ns, struct mark **marks)
{
	size_t first = first_from(a, from_ns), n = marks_count(a, from_ns, to_ns);
	struct mark *list = NULL;

	if (n) {
		list = calloc(n, sizeof(*list));
		if (!list)
			return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		mark_at(a, first + i, &list[i]);
	*marks = list;
	return (int)n;
}

/* ---- a line of text ---- */

struct line {
	uint64_t from_ns, to_ns;
	size_t cols;
};

/* "^name" in 'room' columns at most. Returns the columns it took; '*cut': not the whole name. */
static size_t draw_mark(FILE *out, const char *name, size_t room, bool *cut)
{
	char text[NAME_BYTES];

	print_clean(text, sizeof(text), name);
	*cut |= print_width(text) + 1 > room;
	if (room <= LEAST_NAME && *cut)
		text[0] = '\0';
	print_cut(text, room - 1);
	for (size_t n = strlen(text); n && text[n - 1] == ' '; n--)
		text[n - 1] = '\0';
	fprintf(out, "^%s", text);
	return print_width(text) + 1;
}

/* Of a mark within the time that a line shows. */
static size_t column_of(const struct report_args *a, size_t i, const struct line *l)
{
	struct mark m;

	mark_at(a, i, &m);
	return MIN((size_t)((unsigned __int128)l->cols * (m.time_ns - l->from_ns) /
			    (l->to_ns - l->from_ns)),
		   l->cols - 1);
}

bool marks_draw(struct report_args *a, uint64_t from_ns, uint64_t to_ns, size_t indent, size_t cols)
{
	size_t first = first_from(a, from_ns), n = marks_count(a, from_ns, to_ns), at = 0;
	const struct line line = {from_ns, to_ns, cols};
	bool cut = false;

	if (!n || from_ns >= to_ns || !cols)
		return false;
	fprintf(a->out, "%*s", (int)indent, "");
	for (size_t i = first, end = first + n, next; i < end; i = next) {
		size_t col = column_of(a, i, &line), room = cols - col;
		struct mark m;

		for (next = i + 1; next < end && column_of(a, next, &line) == col;)
			next++;
		if (next < end)
			room = column_of(a, next, &line) - col;
		cut |= next > i + 1; /* there are more in this column */
		mark_at(a, i, &m);
		fprintf(a->out, "%*s", (int)(col - at), "");
		at = col + draw_mark(a->out, m.name, room, &cut);
	}
	fputc('\n', a->out);
	return cut;
}

void marks_json(const struct report_args *a, uint64_t from_ns, uint64_t to_ns, struct json *j)
{
	struct damon_record_info info = {.size = sizeof(info)};
	size_t first = first_from(a, from_ns), n = marks_count(a, from_ns, to_ns);
	struct mark m;

	if (!n)
		return;
	damon_record_info(a->rec, &info);
	json_array(j, "marks");
	for (size_t i = 0; i < n && mark_at(a, first + i, &m); i++) {
		json_object(j, NULL);
		json_u64(j, "time_ns", m.time_ns - MIN(m.time_ns, info.start_ns));
		json_str(j, "name", m.name);
		json_end(j);
	}
	json_end(j);
}

/* ---- ranges of time ---- */

struct ends {
	uint64_t start_ns;	 /* of the record */
	uint64_t from_ns, to_ns; /* since then; to 0: its end */
};

/* The first mark of 'name' after 'after_ns', as time since the start; false: there is none. */
static bool find(const struct report_args *a, const char *name, const struct ends *e,
		 uint64_t after_ns, size_t *i, uint64_t *ns)
{
	struct mark m;

	for (*i = 0; mark_at(a, *i, &m); (*i)++) {
		*ns = m.time_ns - MIN(m.time_ns, e->start_ns);
		if (*ns >= after_ns && !strcmp(m.name, name))
			return true;
	}
	return false;
}

/* An end of a range: a mark, a time, or nothing, which leaves '*ns' as it is. */
static bool end_of(const struct report_args *a, const char *text, const struct ends *e,
		   uint64_t after_ns, uint64_t *ns)
{
	uint64_t at;
	size_t i;

	if (!*text)
		return true;
	if (!find(a, text, e, after_ns, &i, &at) && !find(a, text, e, 0, &i, &at) &&
	    damon_parse_time(text, NS_PER_SEC, &at))
		return false;
	*ns = at;
	return true;
}

/* "FROM..TO": names may have dots, so that every pair of them is tried. */
static bool from_pair(const struct report_args *a, const char *text, struct ends *e)
{
	for (const char *dots = strstr(text, ".."); dots; dots = strstr(dots + 1, "..")) {
		_cleanup_(freep) char *from = strndup(text, (size_t)(dots - text));

		e->from_ns = e->to_ns = 0;
		if (from && end_of(a, from, e, 0, &e->from_ns) &&
		    end_of(a, dots + 2, e, e->from_ns + 1, &e->to_ns))
			return true;
	}
	return false;
}

/* From a mark to the next one. */
static bool from_mark(const struct report_args *a, const char *name, struct ends *e)
{
	struct mark next;
	size_t i;

	if (!find(a, name, e, 0, &i, &e->from_ns))
		return false;
	e->to_ns = 0;
	while (mark_at(a, ++i, &next)) {
		uint64_t ns = next.time_ns - MIN(next.time_ns, e->start_ns);

		if (ns <= e->from_ns) /* of the same moment */
			continue;
		e->to_ns = ns;
		break;
	}
	return true;
}

static int not_found(struct report_args *a, size_t nr)
{
	char list[160] = "", name[48];
	size_t used = 0;
	struct mark m;

	damon_fail(&a->fail, ENOENT, "'%.100s' names no marks of the record, nor times",
		   a->time_marks);
	for (size_t i = 0; mark_at(a, i, &m) && used + sizeof(name) + 16 < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s'%s'", i ? ", " : "",
					 print_clean(name, sizeof(name), m.name));
	if (nr)
		damon_fail_remedy(&a->fail, "it has %s; 'damon-perf report info' lists them all",
				  list);
	else
		damon_fail_remedy(&a->fail, "it has none: they are set by 'damon-perf mark' while "
					    "it is recorded");
	return -ENOENT;
}

int marks_range(struct report_args *a)
{
	struct damon_record_info info = {.size = sizeof(info)};
	const struct damon_snapshot *s;
	struct ends e = {0};
	int got;

	while ((got = scan_next(a, &s)) > 0)
		;
	if (!got)
		got = scan_rewind(a);
	if (got)
		return got;
	damon_record_info(a->rec, &info);
	e.start_ns = info.start_ns;
	if (!from_mark(a, a->time_marks, &e) && !from_pair(a, a->time_marks, &e))
		return not_found(a, marks_count(a, 0, UINT64_MAX));
	if (e.to_ns && e.from_ns >= e.to_ns) {
		damon_fail(&a->fail, EINVAL, "'%.100s' ends before it begins", a->time_marks);
		damon_fail_remedy(&a->fail, "give the earlier one first");
		return -EINVAL;
	}
	a->time_from_ns = e.from_ns;
	a->time_to_ns = e.to_ns;
	return 0;
}
