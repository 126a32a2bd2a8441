/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Goals of a quota: feedback that tunes how many bytes a scheme may act upon in a reset interval
 * (Documentation/mm/damon/design.rst, "Aim-oriented Feedback-driven Auto-tuning").
 *
 * A goal's score is current / target, 1 where it is reached; that of target_rss is target /
 * current, as there less is more. The highest of several counts: the least aggressive.
 *
 *	consist		bytes *= 2 - score, between 'floor' and twice what it was
 *	temporal	all that is allowed below 1, nothing from 1 on
 *
 * Three things differ from the kernel:
 *
 * - The floor is what an action can work with at least (a page, or a huge one), where the kernel
 *   begins at one byte and takes many intervals to a page.
 * - A quota that was not even half used does not grow: where nothing is left to act upon, the
 *   kernel's grows without limit, and all of it comes down at once on whatever turns cold next.
 * - Used, free and active memory and RSS are what quotas add up to. A quota that follows them
 *swings about the goal forever, as it is still large when the goal is reached. So their score
 *counts as what it will be in a few intervals if it goes on as in the last one. Stalls and refaults
 *are rates, and need none of it.
 */
#ifndef CORE_GOAL_H
#define CORE_GOAL_H

#include "core/schemes/scheme.h"

struct damos_tuning {
	double bytes;			 /* the tuned quota; INFINITY: no limit by goals */
	double current[DAMOS_MAX_GOALS]; /* as measured last, NAN: never */
	double psi_us[DAMOS_MAX_GOALS];	 /* the total then, NAN: never */
	double score[DAMOS_MAX_GOALS];	 /* as measured last, NAN: never */
	uint64_t at_ns;			 /* of the last look */
};
void damos_tuning_init(struct damos_tuning *t, const struct damos_quota *q);

/* What user_input stands at. */
void damos_tuning_feedback(struct damos_tuning *t, size_t goal, double current);

/* Measures all goals, at the end of a reset interval. 'refault_bp' is the scheme's own, NAN if not
 * known. Returns the score, foreseen for 'consist'; NAN: none could be measured. */
double damos_tuning_score(struct damos_tuning *t, const struct damos_quota *q,
			  const struct damos_world *w, double refault_bp);

/* Sets 'bytes' for the next reset interval. 'used' are those of the last; 'score' NAN changes
 * nothing. */
void damos_tuning_step(struct damos_tuning *t, const struct damos_quota *q, double score,
		       uint64_t used, uint64_t floor_bytes);

#endif
