/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds the region core with synthetic access patterns whose truth is known, and prints how far its
 * regions are from it. --help says what is printed.
 */
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/core.h"

enum { INTERVALS = 20, PHASE_AGGRS = 50, MAX_PARTS = 128 };
static const uint64_t base_page = 0x7f0000000ull, sample_ns = 5 * NS_PER_MS,
		      aggr_ns = 100 * NS_PER_MS;

struct options {
	const char *trace;
	uint64_t pages;
	double rate_hz, load;
	unsigned int burst, spread, aggrs, seeds;
	struct damon_core_params core;
};

/* Uniform accesses to [start, start + len), or a scan of it at 'step' pages a sampling interval.
 * 'stride': only every so many-th page. */
struct part {
	uint64_t start, len, step, stride;
	double share;
};

struct trace {
	const char *name;
	void (*parts)(struct trace *t, unsigned int phase);
	bool moves, zipf;
	uint64_t pages;
	struct part part[MAX_PARTS];
	size_t nr_parts;
	uint32_t *page_of_rank;
	double zipf_sum;
};

static void add_part(struct trace *t, double start, double len, double share)
{
	struct part *p = &t->part[t->nr_parts++];

	p->start = start * t->pages;
	p->len = MAX(len * t->pages, 1.0);
	p->len = MIN(p->len, t->pages - p->start);
	p->step = 0;
	p->stride = 1;
	p->share = share;
}

static void static_parts(struct trace *t, unsigned int phase)
{
	add_part(t, .3, .05, .92);
	add_part(t, 0, .3, .08 * .3 / .95);
	add_part(t, .35, .65, .08 * .65 / .95);
}

static void idle_parts(struct trace *t, unsigned int phase)
{
	add_part(t, .3, .05, .92);
	add_part(t, .6, .15, .08);
}

static void stairs_parts(struct trace *t, unsigned int phase)
{
	add_part(t, .03 + .093 * (phase % 10), .093, 1);
}

/* Every eighth page of a fifth: what an evenly spread rate gets wrong. */
static void sparse_parts(struct trace *t, unsigned int phase)
{
	add_part(t, .3, .2, .9);
	t->part[0].stride = 8;
	add_part(t, .6, .05, .1);
}

static void zigzag_parts(struct trace *t, unsigned int phase)
{
	add_part(t, .04 + .47 * (phase % 2), .47, 1);
}

static void no_parts(struct trace *t, unsigned int phase)
{
}

static void scan_parts(struct trace *t, unsigned int phase)
{
	add_part(t, .05, .01, .6);
	add_part(t, .1, .8, .4);
	t->part[1].step = MAX(t->pages / 4000, (uint64_t)1);
}

static void chunks_parts(struct trace *t, unsigned int phase)
{
	struct rng rng;

	rng_seed(&rng, 77);
	for (int i = 0; i < 64; i++) {
		double len = .05 / 64 * (.2 + 1.6 * rng_unit(&rng));

		add_part(t, rng_unit(&rng) * .98, len, .8 / 64);
	}
	for (int i = 0; i < 20; i++)
		add_part(t, rng_unit(&rng) * .9, .01, .2 / 20);
}

static void moving_parts(struct trace *t, unsigned int phase)
{
	struct rng rng;

	rng_seed(&rng, phase + 1);
	add_part(t, rng_unit(&rng) * .97, .002, .9);
	add_part(t, .4, .2, .1);
}

static struct trace traces[] = {
	{"static", static_parts},
	{"static-idle", idle_parts},
	{"sparse", sparse_parts},
	{"stairs", stairs_parts, .moves = true},
	{"zigzag", zigzag_parts, .moves = true},
	{"zipf", no_parts, .zipf = true},
	{"scan", scan_parts},
	{"chunks", chunks_parts},
	{"moving", moving_parts, .moves = true},
};

/* ---- a run ---- */

