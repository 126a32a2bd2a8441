/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that say how accesses are sampled and counted, of every command that monitors. */
#ifndef CLI_SAMPLING_H
#define CLI_SAMPLING_H

#include "base/util.h"
#include "cli/options/hardware.h"
#include "cli/options/option.h"
#include "config/config.h"
#include "damon.h"

struct sampling_options {
	const char *source, *resolution, *goal, *goal_words[4], *check;
	uint64_t mem_reads, checks_per_sec;
	double overhead_percent, rate_hz;
	uint64_t intervals_ns[3]; /* sampling, aggregation, update */
	uint64_t nr_regions[2];	  /* minimum, maximum */
	struct hardware_options hardware;
	/* Once checked: */
	struct damon_intervals_goal intervals_goal; /* of 'goal' or 'goal_words' */
	struct damon_sampling sampling;
};

/* Options of one group exclude each other. */
enum { BY_OVERHEAD = 1, BY_RATE = 2, BY_GOAL = 4, BY_KIND = 8, BY_LATENCY = 16, BY_WHO = 32 };

#define SAMPLING_AT(field) offsetof(struct sampling_options, field)

/* The rows, for a struct sampling_options at offset 'at': sources, and DAMON's attributes. */
#define SAMPLING_ROWS(at) SOURCE_ROWS(at), ATTRS_ROWS(at)

// clang-format off
#define SOURCE_ROWS(at)									\
	{										\
		.section = "Where accesses come from, and what that may cost",		\
		.name = "source",							\
		.type = OPT_STR,							\
		.offset = (at) + SAMPLING_AT(source),					\
		.arg = "NAME",								\
		.def = "auto",								\
		.help = "what yields the accesses: 'damon-perf check' lists what works here; "\
			"'auto' takes the best of that",				\
	},										\
	{										\
		.name = "overhead",							\
		.type = OPT_PERCENT,							\
		.offset = (at) + SAMPLING_AT(overhead_percent),				\
		.arg = "PERCENT",							\
		.def = "1",								\
		.range = "0.01..50",							\
		.group = BY_OVERHEAD,							\
		.help = "what recording may cost, its interruptions and its own work together, in " \
			"percent of the CPU time that the recorded processes use; measured, and " \
			"kept by changing the rate",					\
	},										\
	{										\
		.name = "rate",								\
		.type = OPT_DOUBLE,							\
		.offset = (at) + SAMPLING_AT(rate_hz),					\
		.arg = "HZ",								\
		.range = "1..50000",							\
		.group = BY_OVERHEAD | BY_RATE,						\
		.help = "a fixed number of samples per second of CPU time instead; a program "	\
			"of less than a second takes 10000",			\
	},										\
	{										\
		.name = "resolution",							\
		.type = OPT_STR,							\
		.offset = (at) + SAMPLING_AT(resolution),				\
		.arg = "SHARE/TIME",							\
		.group = BY_RATE,							\
		.help = "no more samples than needed to see what has SHARE of the accesses within " \
			"TIME of CPU time; '1%/1s' needs 1200 a second, 12 / (share * seconds); " \
			"--overhead stays the limit, and what bounds the rate is told",	\
	},										\
	{										\
		.name = "mem-reads",							\
		.type = OPT_COUNT,							\
		.offset = (at) + SAMPLING_AT(mem_reads),				\
		.arg = "N",								\
		.def = "1",								\
		.range = "0..16",							\
		.help = "how often source soft may read the memory of the target at each sample, " \
			"to follow pointers; 0 keeps to what registers and code tell",	\
	},										\
	{										\
		.name = "check",							\
		.type = OPT_STR,							\
		.offset = (at) + SAMPLING_AT(check),					\
		.arg = "NAME[,NAME...]",						\
		.def = "none",								\
		.help = "look at accessed bits beside the source: 'smaps' (pages of each mapping, " \
			"once a second) or 'idle' (single pages, for root); both take those bits " \
			"from the kernel's reclaim, and walk page tables within --overhead; "\
			"'damon-perf check' lists what works here",			\
	},										\
	{										\
		.name = "checks-per-sec",						\
		.type = OPT_COUNT,							\
		.offset = (at) + SAMPLING_AT(checks_per_sec),				\
		.arg = "N",								\
		.def = "1000",								\
		.range = "1..100000",							\
		.help = "single pages that --check idle looks at per second",		\
	},										\
	HARDWARE_ROWS((at) + SAMPLING_AT(hardware), BY_OVERHEAD | BY_RATE, BY_KIND, BY_LATENCY)

