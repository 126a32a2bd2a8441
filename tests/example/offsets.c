/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An operations set of one's own: what matters of a database's cache file is which parts of the
 * file are hot, not where each of its processes has mapped it. Accesses are translated to offsets
 * in the file, which are one address space for all processes.
 *
 *	cc offsets.c -ldamon ... && ./offsets FILE COMMAND [ARGUMENT...]
 */
#include <damon.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct file {
	char path[PATH_MAX];
	int nr_snapshots;
};

/* Where regions may be: in all of the file, which may grow. */
static int regions(void *priv, int pid, struct damon_range *r, size_t max)
{
	struct file *f = priv;
	struct stat st;

	if (stat(f->path, &st) || st.st_size <= 0)
		return 0;
	r[0] = (struct damon_range){0, (uint64_t)st.st_size, f->path};
	return 1;
}

/* What counts are accesses to the file; all others are left out. */
static int translate(void *priv, const struct damon_ops_access *a, uint64_t *addr)
{
	struct file *f = priv;

	if (!a->mapping || strcmp(a->mapping->name, f->path) != 0)
		return 0;
	*addr = a->addr - a->mapping->start + a->mapping->offset;
	return 1;
}

/* Once a second: the hottest part of the file, neighbours that are nearly as hot included. */
static int show(void *priv, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_target_info t = {.size = sizeof(t)};
	struct damon_region_info r = {.size = sizeof(r)};
	uint64_t start = 0, end = 0;
	struct file *f = priv;
	double most = 0, share = 0;

	damon_snapshot_info(s, &info);
	if (++f->nr_snapshots % 10 || !info.nr_targets)
		return 0;
	damon_snapshot_target(s, 0, &t);
	for (size_t i = 0; i < t.nr_regions; i++) {
		damon_snapshot_region(s, 0, i, &r);
		most = r.heat > most ? r.heat : most;
	}
	for (size_t i = 0; i < t.nr_regions; i++) {
		damon_snapshot_region(s, 0, i, &r);
		if (!most || r.heat < most / 4)
			continue;
		start = share ? start : r.start;
		end = r.end;
		share += r.share;
	}
	printf("%" PRIu32 " processes: offsets %" PRIu64 " to %" PRIu64 " KiB have %.0f %% of the "
	       "accesses\n",
	       t.nr_procs, start / 1024, end / 1024, 100 * share);
	return 0;
}

int main(int argc, char **argv)
{
	struct damon_ctx *ctx;
	struct file file = {.nr_snapshots = 0};
	const struct damon_ops ops = {
		.size = sizeof(ops),
		.name = "file-offsets",
		.addresses = "file offsets",
		.target = "the file",
		.priv = &file,
		.regions = regions,
		.translate = translate,
	};
	int err;

	if (argc < 3 || !realpath(argv[1], file.path) || damon_register_ops(&ops) ||
	    damon_ctx_new(&ctx))
		return 2;
	damon_set_callback(ctx, show, &file);
	err = damon_select_ops(ctx, "file-offsets");
	if (!err)
		err = damon_set_command(ctx, argv + 2);
	if (!err)
		err = damon_open(ctx);
	while (!err || err == 1)
		if ((err = damon_dispatch(ctx, -1)) == 0)
			break;
	if (err < 0)
		fprintf(stderr, "offsets: %s; %s\n", damon_error(ctx), damon_remedy(ctx));
	damon_ctx_free(ctx);
	return err < 0;
}
