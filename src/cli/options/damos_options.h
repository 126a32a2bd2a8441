/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Schemes on the command line, by damo's names. The i-th option of a kind is of the i-th scheme;
 * filters and goals, of which a scheme has several, are shared out by --damos-nr-filters and
 * --damos-nr-quota-goals. Where there is a --damos-scheme, each one begins a scheme instead, and
 * options are of the one that they follow.
 */
#ifndef CLI_DAMOS_OPTIONS_H
#define CLI_DAMOS_OPTIONS_H

#include "cli/options/option.h"
#include "config/config.h"

struct damos_options {
	const char *schemes, *kdamonds;
	bool strict;
	struct option_words words;
};
void damos_options_release(struct damos_options *o);

/*
 * Adds to 'c' what the options and their files say. 'asked' (NULL: nothing) is what other options
 * say of intervals and regions: it beats a file, and samples and ages are counted in it where the
 * file says nothing of intervals. Schemes come from one place: a file, or options. Warnings are
 * printed. Returns 0 or -errno with the sentence.
 */
int damos_options_read(const struct damos_options *o, const struct config *asked, struct config *c,
		       struct damon_fail *fail);

#define DAMOS_WORDS(at, long_name, takes, text)                                                    \
	{                                                                                          \
		.name = long_name, .type = OPT_WORDS,                                              \
		.offset = (at) + offsetof(struct damos_options, words), .arg = takes,              \
		.help = text,                                                                      \
	}

/* Their rows, for a struct damos_options at offset 'at'. */
#define DAMOS_ROWS(at)                                                                             \
	{                                                                                          \
		.section = "Schemes",                                                              \
		.name = "schemes",                                                                 \
		.type = OPT_STR,                                                                   \
		.offset = (at) + offsetof(struct damos_options, schemes),                          \
		.arg = "FILE",                                                                     \
		.help = "a list of schemes as damo has them, or the JSON itself",                  \
	},                                                                                         \
		{                                                                                  \
			.name = "kdamonds",                                                        \
			.type = OPT_STR,                                                           \
			.offset = (at) + offsetof(struct damos_options, kdamonds),                 \
			.arg = "FILE",                                                             \
			.help = "targets, intervals and schemes as 'damo args damon' writes "      \
				"them, or the JSON itself",                                        \
		},                                                                                 \
		{                                                                                  \
			.name = "strict",                                                          \
			.type = OPT_FLAG,                                                          \
			.offset = (at) + offsetof(struct damos_options, strict),                   \
			.help = "refuse what would be warned of: keys that nobody knows, bare "    \
				"numbers of ages",                                                 \
		},                                                                                 \
		DAMOS_SCHEME_ROWS(at)

#define DAMOS_SCHEME_ROWS(at)                                                                      \
	DAMOS_WORDS(at, "damos-scheme", NULL,                                                      \
		    "begins a scheme, whose options follow; without it the i-th option of a kind " \
		    "is of the i-th scheme"),                                                      \
		DAMOS_WORDS(at, "damos-action", "ACTION...",                                       \
			    "what is done to the memory; migrate_hot and migrate_cold are "        \
			    "followed by a node, or by nodes and their weights in turn"),          \
		DAMOS_WORDS(at, "damos-sz-region", "MIN MAX", "sizes of regions"),                 \
		DAMOS_WORDS(at, "damos-access-rate", "MIN MAX",                                    \
			    "nr_accesses: '50%' of the most, or '5 samples'"),                     \
		DAMOS_WORDS(at, "damos-age", "MIN MAX", "ages of regions"),                        \
		DAMOS_WORDS(at, "damos-apply-interval", "TIME",                                    \
			    "the scheme looks at a snapshot this often; if not given, every "      \
			    "aggregation interval"),                                               \
		DAMOS_WORDS(at, "damos-quota-interval", "TIME",                                    \
			    "quotas are for this long, 1 s if not given"),                         \
		DAMOS_WORDS(at, "damos-quota-time", "TIME",                                        \
			    "time to spend on the action in an interval; a bare number is of "     \
			    "milliseconds"),                                                       \
		DAMOS_WORDS(at, "damos-quota-space", "SIZE", "bytes to act upon in an interval"),  \
		DAMOS_WORDS(at, "damos-quota-weights", "SIZE RATE AGE",                            \
			    "what counts for regions' turns within the quota, permil"),            \
		DAMOS_WORDS(at, "damos-quota-fail-charge-ratio", "NUM DENOM",                      \
			    "bytes that did not change count NUM / DENOM of theirs"),              \
		DAMOS_WORDS(at, "damos-quotas", "TIME...",                                         \
			    "all of these at once: TIME [SIZE [INTERVAL [WEIGHT WEIGHT "           \
			    "WEIGHT]]]"),                                                          \
		DAMOS_WORDS(                                                                       \
			at, "damos-quota-goal", "METRIC...",                                       \
			"the quota is tuned to reach it: METRIC TARGET [CURRENT|NODE [CGROUP]]"),  \
		DAMOS_WORDS(at, "damos-quota-goal-tuner", "TUNER",                                 \
			    "consist finds a quota that keeps the goal, temporal uses all of it "  \
			    "until the goal is reached"),                                          \
		DAMOS_WORDS(at, "damos-nr-quota-goals", "N...",                                    \
			    "how many of the goals are each scheme's"),                            \
		DAMOS_WORDS(at, "damos-wmarks", "METRIC INTERVAL HIGH MID LOW",                    \
			    "the scheme is on while the metric (free_mem_rate, permil) is "        \
			    "between"),                                                            \
		DAMOS_WORDS(at, "damos-filter", "allow|reject...",                                 \
			    "allow|reject [none] TYPE [ARGUMENT]...: keeps memory (not) of the "   \
			    "type in or out"),                                                     \
		DAMOS_WORDS(at, "damos-filter-out", "TYPE...",                                     \
			    "[not] TYPE [ARGUMENT]...: keeps it out; older"),                      \
		DAMOS_WORDS(at, "damos-nr-filters", "N...",                                        \
			    "how many of the filters are each scheme's"),                          \
		DAMOS_WORDS(at, "damos-target-nid", "NODE", "where memory is migrated to"),        \
		DAMOS_WORDS(at, "damos-dests", "NODE WEIGHT...",                                   \
			    "nodes that memory is migrated to, each with its weight"),             \
		DAMOS_WORDS(at, "damos-max-nr-snapshots", "N",                                     \
			    "the scheme ends after so many snapshots"),                            \
		DAMOS_WORDS(at, "damos-compare", "bounds|plain",                                   \
			    "bounds leaves memory alone that may be of the pattern, but is not "   \
			    "surely; plain is as DAMON compares; of all schemes if given once"),   \
		DAMOS_WORDS(at, "damos-refault-max", "PCT",                                        \
			    "a scheme is slowed, then paused where more than this of what it "     \
			    "paged out comes back within 10 s; 0: never")

#endif
