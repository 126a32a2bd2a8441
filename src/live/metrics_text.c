/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenMetrics (github.com/prometheus/OpenMetrics, specification 1.0): families of TYPE, UNIT, HELP
 * and then samples, names end with the unit, counters' samples with _total, '# EOF' ends. The older
 * format has no UNIT, and _total in the family's name. Types that only one of them knows are not
 * used.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "live/metrics_text.h"
#include "report/losses.h"

#define PREFIX "damon_perf_"

struct text {
	FILE *out;
	bool openmetrics;
	const char *name; /* of the family */
	bool counter;
};

static void family(struct text *t, const char *name, const char *type, const char *unit,
		   const char *help)
{
	const char *total;

	t->name = name;
	t->counter = !strcmp(type, "counter");
	total = t->counter && !t->openmetrics ? "_total" : "";
	fprintf(t->out, "# HELP " PREFIX "%s%s %s\n", name, total, help);
	fprintf(t->out, "# TYPE " PREFIX "%s%s %s\n", name, total, type);
	if (unit && t->openmetrics)
		fprintf(t->out, "# UNIT " PREFIX "%s %s\n", name, unit);
}

/* Quotes, backslashes and line ends would end the value. */
static void label(struct text *t, const char *name, const char *value, bool first)
{
	fprintf(t->out, "%s%s=\"", first ? "{" : ",", name);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", t->out);
		else if (*value == '"' || *value == '\\')
			fprintf(t->out, "\\%c", *value);
		else
			fputc(*value, t->out);
	}
	fputc('"', t->out);
}

static void begin(struct text *t)
{
	fprintf(t->out, PREFIX "%s%s", t->name, t->counter ? "_total" : "");
}

static void number(struct text *t, double v)
{
	if (v == floor(v) && fabs(v) < 9007199254740992.)
		fprintf(t->out, " %.0f\n", v);
	else
		fprintf(t->out, " %.9g\n", v);
}

static void count(struct text *t, uint64_t v)
{
	fprintf(t->out, " %" PRIu64 "\n", v);
}

/* A family of one sample without labels. */
static void single(struct text *t, const char *name, const char *type, const char *unit,
		   const char *help, double v)
{
	family(t, name, type, unit, help);
	begin(t);
	number(t, v);
}

/* ---- targets ---- */

static void begin_target(struct text *t, const struct metrics_target *p, bool others)
{
	char pid[16] = "", id[16] = "others";

	if (!others) {
		snprintf(pid, sizeof(pid), "%d", p->pid);
		snprintf(id, sizeof(id), "%u", p->id);
	}
	begin(t);
	label(t, "target", id, true);
	label(t, "comm", others ? "" : p->comm, false);
	label(t, "pid", pid, false);
}

typedef bool (*target_fn)(const struct metrics_target *p, size_t window, double *v);

static bool share(const struct metrics_target *p, size_t window, double *v)
{
	*v = p->share.v;
	return p->share.v >= 0;
}

static bool share_lo(const struct metrics_target *p, size_t window, double *v)
{
	*v = p->share.lo;
	return p->share.v >= 0;
}

static bool share_hi(const struct metrics_target *p, size_t window, double *v)
{
	*v = p->share.hi;
	return p->share.v >= 0;
}

static bool wss(const struct metrics_target *p, size_t window, double *v)
{
	*v = p->wss[window].v;
	return true;
}

static bool wss_lo(const struct metrics_target *p, size_t window, double *v)
{
	*v = p->wss[window].lo;
	return true;
}

static bool wss_hi(const struct metrics_target *p, size_t window, double *v)
{
	*v = p->wss[window].hi;
	return true;
}

static bool rss(const struct metrics_target *p, size_t window, double *v)
{
	*v = (double)p->rss_bytes;
	return p->rss_bytes;
}

static bool processes(const struct metrics_target *p, size_t window, double *v)
{
	*v = p->nr_procs;
	return true;
}

static const struct {
	const char *name, *unit, *help;
	target_fn value;
	bool windows;
} target_families[] = {
	{"target_access_ratio", "ratio", "Share of all accesses, over about the last 10 seconds.",
	 share, false},
	{"target_access_lo_ratio", "ratio", "Lower 95 % bound of it.", share_lo, false},
	{"target_access_hi_ratio", "ratio", "Upper 95 % bound of it.", share_hi, false},
	{"target_working_set_bytes", "bytes", "Memory touched within the window, estimated.", wss,
	 true},
	{"target_working_set_lo_bytes", "bytes", "Lower 95 % bound of it.", wss_lo, true},
	{"target_working_set_hi_bytes", "bytes", "Upper 95 % bound of it.", wss_hi, true},
	{"target_resident_bytes", "bytes", "Memory of the latest process that is resident.", rss,
	 false},
	{"target_processes", NULL, "Processes that the target ever stood for.", processes, false},
};

