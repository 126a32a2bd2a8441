/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command that is monitored, while it runs: signals go to it, and its status becomes ours. */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include <stdbool.h>

#include "damon.h"

/* Exit status of a command of ours that runs others, where it failed itself; 126 and 127 are in
 * cli/find.h. */
enum { OWN_FAILURE = 125 };

struct follow {
	struct damon_ctx *ctx;
	int nr_interrupts; /* from the terminal, so far */
	bool takes_hangup; /* SIGHUP from another process asks for something else than the end, */
	bool reload;	   /* and has */
};

/* The command's pid while it runs, or 0. */
int follow_running(const struct damon_ctx *ctx);

/*
 * True if monitoring is to end. The terminal's signals reach the command as well, and it may take
 * them for its own purpose: only the second one ends then. A signal that was sent to this process
 * is passed on, and a request to terminate is followed at once.
 */
bool follow_signals(struct follow *f);

/* Waits for the command. Returns its exit status as a shell would have it; 0 if there is none. */
int follow_wait(struct follow *f);

#endif
