/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/replay/infer.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

/* Of one space. Each piece is an extent of its own, and regions are fewer; pieces that touch are
 * one. Where there are so many, new ones must touch an old one. */
#define MAX_PIECES 512

static bool is_made_up(const struct damon_mapping *m)
{
	return !strcmp(m->name, INFER_NAME);
}

/* Has the space as many as it may have? */
static bool is_full(struct infer *f, const struct damon_space *s)
{
	if (f->counted_id != s->id || f->counted_version != s->version) {
		f->counted_id = s->id;
		f->counted_version = s->version;
		f->pieces = 0;
		for (size_t i = 0; i < s->nr_live; i++)
			f->pieces += is_made_up(&s->live[i]);
	}
	return f->pieces >= MAX_PIECES;
}

static void remember(struct infer *f, const struct damon_space *s, const struct damon_mapping *m)
{
	f->space_id = s->id;
	f->version = s->version;
	f->start = m->start;
	f->end = m->end;
}

int infer_cover_slow(struct infer *f, struct damon_space *s, uint64_t addr, uint64_t now_ns)
{
	const struct damon_mapping *known = damon_space_find(s, addr), *before, *behind;
	struct damon_mapping m = {
		.start = addr & ~(INFER_STEP - 1),
		.end = (addr & ~(INFER_STEP - 1)) + INFER_STEP,
		.prot = DAMON_PROT_READ | DAMON_PROT_WRITE,
		.name = INFER_NAME,
	};
	bool touches;
	size_t at;
	int err;

	if (known) {
		remember(f, s, known);
		return 0;
	}
	at = damon_space_first_after(s, addr);
	before = at > 0 ? &s->live[at - 1] : NULL;
	behind = at < s->nr_live ? &s->live[at] : NULL;
	m.start = MAX(m.start, before ? before->end : 0);
	m.end = MIN(m.end, behind ? behind->start : UINT64_MAX);
	touches = (before && before->end == m.start && is_made_up(before)) ||
		  (behind && behind->start == m.end && is_made_up(behind));
	if (!touches && is_full(f, s)) {
		f->refused++;
		return 0;
	}
	err = damon_space_map(s, &m, now_ns);
	if (err)
		return err == -EINVAL ? 0 : err;
	f->made += !touches;
	known = damon_space_find(s, addr);
	if (known)
		remember(f, s, known);
	return 0;
}
