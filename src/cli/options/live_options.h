/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands that watch have in common, live and the presets: whom to watch, how to show it,
 * and doing so.
 */
#ifndef CLI_LIVE_OPTIONS_H
#define CLI_LIVE_OPTIONS_H

#include "cli/command.h"
#include "cli/options/sampling.h"
#include "cli/options/target_options.h"
#include "cli/watch.h"

struct live_options {
	struct target_options targets;
	const char *record, *metrics;
	uint64_t duration_ns;
	int format; /* enum watch_format */
	struct sampling_options how;
	bool plain, dry_run;
};

#define LIVE_AT(field) offsetof(struct live_options, field)

/* Rows for a struct live_options at offset 'at'. */
#define LIVE_WHO_ROWS(at)                                                                          \
	TARGET_ROWS((at) + LIVE_AT(targets), "What to watch", BY_WHO),                             \
	{                                                                                          \
		.name = "duration", .type = OPT_TIME, .offset = (at) + LIVE_AT(duration_ns),       \
		.arg = "TIME", .range = "1 ms..365 d", .base_ns = NS_PER_SEC,                      \
		.help = "end after this time; a command that is still running goes on, "           \
			"and is waited for; a bare number is seconds",                             \
	}

#define LIVE_OUT_ROWS(at)                                                                          \
	{                                                                                          \
		.name = "output",                                                                  \
		.letter = 'o',                                                                     \
		.type = OPT_STR,                                                                   \
		.offset = (at) + LIVE_AT(record),                                                  \
		.arg = "FILE",                                                                     \
		.aliases = "out",                                                                  \
		.help = "write a record as well, for 'damon-perf report'; one that is there "      \
			"becomes FILE.old",                                                        \
	},                                                                                         \
	{                                                                                          \
		.name = "metrics", .type = OPT_STR, .offset = (at) + LIVE_AT(metrics),             \
		.arg = "[ADDR:]PORT",                                                              \
		.help = "serve OpenMetrics at http://ADDR:PORT/metrics, for Prometheus; "          \
			"127.0.0.1 "                                                               \
			"if only a port is given, '[::]:9779' is every address",                   \
	}

#define LIVE_DRY_RUN_ROW(at)                                                                       \
	{                                                                                          \
		.name = "dry-run", .type = OPT_FLAG, .offset = (at) + LIVE_AT(dry_run),            \
		.help = "schemes are planned and counted, and nothing is done to any memory; "     \
			"neither rights nor swap are needed",                                      \
	}

/* A command that watches. */
struct live {
	const struct option_row *rows;
	struct live_options *options;
	struct option_line line;
	struct config config; /* of files, options of schemes, presets */
	const struct watch_lines *lines;
	int (*reload)(void *priv, struct damon_fail *fail); /* as of struct watch_options */
	void *priv;
	struct damon_ctx *ctx; /* while it runs */
};

/* What options and the config say, held against each other: -EINVAL with the sentence. */
int live_check(struct live *l, struct damon_fail *fail);

/* Watches. Returns the exit status; what failed was said. */
int live_run(struct live *l);

/* In a dry run: why schemes could not act. */
void live_say_refused(const struct live *l);

extern const struct command_pair live_statuses[];

#endif
