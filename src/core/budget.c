/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "base/util.h"
#include "core/budget.h"

static const double factor = 2.236;		       /* between rungs: three span a factor of 5 */
static const double min_hz = 1;			       /* of the lowest rung */
static const double memory_ns = 3e9;		       /* costs are means over so much time, */
static const double debt_memory_ns = 60e9;	       /* debts are forgotten in so much, */
static const double pay_ns = 4e9;		       /* and paid in so much */
static const double most_saved = .6, most_spent = .15; /* of the budget, for debts */
static const double most_spent_wide = .75;	       /* likewise, where rungs are far apart */
static const double closest = 20000;		       /* accesses for a sample, at least */
static const double denser = 10, sparser = 4;	       /* than the middle rung, in accesses */
static const double prior_ns = 50e6; /* CPU time that the accesses expected beforehand count as */
static const double hysteresis = 1.1;
static const double prior_ticks = 20; /* that the costs known beforehand count as */
static const uint64_t dwell_ns = NS_PER_SEC, first_dwell_ns = 2 * NS_PER_SEC;
static const double wake_aggrs_max = 10;

/* The rate half way between two rungs, by ratio. */
static double between(const struct damon_budget *b, uint32_t above)
{
	return sqrt(b->rung_hz[above] * b->rung_hz[above + 1]);
}

/* The rung nearest to 'hz', by ratio; the current one unless it is clearly farther. But none that
 * the kernel would cut. */
static uint32_t nearest(const struct damon_budget *b, double hz)
{
	uint32_t i = 0, now = b->rung;

	while (i + 1 < DAMON_RUNGS && hz < between(b, i))
		i++;
	if (i < now && hz < hysteresis * between(b, now - 1))
		i = now;
	if (i > now && hz * hysteresis > between(b, now))
		i = now;
	while (i + 1 < DAMON_RUNGS && b->max_hz > 0 && b->rung_hz[i] > b->max_hz)
		i++;
	return i;
}

/* The rate that is expected to cost what was asked for. */
static double wanted_hz(const struct damon_budget *b, double fixed_ns)
{
	double each_ns = b->tick_cost_ns + b->samples_cost_ns;
	double budget_ns = b->percent / 100 * NS_PER_SEC;

	return MAX(budget_ns - fixed_ns, budget_ns / 5) / each_ns;
}

void damon_budget_init(struct damon_budget *b, double percent, double tick_cost_ns,
		       double sample_cost_ns, double fixed_ns, double max_hz)
{
	double each_ns = tick_cost_ns + sample_cost_ns, budget_ns = percent / 100 * NS_PER_SEC;
	double want_hz, hz;

	*b = (struct damon_budget){.percent = percent,
				   .tick_cost_ns = tick_cost_ns,
				   .samples_cost_ns = sample_cost_ns,
				   .most_spent = most_spent,
				   .wake_aggrs = 1};
	want_hz = wanted_hz(b, fixed_ns);
	hz = MIN(budget_ns / each_ns, max_hz);
	hz = MAX(hz, min_hz * factor * factor);
	for (uint32_t i = 0; i < DAMON_RUNGS; i++, hz /= factor)
		b->rung_hz[i] = hz;
	while (b->rung + 1 < DAMON_RUNGS && want_hz * sqrt(factor) < b->rung_hz[b->rung])
		b->rung++;
}

/* The rates of periods in accesses, by the accesses in a second that were seen of late. */
static void follow_accesses(struct damon_budget *b)
{
	double seen_ns = b->recent.target_ns + prior_ns;
	double expected = prior_ns / NS_PER_SEC * DAMON_BUDGET_ACCESSES_HZ;
	double hz = (b->recent.accesses + expected) / seen_ns * NS_PER_SEC;

	for (size_t i = 0; i < DAMON_RUNGS && b->period[i] > 0; i++)
		b->rung_hz[i] = hz / b->period[i];
}

