/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/info_schemes.h"
#include "report/marks.h"
#include "report/notes.h"
#include "report/reports.h"
#include "report/table.h"

/* One fact. 'print' says how text shows a number; NULL: as it is. */
struct fact {
	const char *key, *title;
	enum { STRING, WHOLE, SIGNED, REAL, TRUTH } kind;
	union {
		const char *s;
		uint64_t u;
		int64_t i;
		double d;
	};
	print_fn print;
	const char *text; /* instead of the number; NULL: none */
};

#define MAX_FACTS   140
#define MARKS_SHOWN 100 /* as text */
#define NARROW	    60

struct facts {
	struct fact f[MAX_FACTS];
	size_t n;
	char rates[200]; /* the rungs as text */
	char scale[KNOWN_TEXT_MAX];
};

/* Facts that are put into words. */
struct info_text {
	char resolution[128], goal[160], chosen[8 * 2 * DAMON_UNITS_MAX];
};

static void add(struct facts *l, struct fact f)
{
	if (l->n < MAX_FACTS)
		l->f[l->n++] = f;
}

static void add_str(struct facts *l, const char *key, const char *title, const char *v)
{
	add(l, (struct fact){.key = key, .title = title, .kind = STRING, .s = v});
}

static void add_u64(struct facts *l, const char *key, const char *title, uint64_t v, print_fn print)
{
	add(l, (struct fact){.key = key, .title = title, .kind = WHOLE, .u = v, .print = print});
}

static void add_real(struct facts *l, const char *key, const char *title, double v, print_fn print)
{
	add(l, (struct fact){.key = key, .title = title, .kind = REAL, .d = v, .print = print});
}

static char *print_percents(char *buf, double percent)
{
	return print_percent(buf, percent / 100);
}

static char *print_hz(char *buf, double hz)
{
	return strcat(print_rate(buf, hz), " Hz");
}

static char *print_plain(char *buf, double v)
{
	snprintf(buf, DAMON_UNITS_MAX, "%.0f", v);
	return buf;
}

static double percent_of(uint64_t part, uint64_t all)
{
	return all ? 100.0 * (double)part / (double)all : 0;
}

/* What is not known is null. */
static double known(double v, bool is_known)
{
	return is_known ? v : NAN;
}

/* Only of a replayed recording: where it is from. */
static void add_origin(struct facts *l, const struct damon_record_info *i)
{
	if (!i->origin[0])
		return;
	add_str(l, "origin", "replayed from", i->origin);
	add_str(l, "host", "host", i->host);
	add_str(l, "cpu", "CPU", i->cpu);
	add_str(l, "perf_version", "perf version", i->perf_version);
	add_str(l, "events", "events", i->events);
	add(l, (struct fact){.key = "sample_assumed",
			     .title = "sampling interval assumed",
			     .kind = TRUTH,
			     .u = (uint64_t)i->sample_assumed});
}

