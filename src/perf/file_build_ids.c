/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/file_build_ids.h"

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "perf/cursor.h"

#define MAX_BUILD_IDS	   8192
#define MISC_BUILD_ID_SIZE (1 << 15) /* PERF_RECORD_MISC_BUILD_ID_SIZE of tools/lib/perf, 2020 */

void damon_file_build_ids_release(struct damon_file_build_ids *b)
{
	for (size_t i = 0; i < b->nr; i++)
		free(b->of[i].path);
	free(b->of);
}

/* The first place whose path is not before 'path'. */
static size_t place_of(const struct damon_file_build_ids *b, const char *path)
{
	size_t from = 0, to = b->nr;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (strcmp(b->of[mid].path, path) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static bool is_at(const struct damon_file_build_ids *b, size_t at, const char *path)
{
	return at < b->nr && !strcmp(b->of[at].path, path);
}

/* Takes 'e' over. */
static void insert(struct damon_file_build_ids *b, const struct damon_file_build_id *e)
{
	size_t at = place_of(b, e->path);
	struct damon_file_build_id *there;

	if (is_at(b, at, e->path)) {
		there = b->of + at;
		if (there->len != e->len || memcmp(there->id, e->id, e->len) != 0)
			there->len = 0;
		free(e->path);
		return;
	}
	if (b->nr == MAX_BUILD_IDS || vec_reserve(&b->of, &b->cap, b->nr + 1, sizeof(*e))) {
		free(e->path);
		return;
	}
	there = b->of + at;
	memmove(there + 1, there, (b->nr - at) * sizeof(*e));
	*there = *e;
	b->nr++;
}

/* 'c' holds what follows the header: pid, 20 bytes, their number, padding, path. */
static void add_one(struct damon_file_build_ids *b, uint16_t misc, struct cursor *c)
{
	struct damon_file_build_id e = {.len = sizeof(e.id)};
	const uint8_t *pid = take(c, 4), *id = take(c, 24);

	if ((misc & PERF_RECORD_MISC_CPUMODE_MASK) != PERF_RECORD_MISC_USER || !pid || !id)
		return;
	if (misc & MISC_BUILD_ID_SIZE)
		e.len = id[sizeof(e.id)];
	if (!e.len || e.len > sizeof(e.id))
		return;
	memcpy(e.id, id, e.len);
	e.path = strndup((const char *)c->p, (size_t)(c->end - c->p));
	if (e.path)
		insert(b, &e);
}

void damon_file_build_ids_add(struct damon_file_build_ids *b, const uint8_t *bytes, size_t len)
{
	struct cursor c = {bytes, bytes + len, false};
	struct perf_event_header h;

	while (!c.bad) {
		const uint8_t *head = take(&c, sizeof(h)), *body;

		if (head)
			memcpy(&h, head, sizeof(h));
		if (!head || h.size <= sizeof(h))
			return;
		body = take(&c, h.size - sizeof(h));
		if (body)
			add_one(b, h.misc, &(struct cursor){body, c.p, false});
	}
}

size_t damon_file_build_ids_find(const struct damon_file_build_ids *b, const char *path,
				 const uint8_t **id)
{
	size_t at = place_of(b, path);

	if (!is_at(b, at, path))
		return 0;
	*id = b->of[at].id;
	return b->of[at].len;
}
