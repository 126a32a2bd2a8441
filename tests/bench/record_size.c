/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large records are, and what writing and reading them costs. Two kinds of recordings, both
 * seeded: a model of 1000 regions whose counts, borders and number change every snapshot, and the
 * region core fed with synthetic accesses. One line per recording; --help says what is printed.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/core.h"
#include "record/reader.h"
#include "record/writer.h"

enum { WINDOW = 100, MAX_REGIONS = 4096, FLUSH = 10 };
static const uint64_t aggr_ns = 100 * NS_PER_MS, base_addr = 0x7f0000000000ull;

struct figures {
	uint64_t bytes, regions, snapshots;
	double write_ns, read_ns; /* CPU time */
	uint64_t changed;	  /* regions whose counts differ from the snapshot before */
};

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* ---- a model of regions ---- */

struct sums {
	uint32_t obs, ticks;
	double weight, store, stall;
};

struct model_region {
	uint64_t start, end; /* pages */
	double rate, write_share;
	struct sums hit[WINDOW]; /* per aggregation, a ring */
	struct sums sum;
	uint32_t age, span, idle;
	double evenness;
};

struct model {
	const char *name;
	unsigned int regions, hits;   /* hits: page observations per snapshot */
	double moves, splits, resets; /* per snapshot: borders, regions split (and as many merged),
					 changes of rate */
	struct rng rng;
	struct model_region *r;
	size_t nr;
	struct damon_region out[MAX_REGIONS];
};

static double exponential(struct rng *rng)
{
	return -log(1 - rng_unit(rng));
}

static void new_rate(struct model *m, struct model_region *r)
{
	r->rate = pow(exponential(&m->rng), 3); /* few are hot, most are cold */
	r->write_share = rng_below(&m->rng, 3) ? rng_unit(&m->rng) : 0;
	r->evenness = 1 + exponential(&m->rng);
}

static void model_init(struct model *m)
{
	uint64_t at = base_addr >> DAMON_PAGE_SHIFT;

	rng_seed(&m->rng, 1);
	m->r = calloc(MAX_REGIONS, sizeof(*m->r));
	if (!m->r)
		abort();
	for (m->nr = 0; m->nr < m->regions; m->nr++) {
		struct model_region *r = &m->r[m->nr];

		if (!rng_below(&m->rng, 50))
			at += 1 + rng_below(&m->rng, 100000); /* a gap between mappings */
		r->start = at;
		r->end = at += 1 + (uint64_t)(200 * pow(exponential(&m->rng), 2));
		r->age = (uint32_t)(40 * exponential(&m->rng));
		r->idle = (uint32_t)rng_below(&m->rng, 100);
		r->span = WINDOW;
		new_rate(m, r);
	}
}

static void sums_add(struct sums *s, const struct sums *a, double sign)
{
	s->obs += (uint32_t)(sign * a->obs);
	s->ticks += (uint32_t)(sign * a->ticks);
	s->weight += sign * a->weight;
	s->store += sign * a->store;
	s->stall += sign * a->stall;
}

/* Every observation hits one region, sometimes two pages of it. */
static void model_hits(struct model *m, unsigned int now)
{
	static double until[MAX_REGIONS];
	double all = 0;

	for (size_t i = 0; i < m->nr; i++)
		until[i] = all += m->r[i].rate;
	for (unsigned int h = 0; h < m->hits; h++) {
		double pick = rng_unit(&m->rng) * all, weight = .5 + rng_unit(&m->rng);
		size_t lo = 0, hi = m->nr - 1;
		struct sums *s;

		while (lo < hi) {
			size_t mid = (lo + hi) / 2;

			if (until[mid] < pick)
				lo = mid + 1;
			else
				hi = mid;
		}
		s = &m->r[lo].hit[now % WINDOW];
		s->ticks++;
		s->obs += 1 + (m->r[lo].end - m->r[lo].start > 1 && !rng_below(&m->rng, 4));
		s->weight += weight * 1e6;
		s->store += rng_unit(&m->rng) < m->r[lo].write_share ? weight * 1e6 : 0;
		s->stall += rng_below(&m->rng, 3) ? 0 : weight * 1e6;
	}
}

