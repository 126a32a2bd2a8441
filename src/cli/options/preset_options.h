/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of the kernel's modules as options, by their own names: --quota-sz and --quota_sz are
 * the same. Bare numbers are in the modules' units. Rows for a struct preset_params at offset 'at',
 * which preset_params_init() is to be called on first: not every parameter is an option everywhere.
 */
#ifndef CLI_PRESET_OPTIONS_H
#define CLI_PRESET_OPTIONS_H

#include "cli/options/option.h"
#include "config/presets.h"

/* The first row of a preset, with the heading. */
#define PRESET_SECTION "What the module has (a bare number is in its unit)"

#define PRESET_ROW(at, long_name, of_type, field, takes, preset, text)                             \
	.name = long_name, .type = of_type,                                                        \
	.offset = (at) + offsetof(struct preset_params, field), .arg = takes, .def = preset,       \
	.help = text

#define PRESET_TIME(at, long_name, field, base, preset, text)                                      \
	{                                                                                          \
		PRESET_ROW(at, long_name, OPT_TIME, field, "TIME", preset, text), .base_ns = base, \
	}

#define PRESET_PERMIL(at, long_name, field, preset, text)                                          \
	{                                                                                          \
		PRESET_ROW(at, long_name, OPT_COUNT, field, "PERMIL", preset, text),               \
			.range = "0..1000",                                                        \
	}

#define PRESET_FLAG(at, long_name, field, text)                                                    \
	{                                                                                          \
		PRESET_ROW(at, long_name, OPT_FLAG, field, NULL, NULL, text),                      \
	}

#define PRESET_QUOTA_ROWS(at)                                                                      \
	PRESET_TIME(at, "quota-ms", quota_ns, NS_PER_MS, "10 ms",                                  \
		    "time to spend in a reset interval; 0: any"),                                  \
		PRESET_TIME(at, "quota-reset-interval-ms", quota_reset_ns, NS_PER_MS, "1 s",       \
			    "the interval that quotas are for")

#define PRESET_WMARK_ROWS(at, high, mid, low)                                                      \
	PRESET_TIME(at, "wmarks-interval", wmarks_interval_ns, NS_PER_US, "5 s",                   \
		    "the rate of free memory is looked at this often; 0: never, always on"),       \
		PRESET_PERMIL(at, "wmarks-high", wmarks_high, high, "off above this"),             \
		PRESET_PERMIL(at, "wmarks-mid", wmarks_mid, mid, "on below this"),                 \
		PRESET_PERMIL(at, "wmarks-low", wmarks_low, low, "off below this")

#define PRESET_MONITOR_ROWS(at) PRESET_MONITOR_ROWS_OF(at, NULL)
#define PRESET_MONITOR_ROWS_OF(at, heading)                                                        \
	{                                                                                          \
		PRESET_ROW(at, "sample-interval", OPT_TIME, sample_ns, "TIME", "5 ms",             \
			   "sampling interval"),                                                   \
		.base_ns = NS_PER_US,                                                              \
		.section = (heading),                                                              \
	},                                                                                         \
		PRESET_TIME(at, "aggr-interval", aggr_ns, NS_PER_US, "100 ms",                     \
			    "aggregation interval"),                                               \
		{                                                                                  \
			PRESET_ROW(at, "min-nr-regions", OPT_COUNT, min_nr_regions, "N", "10",     \
				   "least number of regions"),                                     \
			.range = "3..100000",                                                      \
		},                                                                                 \
	{                                                                                          \
		PRESET_ROW(at, "max-nr-regions", OPT_COUNT, max_nr_regions, "N", "1000",           \
			   "largest number of regions"),                                           \
			.range = "3..100000",                                                      \
	}

#define PRESET_REGION_ROWS(at)                                                                     \
	PRESET_FLAG(at, "autotune-monitoring-intervals", autotune,                                 \
		    "tune the sampling interval to see 0.4 % of the access events"),               \
		{                                                                                  \
			PRESET_ROW(at, "monitor-region-start", OPT_BYTES, region_start, "ADDR",    \
				   NULL,                                                           \
				   "refused: physical memory, which user space cannot act upon"),  \
		},                                                                                 \
	{                                                                                          \
		PRESET_ROW(at, "monitor-region-end", OPT_BYTES, region_end, "ADDR", NULL,          \
			   "and up to here"),                                                      \
	}

