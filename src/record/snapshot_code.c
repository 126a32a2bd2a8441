/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/util.h"
#include "record/snapshot_code.h"

void damon_snapshot_code_release(struct damon_snapshot_code *c)
{
	for (size_t i = 0; i < SNAPSHOT_NR_STREAMS; i++)
		damon_pack_release(&c->stream[i]);
	free(c->base.targets);
	free(c->base.regions);
	free(c->cur.targets);
	free(c->cur.regions);
	free(c->runs);
	*c = (struct damon_snapshot_code){0};
}

static void clear_frame(struct frame_code *f)
{
	struct frame_code kept = {.targets = f->targets,
				  .cap_targets = f->cap_targets,
				  .regions = f->regions,
				  .cap_regions = f->cap_regions};

	*f = kept;
}

void damon_snapshot_code_clear(struct damon_snapshot_code *c, bool writing)
{
	for (size_t i = 0; i < SNAPSHOT_NR_STREAMS; i++) {
		c->stream[i].len = c->stream[i].pos = 0;
		c->stream[i].writing = writing;
		c->stream[i].err = 0;
	}
	clear_frame(&c->base);
	clear_frame(&c->cur);
	c->nr = 0;
	c->last_weight = c->last_stall = 0;
}

static void code_counts(struct damon_pack *s, struct damon_counts *n, const struct damon_counts *b)
{
	n->obs = pack_delta(s, n->obs, b->obs);
	n->accesses = pack_delta(s, n->accesses, b->accesses);
	n->unknown = pack_delta(s, n->unknown, b->unknown);
	n->lost = pack_delta(s, n->lost, b->lost);
	n->throttled = pack_delta(s, n->throttled, b->throttled);
	n->no_address = pack_delta(s, n->no_address, b->no_address);
	n->no_region = pack_delta(s, n->no_region, b->no_region);
	n->no_target = pack_delta(s, n->no_target, b->no_target);
	n->kernel_ticks = pack_delta(s, n->kernel_ticks, b->kernel_ticks);
	n->thinned = pack_delta(s, n->thinned, b->thinned);
	n->checks = pack_delta(s, n->checks, b->checks);
	n->check_no_target = pack_delta(s, n->check_no_target, b->check_no_target);
	n->check_no_region = pack_delta(s, n->check_no_region, b->check_no_region);
	n->check_thinned = pack_delta(s, n->check_thinned, b->check_thinned);
}

static void code_head(struct damon_snapshot_code *c)
{
	struct damon_pack *s = &c->stream[STREAM_HEAD];
	struct frame_code *f = &c->cur, *b = &c->base;

	f->start_ns = pack_delta(s, f->start_ns, b->end_ns);
	f->end_ns = pack_delta(s, f->end_ns, f->start_ns + (b->end_ns - b->start_ns));
	f->rate = pack_quant(s, f->rate, b->rate, QUANT_RATE);
	code_counts(s, &f->counts, &b->counts);
	f->nr_targets = pack_max(s, f->nr_targets, SNAPSHOT_MAX_TARGETS);
}

static void code_wset(struct damon_pack *s, struct wset_code *w, const struct wset_code *b)
{
	w->n = pack_quant(s, w->n, b->n, QUANT_WSET);
	w->d = pack_quant(s, w->d, b->d, QUANT_WSET);
	w->f1 = pack_quant(s, w->f1, b->f1, QUANT_WSET);
	w->f2 = pack_quant(s, w->f2, b->f2, QUANT_WSET);
	w->span = pack_quant(s, w->span, b->span, QUANT_TARGET);
}

static void code_wset_check(struct damon_pack *s, struct wset_check_code *w,
			    const struct wset_check_code *b)
{
	w->touched = pack_quant(s, w->touched, b->touched, QUANT_TARGET);
	w->pages = pack_quant(s, w->pages, b->pages, QUANT_TARGET);
	w->seen = pack_quant(s, w->seen, b->seen, QUANT_TARGET);
	w->late = pack_quant(s, w->late, b->late, QUANT_TARGET);
}

