/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a smaps file: mappings are sane and in order, and come out the same however the file
 * is cut into pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "os/smaps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t nr, sum, last_end;
};

static void on_entry(void *priv, const struct damon_smaps_entry *e)
{
	struct seen *s = priv;

	if (e->start >= e->end || e->start < s->last_end || e->rss > e->end - e->start ||
	    e->referenced > e->rss || e->huge > e->rss)
		abort();
	s->last_end = e->end;
	s->sum =
		s->sum * 31 + (e->start ^ e->end ^ e->rss << 1 ^ e->referenced << 2 ^ e->huge << 3);
	s->nr++;
}

static struct seen parse(const uint8_t *data, size_t size, size_t piece)
{
	struct damon_smaps s = {.open = false};
	struct seen seen = {0};

	for (size_t at = 0; at < size; at += piece)
		damon_smaps_feed(&s, (const char *)data + at, MIN(piece, size - at), on_entry,
				 &seen);
	damon_smaps_end(&s, on_entry, &seen);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = {1, 7, 95, 4096};
	struct seen whole = parse(data, size, size + 1);

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct seen s = parse(data, size, pieces[i]);

		if (s.nr != whole.nr || s.sum != whole.sum)
			abort();
	}
	return 0;
}
