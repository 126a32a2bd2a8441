/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The library in forty lines: runs a command and prints, once a second, its working set and its
 *hottest region. cc watch.c -ldamon ... && ./watch COMMAND [ARGUMENT...]
 */
#include <damon.h>
#include <inttypes.h>
#include <stdio.h>

static int show(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_target_info target = {.size = sizeof(target)};
	struct damon_region_info region = {.size = sizeof(region)}, best = {0};
	struct damon_wss wss;
	int *count = priv;

	damon_snapshot_info(s, &info);
	if (++*count % 10 || !info.nr_targets)
		return 0;
	damon_snapshot_target(s, 0, &target);
	for (size_t i = 0; i < target.nr_regions; i++) {
		damon_snapshot_region(s, 0, i, &region);
		if (region.heat > best.heat)
			best = region;
	}
	damon_snapshot_wss(s, 0, DAMON_WSS_1S, &wss);
	printf("%s: working set %.1f MiB [%.1f, %.1f]; hottest %#" PRIx64 "-%#" PRIx64
	       ", %.0f %% of accesses\n",
	       target.comm, wss.bytes / 0x100000, wss.lo / 0x100000, wss.hi / 0x100000, best.start,
	       best.end, 100 * best.share);
	return 0;
}

int main(int argc, char **argv)
{
	struct damon_ctx *ctx;
	int count = 0, err;

	if (argc < 2 || damon_ctx_new(&ctx))
		return 2;
	damon_set_callback(ctx, show, &count);
	err = damon_set_command(ctx, argv + 1);
	if (!err)
		err = damon_open(ctx);
	while (!err || err == 1)
		if ((err = damon_dispatch(ctx, -1)) == 0)
			break;
	if (err < 0)
		fprintf(stderr, "watch: %s; %s\n", damon_error(ctx), damon_remedy(ctx));
	damon_ctx_free(ctx);
	return err < 0;
}
