/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/util.h"
#include "record/snapshot_code.h"

/* What of a region is not as predicted. */
enum {
	DIFF_COUNTS = 1 << 0,
	DIFF_WEIGHT = 1 << 1,
	DIFF_STORE = 1 << 2,
	DIFF_STALL = 1 << 3,
	DIFF_EVENNESS = 1 << 4,
	DIFF_TIMES = 1 << 5, /* age, span and idle */
	DIFF_HIT = 1 << 6,   /* idle is 0 */
	DIFF_BOUNDS = 1 << 7,
};

static uint32_t add_one(uint32_t v)
{
	return v < UINT32_MAX ? v + 1 : v;
}

/* A kept region goes on as it was. It begins where the region before it ends now, if they touched
 * before. */
static struct region_code predict_kept(const struct region_code *b, bool touched,
				       const struct region_code *before, uint32_t max_span)
{
	struct region_code p = *b;

	if (touched)
		p.start = before->end;
	p.age = add_one(b->age);
	p.span = MIN(add_one(b->span), max_span);
	p.idle = add_one(b->idle);
	return p;
}

/* A new region begins where the one before it ends, is as old, and was not hit. */
static struct region_code predict_fresh(const struct region_code *before)
{
	return (struct region_code){.start = before->end,
				    .age = before->age,
				    .span = before->span,
				    .idle = before->idle,
				    .evenness = before->evenness};
}

/* The weight per observation stays; a region's first weight is like the last one seen. */
static uint32_t predict_weight(const struct region_code *p, const struct region_code *r,
			       uint32_t own, uint32_t last)
{
	if (!r->obs)
		return 0;
	return r->obs == p->obs || own ? own : last;
}

static uint8_t diff(const struct damon_snapshot_code *c, const struct region_code *p,
		    const struct region_code *r)
{
	uint8_t flags = 0;

	if (r->start != p->start || r->end != p->end)
		flags |= DIFF_BOUNDS;
	if (r->obs != p->obs || r->ticks != p->ticks)
		flags |= DIFF_COUNTS;
	if (r->weight != predict_weight(p, r, p->weight, c->last_weight))
		flags |= DIFF_WEIGHT;
	if (r->store != (r->weight ? p->store : 0))
		flags |= DIFF_STORE;
	if (r->stall != predict_weight(p, r, p->stall, c->last_stall))
		flags |= DIFF_STALL;
	if (r->evenness != p->evenness)
		flags |= DIFF_EVENNESS;
	if (r->idle != p->idle && !r->idle)
		flags |= DIFF_HIT;
	if (r->age != p->age || r->span != p->span || (r->idle != p->idle && r->idle))
		flags |= DIFF_TIMES;
	return flags;
}

static void code_weights(struct damon_snapshot_code *c, struct damon_pack *col, uint8_t flags,
			 const struct region_code *p, struct region_code *v)
{
	uint32_t weight = predict_weight(p, v, p->weight, c->last_weight);
	uint32_t stall = predict_weight(p, v, p->stall, c->last_stall);

	if (flags & DIFF_WEIGHT)
		weight = pack_quant(&col[COLUMN_WEIGHT], v->weight, weight, QUANT_WEIGHT);
	v->weight = (uint16_t)weight;
	if (flags & DIFF_STORE)
		v->store = (uint8_t)(p->store +
				     pack_u8(&col[COLUMN_STORE], (uint8_t)(v->store - p->store)));
	else
		v->store = weight ? p->store : 0;
	if (flags & DIFF_STALL)
		stall = pack_quant(&col[COLUMN_STALL], v->stall, stall, QUANT_STALL);
	v->stall = (uint16_t)stall;
	c->last_weight = weight ? weight : c->last_weight;
	c->last_stall = stall ? stall : c->last_stall;
}

/* Writes 'r', which differs from its prediction by 'flags', or reads it. */
static void code_region(struct damon_snapshot_code *c, struct damon_pack *col, bool fresh,
			uint8_t flags, const struct region_code *p, struct region_code *r)
{
	struct region_code v = col->writing ? *r : *p;

	if (flags & DIFF_BOUNDS) {
		v.start = pack_delta(&col[COLUMN_START], v.start, p->start);
		v.end = pack_delta(&col[COLUMN_END], v.end, fresh ? v.start : p->end);
	}
	if (flags & DIFF_COUNTS) {
		v.obs = pack_delta32(&col[COLUMN_OBS], v.obs, p->obs);
		v.ticks = pack_delta32(&col[COLUMN_TICKS], v.ticks, p->ticks + (v.obs - p->obs));
	}
	code_weights(c, col, flags, p, &v);
	if (flags & DIFF_EVENNESS)
		v.evenness = (uint16_t)pack_quant(&col[COLUMN_EVENNESS], v.evenness, p->evenness,
						  QUANT_EVENNESS);
	if (flags & DIFF_TIMES) {
		v.age = pack_delta32(&col[COLUMN_AGE], v.age, p->age);
		v.span = pack_delta32(&col[COLUMN_SPAN], v.span, p->span);
	}
	if (flags & DIFF_HIT)
		v.idle = 0;
	else if (flags & DIFF_TIMES)
		v.idle = pack_delta32(&col[COLUMN_IDLE], v.idle, p->idle);
	*r = v;
}

