/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "core/exposure.h"

int damon_exposure_init(struct damon_exposure *x, uint32_t aggrs)
{
	*x = (struct damon_exposure){.nr = aggrs + 1, .next = 1};
	x->sum = calloc(x->nr, sizeof(*x->sum));
	x->inverse = calloc(x->nr, sizeof(*x->inverse));
	if (x->sum && x->inverse)
		return 0;
	damon_exposure_release(x);
	return -ENOMEM;
}

void damon_exposure_release(struct damon_exposure *x)
{
	free(x->sum);
	free(x->inverse);
	*x = (struct damon_exposure){0};
}

void damon_exposure_rate(struct damon_exposure *x, double rate_hz)
{
	if (!(rate_hz > 0) || !isfinite(rate_hz))
		return;
	if (!(x->usual_hz > 0))
		x->usual_hz = rate_hz;
	x->next = MAX(rate_hz / x->usual_hz, 1e-6);
	x->next = MIN(x->next, 1e6);
	x->varies |= x->next != 1;
}

void damon_exposure_add(struct damon_exposure *x, uint32_t now)
{
	uint32_t at = now % x->nr, last = (now - 1) % x->nr;

	x->sum[at] = x->sum[last] + x->next;
	x->inverse[at] = x->inverse[last] + 1 / x->next;
}

/* As far as the window holds them. */
static uint32_t within(const struct damon_exposure *x, uint32_t now, uint32_t aggrs)
{
	uint32_t most = MIN(now, x->nr - 1);

	return MIN(aggrs, most);
}

double damon_exposure_of(const struct damon_exposure *x, uint32_t now, uint32_t aggrs)
{
	aggrs = within(x, now, aggrs);
	return x->varies ? x->sum[now % x->nr] - x->sum[(now - aggrs) % x->nr] : aggrs;
}

double damon_exposure_worth(const struct damon_exposure *x, uint32_t now, uint32_t aggrs)
{
	double inverse;

	aggrs = within(x, now, aggrs);
	if (!x->varies || !aggrs)
		return 1;
	inverse = x->inverse[now % x->nr] - x->inverse[(now - aggrs) % x->nr];
	return MIN((double)aggrs * aggrs / (inverse * damon_exposure_of(x, now, aggrs)), 1.0);
}
