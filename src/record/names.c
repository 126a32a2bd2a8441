/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "record/names.h"

void damon_names_release(struct damon_names *n)
{
	for (size_t i = 0; i < n->cap; i++)
		free(n->slot[i]);
	free(n->slot);
	*n = (struct damon_names){0};
}

/* Fowler, Noll and Vo's FNV-1a. */
static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3ull;
	return h;
}

static char **find(const struct damon_names *n, const char *s)
{
	size_t i = hash(s) & (n->cap - 1);

	while (n->slot[i] && strcmp(n->slot[i], s))
		i = (i + 1) & (n->cap - 1);
	return &n->slot[i];
}

static int grow(struct damon_names *n)
{
	struct damon_names wide = {.cap = MAX(2 * n->cap, (size_t)64)};

	wide.slot = calloc(wide.cap, sizeof(*wide.slot));
	if (!wide.slot)
		return -1;
	for (size_t i = 0; i < n->cap; i++)
		if (n->slot[i])
			*find(&wide, n->slot[i]) = n->slot[i];
	free(n->slot);
	n->slot = wide.slot;
	n->cap = wide.cap;
	return 0;
}

const char *damon_names_add(struct damon_names *n, const char *s)
{
	char **slot;

	if (2 * (n->nr + 1) > n->cap && grow(n))
		return NULL;
	slot = find(n, s);
	if (*slot)
		return *slot;
	*slot = strdup(s);
	if (!*slot)
		return NULL;
	n->nr++;
	n->bytes += strlen(s) + 1;
	return *slot;
}