#define ATTRS_ROWS(at)									\
	{										\
		.section = "DAMON's attributes (a bare number is microseconds)",	\
		.name = "sample",							\
		.type = OPT_TIME,							\
		.offset = (at) + SAMPLING_AT(intervals_ns[0]),				\
		.arg = "TIME",								\
		.def = "5ms",								\
		.range = "1 us..1 d",							\
		.base_ns = NS_PER_US,							\
		.help = "sampling interval: nr_accesses counts in how many of these of an "\
			"aggregation interval a region was accessed",			\
	},										\
	{										\
		.name = "aggr",								\
		.type = OPT_TIME,							\
		.offset = (at) + SAMPLING_AT(intervals_ns[1]),				\
		.arg = "TIME",								\
		.def = "100ms",								\
		.range = "1 ms..1 d",							\
		.base_ns = NS_PER_US,							\
		.help = "aggregation interval: a snapshot is taken this often",		\
	},										\
	{										\
		.name = "updr",								\
		.type = OPT_TIME,							\
		.offset = (at) + SAMPLING_AT(intervals_ns[2]),				\
		.arg = "TIME",								\
		.def = "1s",								\
		.range = "1 ms..1 d",							\
		.base_ns = NS_PER_US,							\
		.help = "update interval: memory mappings are read again this often; if not given, " \
			"at least --aggr",						\
	},										\
	{										\
		.name = "minr",								\
		.type = OPT_COUNT,							\
		.offset = (at) + SAMPLING_AT(nr_regions[0]),				\
		.arg = "N",								\
		.def = "10",								\
		.range = "3..100000",							\
		.help = "least number of regions",					\
	},										\
	{										\
		.name = "maxr",								\
		.type = OPT_COUNT,							\
		.offset = (at) + SAMPLING_AT(nr_regions[1]),				\
		.arg = "N",								\
		.def = "1000",								\
		.range = "3..100000",							\
		.help = "largest number of regions, of all processes together",		\
	},										\
	{										\
		.name = "monitoring-intervals",						\
		.type = OPT_TIME,							\
		.offset = (at) + SAMPLING_AT(intervals_ns),				\
		.arg = "SAMPLE AGGR UPDR",						\
		.range = "1 us..1 d",							\
		.base_ns = NS_PER_US,							\
		.help = "the three intervals at once",					\
	},										\
	{										\
		.name = "intervals-goal",						\
		.type = OPT_STR,							\
		.offset = (at) + SAMPLING_AT(goal),					\
		.arg = "GOAL",								\
		.group = BY_GOAL,							\
		.help = "calculate the sampling interval for each snapshot: too short, and all " \
			"memory looks cold, too long, and all looks hot; 'auto' keeps to DAMON's " \
			"advice, 4 % of all access events that are possible, which is "	\
			"'4%,3,5ms,10s': share, looked at every 3 aggregations, shortest and "\
			"longest interval",						\
	},										\
	{										\
		.name = "monitoring-intervals-goal",					\
		.type = OPT_STR,							\
		.offset = (at) + SAMPLING_AT(goal_words),				\
		.arg = "ACCESS_BP AGGRS MIN MAX",					\
		.group = BY_GOAL,							\
		.help = "the same, as damo has it",					\
	},										\
	{										\
		.name = "monitoring-nr-regions-range",					\
		.type = OPT_COUNT,							\
		.offset = (at) + SAMPLING_AT(nr_regions),				\
		.arg = "MIN MAX",							\
		.range = "3..100000",							\
		.help = "both numbers of regions at once",				\
	}
// clang-format on

/* Holds the values against each other. Returns 0 or -EINVAL with the sentence. 'rows' and 'line'
 * are those of the command. */
int sampling_check(struct sampling_options *o, const struct option_row *rows,
		   const struct option_line *line, struct damon_fail *fail);

/* What was said of intervals and regions, to 'asked'; and what a file says of them, beside that. */
void sampling_to_config(const struct sampling_options *o, const struct option_row *rows,
			const struct option_line *line, struct config *asked);
void sampling_from_config(struct sampling_options *o, const struct config *c);

/* Gives them to a context. Returns 0 or -errno, with the context's sentence. */
int sampling_set(const struct sampling_options *o, struct damon_ctx *ctx);

#endif
