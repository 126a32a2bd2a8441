/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session that is read without being looked into. */
#include <string.h>

#include "base/util.h"
#include "perf/session_priv.h"

const struct damon_event *damon_session_event(const struct damon_session *s, size_t i)
{
	return i < (size_t)s->nr_events ? &s->events[i] : NULL;
}

size_t damon_session_ids(const struct damon_session *s, size_t i, uint64_t *ids, size_t cap)
{
	size_t n = 0;

	for (size_t j = 0; j < s->nr_fds && s->has_ids; j++) {
		if (s->fds[j].event != i)
			continue;
		if (n < cap)
			ids[n] = s->fds[j].id;
		n++;
	}
	return n;
}

/* The kernel changes the page while it is read: 'lock' is odd then, or another one afterwards. */
bool damon_session_time_conv(const struct damon_session *s, struct damon_perf_time_conv *out)
{
	const volatile struct perf_event_mmap_page *page = s->cpus[0].ring->page;
	bool known, is_short;

	for (int tries = 0; tries < 1000; tries++) {
		uint32_t lock = __atomic_load_n(&page->lock, __ATOMIC_ACQUIRE);

		known = page->cap_user_time && page->cap_user_time_zero;
		is_short = page->cap_user_time_short;
		*out = (struct damon_perf_time_conv){
			.shift = page->time_shift,
			.mult = page->time_mult,
			.zero = page->time_zero,
			.cycles = is_short ? page->time_cycles : 0,
			.mask = is_short ? page->time_mask : 0,
			.is_capped = is_short,
		};
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(lock & 1) && page->lock == lock)
			return known;
	}
	return false;
}

static int hand_piece(struct damon_session *s, struct cpu_ring *c,
		      const struct damon_perf_record *rec, const struct damon_session_raw *to)
{
	uint64_t at = rec->aux.offset, len = rec->aux.size;
	struct damon_session_piece p = {
		.buffer = (uint32_t)(c - s->cpus), .cpu = c->cpu, .offset = at};
	int stop = 0;

	if (!damon_trace_area_has(&c->area, at, len)) {
		s->stats.malformed++;
		damon_trace_area_skip(&c->area);
		return 0;
	}
	p.bytes[0] = damon_trace_area_at(&c->area, at, len, &p.len[0]);
	if (p.len[0] < len)
		p.bytes[1] =
			damon_trace_area_at(&c->area, at + p.len[0], len - p.len[0], &p.len[1]);
	if (len)
		stop = to->piece(to->priv, &p);
	session_free_piece(c, at + len, rec->aux.flags);
	return stop;
}

/* All but samples are rare: they are looked at for what was lost. */
static int hand_on(struct damon_session *s, struct cpu_ring *c, const struct perf_event_header *h,
		   const struct damon_session_raw *to)
{
	struct damon_perf_record rec = {.type = h->type};
	int stop;

	if (h->type != PERF_RECORD_SAMPLE && session_parse(s, h, &rec)) {
		s->stats.malformed++;
		return 0;
	}
	session_account(&s->stats, &rec);
	stop = to->record(to->priv, h);
	if (stop || h->type != PERF_RECORD_AUX || !c->area.bytes)
		return stop;
	return hand_piece(s, c, &rec, to);
}

static int read_ring(struct damon_session *s, struct cpu_ring *c,
		     const struct damon_session_raw *to, int *n)
{
	const struct perf_event_header *h;
	struct damon_ring *r = c->ring;
	int stop = 0;

	while (!stop && (c->at = r->pos, h = damon_ring_next(r))) {
		if (h->type == PERF_RECORD_SAMPLE && c->at < c->live_from)
			continue;
		stop = hand_on(s, c, h, to);
		++*n;
		if (r->pos - r->freed > r->size / 4) /* room for what comes while we work */
			damon_ring_commit(r, r->pos);
	}
	damon_ring_commit(r, r->pos);
	return stop;
}

/* As perf since 6.1 ends its files: a record without a time for each event, of all that its records
 * found no room for. Readers know that LOST tells of the same. */
static int hand_losses(struct damon_session *s, const struct damon_session_raw *to)
{
	struct {
		struct perf_event_header h;
		uint64_t lost, trailer[6];
	} rec = {.h.type = PERF_RECORD_LOST_SAMPLES};
	const uint64_t in_trailer = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ID |
				    PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU |
				    PERF_SAMPLE_IDENTIFIER;
	int stop = 0;

	for (uint32_t e = 0; e < (uint32_t)s->nr_events && !stop; e++) {
		uint64_t type = s->events[e].attr.sample_type & in_trailer;
		size_t n = (size_t)__builtin_popcountll(type);

		rec.lost = session_lost(s, e);
		if (s->has_ids && !damon_session_ids(s, e, &rec.trailer[n - 1], 1))
			continue;
		rec.h.size = (uint16_t)(offsetof(__typeof__(rec), trailer) + n * sizeof(uint64_t));
		if (rec.lost)
			stop = to->record(to->priv, &rec.h);
		memset(rec.trailer, 0, sizeof(rec.trailer));
	}
	return stop;
}

int damon_session_read_raw(struct damon_session *s, const struct damon_session_raw *to)
{
	int n = 0, stop = 0;

	for (size_t i = 0; i < s->nr_rings; i++)
		damon_ring_begin(s->cpus[i].ring);
	for (size_t i = 0; i < s->nr_rings && !stop; i++)
		stop = read_ring(s, &s->cpus[i], to, &n);
	session_restart(s);
	if (!stop && s->last)
		stop = hand_losses(s, to);
	return stop ? stop : n;
}
