/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moments of a record that somebody named (damon_record_mark()). They are known once the record was
 * read. */
#ifndef REPORT_MARKS_H
#define REPORT_MARKS_H

#include "base/json.h"
#include "report/report.h"

struct mark {
	uint64_t time_ns; /* as snapshots have it */
	const char *name; /* the record's, of any bytes */
};

/* How many lie in [from_ns, to_ns]. */
size_t marks_count(const struct report_args *a, uint64_t from_ns, uint64_t to_ns);

/* The same ones by time, in '*marks', the caller's to free; NULL if there are none. Returns how
 * many, or -ENOMEM. */
int marks_list(const struct report_args *a, uint64_t from_ns, uint64_t to_ns, struct mark **marks);

/* A line of 'cols' columns, 'indent' from the left, for the time from 'from_ns' to 'to_ns': "^name"
 * where there is room, "^" where there is not. Nothing without marks. True if a name was cut or
 * left out. */
bool marks_draw(struct report_args *a, uint64_t from_ns, uint64_t to_ns, size_t indent,
		size_t cols);

/* "marks", with 'time_ns' since the start of the record; nothing without marks. */
void marks_json(const struct report_args *a, uint64_t from_ns, uint64_t to_ns, struct json *j);

/*
 * Turns a->time_marks into a->time_from_ns and a->time_to_ns, for which the record is read once.
 * Returns 0, or -errno with a->fail set: -ENOENT if there is no such mark.
 *
 *	NAME		from that mark to the next one
 *	FROM..TO	each a mark or a time; without one the start, the end
 */
int marks_range(struct report_args *a);

#endif
