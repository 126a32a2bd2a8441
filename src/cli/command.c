/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help/help.h"
#include "cli/output.h"
#include "cli/say.h"

int command_usage(const struct command *cmd, const struct damon_fail *fail)
{
	struct damon_fail full = *fail;

	if (!full.remedy[0])
		damon_fail_remedy(&full, "see 'damon-perf %s%s--help'", cmd->name ? cmd->name : "",
				  cmd->name ? " " : "");
	say_fail(&full);
	return cmd->usage_status;
}

int command_parse(const struct command *cmd, void *values, char **argv, bool leading,
		  struct option_line *line)
{
	struct damon_fail fail = {0};

	if (option_parse(cmd->options, values, argv, leading, line, &fail))
		return command_usage(cmd, &fail);
	if (!line->help)
		return -1;
	help_print(stdout, cmd, NULL);
	return output_finish_stdout() ? cmd->usage_status : 0;
}

const struct report_row *command_row(const struct report_row *rows, const char *what,
				     const char *name, struct damon_fail *fail)
{
	struct name_near near;

	name_near_init(&near, name);
	for (const struct report_row *r = rows; r->name; r++) {
		if (name_equal(name, r->name))
			return r;
		name_near_add(&near, r->name);
	}
	damon_fail(fail, EINVAL, "unknown %s '%.80s'", what, name);
	if (near.best)
		damon_fail_remedy(fail, "did you mean '%s'?", near.best);
	return NULL;
}

/* "<value of 'variable'><tail>" into 'path', with what it says; false: it is no absolute path. */
static bool path_of(const char *variable, const char *tail, char path[PATH_MAX])
{
	const char *value = getenv(variable);
	int n;

	if (!value || *value != '/')
		return false;
	n = snprintf(path, PATH_MAX, "%s%s", value, tail);
	return n > 0 && n < PATH_MAX;
}

void command_symbols(struct command_dirs *d, struct symbols_options *o)
{
	char perf[PATH_MAX];
	bool cached = path_of("XDG_CACHE_HOME", "/damon-perf", d->cache) ||
		      path_of("HOME", "/.cache/damon-perf", d->cache);
	bool kept = path_of("PERF_BUILDID_DIR", "", perf) || path_of("HOME", "/.debug", perf);
	int n = snprintf(d->debug, sizeof(d->debug), "/usr/lib/debug%s%s", kept ? ":" : "",
			 kept ? perf : "");

	o->cache_dir = cached ? d->cache : NULL;
	o->debug_dirs = n < (int)sizeof(d->debug) ? d->debug : NULL;
}