/* Forgets the aggregation that leaves the window, counts the new one. */
static void model_count(struct model *m, unsigned int now)
{
	for (size_t i = 0; i < m->nr; i++) {
		struct model_region *r = &m->r[i];
		const struct sums *hit = &r->hit[now % WINDOW];

		sums_add(&r->sum, hit, 1);
		r->idle = hit->obs ? 0 : r->idle + 1;
		r->age++;
		r->span = MIN(r->span + 1, (uint32_t)WINDOW);
		if (!r->sum.obs)
			r->sum = (struct sums){0};
		if (hit->obs)
			r->evenness = MAX(r->evenness * (1 + .1 * (rng_unit(&m->rng) - .5)), 1.);
	}
}

static void model_leave(struct model *m, unsigned int now)
{
	for (size_t i = 0; i < m->nr; i++) {
		struct sums *old = &m->r[i].hit[now % WINDOW];

		sums_add(&m->r[i].sum, old, -1);
		*old = (struct sums){0};
	}
}

static void model_borders(struct model *m)
{
	for (double n = m->moves; n > rng_unit(&m->rng); n--) {
		size_t i = rng_below(&m->rng, m->nr - 1);
		struct model_region *a = &m->r[i], *b = a + 1;
		int64_t by = (int64_t)rng_below(&m->rng, 17) - 8;

		if (a->end != b->start || (int64_t)(a->end - a->start) + by < 1 ||
		    (int64_t)(b->end - b->start) - by < 1)
			continue;
		a->end += (uint64_t)by;
		b->start += (uint64_t)by;
	}
}

static void halve(struct sums *a, struct sums *b)
{
	*b = *a;
	b->obs /= 2;
	b->ticks = MIN(b->ticks / 2, b->obs);
	b->weight *= a->obs ? (double)b->obs / a->obs : 0;
	b->store *= a->obs ? (double)b->obs / a->obs : 0;
	b->stall *= a->obs ? (double)b->obs / a->obs : 0;
	sums_add(a, b, -1);
}

static void resum(struct model_region *r)
{
	r->sum = (struct sums){0};
	for (int i = 0; i < WINDOW; i++)
		sums_add(&r->sum, &r->hit[i], 1);
}

static void model_split(struct model *m)
{
	size_t i = rng_below(&m->rng, m->nr);
	struct model_region *a = &m->r[i], *b = a + 1;
	uint64_t pages = a->end - a->start;

	if (pages < 2 || m->nr == MAX_REGIONS)
		return;
	memmove(b, a, (m->nr - i) * sizeof(*a));
	m->nr++;
	a->end = b->start = a->start + 1 + rng_below(&m->rng, pages - 1);
	for (int j = 0; j < WINDOW; j++)
		halve(&a->hit[j], &b->hit[j]);
	a->rate = b->rate /= 2;
	resum(a);
	resum(b);
}

static void model_merge(struct model *m)
{
	size_t i = rng_below(&m->rng, m->nr - 1);
	struct model_region *a = &m->r[i], *b = a + 1;

	if (a->end != b->start)
		return;
	a->end = b->end;
	a->rate += b->rate;
	a->age = (a->age + b->age) / 2;
	a->idle = MIN(a->idle, b->idle);
	for (int j = 0; j < WINDOW; j++)
		sums_add(&a->hit[j], &b->hit[j], 1);
	resum(a);
	memmove(b, b + 1, (m->nr - i - 2) * sizeof(*a));
	m->nr--;
}

static void model_changes(struct model *m)
{
	for (double n = m->splits; n > rng_unit(&m->rng); n--) {
		if (m->nr <= m->regions)
			model_split(m);
		if (m->nr >= m->regions)
			model_merge(m);
	}
	for (double n = m->resets; n > rng_unit(&m->rng); n--) {
		struct model_region *r = &m->r[rng_below(&m->rng, m->nr)];

		memset(r->hit, 0, sizeof(r->hit));
		r->sum = (struct sums){0};
		r->age = 0;
		r->span = 1;
		new_rate(m, r);
	}
}

static void model_step(struct model *m, unsigned int now)
{
	model_leave(m, now);
	model_hits(m, now);
	model_changes(m);
	model_borders(m);
	model_count(m, now);
	for (size_t i = 0; i < m->nr; i++) {
		const struct model_region *r = &m->r[i];

		m->out[i] = (struct damon_region){
			.start = r->start << DAMON_PAGE_SHIFT,
			.end = r->end << DAMON_PAGE_SHIFT,
			.nr_obs = r->sum.obs,
			.nr_ticks = r->sum.ticks,
			.span_aggrs = r->span,
			.age_aggrs = r->age,
			.idle_aggrs = r->idle,
			.weight = (float)MAX(r->sum.weight, 0.),
			.store_weight = (float)MAX(MIN(r->sum.store, r->sum.weight), 0.),
			.stall_weight = (float)MAX(r->sum.stall, 0.),
			.evenness = (float)r->evenness,
		};
	}
}

