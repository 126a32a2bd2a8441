/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ticks of a live recording cost damon-perf: runs a command under the source 'soft' at
 * 1 kHz and times each call of the decoder from within, what it hands on left out. Nothing is
 * written. Ticks that were preempted (longer than a millisecond) are left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "lib/ctx.h"

static struct {
	const struct damon_source_ops *source;
	damon_emit_fn emit;
	uint64_t clock_ns; /* what asking for the time costs */
	uint64_t emit_ns;  /* of the tick at hand */
	double decode_ns, observe_ns;
	uint64_t ticks;
} bench;

static uint64_t now_ns(void)
{
	return damon_sys_real.clock_ns(&damon_sys_real);
}

static void timed_emit(void *priv, const struct damon_obs *o)
{
	uint64_t start = now_ns();

	bench.emit(priv, o);
	bench.emit_ns += now_ns() - start;
}

static int timed_decode(void *state, const struct damon_perf_sample *s, struct damon_space *space,
			damon_emit_fn emit, void *priv)
{
	uint64_t start = now_ns(), took;
	int n;

	bench.emit = emit;
	bench.emit_ns = 0;
	n = bench.source->decode(state, s, space, timed_emit, priv);
	took = now_ns() - start;
	if (took < NS_PER_MS) {
		bench.ticks++;
		bench.observe_ns += (double)bench.emit_ns - (double)bench.clock_ns;
		bench.decode_ns += (double)(took - bench.emit_ns) - 2. * (double)bench.clock_ns;
	}
	return n;
}

static void measure_clock(void)
{
	enum { CALLS = 10000 };
	uint64_t start = now_ns();

	for (int i = 0; i < CALLS; i++)
		now_ns();
	bench.clock_ns = (now_ns() - start) / CALLS;
}

static int run(struct damon_ctx *ctx, uint32_t reads, char **argv)
{
	struct damon_source_ops timed;
	struct damon_sampling s;
	int err;

	damon_sampling_init(&s);
	s.source = "soft";
	s.rate_hz = 1000;
	s.mem_reads = reads;
	err = damon_set_sampling(ctx, &s);
	if (!err)
		err = damon_set_command(ctx, argv);
	if (!err)
		err = damon_open(ctx);
	if (err)
		return err;
	bench.source = ctx->source;
	timed = *ctx->source;
	timed.decode = timed_decode;
	ctx->source = &timed;
	while ((err = damon_dispatch(ctx, -1)) > 0)
		;
	ctx->source = bench.source;
	return err;
}

int main(int argc, char **argv)
{
	struct damon_ctx *ctx;
	int err;

	if (argc < 3) {
		fputs("usage: tick_cost READS COMMAND...\n"
		      "Prints, per tick: microseconds of decoding, of entering what it told; then "
		      "how many\n"
		      "ticks there were. READS: of the command's memory, per tick.\n",
		      argc == 2 && !strcmp(argv[1], "--help") ? stdout : stderr);
		return 2;
	}
	measure_clock();
	if (damon_ctx_new(&ctx))
		return 1;
	err = run(ctx, (uint32_t)atoi(argv[1]), argv + 2);
	if (err)
		fprintf(stderr, "tick_cost: %s\n", damon_error(ctx));
	else if (bench.ticks)
		fprintf(stderr, "%.3f %.3f %lu\n", bench.decode_ns / bench.ticks / 1e3,
			bench.observe_ns / bench.ticks / 1e3, (unsigned long)bench.ticks);
	damon_ctx_free(ctx);
	return err || !bench.ticks;
}
