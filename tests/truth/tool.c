/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tool info FILE...: a line of each trace: file, accesses, stores, instructions, runs, pages
 * tool truth FILE OUT N: the truth file of intervals of N accesses
 * tool dump FILE [N]: the first N runs: page, count, stores
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tests/truth/trace.h"

static int complain(const char *path, int err)
{
	fprintf(stderr, "tool: '%s': %s\n", path,
		err == -EBADMSG ? "no trace, or cut short or damaged" : strerror(-err));
	return 1;
}

/* A set of pages: a hash table with open addresses, at most half full; 0 is free. */
struct pages {
	uint64_t *slot; /* page + 1 */
	size_t nr, nr_slots;
};

static void put(struct pages *p, uint64_t page)
{
	size_t i = page * 0x9e3779b97f4a7c15ull >> 20;

	for (; p->slot[i & (p->nr_slots - 1)] != page + 1; i++) {
		if (!p->slot[i & (p->nr_slots - 1)]) {
			p->slot[i & (p->nr_slots - 1)] = page + 1;
			p->nr++;
			return;
		}
	}
}

static int add(struct pages *p, uint64_t page)
{
	if (p->nr * 2 >= p->nr_slots) {
		struct pages bigger = {.nr_slots = p->nr_slots ? p->nr_slots * 2 : 4096};

		bigger.slot = calloc(bigger.nr_slots, sizeof(*bigger.slot));
		if (!bigger.slot)
			return -ENOMEM;
		for (size_t i = 0; i < p->nr_slots; i++) {
			if (p->slot[i])
				put(&bigger, p->slot[i] - 1);
		}
		free(p->slot);
		*p = bigger;
	}
	put(p, page);
	return 0;
}

static int info(const char *path)
{
	struct pages pages = {0};
	const struct trace_info *i;
	struct trace_run run;
	struct trace *t;
	int ret = trace_open(path, &t);

	if (ret)
		return complain(path, ret);
	while ((ret = trace_next(t, &run)) > 0) {
		ret = add(&pages, run.page);
		if (ret)
			break;
	}
	i = trace_info(t);
	if (!ret)
		printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %zu\n", path,
		       i->accesses, i->stores, i->instructions, i->runs, pages.nr);
	free(pages.slot);
	trace_close(t);
	return ret ? complain(path, ret) : 0;
}

static int truth(const char *path, const char *out, uint64_t per_interval)
{
	struct trace *t;
	int ret = trace_open(path, &t);

	if (ret)
		return complain(path, ret);
	ret = truth_write_from_trace(t, per_interval, out);
	trace_close(t);
	return ret ? complain(ret == -EBADMSG ? path : out, ret) : 0;
}

static int dump(const char *path, uint64_t n)
{
	struct trace_run run;
	struct trace *t;
	int ret = trace_open(path, &t);

	if (ret)
		return complain(path, ret);
	for (; n && (ret = trace_next(t, &run)) > 0; n--)
		printf("%" PRIx64 " %" PRIu64 " %" PRIu64 "\n", run.page, run.count, run.stores);
	trace_close(t);
	return ret < 0 ? complain(path, ret) : 0;
}

int main(int argc, char **argv)
{
	const char *command = argc > 2 ? argv[1] : "";
	int status = 0;

	if (!strcmp(command, "info")) {
		for (int i = 2; i < argc; i++)
			status |= info(argv[i]);
		return status;
	}
	if (!strcmp(command, "truth") && argc == 5)
		return truth(argv[2], argv[3], strtoull(argv[4], NULL, 10));
	if (!strcmp(command, "dump") && argc <= 4)
		return dump(argv[2], argc == 4 ? strtoull(argv[3], NULL, 10) : UINT64_MAX);
	fprintf(stderr, "usage: tool info FILE... | truth FILE OUT N | dump FILE [N]\n");
	return 2;
}
