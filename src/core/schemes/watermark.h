/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watermarks of a scheme: off above 'high' and below 'low', on between 'mid' and 'low', as it was
 * between 'high' and 'mid' (Documentation/mm/damon/design.rst, "Watermarks"). It begins on. The
 * kernel looks at those that are on at each sampling interval; here each is looked at once per its
 * own interval, on or off.
 */
#ifndef CORE_WATERMARK_H
#define CORE_WATERMARK_H

#include <stdbool.h>
#include <stdint.h>

#include "damos.h"

struct damos_wmark {
	bool on;
	uint64_t next_ns; /* the next look */
	double permil;	  /* of the last one; NAN: none yet */
};
void damos_wmark_init(struct damos_wmark *m);

/* Looks, if it is time. 'permil' NAN: it could not be measured, nothing changes. Returns whether
 * the scheme is on. Without a metric it is, always, and the next look is never. */
bool damos_wmark_look(struct damos_wmark *m, const struct damos_watermarks *w, double permil,
		      uint64_t now_ns);

#endif
