/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lets monitors watch the same accesses, and prints how far each is from the truth: the core of
 * damon-perf behind two source models, and the kernel's DAMON on equal terms. --help says more.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tests/judge/checker.h"
#include "tests/judge/kernel.h"
#include "tests/judge/sampler.h"
#include "tests/judge/score.h"
#include "tests/judge/world.h"
#include "tests/vpmu/chain.h"

enum { MAX_BUDGETS = 8, MAX_RECORDINGS = 16, KERNEL_MIN = 10, KERNEL_MAX = 1000, KERNEL_LEAST = 3 };
enum { INTERVALS_PER_S = 200 };
static const double found_f1 = .8;

struct options {
	double budgets[MAX_BUDGETS];
	size_t nr_budgets;
	const char *recordings[MAX_RECORDINGS]; /* of the program of a trace */
	size_t nr_recordings;
	unsigned int seeds, aggrs;
	unsigned int kinds; /* bits: which monitors */
	struct damon_est_params est;
	struct pattern_size size;
};

enum kind {
	KIND_EVERY,
	KIND_SOFT,
	KIND_KERNEL,
	KIND_EQUAL,
	KIND_EVERY_CHECKS,
	KIND_SOFT_CHECKS,
	KIND_SOFT_SMAPS,
	KIND_RECORDING,
	NR_KINDS
};
static const char *const kind_names[NR_KINDS] = {"every",	 "soft",	 "kernel",
						 "kernel-equal", "every+checks", "soft+checks",
						 "soft+smaps",	 "recording"};

/* One seed of one monitor. */
struct monitor {
	enum kind kind;
	const char *path; /* of a recording */
	struct chain *chain;
	double budget; /* events per second, 0: its own */
	struct sampler *sampler;
	struct checker checker; /* of the sampler's core, if any */
	struct kernel kernel;
	unsigned int stride; /* its sampling interval, in the world's */
	struct guess guess;
	struct figures figures;
	unsigned int phase; /* of the pattern, and whether its hot set has been found */
	bool found;
};

struct run {
	struct world *w;
	const struct options *o;
	struct monitor *monitors;
	size_t nr;
	struct sampler *samplers;
	size_t nr_samplers;
};

/* ---- the kernel's DAMON ---- */

/*
 * With equal events, a budget allows so many regions. Three are the least that DAMON accepts; below
 * their price the sampling interval grows, and an aggregation interval has fewer checks.
 */
static void init_kernel(struct run *r, struct monitor *m, uint64_t seed)
{
	size_t min = KERNEL_MIN, max = KERNEL_MAX;

	m->stride = 1;
	if (m->budget > 0) {
		while (m->stride < INTERVALS &&
		       (INTERVALS % m->stride ||
			KERNEL_LEAST * INTERVALS_PER_S / m->stride > m->budget))
			m->stride++;
		max = MAX(m->budget * m->stride / INTERVALS_PER_S, (double)KERNEL_LEAST);
		min = MIN(min, max);
	}
	kernel_init(&m->kernel, r->w->ranges, r->w->nr_ranges, min, max, INTERVALS / m->stride,
		    seed);
}

/* What DAMON says of memory that is not mapped is not held against it. */
static void guess_by_kernel(const struct run *r, struct monitor *m)
{
	const struct kernel *k = &m->kernel;
	double touched = 0;
	size_t j = 0;

	guess_clear(&m->guess);
	for (size_t i = 0; i < k->nr; i++) {
		const struct kernel_region *x = &k->regions[i];
		double fraction = (double)x->nr_accesses / k->most;

		while (j < r->w->nr_maps && r->w->maps[j].end <= x->start)
			j++;
		for (size_t l = j; l < r->w->nr_maps && r->w->maps[l].start < x->end; l++) {
			uint64_t start = MAX(x->start, r->w->maps[l].start);
			uint64_t end = MIN(x->end, r->w->maps[l].end);

			guess_add(&m->guess, (struct guess_region){.start = start,
								   .end = end,
								   .fraction = fraction,
								   .heat = fraction,
								   .age = x->age});
			touched += x->nr_accesses ? end - start : 0;
		}
	}
	m->guess.wset[0] = (struct guess_wset){touched, touched, touched};
}

/* ---- a run ---- */