/* ---- the region core with synthetic accesses ---- */

struct workload {
	const char *name;
	uint64_t pages;
	double rate_hz;
	unsigned int parts; /* of the memory, each with a rate of its own */
	unsigned int phase; /* snapshots until the rates move on; 0: never */
	bool scan;	    /* a third of the accesses walk through all */
};

struct synth {
	const struct workload *w;
	struct damon_core *core;
	struct damon_proc *p;
	struct rng rng;
	double *until; /* cumulated rates of the parts */
	double carry;
	uint64_t scan;
};

static void synth_rates(struct synth *s)
{
	double all = 0;

	for (unsigned int i = 0; i < s->w->parts; i++)
		s->until[i] = all += pow(exponential(&s->rng), 4);
}

static void synth_init(struct synth *s)
{
	struct damon_core_params params = damon_core_defaults;
	struct damon_mapping m = {.start = base_addr,
				  .end = base_addr + (s->w->pages << DAMON_PAGE_SHIFT),
				  .prot = DAMON_PROT_READ | DAMON_PROT_WRITE,
				  .name = ""};

	rng_seed(&s->rng, 2);
	s->core = damon_core_new(&params);
	s->until = calloc(s->w->parts, sizeof(double));
	if (!s->core || !s->until)
		abort();
	s->p = damon_targets_add(damon_core_targets(s->core), 1, "synth", 0);
	if (!s->p || damon_space_map(s->p->space, &m, 0))
		abort();
	synth_rates(s);
}

static uint64_t synth_page(struct synth *s)
{
	unsigned int lo = 0, hi = s->w->parts - 1;
	double pick = rng_unit(&s->rng) * s->until[hi];

	if (s->w->scan && !rng_below(&s->rng, 3))
		return s->scan = (s->scan + 3) % s->w->pages;
	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (s->until[mid] < pick)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo + rng_unit(&s->rng)) * s->w->pages / s->w->parts;
}

/* One tick: a burst of four accesses on neighbouring pages, a stall in every third. */
static void synth_observe(struct synth *s, uint64_t time_ns)
{
	struct damon_obs o = {.time_ns = time_ns,
			      .pid = 1,
			      .tid = 1,
			      .weight = (float)(1e9 / s->w->rate_hz),
			      .stall_weight = (float)(1e9 / s->w->rate_hz),
			      .nr = 4,
			      .has_stall = !rng_below(&s->rng, 3)};
	uint64_t page = synth_page(s);

	o.ip = 0x401000 + 16 * (page * s->w->parts / s->w->pages % 200);
	for (int i = 0; i < o.nr; i++)
		o.access[i] = (struct damon_access){
			.addr = base_addr + (page << DAMON_PAGE_SHIFT) +
				8 * rng_below(&s->rng, 700),
			.ip = o.ip + 4 * i,
			.size = 8,
			.flags = rng_below(&s->rng, 4) ? DAMON_ACCESS_LOAD : DAMON_ACCESS_STORE,
		};
	o.stall = o.access[0];
	damon_core_observe(s->core, s->p, &o);
}

static const struct damon_snapshot *synth_step(struct synth *s, unsigned int now)
{
	uint64_t from = now * aggr_ns;
	unsigned int n;

	if (s->w->phase && now && now % s->w->phase == 0)
		synth_rates(s);
	s->carry += s->w->rate_hz * aggr_ns / 1e9;
	n = (unsigned int)s->carry;
	s->carry -= n;
	for (unsigned int i = 0; i < n; i++)
		synth_observe(s, from + i * aggr_ns / n + rng_below(&s->rng, 1000));
	return damon_core_aggregate(s->core, from, from + aggr_ns, s->w->rate_hz);
}

/* ---- one recording ---- */

struct recording {
	struct damon_writer *w;
	struct damon_totals totals;
	struct figures f;
	struct damon_region *before;
	size_t nr_before;
};

static void must(int err)
{
	if (!err)
		return;
	fprintf(stderr, "record_size: %s\n", strerror(-err));
	exit(1);
}

