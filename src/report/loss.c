/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/loss.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/util.h"

enum { KINDS = 6 };

struct kind {
	const char *what;
	uint64_t n;
};

static void list_kinds(const struct damon_stats *s, struct kind k[KINDS])
{
	k[0] = (struct kind){"lost", s->lost};
	k[1] = (struct kind){"times throttled", s->throttled};
	k[2] = (struct kind){"malformed", s->malformed};
	k[3] = (struct kind){"traces cut off", s->traces_truncated};
	k[4] = (struct kind){"traces with collisions", s->traces_collided};
	k[5] = (struct kind){"damaged in traces", s->traces_broken};
}

uint64_t loss_sum(const struct damon_stats *s)
{
	struct kind k[KINDS];
	uint64_t sum = 0;

	list_kinds(s, k);
	for (size_t i = 0; i < KINDS; i++)
		sum += k[i].n;
	return sum;
}

char *loss_text(char *buf, size_t size, const struct damon_stats *s)
{
	struct kind k[KINDS];
	size_t len = 0;

	list_kinds(s, k);
	buf[0] = '\0';
	for (size_t i = 0; i < KINDS && len < size; i++)
		if (k[i].n)
			len += (size_t)snprintf(buf + len, size - len, "%s%" PRIu64 " %s",
						len ? ", " : " (", k[i].n, k[i].what);
	if (len && len + 1 < size)
		snprintf(buf + len, size - len, ")");
	return buf;
}
