/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/record_line.h"
#include "cli/output.h"
#include "cli/say.h"
#include "report/known.h"
#include "report/losses.h"

#define DRAW_NS (250 * NS_PER_MS)

bool record_line_has_terminal(void)
{
	const char *term = getenv("TERM");

	/* In the background a line would land in the middle of what the user is typing. */
	return isatty(STDERR_FILENO) && tcgetpgrp(STDERR_FILENO) == getpgrp() && term &&
	       strcmp(term, "dumb") != 0;
}

void record_line_init(struct record_line *l, bool quiet, uint64_t now_ns)
{
	*l = (struct record_line){.start_ns = now_ns, .on = !quiet && record_line_has_terminal()};
}

int record_line_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct record_line *l = priv;
	size_t hottest = 0;

	damon_snapshot_info(s, &info);
	l->seen = false;
	for (size_t t = 0; t < info.nr_targets; t++) {
		struct damon_target_info target = {.size = sizeof(target)};

		damon_snapshot_target(s, t, &target);
		if (l->seen && target.share <= l->hottest.share)
			continue;
		l->hottest = target;
		l->seen = true;
		hottest = t;
	}
	if (l->seen)
		damon_snapshot_wss(s, hottest, DAMON_WSS_1S, &l->wss);
	return 0;
}

/* "cc1 1234  working set 45 MiB [41, 51]" */
static int print_hottest(char *buf, size_t size, const struct record_line *l)
{
	struct known wss = {l->wss.bytes, l->wss.lo, l->wss.hi};
	char comm[sizeof(l->hottest.comm) + 1], bytes[KNOWN_TEXT_MAX];

	if (!l->seen)
		return snprintf(buf, size, "no snapshot yet");
	snprintf(comm, sizeof(comm), "%.*s", (int)sizeof(l->hottest.comm), l->hottest.comm);
	say_clean(comm, sizeof(comm), comm);
	return snprintf(buf, size, "%s %d  working set %s", comm, l->hottest.pid,
			known_text(bytes, &wss, KNOWN_BYTES));
}

void record_line_draw(struct record_line *l, const struct damon_ctx *ctx, uint64_t now_ns)
{
	struct damon_stats stats = {.size = sizeof(stats)};
	char line[256], hottest[160], lost[DAMON_UNITS_MAX], rate[32] = "";
	unsigned width = output_width(STDERR_FILENO);

	if (!l->on || now_ns - l->drawn_ns < DRAW_NS || damon_ctx_stats(ctx, &stats) < 0)
		return;
	print_hottest(hottest, sizeof(hottest), l);
	damon_print_count(lost, (double)losses_count(&stats));
	if (stats.rate_hz > 0) /* source faults has none */
		snprintf(rate, sizeof(rate), "%.0f Hz  ", stats.rate_hz);
	snprintf(line, sizeof(line), "%.1f s  %s%s  lost %s",
		 (double)(now_ns - l->start_ns) / NS_PER_SEC, rate, hottest, lost);
	/* One column is left free: some terminals wrap behind the last. */
	fprintf(stderr, "\r%.*s\033[K", (int)MIN(width - 1, (unsigned)sizeof(line)), line);
	fflush(stderr);
	l->drawn_ns = now_ns;
	l->drawn = true;
}

void record_line_erase(struct record_line *l)
{
	if (!l->drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	l->drawn = false;
}