static void put_target(struct text *t, size_t at, const struct metrics_target *p, bool others)
{
	static const char *const windows[METRICS_WINDOWS] = {"aggregation", "1s", "10s", "60s"};
	size_t n = target_families[at].windows ? METRICS_WINDOWS : 1;
	double v;

	for (size_t i = 0; i < n; i++) {
		if (!target_families[at].value(p, i, &v))
			continue;
		begin_target(t, p, others);
		if (n > 1)
			label(t, "window", windows[i], false);
		fputc('}', t->out);
		number(t, v);
	}
}

static void put_targets(struct text *t, const struct metrics_world *w)
{
	single(t, "targets", "gauge", NULL, "Targets in the latest snapshot.",
	       (double)(w->nr_targets + w->nr_others));
	for (size_t i = 0; i < ARRAY_SIZE(target_families); i++) {
		family(t, target_families[i].name, "gauge", target_families[i].unit,
		       target_families[i].help);
		for (size_t k = 0; k < w->nr_targets; k++)
			put_target(t, i, &w->targets[k], false);
		if (w->nr_others)
			put_target(t, i, &w->others, true);
	}
}

/* ---- schemes ---- */

#define FIELD(member) offsetof(struct damos_stats, member)

/* All of them 64 bits. */
static const struct {
	const char *name, *type, *unit, *help;
	size_t at;
} scheme_families[] = {
	{"scheme_tried_regions", "counter", NULL, "Regions of the pattern given to the action.",
	 FIELD(nr_tried)},
	{"scheme_tried_bytes", "counter", "bytes", "Memory of the pattern given to the action.",
	 FIELD(sz_tried)},
	{"scheme_applied_regions", "counter", NULL, "Regions of these that changed.",
	 FIELD(nr_applied)},
	{"scheme_applied_bytes", "counter", "bytes",
	 "Memory that changed, as far as it can be told (see verified).", FIELD(sz_applied)},
	{"scheme_filter_passed_bytes", "counter", "bytes",
	 "Memory tried that passed the page filters.", FIELD(sz_filter_passed)},
	{"scheme_skipped_bytes", "counter", "bytes",
	 "Memory tried that was not mapped, not resident, or there already.", FIELD(sz_skipped)},
	{"scheme_failed_bytes", "counter", "bytes", "Memory for which the call failed.",
	 FIELD(sz_failed)},
	{"scheme_dropped_bytes", "counter", "bytes",
	 "Memory planned that was dropped before it was tried.", FIELD(sz_dropped)},
	{"scheme_quota_exceeds", "counter", NULL, "Reset intervals in which the quota was used up.",
	 FIELD(qt_exceeds)},
	{"scheme_snapshots", "counter", NULL, "Snapshots that the scheme looked at.",
	 FIELD(nr_snapshots)},
	{"scheme_quota_used_bytes", "gauge", "bytes", "Quota used in this reset interval.",
	 FIELD(quota_used)},
	{"scheme_matching_bytes", "gauge", "bytes",
	 "Memory of the pattern in the latest snapshot, tried or not.", FIELD(sz_now)},
};

static void begin_scheme(struct text *t, size_t i, const struct damos_stats *s)
{
	char number[24];

	snprintf(number, sizeof(number), "%zu", i + 1);
	begin(t);
	label(t, "scheme", number, true);
	label(t, "action", s->action ? s->action : "", false);
}

static void put_scheme_infos(struct text *t, const struct metrics_world *w)
{
	family(t, "scheme_state", "gauge", NULL, "1 for the state that the scheme is in.");
	for (size_t i = 0; i < w->nr_schemes; i++) {
		for (int k = 0; k < DAMOS_NR_STATES; k++) {
			begin_scheme(t, i, &w->schemes[i]);
			label(t, "state", damos_state_name(k), false);
			fputc('}', t->out);
			count(t, (int)w->schemes[i].state == k);
		}
	}
	family(t, "scheme_info", "gauge", NULL,
	       "Always 1: is applied memory looked at, why is the state what it is, and the last "
	       "reason of a failure.");
	for (size_t i = 0; i < w->nr_schemes; i++) {
		const struct damos_stats *s = &w->schemes[i];

		begin_scheme(t, i, s);
		label(t, "verified",
		      s->verified < 0 ? "sampled"
		      : s->verified   ? "yes"
				      : "no",
		      false);
		label(t, "state_reason", s->state_reason, false);
		label(t, "failure", s->reason, false);
		fputs("} 1\n", t->out);
	}
}

