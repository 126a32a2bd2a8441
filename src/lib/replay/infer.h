/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mappings that a recording does not tell of. Without 'perf record -d' perf records what can be
 * executed, and nothing of heaps and stacks: around accesses outside of everything known a mapping
 * is made up. It begins with 2 MiB, and grows by as much at either end.
 */
#ifndef LIB_INFER_H
#define LIB_INFER_H

#include "core/space.h"

#define INFER_NAME "[not recorded]"
#define INFER_STEP (2ull << 20)

/* What was known of the latest access: most that follow are near. */
struct infer {
	uint32_t space_id, version;
	uint64_t start, end;
	uint32_t counted_id, counted_version; /* of the space that has */
	size_t pieces;			      /* so many that were made up */
	uint64_t made, refused; /* mappings made up; accesses for which there were too many */
};

/* Makes sure that 'addr' lies in a mapping of 's', if it can. Returns 0 or -ENOMEM. */
int infer_cover_slow(struct infer *f, struct damon_space *s, uint64_t addr, uint64_t now_ns);

static inline int infer_cover(struct infer *f, struct damon_space *s, uint64_t addr,
			      uint64_t now_ns)
{
	if (addr >= f->start && addr < f->end && f->space_id == s->id && f->version == s->version)
		return 0;
	return infer_cover_slow(f, s, addr, now_ns);
}

#endif