/* A hybrid halves its budget: observations, and looks at pages. Looks at mappings come on top. */
static void init_sampler(struct run *r, struct monitor *m, uint64_t seed)
{
	bool every = m->kind == KIND_EVERY || m->kind == KIND_EVERY_CHECKS;
	bool checks = m->kind == KIND_EVERY_CHECKS || m->kind == KIND_SOFT_CHECKS;
	double rate = checks ? m->budget / 2 : m->budget;

	sampler_init(m->sampler, every ? SOURCE_EVERY : SOURCE_SOFT, rate, seed, r->w, &r->o->est);
	if (checks)
		checker_init(&m->checker, m->sampler, rate, false, seed);
	else if (m->kind == KIND_SOFT_SMAPS)
		checker_init(&m->checker, m->sampler, 0, true, seed);
}

static void add_monitors(struct run *r, enum kind kind, double budget, struct sampler *pool)
{
	for (unsigned int s = 0; s < r->o->seeds && r->o->kinds >> kind & 1; s++) {
		struct monitor *m = &r->monitors[r->nr++];

		*m = (struct monitor){.kind = kind, .budget = budget};
		if (kind == KIND_KERNEL || kind == KIND_EQUAL) {
			init_kernel(r, m, s + 1);
			continue;
		}
		m->sampler = &pool[r->nr_samplers++];
		init_sampler(r, m, s + 1);
	}
}

/* Of a recording: the same samples each time, another seed of the core. */
static int add_recording(struct run *r, const char *path)
{
	double rate = 0;

	for (unsigned int s = 0; s < r->o->seeds; s++) {
		struct monitor *m = &r->monitors[r->nr];
		struct damon_fail f;

		*m = (struct monitor){.kind = KIND_RECORDING, .path = path};
		m->chain = chain_new(path, r->w, &r->o->est, s + 1, &f);
		if (!m->chain) {
			fprintf(stderr, "judge: %s\n", f.text);
			return -1;
		}
		rate = m->budget = chain_rate(m->chain);
		r->nr++;
	}
	add_monitors(r, KIND_EVERY, rate, r->samplers);
	add_monitors(r, KIND_EQUAL, rate, r->samplers);
	return 0;
}

static int add_all(struct run *r)
{
	size_t most = r->o->seeds * (1 + 6 * r->o->nr_budgets + 3 * r->o->nr_recordings);

	r->monitors = calloc(most, sizeof(*r->monitors));
	r->samplers = calloc(most, sizeof(*r->samplers));
	if (!r->monitors || !r->samplers)
		abort();
	for (size_t b = 0; b < r->o->nr_budgets; b++) {
		add_monitors(r, KIND_EVERY, r->o->budgets[b], r->samplers);
		add_monitors(r, KIND_SOFT, r->o->budgets[b], r->samplers);
		add_monitors(r, KIND_EQUAL, r->o->budgets[b], r->samplers);
		add_monitors(r, KIND_EVERY_CHECKS, r->o->budgets[b], r->samplers);
		add_monitors(r, KIND_SOFT_CHECKS, r->o->budgets[b], r->samplers);
		if (r->w->touched)
			add_monitors(r, KIND_SOFT_SMAPS, r->o->budgets[b], r->samplers);
	}
	for (size_t i = 0; i < r->o->nr_recordings; i++) {
		if (add_recording(r, r->o->recordings[i]))
			return -1;
	}
	add_monitors(r, KIND_KERNEL, 0, r->samplers);
	return 0;
}

static bool is_kernel(const struct monitor *m)
{
	return m->kind == KIND_KERNEL || m->kind == KIND_EQUAL;
}

static bool pass_aggregation(struct run *r)
{
	for (unsigned int q = 0; q < INTERVALS; q++) {
		if (!r->w->step(r->w, r->samplers, r->nr_samplers))
			return false;
		for (size_t i = 0; i < r->nr; i++) {
			struct monitor *m = &r->monitors[i];

			if (is_kernel(m) && q % m->stride == 0)
				kernel_check(&m->kernel, r->w->accessed, r->w);
			if (m->checker.sampler)
				checker_look(&m->checker, r->w);
		}
	}
	return true;
}

static void note_follow(struct monitor *m, unsigned int aggr, double f1)
{
	unsigned int phase = aggr / PHASE_AGGRS;

	if (phase != m->phase) {
		if (m->phase && !m->found)
			figures_add(&m->figures, FIGURE_FOLLOW, PHASE_AGGRS);
		m->phase = phase;
		m->found = false;
	}
	if (phase && !m->found && f1 >= found_f1) {
		m->found = true;
		figures_add(&m->figures, FIGURE_FOLLOW, aggr % PHASE_AGGRS + 1);
	}
}

/* Which intervals are judged: the first quarter is for settling. */
static bool is_judged(const struct run *r, unsigned int aggr)
{
	unsigned int within = aggr % PHASE_AGGRS;

	if (r->w->moves)
		return within < 15 || within % 10 == 0;
	return aggr >= r->o->aggrs / 4 && (r->w->is_real || aggr % 5 == 0);
}

