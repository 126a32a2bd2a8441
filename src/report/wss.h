/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The working set of a target over time and its distribution: what text and picture show. */
#ifndef REPORT_WSS_H
#define REPORT_WSS_H

#include "report/dist.h"
#include "report/scan.h"

/* Time-weighted means of a part of the time; nothing is known of one of no seconds. */
struct wss_bin {
	double bytes, lo, hi, seconds;
};

/* Distributions of the estimate and of its bounds, and means over time. As lo <= bytes <= hi in
 * each snapshot, the percentiles of lo and hi bound those of bytes. */
struct wss_view {
	struct dist bytes, lo, hi;
	struct wss_bin *bins;
	size_t nr_bins;
	uint64_t start_ns, end_ns;
};

/* Fills '*v', which is to be released in any case, with up to 'nr_bins' parts of the time. Returns
 * 1; 0 if the target has no snapshot in the time asked for; or -errno with a->fail set. */
int wss_load(struct report_args *a, const struct scan *sc, const struct scan_target *t,
	     size_t nr_bins, struct wss_view *v);
void wss_release(struct wss_view *v);

/* "1 s"; "working set within 1 s" */
const char *wss_window(const struct report_args *a);
char *wss_title(char *buf, size_t size, const struct report_args *a);

#endif
