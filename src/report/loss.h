/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the samples never came, in one line: for the end of a recording, and for screens. */
#ifndef REPORT_LOSS_H
#define REPORT_LOSS_H

#include <damon.h>
#include <stddef.h>
#include <stdint.h>

#define LOSS_TEXT_MAX 192

/* How often something was lost: samples, and records and pieces of traces, each of which may have
 * held many. 0: nothing was. */
uint64_t loss_sum(const struct damon_stats *s);

/* " (5 lost, 2 traces cut off)"; "" if nothing was. Returns 'buf'. */
char *loss_text(char *buf, size_t size, const struct damon_stats *s);

#endif