/* Checks fade with every snapshot, whether there are new ones or not: each region has them told. */
static void code_checks(struct damon_pack *col, const struct region_code *p, struct region_code *r)
{
	r->checks = (uint16_t)pack_quant(&col[COLUMN_CHECKS], r->checks, p->checks, QUANT_CHECKS);
	r->touched =
		(uint16_t)pack_quant(&col[COLUMN_TOUCHED], r->touched, p->touched, QUANT_CHECKS);
}

/* What a region is at present, if any of its target tells it. */
static void code_now(struct damon_pack *col, const struct region_code *p, struct region_code *r)
{
	r->now_ticks =
		(uint16_t)pack_quant(&col[COLUMN_NOW_TICKS], r->now_ticks, p->now_ticks, QUANT_NOW);
	if (r->now_ticks)
		r->now_weight = (uint16_t)pack_quant(&col[COLUMN_NOW_WEIGHT], r->now_weight,
						     p->now_weight, QUANT_NOW);
	else
		r->now_weight = 0;
}

/* False: no region that may follow 'before'. */
static bool sane(const struct region_code *r, const struct region_code *before)
{
	return r->start >= before->end && r->start < r->end && r->end <= SNAPSHOT_MAX_PAGE &&
	       r->span;
}

/* Where the walk over the regions of a target is. */
struct walk {
	const struct region_code *base; /* of the snapshot before */
	size_t at, nr_base;
	struct region_code *cur;
	size_t nr, max;
	uint32_t max_span;
	bool checks; /* regions have some */
	bool is_now; /* regions tell what they are at present */
	size_t skip; /* writing: kept regions since the last one listed; reading: until the next */
};

/* A kept region, which is listed if it is not as predicted. */
static void code_listed(struct damon_snapshot_code *c, struct walk *w, const struct region_code *p,
			struct region_code *r)
{
	struct damon_pack *list = &c->stream[STREAM_LIST], *col = &c->stream[STREAM_COLUMNS];
	uint8_t flags = 0;

	if (list->writing) {
		flags = diff(c, p, r);
		if (!flags) {
			w->skip++;
			return;
		}
		pack_var(list, w->skip);
		w->skip = 0;
	} else if (w->skip) {
		w->skip--;
		*r = *p;
		return;
	}
	flags = pack_u8(&col[COLUMN_FLAGS], flags);
	code_region(c, col, false, flags, p, r);
	if (!list->writing)
		w->skip = pack_var(list, 0);
}

static void code_kept(struct damon_snapshot_code *c, struct walk *w)
{
	static const struct region_code none;
	const struct region_code *b = &w->base[w->at], *before = w->nr ? &w->cur[w->nr - 1] : &none;
	bool touched = w->at && b[-1].end == b->start;
	struct region_code p = predict_kept(b, touched, before, w->max_span), *r = &w->cur[w->nr];

	w->at++;
	w->nr++;
	code_listed(c, w, &p, r);
	if (w->checks)
		code_checks(&c->stream[STREAM_COLUMNS], b, r);
	else
		r->checks = r->touched = 0;
	if (w->is_now)
		code_now(&c->stream[STREAM_COLUMNS], b, r);
	else
		r->now_ticks = r->now_weight = 0;
}

static void code_fresh(struct damon_snapshot_code *c, struct walk *w)
{
	static const struct region_code none;
	const struct region_code *before = w->nr ? &w->cur[w->nr - 1] : &none;
	struct damon_pack *col = &c->stream[STREAM_COLUMNS + NR_COLUMNS];
	struct region_code p = predict_fresh(before), *r = &w->cur[w->nr++];
	uint8_t flags = pack_u8(&col[COLUMN_FLAGS], col->writing ? diff(c, &p, r) : 0);

	code_region(c, col, true, flags, &p, r);
	if (w->checks)
		code_checks(col, &none, r);
	if (w->is_now)
		code_now(col, &none, r);
}

static uint64_t overlap(const struct region_code *a, const struct region_code *b)
{
	uint64_t start = MAX(a->start, b->start), end = MIN(a->end, b->end);

	return end > start ? end - start : 0;
}

/* Adds to the script: 'kept' regions, or 'gone' ones, or 'fresh' ones. */
static int add_run(struct damon_snapshot_code *c, uint32_t kept, uint32_t gone, uint32_t fresh)
{
	struct region_run *run = c->nr_runs ? &c->runs[c->nr_runs - 1] : NULL;

	if (!run || (kept && (run->gone || run->fresh))) {
		if (vec_reserve(&c->runs, &c->cap_runs, c->nr_runs + 1, sizeof(*c->runs)))
			return -ENOMEM;
		run = &c->runs[c->nr_runs++];
		*run = (struct region_run){0};
	}
	run->kept += kept;
	run->gone += gone;
	run->fresh += fresh;
	return 0;
}

/*
 * Which regions of 'b' go on as which of 'r': those that begin alike, else those that share the
 * most pages with each other. Any pairing in order would be right; this one leaves little to tell.
 */