struct world {
	const struct options *o;
	struct trace *t;
	struct rng rng;
	unsigned int phase;
	uint64_t interval;     /* sampling intervals since the start */
	double *rate;	       /* accesses per page and sampling interval, this aggregation */
	double *fraction;      /* of its sampling intervals in which a page was touched */
	unsigned char *is_hot; /* one of the pages that carry 90 % of the accesses */
	double *sum_hot, *sum_rate, *sorted; /* prefix sums; scratch */
	double nr_hot, touched, touched_10s;
};

struct figures {
	double mae, f1, adapt, age, cover, cover_regions, wss_err, wss_in, wss_width, wss10_err,
		wss10_in, regions;
	unsigned int nr_evals, nr_adapts, nr_ages, nr_wss10;
	double cpu_ns, hits, aggrs;
};

static void set_phase(struct world *w, unsigned int phase)
{
	struct trace *t = w->t;
	double sum = 0;

	w->phase = phase;
	t->nr_parts = 0;
	t->parts(t, phase);
	for (size_t i = 0; i < t->nr_parts; i++)
		sum += t->part[i].share;
	for (size_t i = 0; i < t->nr_parts; i++)
		t->part[i].share /= sum;
}

static void init_zipf(struct trace *t)
{
	struct rng rng;

	t->page_of_rank = calloc(t->pages, sizeof(*t->page_of_rank));
	t->zipf_sum = 0;
	rng_seed(&rng, 5);
	for (uint64_t i = 0; i < t->pages; i++) {
		uint64_t j = rng_below(&rng, i + 1);

		t->page_of_rank[i] = t->page_of_rank[j];
		t->page_of_rank[j] = i;
		t->zipf_sum += 1. / (i + 1);
	}
}

/* Zipf with exponent 1: the continuous law, then rejection where rank 1 and 2 differ from it. */
static uint64_t draw_zipf(struct world *w)
{
	double n = w->t->pages;

	for (;;) {
		double x = exp(rng_unit(&w->rng) * log(n + 1)); /* density 1 / x on [1, n + 1) */
		double rank = floor(x), p = 1 / (rank * log1p(1 / rank)) * log(2);

		if (rank >= 1 && rank <= n && rng_unit(&w->rng) < p)
			return w->t->page_of_rank[(uint64_t)rank - 1];
	}
}

static uint64_t part_page(struct world *w, const struct part *p, uint64_t add)
{
	uint64_t within = p->step ? w->interval * p->step + rng_below(&w->rng, p->step)
				  : rng_below(&w->rng, p->len);

	within = (within + add) % p->len;
	return p->start + within - within % p->stride;
}

/* One observation: 'burst' accesses on 'spread' pages in a row. */
static void draw(struct world *w, struct damon_obs *o)
{
	double u = rng_unit(&w->rng);
	const struct part *p = w->t->part;
	uint64_t first = 0, page;

	for (size_t i = 0; i + 1 < w->t->nr_parts && u > p->share; i++)
		u -= p++->share;
	if (!w->t->zipf)
		first = part_page(w, p, 0);
	o->nr = w->o->burst;
	for (unsigned int i = 0; i < w->o->burst; i++) {
		unsigned int k = i * w->o->spread / w->o->burst;

		if (w->t->zipf)
			page = k && i * w->o->spread % w->o->burst >= w->o->spread
				       ? o->access[i - 1].addr >> DAMON_PAGE_SHIFT
				       : draw_zipf(w) + base_page;
		else
			page = p->start + (first - p->start + k * p->stride) % p->len + base_page;
		if (w->t->zipf && w->o->spread == 1 && i)
			page = o->access[0].addr >> DAMON_PAGE_SHIFT;
		o->access[i] = (struct damon_access){.addr = page << DAMON_PAGE_SHIFT,
						     .flags = DAMON_ACCESS_LOAD};
	}
}

