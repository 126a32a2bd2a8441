/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of a long file has been read, on a terminal: "replaying: 43 %". */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on, drawn;
	const char *what;
	uint64_t drawn_ns;
};

void progress_init(struct progress *p, bool quiet, const char *what);
/* A damon_progress_fn with a struct progress: four times a second, and not within the first.
 * Returns 0. */
int progress_draw(void *priv, uint64_t done, uint64_t total);
void progress_erase(struct progress *p);

#endif
