/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/order.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/util.h"

enum { DEFAULT_BYTES = 16 << 20, LEAST_BYTES = 256 << 10 };

/* A copy: bytes[at, at + len), 0 bytes once it was delivered. */
struct waiting {
	uint64_t time_ns;
	uint32_t at, len;
};

/* What nearly all records are: a sample without registers, stack and raw data. */
struct plain_sample {
	uint64_t ip, addr, period, id, weight, data_src, phys_addr;
	uint32_t event, cpu;
	int pid, tid;
	uint16_t misc;
};

/* items[at, end), with rising times: what is left of what a CPU's buffer had. */
struct run {
	uint64_t time_ns; /* of the first */
	uint32_t at, end;
};

struct damon_order {
	damon_order_fn fn;
	void *priv;
	uint8_t *bytes;
	size_t nr_bytes, cap_bytes, max_bytes;
	struct waiting *items; /* as they came */
	size_t nr, cap;
	struct run *runs; /* a heap: none begins before the first */
	size_t nr_runs, cap_runs;
	uint64_t newest_ns;		/* of all that came */
	uint64_t round_ns;		/* the newest of all up to the last round */
	uint64_t delivered_ns;		/* the newest that went out */
	struct damon_perf_record plain; /* the plain sample that was delivered last */
	struct damon_order_stats stats;
};

int damon_order_new(const struct damon_order_options *o, damon_order_fn fn, void *priv,
		    struct damon_order **out)
{
	struct damon_order *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->fn = fn;
	s->plain.type = PERF_RECORD_SAMPLE;
	s->priv = priv;
	s->max_bytes = o->max_bytes ? MAX(o->max_bytes, (size_t)LEAST_BYTES) : DEFAULT_BYTES;
	*out = s;
	return 0;
}

void damon_order_free(struct damon_order *s)
{
	if (!s)
		return;
	free(s->bytes);
	free(s->items);
	free(s->runs);
	free(s);
}

/* ---- copies ---- */

static bool is_plain(const struct damon_perf_record *r)
{
	const struct damon_perf_sample *s = &r->sample;

	return r->type == PERF_RECORD_SAMPLE && !s->regs && !s->stack && !s->raw;
}

static size_t padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* The bytes that a record points to, in one order. */
struct tail {
	const void *bytes;
	size_t len;
};

static size_t tails_of(const struct damon_perf_record *r, struct tail t[3])
{
	const struct damon_perf_sample *s = &r->sample;

	switch (r->type) {
	case PERF_RECORD_SAMPLE:
		t[0] = (struct tail){s->regs, s->regs ? 8ull * s->nr_regs : 0};
		t[1] = (struct tail){s->stack, s->stack ? s->stack_len : 0};
		t[2] = (struct tail){s->raw, s->raw ? s->raw_len : 0};
		return 3;
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		t[0] = (struct tail){r->mmap.name, strlen(r->mmap.name) + 1};
		return 1;
	case PERF_RECORD_COMM:
		t[0] = (struct tail){r->comm.comm, strlen(r->comm.comm) + 1};
		return 1;
	default:
		return 0;
	}
}

/* Points a copy at its own tails, which begin at 'p'. */
static void repoint(struct damon_perf_record *r, const uint8_t *p)
{
	struct damon_perf_sample *s = &r->sample;

	switch (r->type) {
	case PERF_RECORD_SAMPLE:
		if (s->regs)
			s->regs = (const uint64_t *)p;
		p += s->regs ? 8ull * s->nr_regs : 0;
		if (s->stack)
			s->stack = p;
		p += s->stack ? padded(s->stack_len) : 0;
		if (s->raw)
			s->raw = p;
		break;
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		r->mmap.name = (const char *)p;
		break;
	case PERF_RECORD_COMM:
		r->comm.comm = (const char *)p;
		break;
	}
}

static void put_plain(uint8_t *to, const struct damon_perf_sample *s)
{
	struct plain_sample p = {
		.ip = s->ip,
		.addr = s->addr,
		.period = s->period,
		.id = s->id,
		.weight = s->weight,
		.data_src = s->data_src,
		.phys_addr = s->phys_addr,
		.event = s->event,
		.cpu = s->cpu,
		.pid = s->pid,
		.tid = s->tid,
		.misc = s->misc,
	};

	memcpy(to, &p, sizeof(p));
}

static size_t room_for(const struct damon_perf_record *r)
{
	struct tail t[3];
	size_t n, room = sizeof(*r);

	n = tails_of(r, t);
	for (size_t i = 0; i < n; i++)
		room += padded(t[i].len);
	return room;
}

static void put(uint8_t *to, const struct damon_perf_record *r)
{
	struct tail t[3];
	size_t n;

	memcpy(to, r, sizeof(*r));
	to += sizeof(*r);
	n = tails_of(r, t);
	for (size_t i = 0; i < n; i++) {
		if (t[i].len)
			memcpy(to, t[i].bytes, t[i].len);
		to += padded(t[i].len);
	}
}

/* Into 'r', a record that holds another plain sample: what these do not have is 0 there. */
static void get_plain(const struct plain_sample *p, uint64_t time_ns, struct damon_perf_record *r)
{
	struct damon_perf_sample *s = &r->sample;

	r->time_ns = s->time_ns = time_ns;
	s->ip = p->ip;
	s->addr = p->addr;
	s->period = p->period;
	s->id = p->id;
	s->weight = p->weight;
	s->data_src = p->data_src;
	s->phys_addr = p->phys_addr;
	s->event = p->event;
	s->cpu = p->cpu;
	s->pid = p->pid;
	s->tid = p->tid;
	s->misc = p->misc;
}