static void begin(struct recording *r, const char *path)
{
	struct damon_meta m = {.aggr_ns = aggr_ns,
			       .sample_ns = aggr_ns / 20,
			       .scale = {1, .5, 2},
			       .rate_hz = 1000,
			       .source = "synth"};
	struct damon_fail f;

	*r = (struct recording){0};
	must(damon_writer_open(path, &m, &r->w, &f));
}

static void count_changes(struct recording *r, const struct damon_target_snapshot *t)
{
	size_t i = 0;

	for (size_t j = 0; j < t->nr_regions; j++) {
		while (i < r->nr_before && r->before[i].start < t->regions[j].start)
			i++;
		if (i == r->nr_before || r->before[i].start != t->regions[j].start ||
		    r->before[i].nr_obs != t->regions[j].nr_obs)
			r->f.changed++;
	}
	free(r->before);
	r->nr_before = t->nr_regions;
	r->before = calloc(r->nr_before + 1, sizeof(*r->before));
	if (!r->before)
		abort();
	memcpy(r->before, t->regions, r->nr_before * sizeof(*r->before));
}

static void add(struct recording *r, const struct damon_snapshot *s,
		const struct damon_log_entry *e, size_t n, struct damon_targets *ts)
{
	double from = cpu_now();

	must(damon_writer_snapshot(r->w, s));
	must(damon_writer_log(r->w, e, n));
	if (++r->f.snapshots % FLUSH == 0) {
		if (ts)
			must(damon_writer_targets(r->w, ts));
		must(damon_writer_flush(r->w, &r->totals));
	}
	r->f.write_ns += cpu_now() - from;
	for (size_t i = 0; i < s->nr_targets; i++) {
		r->f.regions += s->targets[i].nr_regions;
		count_changes(r, &s->targets[i]);
	}
}

static void end(struct recording *r)
{
	double from = cpu_now();

	must(damon_writer_flush(r->w, &r->totals));
	r->f.write_ns += cpu_now() - from;
	r->f.bytes = damon_writer_bytes(r->w);
	must(damon_writer_close(r->w, &r->totals));
	free(r->before);
}

static void run_model(struct model *m, const char *path, unsigned int snapshots, struct figures *f)
{
	struct damon_target_snapshot t = {.burst = 2, .clumping = 3, .regions = m->out};
	struct damon_snapshot s = {.targets = &t, .nr_targets = 1, .rate_hz = 1000};
	struct recording r;

	model_init(m);
	for (unsigned int i = 0; i < WINDOW; i++)
		model_step(m, i);
	begin(&r, path);
	for (unsigned int i = 0; i < snapshots; i++) {
		model_step(m, WINDOW + i);
		t.nr_regions = m->nr;
		t.nr_obs = s.counts.obs = m->hits + rng_below(&m->rng, 10);
		t.weight = t.nr_obs * 1e6;
		t.cpu_ns = aggr_ns - rng_below(&m->rng, NS_PER_MS);
		s.start_ns = i * aggr_ns;
		s.end_ns = s.start_ns + aggr_ns;
		add(&r, &s, NULL, 0, NULL);
	}
	end(&r);
	*f = r.f;
	free(m->r);
}

static void run_synth(const struct workload *w, const char *path, unsigned int snapshots, bool log,
		      struct figures *f)
{
	struct synth s = {.w = w};
	struct recording r;

	synth_init(&s);
	begin(&r, path);
	for (unsigned int i = 0; i < snapshots; i++) {
		const struct damon_snapshot *snap = synth_step(&s, i);
		const struct damon_log_entry *e;
		size_t n;

		if (!snap)
			abort();
		e = damon_core_log(s.core, &n);
		add(&r, snap, e, log ? n : 0, damon_core_targets(s.core));
	}
	end(&r);
	*f = r.f;
	damon_core_free(s.core);
	free(s.until);
}

/* In a process of its own, so that its memory can be told. */
static int read_all(const char *path)
{
	struct damon_reader *r;
	struct damon_item item;
	struct damon_fail f;
	struct rusage u;
	double from = cpu_now(), ns;
	size_t regions = 0;
	int err;

	must(damon_reader_open(path, &r, &f));
	while ((err = damon_reader_next(r, &item)) > 0)
		if (item.type == DAMON_ITEM_SNAPSHOT)
			for (size_t i = 0; i < item.snapshot->nr_targets; i++)
				regions += item.snapshot->targets[i].nr_regions;
	must(err);
	ns = cpu_now() - from;
	damon_reader_close(r);
	getrusage(RUSAGE_SELF, &u);
	printf("%9.1f %9.1f %9.1f\n", ns / 1e6, ns / regions, u.ru_maxrss / 1024.);
	return 0;
}