static int down(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

static void add_scan(struct world *w, const struct part *p)
{
	for (unsigned int a = 0; a < INTERVALS; a++)
		for (uint64_t b = 0; b < p->step; b++) {
			uint64_t at = (w->interval - INTERVALS + a) * p->step + b;
			uint64_t page = p->start + at % p->len;

			w->fraction[page] += 1. / INTERVALS;
			w->rate[page] += p->share * w->o->load / p->step / INTERVALS;
			w->touched++;
		}
}

/* What the aggregation that has just ended was really like. */
static void find_truth(struct world *w)
{
	struct trace *t = w->t;
	uint64_t n = t->pages;
	double sum = 0, least = 0, visits = (double)w->o->spread / w->o->burst;

	memset(w->rate, 0, n * sizeof(*w->rate));
	for (size_t i = 0; i < t->nr_parts; i++)
		for (uint64_t k = 0; !t->part[i].step && k < t->part[i].len; k += t->part[i].stride)
			w->rate[t->part[i].start + k] +=
				t->part[i].share * w->o->load / t->part[i].len * t->part[i].stride;
	for (uint64_t i = 0; t->zipf && i < n; i++)
		w->rate[t->page_of_rank[i]] = w->o->load / (i + 1) / t->zipf_sum;
	w->touched = w->touched_10s = w->nr_hot = 0;
	for (uint64_t i = 0; i < n; i++) {
		w->fraction[i] = -expm1(-w->rate[i] * visits);
		w->touched += -expm1(-w->rate[i] * visits * INTERVALS);
		w->touched_10s += -expm1(-w->rate[i] * visits * INTERVALS * 100);
	}
	for (size_t i = 0; i < t->nr_parts; i++)
		if (t->part[i].step)
			add_scan(w, &t->part[i]);
	for (uint64_t i = 0; i < n; i++)
		sum += w->sorted[i] = w->rate[i];
	qsort(w->sorted, n, sizeof(*w->sorted), down);
	for (uint64_t i = 0, a = 0; i < n && !a; i++) {
		least += w->sorted[i];
		if (least >= .899 * sum) {
			least = w->sorted[i] * (1 - 1e-9);
			a = 1;
		}
	}
	for (uint64_t i = 0; i < n; i++) {
		w->is_hot[i] = w->rate[i] >= least;
		w->sum_hot[i + 1] = w->sum_hot[i] + w->is_hot[i];
		w->sum_rate[i + 1] = w->sum_rate[i] + w->rate[i];
	}
	w->nr_hot = w->sum_hot[n];
}

struct ranked {
	double heat, pages, hot;
};

static int hotter(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->heat < y->heat) - (x->heat > y->heat);
}

/* The hottest pages by estimate, as many as are truly hot: how many of them are (ties are shared).
 */
static double hot_score(struct ranked *r, size_t n, double need)
{
	double all = need, found = 0;

	qsort(r, n, sizeof(*r), hotter);
	for (size_t i = 0, j; i < n && need > 0; i = j) {
		double pages = 0, hot = 0;

		for (j = i; j < n && r[j].heat == r[i].heat; j++) {
			pages += r[j].pages;
			hot += r[j].hot;
		}
		found += hot * MIN(1.0, need / pages);
		need -= pages;
	}
	return found / all;
}

static void check_wss(const struct damon_target_snapshot *t, enum damon_window win,
		      const struct damon_view *v, double truth, double *err, double *in,
		      double *width)
{
	struct damon_wset_size s;

	damon_wset_derive(t, win, v, &s);
	truth *= DAMON_PAGE_SIZE;
	*err += fabs(s.bytes - truth) / truth;
	*in += s.lo <= truth && truth <= s.hi;
	*width += (s.hi - s.lo) / truth;
}

static double evaluate(struct world *w, const struct damon_target_snapshot *t, unsigned int aggr,
		       struct figures *f)
{
	struct damon_view v = {sample_ns, aggr_ns, {1, 1, 1}};
	double total = damon_target_weight_rate(t), err = 0, inside = 0, judged = 0, in_regions = 0;
	double age = 0, f1, unused = 0;
	struct ranked *ranked = calloc(t->nr_regions, sizeof(*ranked));

