/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one line that is redrawn on a terminal while recording. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "damon.h"

struct live {
	bool on;    /* standard error is a terminal that is ours */
	bool drawn; /* there is a line to erase */
	bool seen;  /* the fields below are of a snapshot */
	uint64_t start_ns, drawn_ns;
	struct damon_target_info hottest;
	struct damon_wss wss; /* its working set of the last second */
};

/* Can a line be redrawn on standard error? */
bool live_has_terminal(void);

void live_init(struct live *l, bool quiet, uint64_t now_ns);
/* Keeps what the line shows. 'priv' is a struct live; for damon_set_callback(). */
int live_snapshot(void *priv, const struct damon_snapshot *s);
/* At most four times a second. */
void live_draw(struct live *l, const struct damon_ctx *ctx, uint64_t now_ns);
void live_erase(struct live *l);

#endif
