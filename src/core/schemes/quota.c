/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "base/util.h"
#include "core/schemes/quota.h"

void damos_budget_init(struct damos_budget *b, const struct damos_quota *q)
{
	*b = (struct damos_budget){0};
	damos_tuning_init(&b->tuning, q);
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t whole(double bytes)
{
	return bytes < 0x1p63 ? (uint64_t)MAX(bytes, 0.0) : UINT64_MAX;
}

/* What is known of throughput moves on by an interval; one without work tells nothing. */
static void learn(struct damos_budget *b)
{
	if (!(b->ns > 0))
		return;
	b->past_bytes = b->past_bytes / 2 + b->bytes;
	b->past_ns = b->past_ns / 2 + b->ns;
	b->bytes = b->ns = 0;
}

static void begin(struct damos_budget *b, const struct damos_quota *q,
		  const struct damos_kind *kind, const struct damos_world *w, double refault_bp)
{
	double score = damos_tuning_score(&b->tuning, q, w, refault_bp);

	damos_tuning_step(&b->tuning, q, score, b->used, damos_grain(kind));
	learn(b);
	b->exceeds += b->cut;
	b->cut = false;
	b->used = b->busy_ns = 0;
	b->window++;
}

void damos_budget_roll(struct damos_budget *b, const struct damos_quota *q,
		       const struct damos_kind *kind, const struct damos_world *w,
		       double refault_bp)
{
	uint64_t passed = less(w->now_ns, b->from_ns), nr = 1;

	if (!b->begun) {
		b->begun = true;
		b->from_ns = w->now_ns;
		begin(b, q, kind, w, refault_bp);
		return;
	}
	if (passed < q->reset_ns)
		return;
	if (q->reset_ns)
		nr = passed / q->reset_ns;
	b->from_ns = q->reset_ns ? b->from_ns + nr * q->reset_ns : w->now_ns;
	/* each interval that passed would have paid for its part */
	b->debt_ns = whole((double)b->debt_ns + b->busy_ns - (double)nr * q->time_ns);
	begin(b, q, kind, w, refault_bp);
}

/* Bytes per nanosecond. */
static double throughput(const struct damos_budget *b, const struct damos_kind *kind)
{
	static const double damon_guess = 4096. * 1024 / NS_PER_MS; /* of mm/damon/core.c */
	double bytes = b->past_bytes + b->bytes, ns = b->past_ns + b->ns;

	if (ns > 0 && bytes > 0)
		return bytes / ns;
	return kind->bytes_per_sec > 0 ? kind->bytes_per_sec / NS_PER_SEC : damon_guess;
}

uint64_t damos_budget_time(const struct damos_budget *b, const struct damos_quota *q)
{
	return q->time_ns ? less(q->time_ns, b->debt_ns + b->busy_ns) : UINT64_MAX;
}

/* What is on its way takes its time as well. A unit that would not fit into any interval is let
 * through by itself: the debt makes up for it. */
static uint64_t time_room(const struct damos_budget *b, const struct damos_quota *q,
			  const struct damos_kind *kind)
{
	uint64_t left = damos_budget_time(b, q), room;

	if (left == UINT64_MAX)
		return UINT64_MAX;
	room = less(whole(throughput(b, kind) * left), b->pending);
	if (left && !b->pending)
		room = MAX(room, damos_grain(kind));
	return room;
}

static uint64_t bytes_limit(const struct damos_budget *b, const struct damos_quota *q,
			    uint64_t guard)
{
	uint64_t limit = q->bytes ? q->bytes : UINT64_MAX;

	limit = MIN(limit, whole(b->tuning.bytes));
	return MIN(limit, guard);
}

uint64_t damos_budget_room(const struct damos_budget *b, const struct damos_quota *q,
			   const struct damos_kind *kind, uint64_t guard)
{
	uint64_t limit = bytes_limit(b, q, guard);
	uint64_t room = limit == UINT64_MAX ? UINT64_MAX : less(limit, b->used);

	return MIN(room, time_room(b, q, kind));
}

uint64_t damos_budget_effective(const struct damos_budget *b, const struct damos_quota *q,
				const struct damos_kind *kind, uint64_t guard)
{
	uint64_t limit = bytes_limit(b, q, guard), time = time_room(b, q, kind);

	return time == UINT64_MAX ? limit : MIN(limit, b->used + time);
}

void damos_budget_plan(struct damos_budget *b, uint64_t bytes)
{
	b->used += bytes;
	b->pending += bytes;
}

/* Of bytes that were tried in vain. */
static uint64_t charged(const struct damos_quota *q, uint64_t failed)
{
	if (!q->fail_charge_denom)
		return failed;
	return whole((double)failed * q->fail_charge_num / q->fail_charge_denom);
}

void damos_budget_charge(struct damos_budget *b, const struct damos_quota *q, uint32_t window,
			 const struct damos_result *r)
{
	uint64_t failed = less(r->tried, r->applied);

	b->pending = less(b->pending, r->tried + r->dropped);
	if (window == b->window)
		b->used = less(b->used, r->dropped + failed) + charged(q, failed);
	b->busy_ns += r->busy_ns;
	if (r->busy_ns) {
		b->bytes += (double)r->tried;
		b->ns += (double)r->busy_ns;
	}
}

/* In percent: 100 is 16 TiB. */
static double size_part(uint64_t bytes)
{
	double log_pages = log2(MAX((double)bytes / DAMON_PAGE_SIZE, 1.0));

	return MIN(100 * log_pages / 32, 100.0);
}

static double age_part(uint64_t age_ns, bool accessed)
{
	static const double most_log = 32;
	uint64_t seconds = age_ns / NS_PER_SEC;
	double log_age = seconds ? MIN(floor(log2((double)seconds)) + 1, most_log) : 0;

	return 50 * (1 + (accessed ? log_age : -log_age) / most_log);
}

unsigned int damos_priority(const struct damos_quota *q, enum damos_heat heat,
			    const struct damos_rank *r)
{
	double size = q->weight_size, nr = q->weight_accesses, age = q->weight_age, hot, times;
	double accesses = r->most > 0 ? MIN(floor(100 * round(r->nr) / r->most), 100.0) : 0;

	if (heat == DAMOS_HEAT_ANY)
		return DAMOS_MAX_PRIORITY;
	if (size + nr + age == 0)
		nr = age = 1;
	times = nr * accesses + age * age_part(r->age_ns, accesses > 0);
	hot = heat == DAMOS_HEAT_HOT ? times : 100 * (nr + age) - times;
	hot = (size * size_part(r->bytes) + hot) / (size + nr + age);
	return (unsigned int)MIN(hot * DAMOS_MAX_PRIORITY / 100, (double)DAMOS_MAX_PRIORITY);
}
