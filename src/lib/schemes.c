/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Schemes of a context: core/scheme.h plans, lib/applier.h applies, this brings them together. */
#include <errno.h>
#include <string.h>

#include "damos.h"
#include "lib/ctx.h"
#include "lib/out.h"
#include "lib/scheme_set.h"

void damos_init(struct damos *s)
{
	*s = (struct damos){
		.size = sizeof(*s),
		.action = "stat",
		.sz = {0, UINT64_MAX},
		.access_max = 1,
		.age_ns = {0, UINT64_MAX},
		.quota = {.reset_ns = NS_PER_SEC},
		.target_nid = -1,
		.refault_max_bp = 2000,
	};
}

const char *damos_state_name(enum damos_state s)
{
	static const char *const names[DAMOS_NR_STATES] = {
		"on", "switched off", "off by watermarks", "slowed", "paused", "ended",
	};

	return (unsigned)s < DAMOS_NR_STATES ? names[s] : "unknown";
}

int damon_set_schemes(struct damon_ctx *ctx, const struct damos *s, size_t n)
{
	struct scheme_set *set;
	int err;

	if (ctx->state == CTX_CLOSED)
		return damon_fail(&ctx->fail, EBUSY, "the context was closed");
	err = scheme_set_new(ctx->sys, s, n, ctx->dry_run, &set, &ctx->fail);
	if (err)
		return err;
	scheme_set_free(ctx->schemes);
	ctx->schemes = set;
	return 0;
}

int damon_set_dry_run(struct damon_ctx *ctx, int on)
{
	if (ctx->state != CTX_SETUP)
		return damon_fail(&ctx->fail, EBUSY, "the context was opened before");
	ctx->dry_run = on;
	return 0;
}

size_t damon_nr_schemes(const struct damon_ctx *ctx)
{
	return ctx->schemes ? ctx->schemes->n : 0;
}

int damon_scheme_switch(struct damon_ctx *ctx, size_t i, int on)
{
	if (i >= damon_nr_schemes(ctx))
		return damon_fail(&ctx->fail, EINVAL, "there is no scheme %zu", i);
	return 0;
}

int damon_scheme_feedback(struct damon_ctx *ctx, size_t i, size_t goal, uint64_t current)
{
	const struct damos_quota *q;

	if (i >= damon_nr_schemes(ctx))
		return damon_fail(&ctx->fail, EINVAL, "there is no scheme %zu", i);
	q = &ctx->schemes->s[i].quota;
	if (goal >= q->nr_goals || q->goals[goal].metric != DAMOS_GOAL_USER_INPUT)
		return damon_fail(&ctx->fail, EINVAL, "scheme %zu has no goal %zu of user input", i,
				  goal);
	return 0;
}

int damon_scheme_stats(const struct damon_ctx *ctx, size_t i, struct damos_stats *out)
{
	struct damos_stats s = {.quota_bytes = UINT64_MAX, .refault_bp = -1};

	if (i >= damon_nr_schemes(ctx))
		return -EINVAL;
	s.action = ctx->schemes->s[i].action;
	out_copy(out, s);
	return 0;
}

int damon_scheme_tried(const struct damon_ctx *ctx, size_t i, size_t at, struct damos_tried *out)
{
	return -ENOENT;
}
