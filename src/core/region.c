/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/region.h"

static const uint64_t min_places = 1 << 10, max_places = 1 << 16;

int damon_tick_set_reserve(struct damon_tick_set *s, uint64_t spread)
{
	uint64_t places = min_places;
	uint32_t *stamp;

	while (places < spread && places < max_places)
		places *= 2;
	if (s->stamp && places <= (uint64_t)s->mask + 1)
		return 0;
	stamp = calloc(places, sizeof(*stamp));
	if (!stamp)
		return -ENOMEM;
	free(s->stamp);
	s->stamp = stamp;
	s->mask = places - 1;
	s->gen = 1;
	return 0;
}

void damon_tick_set_release(struct damon_tick_set *s)
{
	free(s->stamp);
	s->stamp = NULL;
}

void damon_tick_set_next(struct damon_tick_set *s)
{
	if (++s->gen)
		return;
	memset(s->stamp, 0, ((size_t)s->mask + 1) * sizeof(*s->stamp));
	s->gen = 1;
}

uint32_t damon_tick_set_count(struct damon_tick_set *s, const struct damon_hit *h, size_t n)
{
	uint32_t count = 0;

	damon_tick_set_next(s);
	for (size_t i = 0; i < n; i++)
		count += damon_tick_set_add(s, h[i].tick);
	return count;
}