static void judge_one(struct run *r, struct monitor *m, unsigned int aggr, const struct facts *f)
{
	double f1 = score_add(&m->guess, f, r->w->pages, &m->figures);

	if (r->w->moves)
		note_follow(m, aggr, f1);
	else if (r->w->stationary && aggr + 5 >= r->o->aggrs)
		figures_add(&m->figures, FIGURE_AGE, score_age(&m->guess, aggr + 1));
}

static unsigned int run_world(struct run *r)
{
	unsigned int aggr = 0;

	r->w->rewind(r->w, 0);
	for (; aggr < r->o->aggrs && pass_aggregation(r); aggr++) {
		const struct facts *f = is_judged(r, aggr) ? r->w->facts(r->w) : NULL;

		for (size_t i = 0; i < r->nr; i++) {
			struct monitor *m = &r->monitors[i];

			if (m->sampler)
				sampler_aggregate(m->sampler, &m->guess);
			else if (m->chain)
				chain_aggregate(m->chain, &m->guess);
			else
				kernel_merge(&m->kernel);
			if (f && is_kernel(m))
				guess_by_kernel(r, m);
			if (f)
				judge_one(r, m, aggr, f);
			if (is_kernel(m))
				kernel_split(&m->kernel);
		}
	}
	return aggr;
}

/* ---- results ---- */

static void note_events(struct monitor *m, double seconds)
{
	if (m->chain)
		figures_add(&m->figures, FIGURE_EVENTS, m->budget);
	if (is_kernel(m))
		figures_add(&m->figures, FIGURE_EVENTS, m->kernel.nr_checks / seconds);
	if (!m->sampler)
		return;
	figures_add(&m->figures, FIGURE_EVENTS,
		    (m->sampler->nr_obs + m->checker.nr_checks) / seconds);
	figures_add(&m->figures, FIGURE_CPU, m->sampler->cpu_ns / m->sampler->nr_obs);
}

/* m[0, n) are the seeds of one monitor: mean and standard deviation of each figure. */
static void print_seeds(const struct world *w, struct monitor *m, size_t n)
{
	for (int k = 0; k < NR_FIGURES; k++) {
		double sum = 0, squares = 0, values = 0, mean, var;

		for (size_t i = 0; i < n; i++) {
			double v = figures_get(&m[i].figures, k);

			if (isnan(v))
				continue;
			sum += v;
			squares += v * v;
			values++;
		}
		if (!values)
			continue;
		mean = sum / values;
		var = values > 1 ? (squares - sum * mean) / (values - 1) : 0;
		printf("%s\t%s\t%g\t%s\t%.6g\t%.3g\t%g\n", w->name,
		       m->path ? m->path : kind_names[m->kind], m->budget, figure_names[k], mean,
		       sqrt(MAX(var, 0.0)), values);
	}
}

static void release_monitor(struct monitor *m)
{
	if (m->sampler)
		sampler_release(m->sampler);
	else if (is_kernel(m))
		kernel_release(&m->kernel);
	if (m->checker.sampler)
		checker_release(&m->checker);
	chain_free(m->chain);
	guess_release(&m->guess);
	figures_release(&m->figures);
}

static int judge_world(const struct options *o, struct world *w)
{
	struct run r = {.w = w, .o = o};
	int err = add_all(&r);
	unsigned int aggrs = err ? 0 : run_world(&r);

	for (size_t i = 0; i < r.nr && !err; i++)
		note_events(&r.monitors[i], MAX(aggrs, 1u) / (double)AGGRS_PER_S);
	for (size_t i = 0; i < r.nr && !err; i += o->seeds)
		print_seeds(w, &r.monitors[i], o->seeds);
	fflush(stdout);
	for (size_t i = 0; i < r.nr; i++)
		release_monitor(&r.monitors[i]);
	free(r.monitors);
	free(r.samplers);
	return err ? 2 : 0;
}

