/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's modules on top of DAMON, as schemes: DAMON_RECLAIM, DAMON_LRU_SORT, DAMON_STAT, and
 * tiering between two nodes as damo's script mem_tier has it. Parameters have the modules' names,
 * units of bare numbers and defaults (Linux: Documentation/admin-guide/mm/damon/reclaim.rst,
 * lru_sort.rst, stat.rst, and their modules in mm/damon).
 */
#ifndef CONFIG_PRESETS_H
#define CONFIG_PRESETS_H

#include "config/config.h"

enum preset { PRESET_RECLAIM, PRESET_LRU_SORT, PRESET_STAT, PRESET_TIERING };

/* Each preset reads those that it has. */
struct preset_params {
	/* what is cold, what is hot */
	uint64_t min_age_ns;	  /* reclaim: idle for this long */
	uint64_t cold_min_age_ns; /* lru_sort */
	uint64_t hot_permil;	  /* lru_sort: hot_thres_access_freq */
	uint64_t active_mem_bp;	  /* lru_sort: aimed at; 0: the quota is not tuned by it */
	bool filter_young_pages;  /* lru_sort: refused */
	bool skip_anon;		  /* reclaim: leaves pages of no file alone */
	/* quota */
	uint64_t quota_ns, quota_bytes, quota_reset_ns;
	uint64_t quota_mem_pressure_us; /* reclaim: 0: not tuned by it */
	uint64_t quota_feedback;	/* reclaim: of 10000; 0: not tuned by it */
	/* watermarks of free_mem_rate, permil; interval 0: none */
	uint64_t wmarks_interval_ns, wmarks_high, wmarks_mid, wmarks_low;
	/* monitoring */
	uint64_t sample_ns, aggr_ns, min_nr_regions, max_nr_regions;
	bool autotune; /* autotune_monitoring_intervals: 3 aggregations, of access events the
			  module's share */
	uint64_t region_start, region_end; /* physical addresses; both 0: processes instead */
	/* tiering */
	uint64_t fast_node, slow_node;
	double used_percent, free_percent; /* of the fast node, goals of promotion and demotion */
};

void preset_params_init(enum preset preset, struct preset_params *p);

/* Adds the preset's intervals and schemes to 'c'. 0, -EINVAL with the reason, or -ENOMEM. */
int preset_config(enum preset preset, const struct preset_params *p, struct config *c,
		  struct damon_fail *fail);

#endif