static void add_setup(struct facts *l, const struct report_args *a, const struct scan *sc,
		      const struct damon_stats *st)
{
	const struct damon_record_info *i = &sc->info;

	add_str(l, "path", "record", a->path ? a->path : "");
	add_str(l, "command", "command", i->command);
	add_str(l, "scope", "recorded", i->scope);
	add_str(l, "ops", "operations set", i->ops);
	add_str(l, "addresses", "its addresses", i->addresses);
	add_str(l, "version", "version", i->version);
	add_str(l, "kernel", "kernel", i->kernel);
	add_origin(l, i);
	add_str(l, "source", "source", st->source);
	add_real(l, "rate_hz", "rate per second of CPU time", known(st->rate_hz, st->rate_hz > 0),
		 print_hz);
	add_real(l, "rate_asked_hz", st->rate_asked_hz > 0 ? "rate asked for" : NULL,
		 known(st->rate_asked_hz, st->rate_asked_hz > 0), print_hz);
	add_real(l, "overhead_asked_percent", "overhead asked for",
		 known(i->overhead_asked, i->overhead_asked > 0), print_estimate);
	add_u64(l, "period", st->period ? "accesses per sample, at first" : NULL, st->period,
		damon_print_count);
	add_u64(l, "sample_ns", "sampling interval", i->attrs.sample_ns, damon_print_time);
	add_u64(l, "aggr_ns", "aggregation interval", i->attrs.aggr_ns, damon_print_time);
	add_u64(l, "update_ns", "update interval", i->attrs.update_ns, damon_print_time);
	add_u64(l, "min_nr_regions", "fewest regions", i->attrs.min_nr_regions, print_plain);
	add_u64(l, "max_nr_regions", "most regions", i->attrs.max_nr_regions, print_plain);
	add(l, (struct fact){.key = "start_time",
			     .kind = SIGNED,
			     .i = (int64_t)i->start_ns + i->epoch_offset_ns});
	add_u64(l, "duration_ns", "duration", st->duration_ns, damon_print_time);
	add_u64(l, "snapshots", "snapshots", sc->nr_snapshots, print_plain);
	add_u64(l, "targets", "targets", sc->nr_targets, print_plain);
	if (marks_count(a, 0, UINT64_MAX))
		add_u64(l, "nr_marks", NULL, marks_count(a, 0, UINT64_MAX), print_plain);
	if (i->marks_refused)
		add_u64(l, "marks_refused", "marks beyond 10000, left out", i->marks_refused,
			print_plain);
}

/* Only where something was tuned: what it was to achieve, and what came of it. */
static void add_tuning(struct facts *l, struct info_text *text, const struct scan *sc,
		       const struct damon_stats *st)
{
	static const char *const bounds[] = {"nothing: it is as asked for", "the overhead",
					     "the resolution", "perf_event_max_sample_rate"};
	const struct damon_record_info *i = &sc->info;
	char lo[DAMON_UNITS_MAX], hi[DAMON_UNITS_MAX];

	if (i->resolution_ns || st->rate_bound == DAMON_RATE_KERNEL)
		add_str(l, "rate_bound", "rate bound by",
			bounds[MIN((unsigned)st->rate_bound, ARRAY_SIZE(bounds) - 1)]);
	if (i->resolution_ns) {
		snprintf(text->resolution, sizeof(text->resolution),
			 "%.3g %% of accesses within %s, %.4g Hz", 100 * i->resolution_share,
			 damon_print_time(lo, (double)i->resolution_ns), st->resolution_hz);
		add_str(l, "resolution_asked", "resolution asked for", text->resolution);
	}
	if (!i->goal.access_bp)
		return;
	snprintf(text->goal, sizeof(text->goal),
		 "%.3g %% of access events, every %u aggregations, %s to %s",
		 i->goal.access_bp / 100., i->goal.aggrs,
		 damon_print_time(lo, (double)i->goal.min_sample_ns),
		 damon_print_time(hi, (double)i->goal.max_sample_ns));
	add_str(l, "intervals_goal", "intervals' goal", text->goal);
	add_u64(l, "tuned_sample_min_ns", "shortest sampling interval", sc->tuned.min_ns,
		damon_print_time);
	add_u64(l, "tuned_sample_max_ns", "longest", sc->tuned.max_ns, damon_print_time);
	tuned_text(&sc->tuned, i->start_ns, text->chosen, sizeof(text->chosen));
	add_str(l, "tuned_samples", "chosen", text->chosen);
}

/* Only where they can be: accesses that the operations set has nothing to do with. */
static void add_ops(struct facts *l, const struct damon_record_info *i,
		    const struct damon_stats *st)
{
	if (st->left_out || st->untranslated ||
	    (!i->origin[0] && i->ops[0] && strcmp(i->ops, "vaddr"))) {
		add_u64(l, "left_out", "accesses outside of the ranges", st->left_out,
			damon_print_count);
		add_u64(l, "untranslated", "accesses that could not be translated",
			st->untranslated, damon_print_count);
	}
	if (!st->closed_procs)
		return;
	add_u64(l, "closed_procs", "processes that were closed to us", st->closed_procs,
		print_plain);
	add_str(l, "closed_reason", "the first one", st->closed_reason);
}