static int deliver(struct damon_order *s, const struct waiting *w)
{
	const uint8_t *from = s->bytes + w->at;
	struct damon_perf_record r;

	s->stats.late += w->time_ns < s->delivered_ns;
	s->delivered_ns = MAX(s->delivered_ns, w->time_ns);
	if (w->len == sizeof(struct plain_sample)) {
		get_plain((const struct plain_sample *)from, w->time_ns, &s->plain);
		return s->fn(s->priv, &s->plain);
	}
	memcpy(&r, from, sizeof(r));
	repoint(&r, from + sizeof(r));
	return s->fn(s->priv, &r);
}

/* ---- order ---- */

/* Of equal times the one that came first: stable. */
static bool is_before(const struct run *a, const struct run *b)
{
	return a->time_ns < b->time_ns || (a->time_ns == b->time_ns && a->at < b->at);
}

static void sift_down(struct run *runs, size_t nr, size_t i)
{
	struct run r = runs[i];

	for (size_t child; (child = 2 * i + 1) < nr; i = child) {
		if (child + 1 < nr && is_before(&runs[child + 1], &runs[child]))
			child++;
		if (!is_before(&runs[child], &r))
			break;
		runs[i] = runs[child];
	}
	runs[i] = r;
}

static int find_runs(struct damon_order *s)
{
	s->nr_runs = 0;
	for (uint32_t i = 0, from = 0; i < s->nr; from = i) {
		for (i++; i < s->nr && s->items[i].time_ns >= s->items[i - 1].time_ns;)
			i++;
		if (vec_reserve(&s->runs, &s->cap_runs, s->nr_runs + 1, sizeof(*s->runs)))
			return -ENOMEM;
		s->runs[s->nr_runs++] =
			(struct run){.time_ns = s->items[from].time_ns, .at = from, .end = i};
	}
	for (size_t i = s->nr_runs / 2; i--;)
		sift_down(s->runs, s->nr_runs, i);
	return 0;
}

/* The next by time. */
static struct waiting *take_next(struct damon_order *s)
{
	struct run *r = &s->runs[0];
	struct waiting *w = &s->items[r->at++];

	if (r->at < r->end)
		r->time_ns = s->items[r->at].time_ns;
	else
		*r = s->runs[--s->nr_runs];
	if (s->nr_runs)
		sift_down(s->runs, s->nr_runs, 0);
	return w;
}

/* Closes the gaps of what went out: what stayed side by side moves as one. */
static void compact(struct damon_order *s)
{
	size_t nr = 0, at = 0;

	for (size_t i = 0; i < s->nr;) {
		size_t from = s->items[i].at, first = i, len = 0;

		if (!s->items[i].len) {
			i++;
			continue;
		}
		for (; i < s->nr && s->items[i].len; i++)
			len += s->items[i].len;
		memmove(s->bytes + at, s->bytes + from, len);
		for (; first < i; first++) {
			s->items[nr] = s->items[first];
			s->items[nr++].at -= (uint32_t)(from - at);
		}
		at += len;
	}
	s->nr = nr;
	s->nr_bytes = at;
}

/* Delivers the first 'n' of those up to 'until_ns', in order of time. */
static int drain(struct damon_order *s, size_t n, uint64_t until_ns)
{
	int err = find_runs(s);

	while (!err && n-- && s->nr_runs && s->runs[0].time_ns <= until_ns) {
		struct waiting *w = take_next(s);

		err = deliver(s, w);
		w->len = 0;
	}
	compact(s);
	return err;
}

/* What was there before comes first, wherever in the file it stands, if nothing went out yet. */
static uint64_t time_of(const struct damon_order *s, const struct damon_perf_record *r)
{
	if (r->time_ns)
		return r->time_ns;
	return r->was_there && !s->delivered_ns ? 0 : s->newest_ns;
}

int damon_order_add(struct damon_order *s, const struct damon_perf_record *r)
{
	bool plain = is_plain(r);
	size_t len = plain ? sizeof(struct plain_sample) : room_for(r);
	int err = 0;

	if (s->nr_bytes + len > s->max_bytes)
		err = drain(s, (s->nr + 1) / 2, UINT64_MAX);
	if (err)
		return err;
	if (vec_reserve(&s->bytes, &s->cap_bytes, s->nr_bytes + len, 1) ||
	    vec_reserve(&s->items, &s->cap, s->nr + 1, sizeof(*s->items)))
		return -ENOMEM;
	if (plain)
		put_plain(s->bytes + s->nr_bytes, &r->sample);
	else
		put(s->bytes + s->nr_bytes, r);
	s->items[s->nr++] = (struct waiting){
		.time_ns = time_of(s, r),
		.at = (uint32_t)s->nr_bytes,
		.len = (uint32_t)len,
	};
	s->nr_bytes += len;
	s->newest_ns = MAX(s->newest_ns, r->time_ns);
	s->stats.peak_bytes = MAX(s->stats.peak_bytes, s->nr_bytes);
	return 0;
}

int damon_order_round(struct damon_order *s)
{
	int err = drain(s, SIZE_MAX, s->round_ns);

	s->round_ns = s->newest_ns;
	return err;
}

int damon_order_flush(struct damon_order *s)
{
	return drain(s, SIZE_MAX, UINT64_MAX);
}

void damon_order_stats(const struct damon_order *s, struct damon_order_stats *out)
{
	*out = s->stats;
}
