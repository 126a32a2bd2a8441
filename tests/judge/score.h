/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a monitor says, how far that is from the facts, and figures over many intervals. */
#ifndef JUDGE_SCORE_H
#define JUDGE_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/judge/facts.h"

struct guess_region {
	uint64_t start, end; /* pages */
	double fraction;     /* nr_accesses, of 1, and its bounds */
	double fraction_lo, fraction_hi;
	double heat, lo, hi; /* accesses per page and sampling interval */
	uint64_t edge;	     /* pages: how far its borders may be off */
	double age;	     /* aggregations */
};

struct guess_wset {
	double pages, lo, hi; /* pages < 0: it does not say */
};

struct guess {
	struct guess_region *regions; /* sorted, not overlapping */
	size_t nr, cap;
	bool bounds; /* all lo and hi, and edge are known */
	struct guess_wset wset[NR_FACT_WINDOWS];
};

void guess_clear(struct guess *g);
void guess_add(struct guess *g, struct guess_region r); /* aborts without memory */
void guess_release(struct guess *g);

enum figure {
	FIGURE_MAE,	 /* mean |nr_accesses - truth| over all pages, of 1 */
	FIGURE_F1,	 /* of the hot set: as many pages by estimate as are truly hot */
	FIGURE_CAUGHT,	 /* accesses to those, of what the true hot set gets */
	FIGURE_COVER,	 /* pages, of those outside of edge bands, whose region's true heat is in
			    bounds */
	FIGURE_COVER_NR, /* the same of nr_accesses, with or without the edge bands */
	FIGURE_WSET,	 /* |working set - truth| / truth, a median; one for each window */
	FIGURE_INSIDE = FIGURE_WSET + NR_FACT_WINDOWS,	/* truth in [L, U] */
	FIGURE_WIDTH = FIGURE_INSIDE + NR_FACT_WINDOWS, /* (U - L) / truth, a median */
	FIGURE_AGE = FIGURE_WIDTH + NR_FACT_WINDOWS,	/* mean age over the run's length */
	FIGURE_FOLLOW,					/* aggregations until F1 >= .8 */
	FIGURE_REGIONS,
	FIGURE_EVENTS, /* observations or checks per second */
	FIGURE_CPU,    /* ns of the core per observation */
	NR_FIGURES
};
extern const char *const figure_names[NR_FIGURES];

/* Values of each figure: of the intervals of one run. */
struct figures {
	struct figure_values {
		double *v;
		size_t nr, cap;
	} of[NR_FIGURES];
};

void figures_add(struct figures *f, enum figure which, double value);
/* Mean (working sets: median) of the values, NAN: there are none. */
double figures_get(struct figures *f, enum figure which);
void figures_release(struct figures *f);

/* Each of an interval; 'pages' are all that are mapped. Ties are shared. */
double score_mae(const struct guess *g, const struct facts *f, double pages);
void score_hot(const struct guess *g, const struct facts *f, double *f1, double *caught);
double score_cover(const struct guess *g, const struct facts *f);
double score_cover_nr(const struct guess *g, const struct facts *f);
double score_age(const struct guess *g, double aggrs); /* of the truth, at most 1 */

/* All of them but age and follow, added to 'figures'. Returns F1. */
double score_add(const struct guess *g, const struct facts *f, double pages,
		 struct figures *figures);

#endif
