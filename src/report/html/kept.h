/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accesses of the sample log that the page keeps of one target, each with its time, row, code
 * and object: what its tables of functions and objects are summed up from, of whatever part of the
 * heatmap is chosen.
 *
 * Packed, they are tables of bytes one behind the other, each with an entry per access in order of
 * time:
 *	time	two tables, low and high bytes: of the time of the grid, in 65536 parts, as what
 *		was added since the one before
 *	row	two tables: of the grid; 65535: beside all rows
 *	code, object	two tables each: index in the lists of names
 *	weight	logarithmic from 'weight_min' to 'weight_max' in the codes 0 to 255
 *	flags	1 load, 2 store, 4 time lost (the weight counts no accesses), 8 likely; the level
 *		of memory from bit 4 on
 *	latency	0 not told, else 1 + 16 log2(cycles): only where there is any
 */
#ifndef REPORT_HTML_KEPT_H
#define REPORT_HTML_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attrib/attrib.h"
#include "report/heatgrid.h"
#include "report/html/pack.h"

#define KEPT_NO_ROW UINT16_MAX

struct kept_access {
	uint32_t code, object; /* ids of attrib; in the page of the lists of names */
	uint16_t time, row;
	float weight;
	uint16_t latency;
	uint8_t flags;
};

/* Ids in the order of the page's lists, the heaviest first. */
struct kept_names {
	uint32_t *ids;
	size_t n;
	double others; /* weight of those beyond the limit, who share the last place of the list */
};

struct kept {
	struct kept_access *v;
	size_t n, cap;
	bool has_latency;
	double weight_min, weight_max;
	struct kept_names codes, objects;
	struct pack pack;
};

void kept_release(struct kept *k);

/* Adds an access of the time of the grid, 'times' as heavy. 0 or -ENOMEM. */
int kept_add(struct kept *k, const struct heatgrid *g, struct attrib *attrib,
	     const struct damon_access_info *i, double times);

/* Makes the lists of at most 'max_names' names and packs all. 0 or -ENOMEM. */
int kept_pack(struct kept *k, const struct attrib *attrib, size_t max_names);

#endif
