/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of text about how far a record can be trusted. */
#ifndef REPORT_NOTES_H
#define REPORT_NOTES_H

#include "report/known.h"
#include "report/scan.h"

/* Why a record without any target is empty, as far as it is known. */
void notes_empty(struct report_args *a, const struct scan *sc);
const char *notes_empty_text(const struct scan *sc);

/* One line if the scale of heat is not known exactly, else nothing. */
void notes_relative(struct report_args *a, const struct damon_record_info *info);
/* What stands there behind "heat"; "" for nothing. Returns 'buf'. */
char *notes_relative_text(char *buf, size_t size, const struct damon_record_info *info);

/* "soft, 2000 observations per second of CPU time". Returns 'buf'. */
char *notes_source_text(char *buf, size_t size, const struct scan *sc,
			const struct damon_stats *st);

/* Source, rate, observations; what was lost or not seen; what watching cost; how sure the figures
 * are. The record must have been read to its end. */
void notes_quality(struct report_args *a, const struct scan *sc);

/* What 'nr_obs' observations of a target can tell, in a sentence. */
void notes_certainty(struct report_args *a, double nr_obs);

/* Where they are few: what to record instead. */
void notes_more(struct report_args *a, const struct scan *sc, double nr_obs);

/* The scale of heat relative to the estimate: {1, 1, 1} if it is known exactly. */
struct known notes_scale(const struct damon_record_info *info);

#endif
