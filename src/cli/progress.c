/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/record_line.h"
#include "cli/progress.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

void progress_init(struct progress *p, bool quiet, const char *what)
{
	*p = (struct progress){.what = what};
	p->on = !quiet && record_line_has_terminal();
	p->drawn_ns = now_ns() + NS_PER_SEC / 2;
}

int progress_draw(void *priv, uint64_t done, uint64_t total)
{
	struct progress *p = priv;
	uint64_t now = p->on ? now_ns() : 0;
	char bytes[DAMON_UNITS_MAX];

	if (!p->on || now < p->drawn_ns + NS_PER_SEC / 4)
		return 0;
	if (total)
		fprintf(stderr, "\r%s: %.0f %%\033[K", p->what,
			100 * (double)MIN(done, total) / (double)total);
	else
		fprintf(stderr, "\r%s: %s\033[K", p->what, damon_print_bytes(bytes, (double)done));
	fflush(stderr);
	p->drawn_ns = now;
	p->drawn = true;
	return 0;
}

void progress_erase(struct progress *p)
{
	if (!p->drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	p->drawn = false;
}