static void report(const char *self, const char *name, const char *path, const struct figures *f)
{
	char command[4200];

	printf("%-24s %7.0f %9.1f %9.2f %9.1f ", name, (double)f->regions / f->snapshots,
	       100. * f->changed / f->regions, (double)f->bytes / f->regions,
	       f->write_ns / f->regions);
	fflush(stdout);
	snprintf(command, sizeof(command), "'%s' --read '%s'", self, path);
	if (system(command))
		exit(1);
	unlink(path);
}

static struct model models[] = {
	{.name = "model, 10 % change",
	 .regions = 1000,
	 .hits = 60,
	 .moves = 5,
	 .splits = 2,
	 .resets = 1},
	{.name = "model, 20 % change",
	 .regions = 1000,
	 .hits = 150,
	 .moves = 10,
	 .splits = 4,
	 .resets = 2},
	{.name = "model, restless",
	 .regions = 1000,
	 .hits = 600,
	 .moves = 50,
	 .splits = 20,
	 .resets = 10},
	{.name = "model, 50 regions",
	 .regions = 50,
	 .hits = 60,
	 .moves = 2,
	 .splits = 1,
	 .resets = .5},
};

static const struct workload workloads[] = {
	{"core, 40 parts", 1 << 18, 1000, 40, 0, false},
	{"core, 400 parts", 1 << 18, 1000, 400, 0, false},
	{"core, 400 parts, moving", 1 << 18, 1000, 400, 50, false},
	{"core, 400 parts and scan", 1 << 20, 4000, 400, 0, true},
};

/* Of 300 regions, for reports. */
static const struct workload many = {"core, many regions", 1 << 18, 12000, 900, 12000, false};

static const char usage[] =
	"usage: record_size [SNAPSHOTS (600)]\n"
	"       record_size --write FILE [SNAPSHOTS]: the first model's recording, to be kept\n"
	"       record_size --synth FILE [SNAPSHOTS]: the core's, 300 regions and the log\n"
	"Columns: regions; part of them whose counts changed; bytes of the file per region and\n"
	"snapshot; CPU time of writing per region and snapshot; CPU time of reading it all, and "
	"per\n"
	"region and snapshot; peak memory of the reading process. A flush every 10 snapshots.\n"
	"The core's recordings are given twice: without and with the 200 accesses a second of the\n"
	"sample log.\n";

int main(int argc, char **argv)
{
	char path[] = "/tmp/record_size.XXXXXX";
	unsigned int snapshots = argc == 2 ? (unsigned int)atoi(argv[1]) : 600;
	struct figures f;

	if (argc == 3 && !strcmp(argv[1], "--read"))
		return read_all(argv[2]);
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "--write")) {
		snapshots = argc == 4 ? (unsigned int)atoi(argv[3]) : 600;
		run_model(&models[0], argv[2], snapshots, &f);
		return 0;
	}
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "--synth")) {
		snapshots = argc == 4 ? (unsigned int)atoi(argv[3]) : 600;
		run_synth(&many, argv[2], snapshots, true, &f);
		return 0;
	}
	if (argc > 2 || !snapshots) {
		fputs(usage, argc == 2 && !strcmp(argv[1], "--help") ? stdout : stderr);
		return 2;
	}
	close(mkstemp(path));
	printf("%-24s %7s %9s %9s %9s %9s %9s %9s\n", "recording", "regions", "changed %",
	       "B/region", "write ns", "read ms", "read ns", "read MiB");
	printf("%-24s %7s %9s %9s %9s %9s\n", "goal, for 600 snapshots", "1000", "10..20", "2",
	       "100", "40");
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		run_model(&models[i], path, snapshots, &f);
		report(argv[0], models[i].name, path, &f);
	}
	for (size_t i = 0; i < ARRAY_SIZE(workloads); i++) {
		char name[64];

		run_synth(&workloads[i], path, snapshots, false, &f);
		report(argv[0], workloads[i].name, path, &f);
		snprintf(name, sizeof(name), "  with its sample log");
		run_synth(&workloads[i], path, snapshots, true, &f);
		report(argv[0], name, path, &f);
	}
	return 0;
}
