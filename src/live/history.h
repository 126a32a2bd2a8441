/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What live remembers of the past, in bounded memory: columns of time, each with the regions and
 * the working sets of its targets as they were then. Any address range of any target can be drawn
 * from it at any time.
 *
 * Columns are kept in levels: those of a level stand for HISTORY_FACTOR times the time of those of
 * the level below, of which they are the mean. Each level keeps the last HISTORY_COLUMNS. Where a
 * column has more regions than it may, neighbours that differ least are joined; beyond the limit of
 * targets the hottest are kept.
 */
#ifndef LIVE_HISTORY_H
#define LIVE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "report/known.h"

#define HISTORY_LEVELS	    4
#define HISTORY_FACTOR	    4
#define HISTORY_COLUMNS	    256
#define HISTORY_MAX_TARGETS 64
#define HISTORY_MAX_REGIONS 1024 /* of a column, all targets together */

struct history_region {
	uint64_t start, end;
	/* Accesses per page and second, and what bounds it but the scale, which all share. Where no
	 * access was seen 'hi' is all that is known. */
	float heat, lo, hi;
};

struct history_target {
	uint32_t id, first, nr; /* regions [first, first + nr) of the column, sorted by address */
	float share;		/* of all targets' accesses */
	struct known wss;	/* bytes, within the last second */
};

/* One piece of memory, regions and targets behind it; made by a history_maker. */
struct history_column {
	uint64_t start_ns, end_ns;
	size_t nr_targets, nr_regions;
	struct history_target *targets;
	struct history_region *regions;
};

struct history_level {
	struct history_column *columns[HISTORY_COLUMNS]; /* a ring, NULL: none yet */
	size_t nr;					 /* that were ever added */
};

struct history {
	struct history_level levels[HISTORY_LEVELS];
	size_t bytes; /* of memory, now */
};

void history_init(struct history *h);
void history_release(struct history *h);

/* Takes over 'c'; completes columns of the levels above where it is the last of theirs. Without
 * memory for these they are left out. */
void history_add(struct history *h, struct history_column *c);

/* The 'back'-th column of a level before the latest, or NULL. */
const struct history_column *history_column(const struct history *h, unsigned level, size_t back);

const struct history_target *history_target(const struct history_column *c, uint32_t id);

/* The mean of a target's heat over [start, end): over what is mapped of it. Returns the share that
 * is mapped, 0..1. */
double history_heat(const struct history_column *c, const struct history_target *t, uint64_t start,
		    uint64_t end, struct known *heat);

/* ---- making columns ---- */

struct history_maker {
	struct history_target *targets;
	struct history_region *regions;
	size_t nr_targets, cap_targets, nr_regions, cap_regions;
};

void history_maker_release(struct history_maker *m);
void history_maker_clear(struct history_maker *m);
/* Each returns 0 or -ENOMEM. Regions, sorted by address, belong to the target added last. */
int history_maker_target(struct history_maker *m, const struct history_target *t);
int history_maker_region(struct history_maker *m, const struct history_region *r);
/* A column of what was added, within the limits; NULL without memory. The maker is left empty. */
struct history_column *history_maker_column(struct history_maker *m, uint64_t start_ns,
					    uint64_t end_ns);

#endif