static void add_counts(struct facts *l, const struct damon_record_info *i,
		       const struct damon_stats *st)
{
	add_u64(l, "samples", "observations with an address", st->obs, damon_print_count);
	add_u64(l, "accesses", "accesses", st->accesses, damon_print_count);
	add_real(l, "likely_percent", "of them by a late read",
		 percent_of(st->likely, st->accesses), print_percents);
	add_u64(l, "unknown_address", "accesses of unknown address", st->unknown,
		damon_print_count);
	add_real(l, "unknown_address_percent", "share of them",
		 percent_of(st->unknown, st->accesses + st->unknown), print_percents);
	add_u64(l, "lost", "lost", st->lost, damon_print_count);
	add_u64(l, "throttled", "throttled", st->throttled, damon_print_count);
	add_u64(l, "no_address", "observations without address", st->no_address, damon_print_count);
	add_u64(l, "no_code", "observations without code", st->no_code, damon_print_count);
	add_u64(l, "foreign", "observations of 32-bit code", st->foreign, damon_print_count);
	add_u64(l, "no_region", "outside of mappings", st->no_region, damon_print_count);
	add_u64(l, "no_target", "beyond the limit of targets", st->no_target, damon_print_count);
	add_u64(l, "kernel_ticks", "in the kernel", st->kernel_ticks, damon_print_count);
	add_u64(l, "thinned", "thinned", st->thinned, damon_print_count);
	add_ops(l, i, st);
	add_u64(l, "unseen_cpus", "CPUs that came online later", st->unseen_cpus, print_plain);
	add_u64(l, "forgotten_mappings", "mappings forgotten", st->forgotten_mappings,
		damon_print_count);
}

/* Only text leaves out what cannot be: of sources that are none of hardware. */
static void add_hardware(struct facts *l, const struct damon_record_info *i,
			 const struct damon_stats *st)
{
	const struct {
		const char *key, *title;
		uint64_t n;
		print_fn print;
	} counts[] = {
		{"filtered", "samples left out", st->filtered, damon_print_count},
		{"filtered_no_access", "  of them no memory access", st->filtered_no_access,
		 damon_print_count},
		{"filtered_kernel", "  of the kernel", st->filtered_kernel, damon_print_count},
		{"filtered_unwanted", "  not asked for", st->filtered_unwanted, damon_print_count},
		{"strangers", "samples of other processes", st->strangers, damon_print_count},
		{"malformed", "malformed records", st->malformed, damon_print_count},
		{"traces_truncated", "truncated pieces of traces", st->traces_truncated,
		 damon_print_count},
		{"traces_collided", "pieces of traces with collisions", st->traces_collided,
		 damon_print_count},
		{"traces_broken", "damaged records of traces", st->traces_broken,
		 damon_print_count},
		{"traces_skipped", "bytes of traces without sense", st->traces_skipped,
		 damon_print_bytes},
	};
	bool is_hardware = st->period || i->origin[0];

	if (st->counter_percent > 0)
		add_real(l, "counter_percent", "time with a counter", st->counter_percent,
			 print_percents);
	if (st->uncovered_percent > 0)
		add_real(l, "uncovered_percent", "time on CPUs without events",
			 st->uncovered_percent, print_percents);
	for (size_t k = 0; k < ARRAY_SIZE(counts); k++)
		add_u64(l, counts[k].key, is_hardware || counts[k].n ? counts[k].title : NULL,
			counts[k].n, counts[k].print);
}

/* Only of a replayed recording: what in it came to nothing. */
static void add_replayed(struct facts *l, const struct damon_record_info *i,
			 const struct damon_stats *st)
{
	if (!i->origin[0])
		return;
	add_u64(l, "checks", "looks at accessed bits", st->checks, damon_print_count);
	add_u64(l, "unclaimed", "samples of other events", st->unclaimed, damon_print_count);
	add_u64(l, "no_event", "samples of unknown events", st->no_event, damon_print_count);
	add_u64(l, "late", "records too late for their order", st->late, damon_print_count);
	add_u64(l, "aux_lost", "pieces of traces cut off", st->aux_lost, damon_print_count);
	add_u64(l, "inferred_mappings", "mappings made up", st->inferred_mappings,
		damon_print_count);
	add(l, (struct fact){.key = "truncated",
			     .title = "cut off in the middle",
			     .kind = TRUTH,
			     .u = st->truncated});
}