	for (size_t i = 0; i < t->nr_regions; i++) {
		const struct damon_region *r = &t->regions[i];
		uint64_t from = (r->start >> DAMON_PAGE_SHIFT) - base_page;
		uint64_t to = (r->end >> DAMON_PAGE_SHIFT) - base_page, edge;
		struct damon_region_rate rate;
		struct damon_nr_accesses nr;
		double mean;
		bool covered;

		damon_region_derive(t, i, &v, total, &rate);
		damon_region_nr_accesses(t, i, &v, &rate, &nr);
		for (uint64_t p = from; p < to; p++)
			err += fabs(nr.nr / INTERVALS - w->fraction[p]);
		ranked[i] =
			(struct ranked){rate.heat, to - from, w->sum_hot[to] - w->sum_hot[from]};
		edge = MIN(rate.edge_bytes >> DAMON_PAGE_SHIFT, (to - from - 1) / 2);
		mean = (w->sum_rate[to - edge] - w->sum_rate[from + edge]) /
		       (to - from - 2 * edge) * NS_PER_SEC / sample_ns;
		covered = mean >= rate.lo * .9999 && mean <= rate.hi * 1.0001;
		inside += covered * (double)(to - from);
		in_regions += covered;
		judged += to - from;
		age += (to - from) * (double)MIN(r->age_aggrs, aggr + 1);
	}
	f1 = hot_score(ranked, t->nr_regions, w->nr_hot);
	free(ranked);
	f->mae += err / w->t->pages;
	f->f1 += f1;
	f->cover += inside / judged;
	f->cover_regions += in_regions / t->nr_regions;
	f->regions += t->nr_regions;
	f->nr_evals++;
	check_wss(t, DAMON_WINDOW_AGGR, &v, w->touched, &f->wss_err, &f->wss_in, &f->wss_width);
	if (!w->t->moves && aggr >= 100 && w->t->part[1].step == 0) {
		check_wss(t, DAMON_WINDOW_10S, &v, w->touched_10s, &f->wss10_err, &f->wss10_in,
			  &unused);
		f->nr_wss10++;
	}
	if (!w->t->moves && aggr + 5 >= w->o->aggrs) {
		f->age += age / w->t->pages / (aggr + 1);
		f->nr_ages++;
	}
	return f1;
}

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static struct damon_proc *add_process(struct damon_core *core, uint64_t pages)
{
	struct damon_proc *p = damon_targets_add(damon_core_targets(core), 1, "simulate", 0);
	struct damon_mapping m = {.start = base_page << DAMON_PAGE_SHIFT,
				  .end = (base_page + pages) << DAMON_PAGE_SHIFT,
				  .prot = DAMON_PROT_READ | DAMON_PROT_WRITE,
				  .name = ""};

	if (!p || damon_space_map(p->space, &m, 0))
		abort();
	return p;
}

/* One aggregation of observations. Only the core's own time is counted. */
static const struct damon_snapshot *run_aggr(struct world *w, struct damon_core *core,
					     struct damon_proc *p, unsigned int aggr, double *carry,
					     struct figures *f)
{
	double per_interval = w->o->rate_hz * sample_ns / NS_PER_SEC;
	struct damon_obs obs[512] = {0};
	const struct damon_snapshot *s;
	double from;

	for (unsigned int q = 0; q < INTERVALS; q++, w->interval++) {
		*carry += per_interval * (.875 + .25 * rng_unit(&w->rng));
		while (*carry >= 1) {
			size_t n = MIN(ARRAY_SIZE(obs), (size_t)*carry);

			*carry -= n;
			for (size_t i = 0; i < n; i++) {
				obs[i].weight = w->o->load / per_interval;
				draw(w, &obs[i]);
			}
			from = cpu_now();
			for (size_t i = 0; i < n; i++)
				damon_core_observe(core, p, &obs[i]);
			f->cpu_ns += cpu_now() - from;
			f->hits += n * w->o->spread;
		}
	}
	from = cpu_now();
	s = damon_core_aggregate(core, aggr * aggr_ns, (aggr + 1) * aggr_ns, w->o->rate_hz);
	f->cpu_ns += cpu_now() - from;
	f->aggrs++;
	return s;
}