void damon_budget_init_accesses(struct damon_budget *b, double percent, double tick_cost_ns,
				double sample_cost_ns, double fixed_ns, double max_hz)
{
	double period, hz;

	*b = (struct damon_budget){.percent = percent,
				   .tick_cost_ns = tick_cost_ns,
				   .samples_cost_ns = sample_cost_ns,
				   .max_hz = max_hz,
				   .most_spent = most_spent_wide,
				   .wake_aggrs = 1};
	hz = wanted_hz(b, fixed_ns);
	if (max_hz > 0)
		hz = MIN(hz, max_hz);
	period = DAMON_BUDGET_ACCESSES_HZ / hz;
	b->period[0] = MAX(period / denser, closest);
	b->period[1] = MAX(period, 2 * b->period[0]);
	b->period[2] = b->period[1] * sparser;
	follow_accesses(b);
	b->rung = nearest(b, hz);
}

/* Moves 'recent' and 'debt_ns' on to 's'. */
static void take(struct damon_budget *b, const struct damon_spent *s)
{
	double wall = (double)(s->now_ns - b->seen.now_ns),
	       target = s->target_ns - b->seen.target_ns;
	double ticks = s->ticks - b->seen.ticks, own = s->own_ns - b->seen.own_ns;
	double keep = exp(-wall / memory_ns);
	struct damon_spent *r = &b->recent;

	r->now_ns = (uint64_t)(keep * (double)r->now_ns + wall);
	r->target_ns = keep * r->target_ns + target;
	r->ticks = keep * r->ticks + ticks;
	r->own_ns = keep * r->own_ns + own;
	r->samples_ns = keep * r->samples_ns + s->samples_ns - b->seen.samples_ns;
	r->accesses = keep * r->accesses + s->accesses - b->seen.accesses;
	b->debt_ns *= exp(-wall / debt_memory_ns);
	b->debt_ns += own + ticks * b->tick_cost_ns - b->percent / 100 * target;
	b->seen = *s;
}

/* The rate that the budget allows from now on; below 0: not even the work of intervals fits. */
static double allowed_hz(const struct damon_budget *b, double use, double fixed)
{
	const struct damon_spent *r = &b->recent;
	double budget = b->percent / 100, pay = b->debt_ns / (use * pay_ns);
	double each_ns = b->tick_cost_ns + (r->samples_ns + prior_ticks * b->samples_cost_ns) /
						   (r->ticks + prior_ticks);

	pay = MAX(MIN(pay, most_saved * budget), -b->most_spent * budget);
	return (budget - pay - fixed) / each_ns * NS_PER_SEC;
}

/*
 * Where the work of intervals is dear, several are done at once. A target that sleeps has its
 * memory read as early in its own CPU time as one that is busy, if later by the clock.
 */
static uint32_t wake(const struct damon_budget *b, double use, double fixed)
{
	double dear = fixed / (b->percent / 100), most = MIN(MAX(1 / use, 1.0), wake_aggrs_max);
	double now = b->wake_aggrs;

	if (dear < .08)
		return 1;
	if (now > most || (dear > .25 && most > 1.4 * now))
		return (uint32_t)lround(most);
	return b->wake_aggrs;
}

void damon_budget_step(struct damon_budget *b, const struct damon_spent *s)
{
	const struct damon_spent *r = &b->recent;
	double use, fixed;
	uint32_t rung;

	if (s->now_ns <= b->seen.now_ns || s->target_ns < b->seen.target_ns)
		return;
	if (!b->seen.now_ns) { /* the first time is the start */
		b->seen = *s;
		/* A recording of a second is not starved for the cost of its start; but how many
		 * accesses there are was a guess, which the next step corrects. */
		if (!(b->period[0] > 0))
			b->changed_ns = s->now_ns + first_dwell_ns - dwell_ns;
		b->debt_ns = s->own_ns;
		return;
	}
	take(b, s);
	if (!(r->target_ns > 0))
		return;
	if (b->period[0] > 0)
		follow_accesses(b);
	use = r->target_ns / (double)r->now_ns;
	fixed = MAX(r->own_ns - r->samples_ns, 0.0) / r->target_ns;
	b->wake_aggrs = wake(b, use, fixed);
	rung = nearest(b, allowed_hz(b, use, fixed));
	if (rung == b->rung || s->now_ns < b->changed_ns + dwell_ns)
		return;
	b->rung = rung;
	b->changed_ns = s->now_ns;
}