/* What own CPU went into, in percent of one CPU. */
static void add_work(struct facts *l, const struct damon_stats *st)
{
	add_real(l, "own_cpu_percent", "own CPU, of one CPU", st->own_cpu_percent, print_estimate);
	add_real(l, "own_samples_percent", "  of it: samples", st->own_samples_percent,
		 print_estimate);
	add_real(l, "own_mem_reads_percent", "    of that: reads of memory",
		 st->own_mem_reads_percent, print_estimate);
	add_real(l, "own_regions_percent", "  regions", st->own_regions_percent, print_estimate);
	add_real(l, "own_record_percent", "  writing the record", st->own_record_percent,
		 print_estimate);
	add_real(l, "own_maps_percent", "  mappings and CPU times", st->own_maps_percent,
		 print_estimate);
	add_real(l, "own_other_percent", "  starting, waiting, ending", st->own_other_percent,
		 print_estimate);
}

static char *print_rung(char *buf, const struct damon_rung *r)
{
	if (!r->period)
		return print_hz(buf, r->rate_hz);
	strcpy(buf, "one in ");
	damon_print_count(buf + strlen(buf), (double)r->period);
	return buf;
}

/* The rates that the overhead was kept by, and for how long each. */
static void add_rates(struct facts *l, const struct damon_stats *st)
{
	static const char *const keys[DAMON_MAX_RUNGS][3] = {
		{"rate_1_hz", "rate_1_seconds", "rate_1_period"},
		{"rate_2_hz", "rate_2_seconds", "rate_2_period"},
		{"rate_3_hz", "rate_3_seconds", "rate_3_period"},
		{"rate_4_hz", "rate_4_seconds", "rate_4_period"}};
	char rate[DAMON_UNITS_MAX + 8];
	size_t len = 0;

	for (size_t i = 0; i < DAMON_MAX_RUNGS; i++) {
		const struct damon_rung *r = &st->rungs[i];

		if (!(r->rate_hz > 0) && !r->period)
			break;
		add_real(l, keys[i][0], NULL, r->rate_hz, NULL);
		add_real(l, keys[i][1], NULL, r->seconds, NULL);
		if (r->period)
			add_u64(l, keys[i][2], NULL, r->period, NULL);
		if (r->seconds >= 0.05)
			len += (size_t)snprintf(l->rates + len, sizeof(l->rates) - len,
						"%s%s %.1f s", len ? ", " : "", print_rung(rate, r),
						r->seconds);
	}
	add_str(l, "rates", "rates used", l->rates);
}

static void add_checks(struct facts *l, const struct damon_stats *st)
{
	if (!st->checkers[0] && !st->checks)
		return;
	add_str(l, "checkers", "checkers of accessed bits", st->checkers);
	add_u64(l, "checks", "checks behind the figures", st->checks, damon_print_count);
	add_u64(l, "check_no_region", "  of them outside of mappings", st->check_no_region,
		damon_print_count);
	add_u64(l, "check_thinned", "  thinned", st->check_thinned, damon_print_count);
	add_u64(l, "check_no_target", "checks without a target", st->check_no_target,
		damon_print_count);
	add_u64(l, "checks_made", "checks of pages or mappings", st->checks_made,
		damon_print_count);
	add_u64(l, "check_pages", "pages that they told of", st->check_pages, damon_print_count);
	add_u64(l, "check_touched", "of them touched", st->check_touched, damon_print_count);
	add_u64(l, "check_coarse", "huge or shared pages passed over", st->check_coarse,
		damon_print_count);
	add_u64(l, "check_lost", "checks of what had gone", st->check_lost, damon_print_count);
	add_u64(l, "check_failed", "checks that failed", st->check_failed, damon_print_count);
	add_str(l, "check_reason", "the first one", st->check_reason);
	add_u64(l, "check_ns", "time spent in checks", st->check_ns, damon_print_time);
	add_u64(l, "check_target_ns", "cost to the targets, estimated", st->check_target_ns,
		damon_print_time);
	add_real(l, "check_percent", "both, of the duration",
		 percent_of(st->check_ns + st->check_target_ns, st->duration_ns), print_estimate);
}

