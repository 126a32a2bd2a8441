/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that say what is monitored: which processes, and which of their addresses. */
#ifndef CLI_TARGET_OPTIONS_H
#define CLI_TARGET_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options/option.h"
#include "damon.h"

struct target_options {
	struct option_pids pids;
	const char *cgroup, *regions;
	int ops; /* enum target_ops */
	bool all;
};

/* In the order of the row's words. */
enum target_ops { TARGET_VADDR, TARGET_FVADDR, TARGET_PADDR };

/* Their rows, for a struct target_options at offset 'at'. Group: 'who', that -a excludes. */
#define TARGET_ROWS(at, title, who)                                                                \
	{                                                                                          \
		.section = (title),                                                                \
		.name = "pid",                                                                     \
		.letter = 'p',                                                                     \
		.type = OPT_PIDS,                                                                  \
		.offset = (at) + offsetof(struct target_options, pids),                            \
		.arg = "PID[,PID...]",                                                             \
		.aliases = "target-pid",                                                           \
		.group = (who),                                                                    \
		.help = "attach to running processes, with all their threads and the children "    \
			"they will have, instead of running a command",                            \
	},                                                                                         \
		{                                                                                  \
			.name = "cgroup",                                                          \
			.type = OPT_STR,                                                           \
			.offset = (at) + offsetof(struct target_options, cgroup),                  \
			.arg = "PATH",                                                             \
			.group = (who),                                                            \
			.help = "the processes in a cgroup and below it, also those that come "    \
				"later, until it is removed; its folder, or its path as "          \
				"/proc/PID/cgroup has it",                                         \
		},                                                                                 \
		{                                                                                  \
			.name = "all-processes",                                                   \
			.letter = 'a',                                                             \
			.type = OPT_FLAG,                                                          \
			.offset = (at) + offsetof(struct target_options, all),                     \
			.group = (who),                                                            \
			.help = "all processes of the machine; the kernel lets root do that, or "  \
				"all users where perf_event_paranoid is 0 or less",                \
		},                                                                                 \
		{                                                                                  \
			.name = "ops",                                                             \
			.type = OPT_CHOICE,                                                        \
			.offset = (at) + offsetof(struct target_options, ops),                     \
			.arg = "NAME",                                                             \
			.choices = "vaddr fvaddr paddr",                                           \
			.def = "vaddr",                                                            \
			.help = "which addresses are monitored: 'vaddr' those of each process, "   \
				"where it has mappings; 'fvaddr' the same within --regions; "      \
				"'paddr' physical ones, of all processes if none are named; for "  \
				"root",                                                            \
		},                                                                                 \
	{                                                                                          \
		.name = "regions", .type = OPT_STR,                                                \
		.offset = (at) + offsetof(struct target_options, regions), .arg = "'FROM-TO...'",  \
		.help = "ranges of addresses, for 'fvaddr' (which is then the default) and "       \
			"'paddr': '4G-8G', '0x7f0000000000-0x7f0000200000 1,048,576-2M'",          \
	}

/* Contradictions in them: -EINVAL. Fills in what follows from the others. */
int target_options_check(struct target_options *o, const struct option_row *rows,
			 const struct option_line *line, struct damon_fail *fail);

/* Is anything said of who is to be monitored, the command aside? */
bool target_options_any(const struct target_options *o);

/* Tells a context; the command is not of it. Returns 0 or -errno. */
int target_options_apply(const struct target_options *o, struct damon_ctx *ctx);

void target_options_release(struct target_options *o);

/* One line about processes that could not be looked into, if there were some. */
void target_options_say_closed(const struct damon_stats *s);

#endif
