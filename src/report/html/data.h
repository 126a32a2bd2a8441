/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data of the page, as JSON. Times are in nanoseconds since the start of the record, addresses
 * are numbers: those of pages are exact in a double. Shares and scales are [value, lo, hi].
 *
 *	format		1: this description
 *	version, path, command, kernel, source, start_time (ns since the epoch), duration, aggr
 *	relative	[1, lo, hi]: what all heat is to be multiplied with; bounds of the others
 *			are without it
 *	scale		accesses per unit of weight; 0: heat is a lower bound (damon.h)
 *	accesses	of the sample log: {logged, kept}
 *	quality		text: how far the record can be trusted
 *	marks		[{time, name}]: phases of the program, marked while it was recorded
 *	others		{targets, share}: of processes that have no place on the page
 *	targets		the hottest first: [{id, pid, comm, procs, share, samples, from, to, cols,
 *left_out, heat: {min, max, low, high}: of the codes; of the colours, bands: [[start, end,
 *row_bytes, rows]], tables: {heat, lo, hi, age, cover}, wss		(html/sheet.h) accesses: {n,
 *latency, weight_min, weight_max, data}	(html/kept.h) names}]
 *	names		packed JSON: {code: [[function, module, outer, file, line]],
 *			object: [[name, kind, file, source, start, end, bytes]],
 *			mapping: [[start, end, from, to, name, path]]}; the list of codes or
 *			objects may be followed by those that share a place, without a name
 *
 * What is packed is deflated and in base64: tables, wss, accesses.packed, names.
 */
#ifndef REPORT_HTML_DATA_H
#define REPORT_HTML_DATA_H

#include "report/html/sheet.h"
#include "report/report.h"
#include "report/scan.h"

struct html_data {
	struct scan scan;
	struct sheet *sheets;
	size_t nr_sheets;
	size_t nr_others;
	double others_share;
	uint64_t logged, seen, kept; /* accesses within what was asked for; looked at so far */
	struct attrib *attrib;	     /* NULL: there are none */
	size_t max_names;	     /* of each list of a sheet */
};

/* Writes all of it. Returns 0 or -ENOMEM. */
int html_data_write(struct report_args *a, const struct html_data *d, FILE *out);

#endif