/* How many aggregations until the hot set is found again after a move. */
struct adaptation {
	unsigned int phase;
	bool found;
};

static void note_adaptation(struct adaptation *a, struct figures *f, unsigned int phase,
			    unsigned int within, double f1)
{
	if (phase != a->phase) {
		if (a->phase && !a->found) {
			f->adapt += PHASE_AGGRS;
			f->nr_adapts++;
		}
		*a = (struct adaptation){.phase = phase};
	}
	if (phase && !a->found && f1 >= .8) {
		a->found = true;
		f->adapt += within + 1;
		f->nr_adapts++;
	}
}

static void run_seed(struct world *w, uint64_t seed, struct figures *f)
{
	struct damon_core_params params = w->o->core;
	struct adaptation ad = {0};
	struct damon_core *core;
	struct damon_proc *p;
	double carry = 0;
	bool fresh = false;

	params.seed = seed;
	core = damon_core_new(&params);
	if (!core)
		abort();
	p = add_process(core, w->t->pages);
	rng_seed(&w->rng, 100 + seed);
	w->interval = 0;
	for (unsigned int g = 0; g < w->o->aggrs; g++) {
		unsigned int phase = w->t->moves ? g / PHASE_AGGRS : 0, within = g % PHASE_AGGRS;
		const struct damon_snapshot *s;

		if (!g || phase != w->phase) {
			set_phase(w, phase);
			fresh = false;
		}
		s = run_aggr(w, core, p, g, &carry, f);
		if (w->t->moves ? within >= 15 && within % 10 : g < w->o->aggrs / 4 || g % 5)
			continue;
		if (!s || !s->nr_targets)
			continue;
		if (!fresh || !strcmp(w->t->name, "scan"))
			find_truth(w);
		fresh = true;
		note_adaptation(&ad, f, phase, within, evaluate(w, &s->targets[0], g, f));
	}
	damon_core_free(core);
}

static void print_header(void)
{
	printf("%-12s %7s %6s %6s %6s %5s %5s %5s %6s %5s %5s %6s %5s %5s %7s %7s\n", "trace",
	       "mae", "f1", "adapt", "age", "cover", "c/reg", "nreg", "wss", "in", "width", "wss10",
	       "in", "ns/hit", "us/aggr", "cpu %");
}

static void print_figures(const char *name, const struct figures *f)
{
	double n = MAX(f->nr_evals, 1u), n10 = f->nr_wss10 ? f->nr_wss10 : NAN;
	double us = f->cpu_ns / f->aggrs / 1000;

	printf("%-12s %7.4f %6.3f %6.1f %6.2f %5.3f %5.3f %5.0f %6.3f %5.2f %5.2f %6.3f %5.2f "
	       "%5.0f "
	       "%7.1f %7.3f\n",
	       name, f->mae / n, f->f1 / n, f->nr_adapts ? f->adapt / f->nr_adapts : NAN,
	       f->nr_ages ? f->age / f->nr_ages : NAN, f->cover / n, f->cover_regions / n,
	       f->regions / n, f->wss_err / n, f->wss_in / n, f->wss_width / n, f->wss10_err / n10,
	       f->wss10_in / n10, f->cpu_ns / MAX(f->hits, 1.0), us, us / 1e5 * 100);
	fflush(stdout);
}

static void run_trace(const struct options *o, struct trace *t)
{
	struct world w = {.o = o, .t = t};
	struct figures f = {0};
	size_t n = o->pages;

	t->pages = n;
	w.rate = calloc(n, sizeof(double));
	w.fraction = calloc(n, sizeof(double));
	w.sorted = calloc(n, sizeof(double));
	w.sum_hot = calloc(n + 1, sizeof(double));
	w.sum_rate = calloc(n + 1, sizeof(double));
	w.is_hot = calloc(n, 1);
	if (!w.rate || !w.fraction || !w.sorted || !w.sum_hot || !w.sum_rate || !w.is_hot)
		abort();
	if (t->zipf)
		init_zipf(t);
	for (unsigned int s = 0; s < o->seeds; s++)
		run_seed(&w, s, &f);
	print_figures(t->name, &f);
	free(w.rate);
	free(w.fraction);
	free(w.sorted);
	free(w.sum_hot);
	free(w.sum_rate);
	free(w.is_hot);
	free(t->page_of_rank);
	t->page_of_rank = NULL;
}