/* DAMON_RECLAIM */
#define RECLAIM_ROWS(at)                                                                           \
	{                                                                                          \
		PRESET_ROW(at, "min-age", OPT_TIME, min_age_ns, "TIME", "120 s",                   \
			   "memory that is idle for this long is paged out"),                      \
		.base_ns = NS_PER_US,                                                              \
		.section = PRESET_SECTION,                                                         \
	},                                                                                         \
		PRESET_QUOTA_ROWS(at),                                                             \
		{                                                                                  \
			PRESET_ROW(at, "quota-sz", OPT_BYTES, quota_bytes, "SIZE", "128 MiB",      \
				   "bytes to page out in a reset interval; 0: any"),               \
		},                                                                                 \
		{                                                                                  \
			PRESET_ROW(at, "quota-mem-pressure-us", OPT_COUNT, quota_mem_pressure_us,  \
				   "US", NULL,                                                     \
				   "tune the quota to this much memory pressure (PSI, some) in a " \
				   "reset interval"),                                              \
		},                                                                                 \
		{                                                                                  \
			PRESET_ROW(at, "quota-autotune-feedback", OPT_COUNT, quota_feedback, "N",  \
				   NULL, "tune the quota until this feedback of yours is 10000"),  \
		},                                                                                 \
		PRESET_WMARK_ROWS(at, "500", "400", "200"),                                        \
		PRESET_FLAG(at, "skip-anon", skip_anon, "leave pages of no file alone"),           \
		PRESET_MONITOR_ROWS(at), PRESET_REGION_ROWS(at)

/* DAMON_LRU_SORT */
#define LRU_SORT_ROWS(at)                                                                          \
	{                                                                                          \
		PRESET_ROW(at, "hot-thres-access-freq", OPT_COUNT, hot_permil, "PERMIL", "500",    \
			   "memory that is accessed in this share of the samples is hot"),         \
		.range = "0..1000",                                                                \
		.section = PRESET_SECTION,                                                         \
	},                                                                                         \
		PRESET_TIME(at, "cold-min-age", cold_min_age_ns, NS_PER_US, "120 s",               \
			    "memory that is idle for this long is cold"),                          \
		{                                                                                  \
			PRESET_ROW(at, "active-mem-bp", OPT_COUNT, active_mem_bp, "BP", NULL,      \
				   "tune the quotas to this share of active memory in all on the " \
				   "lists, in 1/10000; 0: not"),                                   \
			.range = "0..10000",                                                       \
		},                                                                                 \
		PRESET_FLAG(at, "filter-young-pages", filter_young_pages,                          \
			    "refused: accessed bits of single pages, which only the kernel sees"), \
		PRESET_QUOTA_ROWS(at), PRESET_WMARK_ROWS(at, "200", "150", "50"),                  \
		PRESET_MONITOR_ROWS(at), PRESET_REGION_ROWS(at)

/* DAMON_STAT, whose intervals are always tuned */
#define STAT_ROWS(at)                                                                              \
	PRESET_MONITOR_ROWS_OF(at, "How to watch (the module has none of it; a bare number is "    \
				   "microseconds)")

/* between a fast node and a slow one */
#define TIERING_ROWS(at)                                                                           \
	{                                                                                          \
		PRESET_ROW(at, "fast-node", OPT_COUNT, fast_node, "NODE", "0",                     \
			   "hot memory is migrated to it"),                                        \
		.range = "0..32767",                                                               \
	},                                                                                         \
		{                                                                                  \
			PRESET_ROW(at, "slow-node", OPT_COUNT, slow_node, "NODE", "1",             \
				   "idle memory is migrated to it"),                               \
			.range = "0..32767",                                                       \
		},                                                                                 \
		{                                                                                  \
			PRESET_ROW(at, "fast-used", OPT_PERCENT, used_percent, "PCT", "99.7",      \
				   "promote until so much of the fast node is used"),              \
		},                                                                                 \
		{                                                                                  \
			PRESET_ROW(at, "fast-free", OPT_PERCENT, free_percent, "PCT", "0.5",       \
				   "demote until so much of the fast node is free"),               \
		},                                                                                 \
		{                                                                                  \
			PRESET_ROW(at, "quota-sz", OPT_BYTES, quota_bytes, "SIZE", "200 MiB",      \
				   "bytes to migrate in a second, each way; 0: any"),              \
		},                                                                                 \
		PRESET_MONITOR_ROWS(at)

#endif