/* What was not told by checks is 0. */
static void code_checks(struct damon_pack *s, struct target_code *t, const struct target_code *b)
{
	t->checks = (uint32_t)pack_max(s, t->checks, CHECKED_MAX);
	t->visit = t->checks & CHECKED_VISIT ? pack_quant(s, t->visit, b->visit, QUANT_BURST) : 0;
	for (size_t i = 0; i < DAMON_NR_WINDOWS; i++) {
		if (t->checks & CHECKED_WINDOW << i)
			code_wset_check(s, &t->checked[i], &b->checked[i]);
		else
			t->checked[i] = (struct wset_check_code){0};
	}
}

static void code_target(struct damon_pack *s, struct target_code *t, const struct target_code *b)
{
	t->space = pack_delta32(s, t->space, b->space);
	t->obs = pack_delta(s, t->obs, b->obs);
	t->weight = pack_quant(s, t->weight, b->weight, QUANT_TARGET);
	t->cpu = pack_quant(s, t->cpu, b->cpu, QUANT_TARGET);
	t->burst = pack_quant(s, t->burst, b->burst, QUANT_BURST);
	t->clumping = pack_quant(s, t->clumping, b->clumping, QUANT_BURST);
	for (size_t i = 0; i < DAMON_NR_WINDOWS; i++)
		code_wset(s, &t->wset[i], &b->wset[i]);
	t->max_span = pack_delta32(s, t->max_span, b->max_span);
	code_checks(s, t, b);
	t->is_now = (uint32_t)pack_max(s, t->is_now, 1);
}

/* The target of this id in the snapshot before. Looks first where it should be. */
static const struct target_code *base_target(const struct frame_code *base, uint32_t id, size_t at)
{
	if (at < base->nr_targets && base->targets[at].id == id)
		return &base->targets[at];
	for (size_t i = 0; i < base->nr_targets; i++)
		if (base->targets[i].id == id)
			return &base->targets[i];
	return NULL;
}

static int code_targets(struct damon_snapshot_code *c)
{
	static const struct target_code none;
	struct damon_pack *s = &c->stream[STREAM_TARGET];
	struct frame_code *f = &c->cur;
	uint32_t next_id = 0;

	for (size_t i = 0; i < f->nr_targets; i++) {
		struct target_code *t = &f->targets[i];
		const struct target_code *b;
		int err;

		t->id = pack_delta32(s, t->id, next_id);
		next_id = t->id + 1;
		b = base_target(&c->base, t->id, i);
		code_target(s, t, b ? b : &none);
		if (!s->writing)
			t->first = f->nr_regions;
		err = s->err ? s->err : damon_region_code(c, b, t);
		if (err)
			return err;
		if (!s->writing)
			f->nr_regions += t->nr;
	}
	return 0;
}

static int stream_error(const struct damon_snapshot_code *c)
{
	for (size_t i = 0; i < SNAPSHOT_NR_STREAMS; i++)
		if (c->stream[i].err)
			return c->stream[i].err;
	return 0;
}

/* Takes back what a failed write left in the streams. */
static void undo(struct damon_snapshot_code *c, const size_t *len)
{
	for (size_t i = 0; i < SNAPSHOT_NR_STREAMS; i++) {
		c->stream[i].len = len[i];
		c->stream[i].err = 0;
	}
}

int damon_snapshot_code_next(struct damon_snapshot_code *c)
{
	bool writing = c->stream[0].writing;
	size_t len[SNAPSHOT_NR_STREAMS];
	uint32_t last_weight = c->last_weight, last_stall = c->last_stall;
	struct frame_code was;
	int err;

	for (size_t i = 0; i < SNAPSHOT_NR_STREAMS; i++)
		len[i] = c->stream[i].len;
	if (!writing)
		clear_frame(&c->cur);
	code_head(c);
	err = stream_error(c);
	if (!err && !writing)
		err = vec_reserve(&c->cur.targets, &c->cur.cap_targets, c->cur.nr_targets,
				  sizeof(*c->cur.targets));
	if (!err)
		err = code_targets(c);
	if (!err)
		err = stream_error(c);
	if (err) {
		if (writing)
			undo(c, len);
		c->last_weight = last_weight;
		c->last_stall = last_stall;
		return err;
	}
	was = c->base;
	c->base = c->cur;
	c->cur = was;
	c->nr += writing ? 1 : -1;
	return 0;
}
