/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The regions of a snapshot, as the model keeps them: for the history, and of the chosen process
 * those that are listed. */
#ifndef LIVE_REGIONS_H
#define LIVE_REGIONS_H

#include "live/model.h"

/* Regions of target 'at' go to the model's maker, behind the target that was added last. Returns 0
 * or -ENOMEM. 'lists': those of the chosen process are listed anew. */
int live_regions_take(struct live_model *m, const struct damon_snapshot *s, size_t at,
		      const struct damon_target_info *t, bool lists);

#endif
