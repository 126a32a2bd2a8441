/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many accesses the source 'soft' believes that a command made: runs it at 1 kHz and adds up
 * the weights of all observations, times the scale of this machine. Nothing is written.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "lib/ctx.h"

#define RATE_HZ 1000

static struct {
	const struct damon_source_ops *source;
	damon_emit_fn emit;
	double weight;
	uint64_t ticks;
} bench;

static void adding_emit(void *priv, const struct damon_obs *o)
{
	bench.weight += o->weight;
	bench.emit(priv, o);
}

static int adding_decode(void *state, const struct damon_perf_sample *s, struct damon_space *space,
			 damon_emit_fn emit, void *priv)
{
	bench.ticks++;
	bench.emit = emit;
	return bench.source->decode(state, s, space, adding_emit, priv);
}

static int run(struct damon_ctx *ctx, char **argv)
{
	struct damon_source_ops adding;
	struct damon_sampling s;
	int err;

	damon_sampling_init(&s);
	s.source = "soft";
	s.rate_hz = RATE_HZ;
	err = damon_set_sampling(ctx, &s);
	if (!err)
		err = damon_set_command(ctx, argv);
	if (!err)
		err = damon_open(ctx);
	if (err)
		return err;
	bench.source = ctx->source;
	adding = *ctx->source;
	adding.decode = adding_decode;
	ctx->source = &adding;
	while ((err = damon_dispatch(ctx, -1)) > 0)
		;
	damon_close(ctx);
	ctx->source = bench.source;
	return err;
}

int main(int argc, char **argv)
{
	struct damon_ctx *ctx;
	int err;

	if (argc < 2 || !strcmp(argv[1], "--help")) {
		fputs("usage: scale COMMAND...\n"
		      "Prints to standard error: accesses estimated, at least, at most; seconds of "
		      "user CPU time.\n",
		      argc == 2 ? stdout : stderr);
		return 2;
	}
	if (damon_ctx_new(&ctx))
		return 1;
	err = run(ctx, argv + 1);
	if (err)
		fprintf(stderr, "scale: %s\n", damon_error(ctx));
	else
		fprintf(stderr, "scale %.6g %.6g %.6g %.3f\n", bench.weight * ctx->scale.accesses,
			bench.weight * ctx->scale.lo, bench.weight * ctx->scale.hi,
			(double)bench.ticks / RATE_HZ);
	damon_ctx_free(ctx);
	return err || !bench.ticks;
}