static int pair(struct damon_snapshot_code *c, const struct region_code *b, size_t nr_b,
		const struct region_code *r, size_t nr_r)
{
	size_t i = 0, j = 0;
	int err = 0;

	c->nr_runs = 0;
	while (!err && (i < nr_b || j < nr_r)) {
		bool both = i < nr_b && j < nr_r;
		uint64_t shared = both ? overlap(&b[i], &r[j]) : 0;

		if (j == nr_r || (both && b[i].end <= r[j].start) ||
		    (both && b[i].start != r[j].start && i + 1 < nr_b &&
		     overlap(&b[i + 1], &r[j]) > shared)) {
			err = add_run(c, 0, 1, 0);
			i++;
		} else if (i == nr_b || !shared ||
			   (b[i].start != r[j].start && j + 1 < nr_r &&
			    overlap(&b[i], &r[j + 1]) > shared)) {
			err = add_run(c, 0, 0, 1);
			j++;
		} else {
			err = add_run(c, 1, 0, 0);
			i++;
			j++;
		}
	}
	/* what is left is kept: need not be said */
	if (c->nr_runs && !c->runs[c->nr_runs - 1].gone && !c->runs[c->nr_runs - 1].fresh)
		c->nr_runs--;
	return err;
}

/* Reads the script of a target with 'nr_base' regions before. Sets how many it has now. */
static int read_script(struct damon_snapshot_code *c, size_t nr_base, size_t *nr)
{
	struct damon_pack *s = &c->stream[STREAM_SCRIPT];
	size_t nr_runs = pack_max(s, 0, pack_left(s)), fresh = 0, gone = 0, used = 0;

	if (vec_reserve(&c->runs, &c->cap_runs, nr_runs, sizeof(*c->runs)))
		return -ENOMEM;
	c->nr_runs = nr_runs;
	for (size_t i = 0; i < nr_runs; i++) {
		struct region_run *run = &c->runs[i];

		run->kept = (uint32_t)pack_max(s, 0, nr_base - used);
		run->gone = (uint32_t)pack_max(s, 0, nr_base - used - run->kept);
		run->fresh = (uint32_t)pack_max(s, 0, SNAPSHOT_MAX_REGIONS);
		used += run->kept + run->gone;
		gone += run->gone;
		fresh += run->fresh;
	}
	*nr = nr_base - gone + fresh;
	if (fresh > pack_left(&c->stream[STREAM_COLUMNS + NR_COLUMNS + COLUMN_FLAGS]))
		pack_bad(s);
	return s->err;
}

static void write_script(struct damon_snapshot_code *c)
{
	struct damon_pack *s = &c->stream[STREAM_SCRIPT];

	pack_var(s, c->nr_runs);
	for (size_t i = 0; i < c->nr_runs; i++) {
		pack_var(s, c->runs[i].kept);
		pack_var(s, c->runs[i].gone);
		pack_var(s, c->runs[i].fresh);
	}
}

/* Follows the script. */
static int walk(struct damon_snapshot_code *c, struct walk *w)
{
	static const struct region_code none;
	size_t nr = w->max;
	bool sound = true;

	for (size_t i = 0; i <= c->nr_runs; i++) {
		bool rest = i == c->nr_runs;
		size_t kept = rest ? w->nr_base - w->at : c->runs[i].kept;
		size_t fresh = rest ? 0 : c->runs[i].fresh;

		for (; kept; kept--)
			code_kept(c, w);
		w->at += rest ? 0 : c->runs[i].gone;
		for (; fresh; fresh--)
			code_fresh(c, w);
	}
	for (size_t i = 0; i < nr; i++)
		sound &= sane(&w->cur[i], i ? &w->cur[i - 1] : &none);
	return sound ? 0 : -EBADMSG;
}

int damon_region_code(struct damon_snapshot_code *c, const struct target_code *base,
		      struct target_code *t)
{
	struct frame_code *cur = &c->cur;
	struct damon_pack *list = &c->stream[STREAM_LIST];
	struct walk w = {.base = base ? &c->base.regions[base->first] : NULL,
			 .nr_base = base ? base->nr : 0,
			 .max_span = t->max_span,
			 .checks = t->checks & CHECKED_REGIONS,
			 .is_now = t->is_now};
	int err;

	if (list->writing) {
		err = pair(c, w.base, w.nr_base, &cur->regions[t->first], t->nr);
		write_script(c);
	} else {
		err = read_script(c, w.nr_base, &t->nr);
		if (!err && t->nr > SNAPSHOT_MAX_REGIONS - t->first)
			err = -EBADMSG;
		if (!err)
			err = vec_reserve(&cur->regions, &cur->cap_regions, t->first + t->nr + 1,
					  sizeof(*cur->regions));
		if (!err && w.nr_base)
			w.skip = pack_var(list, 0);
	}
	if (err)
		return err;
	w.cur = cur->regions + t->first;
	w.max = t->nr;
	err = walk(c, &w);
	if (list->writing && w.nr_base)
		pack_var(list, w.skip);
	return err;
}
