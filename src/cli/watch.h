/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens a context, shows what it sees, a full screen or lines, until its targets are gone, the time
 * is over or the user says so, and closes it.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <stdbool.h>

#include "base/fail.h"
#include "config/config.h"
#include "damon.h"

enum watch_format {
	WATCH_SCREEN, /* a full screen, on a terminal */
	WATCH_TEXT,   /* a line for each aggregation */
	WATCH_JSON,   /* an object for each aggregation */
};

/* Lines of another kind than live's. Each returns 0, or -errno if it could not be written. */
struct watch_lines {
	int (*take)(void *priv, const struct damon_snapshot *s, bool as_json);
	int (*finish)(void *priv, bool as_json); /* after the last snapshot */
	void *priv;
};

struct watch_options {
	enum watch_format format;
	char **command;	      /* argv of the command that the context has; *command NULL: none */
	const char *record;   /* the file that the context writes, or NULL */
	const char *metrics;  /* [ADDR:]PORT that they are served at; NULL: none are */
	uint64_t duration_ns; /* 0: no end */
	uint64_t aggr_ns;     /* the context's */
	bool dry_run;	      /* as the context has it */
	const struct config *schemes;	 /* what its schemes are, for their goals; or NULL */
	const struct watch_lines *lines; /* NULL: those of live */
	/* Asked for by SIGHUP from another process: reads the schemes again, gives them to the
	 * context. 0, or -errno with the sentence and the old ones go on. NULL: SIGHUP ends. */
	int (*reload)(void *priv, struct damon_fail *fail);
	void *priv;
};

/* Returns the exit status: the command's, 0 without one, 125 to 127. What failed was said. */
int watch_run(struct damon_ctx *ctx, const struct watch_options *o);

#endif
