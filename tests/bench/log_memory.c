/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log_memory FILE PROGRAMS MAPPINGS CHURN LOG: how much memory the sample log and address spaces
 * take of a recording. So many programs, each with so many mappings of files, CHURN of which go and
 * others come in each second, for 10 minutes at 1000 observations a second in all; LOG accesses are
 * kept of each second. FILE is the record. Prints the most that was resident, in KiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/rng.h"
#include "base/units.h"
#include "base/util.h"
#include "core/core.h"
#include "record/writer.h"

enum { AGGRS = 6000, AGGRS_PER_S = 10, OBS = 100, PAGES = 64, MAX_PROGRAMS = 64 };

struct load {
	struct damon_core *core;
	struct damon_writer *writer;
	struct damon_proc *proc[MAX_PROGRAMS];
	uint64_t programs, mappings, churn, log;
	struct rng rng;
};

static int map(struct load *l, size_t program, uint64_t nr, uint64_t now_ns)
{
	uint64_t start = (1ull << 32) + nr % (2 * l->mappings) * (PAGES << DAMON_PAGE_SHIFT) * 2;
	char name[80];
	struct damon_mapping m = {.start = start,
				  .end = start + (PAGES << DAMON_PAGE_SHIFT),
				  .dev = 8ull << 32,
				  .inode = 1000 + nr,
				  .build_id_len = 20,
				  .prot = DAMON_PROT_READ | DAMON_PROT_EXEC,
				  .name = name};

	snprintf(name, sizeof(name), "/usr/lib/x86_64-linux-gnu/libexample-%zu.so.%llu", program,
		 (unsigned long long)nr % 4096);
	return damon_space_map(l->proc[program]->space, &m, now_ns);
}

static int begin(struct load *l, const char *path)
{
	struct damon_core_params params = damon_core_defaults;
	struct damon_meta meta = {
		.sample_ns = params.sample_ns, .aggr_ns = params.aggr_ns, .scale = {1, 1, 1}};
	int err;

	rng_seed(&l->rng, 1);
	params.log_per_sec = (uint32_t)l->log;
	l->core = damon_core_new(&params);
	err = l->core ? damon_writer_open(path, &meta, &l->writer, NULL) : -12;
	for (size_t i = 0; !err && i < l->programs; i++) {
		l->proc[i] =
			damon_targets_add(damon_core_targets(l->core), 1000 + (int)i, "program", 1);
		err = l->proc[i] ? 0 : -12;
		for (uint64_t k = 0; !err && k < l->mappings; k++)
			err = map(l, i, k, 1);
	}
	return err;
}

static void observe(struct load *l, uint64_t now_ns)
{
	for (int i = 0; i < OBS; i++) {
		struct damon_proc *p = l->proc[rng_below(&l->rng, l->programs)];
		const struct damon_space *s = p->space;
		const struct damon_mapping *m = &s->live[rng_below(&l->rng, s->nr_live)];
		struct damon_obs o = {.time_ns = now_ns, .weight = 1000, .nr = 1};

		o.access[0].addr = m->start + (rng_below(&l->rng, PAGES) << DAMON_PAGE_SHIFT);
		o.access[0].ip = m->start + rng_below(&l->rng, 4096);
		damon_core_observe(l->core, p, &o);
	}
}

static int interval(struct load *l, uint64_t nr, struct damon_totals *totals)
{
	uint64_t aggr_ns = damon_core_defaults.aggr_ns, from = 1 + nr * aggr_ns;
	const struct damon_snapshot *s;
	const struct damon_log_entry *log;
	int err = 0;
	size_t n;

	observe(l, from);
	for (size_t i = 0; !err && i < l->programs; i++) {
		const struct damon_space *of = l->proc[i]->space;

		if (nr * l->churn / AGGRS_PER_S == (nr + 1) * l->churn / AGGRS_PER_S)
			continue;
		err = damon_space_unmap(l->proc[i]->space, of->live[0].start, of->live[0].end,
					from);
		if (!err)
			err = map(l, i, l->mappings + nr, from);
	}
	s = damon_core_aggregate(l->core, from, from + aggr_ns, 1000);
	if (err || !s)
		return err ? err : -12;
	log = damon_core_log(l->core, &n);
	err = damon_writer_targets(l->writer, damon_core_targets(l->core));
	if (!err)
		err = damon_writer_snapshot(l->writer, s);
	if (!err)
		err = damon_writer_log(l->writer, log, n);
	if (!err && nr % AGGRS_PER_S == AGGRS_PER_S - 1)
		err = damon_writer_flush(l->writer, totals);
	return err;
}

int main(int argc, char **argv)
{
	struct damon_totals totals = {.duration_ns = 0};
	struct load l = {0};
	struct rusage u;
	int err;

	if (argc != 6 || damon_parse_u64(argv[2], &l.programs) ||
	    damon_parse_u64(argv[3], &l.mappings) || damon_parse_u64(argv[4], &l.churn) ||
	    damon_parse_u64(argv[5], &l.log) || l.churn > AGGRS_PER_S || !l.programs ||
	    l.programs > MAX_PROGRAMS || !l.mappings) {
		fprintf(stderr, "usage: %s FILE PROGRAMS MAPPINGS CHURN LOG\n", argv[0]);
		return 2;
	}
	err = begin(&l, argv[1]);
	for (uint64_t i = 0; !err && i < AGGRS; i++)
		err = interval(&l, i, &totals);
	if (!err)
		err = damon_writer_close(l.writer, &totals);
	if (err) {
		fprintf(stderr, "%s: cannot write '%s': %s\n", argv[0], argv[1], strerror(-err));
		return 1;
	}
	getrusage(RUSAGE_SELF, &u);
	printf("%ld\n", u.ru_maxrss);
	damon_core_free(l.core);
	return 0;
}
