/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one line that is redrawn on a terminal while recording. */
#ifndef CLI_RECORD_LINE_H
#define CLI_RECORD_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "damon.h"

struct record_line {
	bool on;    /* standard error is a terminal that is ours */
	bool drawn; /* there is a line to erase */
	bool seen;  /* the fields below are of a snapshot */
	uint64_t start_ns, drawn_ns;
	struct damon_target_info hottest;
	struct damon_wss wss; /* its working set of the last second */
};

/* Can a line be redrawn on standard error? */
bool record_line_has_terminal(void);

void record_line_init(struct record_line *l, bool quiet, uint64_t now_ns);
/* Keeps what the line shows. 'priv' is a struct record_line; for damon_set_callback(). */
int record_line_snapshot(void *priv, const struct damon_snapshot *s);
/* At most four times a second. */
void record_line_draw(struct record_line *l, const struct damon_ctx *ctx, uint64_t now_ns);
void record_line_erase(struct record_line *l);

#endif