static void add_cost(struct facts *l, const struct scan *sc, const struct damon_stats *st)
{
	const struct damon_record_info *i = &sc->info;
	struct known scale = {i->scale, i->scale_lo, i->scale_hi};

	if (!i->origin[0]) /* what that cost is not told */
		add_work(l, st);
	add_u64(l, "interruptions", "interruptions", st->interruptions, damon_print_count);
	add_real(l, "slowdown_percent_estimate", "slowdown, estimated",
		 known(st->slowdown_percent, st->slowdown_percent >= 0), print_estimate);
	add_real(l, "overhead_percent",
		 st->tick_cost_assumed ? "overhead, of CPU, estimated"
				       : "overhead, of the targets' CPU",
		 known(st->overhead_percent, st->overhead_percent >= 0), print_estimate);
	add_rates(l, st);
	add_real(l, "target_cpu_ns", "CPU time of the targets",
		 known(st->target_cpu_ns, st->target_cpu_ns > 0), damon_print_time);
	add_real(l, "tick_cost_ns",
		 st->tick_cost_assumed ? "interruption's cost, estimated"
				       : "cost of an observation",
		 known(st->tick_cost_ns, st->tick_cost_ns > 0), damon_print_time);
	add(l, (struct fact){.key = "tick_cost_assumed",
			     .kind = TRUTH,
			     .u = (uint64_t)st->tick_cost_assumed});
	add(l, (struct fact){.key = "scale",
			     .title = "accesses per unit of weight",
			     .kind = REAL,
			     .d = i->scale,
			     .text = known_text(l->scale, &scale, KNOWN_COUNT)});
	add_real(l, "scale_lo", NULL, i->scale_lo, NULL);
	add_real(l, "scale_hi", NULL, i->scale_hi, NULL);
	add_u64(l, "record_bytes", "size of the record", st->record_bytes, damon_print_bytes);
	add_u64(l, "damaged_bytes", "damaged", i->damaged_bytes, damon_print_bytes);
	add(l, (struct fact){
		       .key = "complete", .title = "complete", .kind = TRUTH, .u = st->complete});
}

static void write_json(struct report_args *a, const struct scan *sc, const struct facts *l,
		       const struct damon_stats *st)
{
	struct json j;

	json_init(&j, a->out);
	json_object(&j, NULL);
	for (size_t i = 0; i < l->n; i++) {
		const struct fact *f = &l->f[i];

		if (f->kind == STRING)
			json_str(&j, f->key, f->s);
		else if (f->kind == WHOLE)
			json_u64(&j, f->key, f->u);
		else if (f->kind == SIGNED)
			json_i64(&j, f->key, f->i);
		else if (f->kind == REAL)
			json_double(&j, f->key, f->d, 6);
		else
			json_bool(&j, f->key, f->u);
	}
	if (sc->info.goal.access_bp)
		tuned_json(&sc->tuned, sc->info.start_ns, &j);
	info_schemes_json(a->rec, st, &j);
	marks_json(a, 0, UINT64_MAX, &j);
	json_end(&j);
}

static int write_csv(struct report_args *a, const struct facts *l)
{
	static const struct table_col cols[] = {{.key = "key"}, {.key = "value"}, {0}};
	struct table t;

	table_init(&t, a, cols, NULL, NULL);
	for (size_t i = 0; i < l->n; i++) {
		const struct fact *f = &l->f[i];

		table_str(&t, f->key);
		if (f->kind == STRING)
			table_str(&t, f->s);
		else if (f->kind == REAL)
			table_double(&t, f->d, NULL);
		else if (f->kind == SIGNED)
			table_i64(&t, f->i, NULL);
		else
			table_u64(&t, f->u, NULL);
	}
	return table_end(&t);
}