/* What is not known, or has no limit, has no sample. */
static void put_scheme_rest(struct text *t, const struct metrics_world *w)
{
	family(t, "scheme_busy_seconds", "counter", "seconds", "Time spent in the action.");
	for (size_t i = 0; i < w->nr_schemes; i++) {
		begin_scheme(t, i, &w->schemes[i]);
		fputc('}', t->out);
		number(t, (double)w->schemes[i].busy_ns / NS_PER_SEC);
	}
	family(t, "scheme_quota_bytes", "gauge", "bytes",
	       "Effective quota of this reset interval.");
	for (size_t i = 0; i < w->nr_schemes; i++) {
		if (w->schemes[i].quota_bytes == UINT64_MAX)
			continue;
		begin_scheme(t, i, &w->schemes[i]);
		fputc('}', t->out);
		count(t, w->schemes[i].quota_bytes);
	}
	family(t, "scheme_refault_ratio", "gauge", "ratio",
	       "Share of the memory paged out that came back within 10 seconds.");
	for (size_t i = 0; i < w->nr_schemes; i++) {
		if (w->schemes[i].refault_bp < 0)
			continue;
		begin_scheme(t, i, &w->schemes[i]);
		fputc('}', t->out);
		number(t, w->schemes[i].refault_bp / 10000);
	}
	family(t, "scheme_goal_current", "gauge", NULL,
	       "What a goal is about, as measured last, in the unit of its metric.");
	for (size_t i = 0; i < w->nr_schemes; i++) {
		for (int k = 0; k < DAMOS_MAX_GOALS; k++) {
			char goal[16];

			snprintf(goal, sizeof(goal), "%d", k + 1);
			begin_scheme(t, i, &w->schemes[i]);
			label(t, "goal", goal, false);
			fputc('}', t->out);
			count(t, w->schemes[i].goal_current[k]);
		}
	}
}

static void put_schemes(struct text *t, const struct metrics_world *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(scheme_families); i++) {
		family(t, scheme_families[i].name, scheme_families[i].type, scheme_families[i].unit,
		       scheme_families[i].help);
		for (size_t k = 0; k < w->nr_schemes; k++) {
			const char *base = (const char *)&w->schemes[k];
			uint64_t v;

			memcpy(&v, base + scheme_families[i].at, sizeof(v));
			begin_scheme(t, k, &w->schemes[k]);
			fputc('}', t->out);
			count(t, v);
		}
	}
	put_scheme_rest(t, w);
	put_scheme_infos(t, w);
}

/* ---- the context ---- */

static void put_losses(struct text *t, const struct damon_stats *s)
{
	family(t, "lost_samples", "counter", NULL,
	       "Samples that told of no access, and pieces of traces that told of too few, by "
	       "reason; no_code is a part of no_address.");
	for (const struct loss *l = losses; l->reason; l++) {
		begin(t);
		label(t, "reason", l->reason, true);
		fputc('}', t->out);
		count(t, loss_of(l, s));
	}
}

/* A ratio that is < 0 is not known. */
static void put_percent(struct text *t, const char *name, const char *help, double percent)
{
	family(t, name, "gauge", "ratio", help);
	if (percent < 0)
		return;
	begin(t);
	number(t, percent / 100);
}

static void put_context(struct text *t, const struct metrics_world *w)
{
	const struct damon_stats *s = &w->stats;

	family(t, "build_info", "gauge", NULL, "Always 1.");
	begin(t);
	label(t, "version", w->version, true);
	label(t, "source", s->source, false);
	label(t, "dry_run", s->dry_run ? "yes" : "no", false);
	fputs("} 1\n", t->out);
	single(t, "snapshots", "counter", NULL, "Snapshots taken.", (double)s->nr_snapshots);
	family(t, "snapshot_timestamp_seconds", "gauge", "seconds",
	       "When the latest snapshot ended.");
	if (w->snapshot_epoch_ns) {
		begin(t);
		fprintf(t->out, " %.3f\n", (double)w->snapshot_epoch_ns / NS_PER_SEC);
	}
	single(t, "samples", "counter", NULL, "Samples with an address.", (double)s->obs);
	single(t, "accesses", "counter", NULL, "Addresses seen in them.", (double)s->accesses);
	single(t, "unknown_accesses", "counter", NULL,
	       "Accesses without an address, of samples that have another one.",
	       (double)s->unknown);
	put_losses(t, s);
	single(t, "closed_processes", "gauge", NULL, "Processes that could not be looked into.",
	       (double)s->closed_procs);
	single(t, "rate_hertz", "gauge", "hertz", "Samples per second of CPU time.", s->rate_hz);
	put_percent(t, "overhead_ratio",
		    "Interruptions and own work, of the CPU time of the targets.",
		    s->overhead_percent);
	put_percent(t, "slowdown_ratio", "Interruptions, of the CPU time of the targets.",
		    s->slowdown_percent);
	put_percent(t, "own_cpu_ratio", "CPU time of damon-perf, of one CPU.", s->own_cpu_percent);
	put_percent(t, "actions_cpu_ratio", "The part of it that actions of schemes took.",
		    s->own_actions_percent);
	single(t, "paused_seconds", "counter", "seconds",
	       "Time in which nothing was sampled, as all schemes were off by watermarks.",
	       (double)s->paused_ns / NS_PER_SEC);
	single(t, "record_bytes", "gauge", "bytes", "Size of the record that is written.",
	       (double)s->record_bytes);
}

void metrics_text(FILE *out, const struct metrics_world *w, bool openmetrics)
{
	struct text t = {.out = out, .openmetrics = openmetrics};

	put_context(&t, w);
	put_targets(&t, w);
	put_schemes(&t, w);
	if (openmetrics)
		fputs("# EOF\n", out);
}