static const char usage[] =
	"usage: simulate [options]\n"
	"  -t, --trace NAME   one of static static-idle sparse stairs zigzag zipf scan chunks "
	"moving "
	"(all)\n"
	"  -n, --pages N      size of the address space (1000000)\n"
	"  -r, --rate HZ      observations per second (4000)\n"
	"  -b, --burst N      accesses of an observation, 1..16 (1)\n"
	"  -k, --spread N     neighbouring pages that they are on, 1..burst (1)\n"
	"  -l, --load N       accesses per sampling interval of 5 ms (100000)\n"
	"  -a, --aggrs N      aggregations of 100 ms (200)\n"
	"  -s, --seeds N      runs (1)\n"
	"  -w, --window N     page observations kept (16384)\n"
	"  -c, --change X     threshold of the change test (18)\n"
	"  -m, --merge X      threshold of the merge test (7)\n"
	"  -h, --help\n"
	"Columns: mean error of nr_accesses (of 1); F1 of the pages that carry 90 % of the "
	"accesses;\n"
	"aggregations until F1 >= .8 after a move; age kept, of the truth; part of the pages, and "
	"of the\n"
	"regions, whose true heat lies in [lo, hi]; regions; working set of an aggregation: mean "
	"error,\n"
	"part with the truth in [lo, hi], width of that; the same of 10 s; CPU of the core.\n";

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {{"trace", 1, 0, 't'},
					      {"pages", 1, 0, 'n'},
					      {"rate", 1, 0, 'r'},
					      {"burst", 1, 0, 'b'},
					      {"spread", 1, 0, 'k'},
					      {"load", 1, 0, 'l'},
					      {"aggrs", 1, 0, 'a'},
					      {"seeds", 1, 0, 's'},
					      {"window", 1, 0, 'w'},
					      {"change", 1, 0, 'c'},
					      {"merge", 1, 0, 'm'},
					      {"help", 0, 0, 'h'},
					      {0}};
	int c;

	while ((c = getopt_long(argc, argv, "t:n:r:b:k:l:a:s:w:c:m:h", table, NULL)) != -1) {
		double v = optarg ? atof(optarg) : 0;

		switch (c) {
		case 't':
			o->trace = optarg;
			continue;
		case 'n':
			o->pages = v;
			break;
		case 'r':
			o->rate_hz = v;
			break;
		case 'b':
			o->burst = v;
			break;
		case 'k':
			o->spread = v;
			break;
		case 'l':
			o->load = v;
			break;
		case 'a':
			o->aggrs = v;
			break;
		case 's':
			o->seeds = v;
			break;
		case 'w':
			o->core.est.window_obs = v;
			break;
		case 'c':
			o->core.est.change_threshold = v;
			break;
		case 'm':
			o->core.est.merge_threshold = v;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			return -1;
		}
		if (!(v > 0))
			return -1;
	}
	if (o->burst > DAMON_BURST_MAX || o->spread > o->burst || o->pages < 100)
		return -1;
	return optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct options o = {.pages = 1000000,
			    .rate_hz = 4000,
			    .load = 100000,
			    .burst = 1,
			    .spread = 1,
			    .aggrs = 200,
			    .seeds = 1,
			    .core = damon_core_defaults};
	bool found = false;

	if (parse(&o, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	print_header();
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++)
		if (!o.trace || !strcmp(o.trace, traces[i].name)) {
			run_trace(&o, &traces[i]);
			found = true;
		}
	if (!found)
		fprintf(stderr, "simulate: no trace '%s'\n", o.trace);
	return found ? 0 : 2;
}