static const char usage[] =
	"usage: judge [options] WORLD...\n"
	"WORLD is a made-up pattern (--list) or a trace file of tests/truth.\n"
	"  -b, --budget N[,N]  observations or checks per second (1000,4000)\n"
	"  -s, --seeds N       runs of each (3)\n"
	"  -a, --aggrs N       aggregations of 100 ms (200)\n"
	"  -n, --pages N       size of patterns; otherwise their own\n"
	"  -v, --visit N       accesses in a row to a page; likewise\n"
	"  -p, --pace N        accesses per sampling interval of 5 ms; likewise (1e6)\n"
	"  -w, --window N      the estimator's window_obs,\n"
	"  -c, --change X      change_threshold,\n"
	"  -m, --merge X       merge_threshold\n"
	"  -o, --only NAME[,NAME]  these monitors (all)\n"
	"  -r, --recording FILE  of the trace's run by virtual PMUs (tests/vpmu), any number; "
	"instead\n"
	"                      of budgets, the other monitors get as many events as it has "
	"samples\n"
	"  -l, --list          the patterns\n"
	"  -h, --help\n"
	"Prints lines of: world, monitor, budget, figure, mean over seeds, standard deviation, "
	"seeds.\n"
	"Monitors: every (every P-th access), soft (bursts), kernel (DAMON, 10-1000 regions),\n"
	"kernel-equal (DAMON with as many checks as the budget has observations); every+checks "
	"and\n"
	"soft+checks (half observations, half looks at pages), soft+smaps (a look at all mappings\n"
	"once a second on top).\n";

static int parse_budgets(struct options *o, char *list)
{
	char *save = NULL;

	o->nr_budgets = 0;
	for (char *s = strtok_r(list, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		double v = atof(s);

		if (!(v > 0) || o->nr_budgets == MAX_BUDGETS)
			return -1;
		o->budgets[o->nr_budgets++] = v;
	}
	return o->nr_budgets ? 0 : -1;
}

static int parse_monitors(struct options *o, char *list)
{
	char *save = NULL;

	o->kinds = 0;
	for (char *s = strtok_r(list, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		unsigned int k = 0;

		while (k < NR_KINDS && strcmp(s, kind_names[k]))
			k++;
		if (k == NR_KINDS)
			return -1;
		o->kinds |= 1u << k;
	}
	return o->kinds ? 0 : -1;
}

/* One option with a number. */
static int parse_number(struct options *o, int option, double v)
{
	if (!(v > 0))
		return -1;
	switch (option) {
	case 's':
		o->seeds = v;
		return 0;
	case 'a':
		o->aggrs = v;
		return 0;
	case 'n':
		o->size.pages = v;
		return v >= 1000 ? 0 : -1;
	case 'v':
		o->size.visit = v;
		return 0;
	case 'p':
		o->size.per_interval = v;
		return 0;
	case 'w':
		o->est.window_obs = v;
		return 0;
	case 'c':
		o->est.change_threshold = v;
		return 0;
	case 'm':
		o->est.merge_threshold = v;
		return 0;
	}
	return -1;
}

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {{"budget", 1, 0, 'b'},	{"seeds", 1, 0, 's'},
					      {"aggrs", 1, 0, 'a'},	{"pages", 1, 0, 'n'},
					      {"visit", 1, 0, 'v'},	{"pace", 1, 0, 'p'},
					      {"window", 1, 0, 'w'},	{"change", 1, 0, 'c'},
					      {"merge", 1, 0, 'm'},	{"only", 1, 0, 'o'},
					      {"recording", 1, 0, 'r'}, {"list", 0, 0, 'l'},
					      {"help", 0, 0, 'h'},	{0}};
	int c;

	while ((c = getopt_long(argc, argv, "b:s:a:n:v:p:w:c:m:o:r:lh", table, NULL)) != -1) {
		switch (c) {
		case 'l':
			for (size_t i = 0; pattern_names[i]; i++)
				puts(pattern_names[i]);
			exit(0);
		case 'h':
			fputs(usage, stdout);
			exit(0);
		case 'b':
			if (parse_budgets(o, optarg))
				return -1;
			break;
		case 'o':
			if (parse_monitors(o, optarg))
				return -1;
			break;
		case 'r':
			if (o->nr_recordings == MAX_RECORDINGS)
				return -1;
			o->recordings[o->nr_recordings++] = optarg;
			o->nr_budgets = 0;
			break;
		default:
			if (!optarg || parse_number(o, c, atof(optarg)))
				return -1;
		}
	}
	return optind < argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct options o = {.budgets = {1000, 4000},
			    .nr_budgets = 2,
			    .seeds = 3,
			    .aggrs = 200,
			    .kinds = (1u << NR_KINDS) - 1,
			    .est = damon_est_defaults};
	int status = 0;

	if (parse(&o, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	for (; optind < argc; optind++) {
		struct world *w = pattern_new(argv[optind], &o.size);

		if (!w)
			w = replay_new(argv[optind]);
		if (!w) {
			fprintf(stderr, "judge: '%s' is neither a pattern nor a trace: %s\n",
				argv[optind], strerror(errno));
			status = 2;
			continue;
		}
		status |= judge_world(&o, w);
		w->free(w);
	}
	return status;
}