static const char *fact_text(const struct fact *f, char *buf, size_t size)
{
	double v = f->kind == WHOLE ? (double)f->u : f->d;

	if (f->text)
		return f->text;
	if (f->kind == STRING)
		return print_clean(buf, size, f->s);
	if (f->kind == TRUTH)
		return f->u ? "yes" : "no";
	return isfinite(v) ? f->print(buf, v) : "not known";
}

/* Each on a line of its own, the first ones of many. */
static void write_marks(struct report_args *a, const struct scan *sc, int width)
{
	char time[DAMON_UNITS_MAX], name[240], text[300];
	uint64_t time_ns;
	const char *raw;
	size_t i;

	for (i = 0; i < MARKS_SHOWN && !damon_record_mark(a->rec, i, &time_ns, &raw); i++) {
		size_t at = (size_t)fprintf(a->out, "%-*s  ", width, i ? "" : "marks");

		damon_print_time(time, (double)(time_ns - MIN(time_ns, sc->info.start_ns)));
		print_clean(name, sizeof(name), raw);
		snprintf(text, sizeof(text), "%s: %s", time, name);
		print_wrapped(a->out, text, a->width, at, (unsigned)at);
	}
	if (marks_count(a, 0, UINT64_MAX) > i)
		print_line(a->out, a->width, 2, "%zu marks in all: '--format json' has them",
			   marks_count(a, 0, UINT64_MAX));
}

/* On a narrow page a long text has lines of its own. */
static void write_fact(struct report_args *a, const char *title, const char *text, unsigned width)
{
	bool below = a->width < NARROW && width + 2 + print_width(text) > a->width;
	unsigned indent = below ? 4 : width + 2;
	size_t at = below ? indent : 0;

	if (below)
		fprintf(a->out, "%s\n%*s", title, (int)indent, "");
	else
		at = (size_t)fprintf(a->out, "%-*s  ", (int)width, title);
	print_wrapped(a->out, text, a->width, at, indent);
}

static void write_text(struct report_args *a, const struct scan *sc, const struct facts *l,
		       const struct damon_stats *st)
{
	char buf[512];
	int width = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->f[i].title)
			width = MAX(width, (int)strlen(l->f[i].title));
	width = MIN(width, (int)a->width * 2 / 3);
	for (size_t i = 0; i < l->n; i++) {
		const struct fact *f = &l->f[i];
		const char *text;

		if (!f->title)
			continue;
		text = fact_text(f, buf, sizeof(buf));
		if (!*text)
			continue;
		write_fact(a, f->title, text, (unsigned)width);
	}
	write_marks(a, sc, width);
	info_schemes_text(a, st);
	notes_relative(a, &sc->info);
}

int report_info(struct report_args *a)
{
	struct damon_stats st = {.size = sizeof(st)};
	struct report_args all = *a; /* it is about the whole record */
	struct facts l = {.n = 0, .rates = ""};
	struct info_text text;
	struct scan sc;
	int err;

	all.time_from_ns = all.time_to_ns = 0;
	err = scan_record(&all, false, &sc);
	if (err < 0) {
		a->fail = all.fail;
	} else {
		damon_record_stats(a->rec, &st);
		add_setup(&l, a, &sc, &st);
		add_tuning(&l, &text, &sc, &st);
		add_counts(&l, &sc.info, &st);
		add_hardware(&l, &sc.info, &st);
		add_checks(&l, &st);
		add_replayed(&l, &sc.info, &st);
		add_cost(&l, &sc, &st);
		if (a->format == REPORT_JSON)
			write_json(a, &sc, &l, &st);
		else if (a->format == REPORT_CSV)
			err = write_csv(a, &l);
		else
			write_text(a, &sc, &l, &st);
	}
	scan_release(&sc);
	return err;
}
