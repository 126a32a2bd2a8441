/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "damos.h"
#include "report/info_schemes.h"
#include "report/table.h"

#define INDENT 4

/* Text that grows, cut at its end. */
struct text {
	char s[512];
	size_t len;
};

static void _printf_(2, 3) put(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->s + t->len, sizeof(t->s) - t->len, fmt, args);
	va_end(args);
	t->len = MIN(t->len + (size_t)MAX(n, 0), sizeof(t->s) - 1);
}

typedef char *(*value_fn)(char *buf, double v);

/* "size 4.00 KiB to 1.00 MiB", "age at least 5.00 s"; nothing where all is of it. */
static void put_range(struct text *t, const char *what, const struct damos_range *r, value_fn value)
{
	char lo[DAMON_UNITS_MAX], hi[DAMON_UNITS_MAX];

	value(lo, (double)r->min);
	value(hi, (double)r->max);
	if (r->min && r->max < UINT64_MAX)
		put(t, ", %s %s to %s", what, lo, hi);
	else if (r->min)
		put(t, ", %s at least %s", what, lo);
	else if (r->max < UINT64_MAX)
		put(t, ", %s at most %s", what, hi);
}

static void put_pattern(struct text *t, const struct damos *s)
{
	char buf[DAMON_UNITS_MAX];

	put_range(t, "size", &s->sz, damon_print_bytes);
	if (s->access_min > 0 || s->access_max < 1)
		put(t, ", accessed in %.3g %% to %.3g %% of intervals", 100 * s->access_min,
		    100 * s->access_max);
	put_range(t, "age", &s->age_ns, damon_print_time);
	if (s->quota.bytes)
		put(t, ", at most %s", damon_print_bytes(buf, (double)s->quota.bytes));
	if (s->quota.time_ns)
		put(t, ", at most %s", damon_print_time(buf, (double)s->quota.time_ns));
	if (s->quota.bytes || s->quota.time_ns)
		put(t, " each %s", damon_print_time(buf, (double)s->quota.reset_ns));
	if (s->nr_filters)
		put(t, ", %zu filter%s", s->nr_filters, s->nr_filters == 1 ? "" : "s");
}

static const char *how_sure(const struct damos_stats *st)
{
	return st->verified > 0 ? "looked at" : st->verified < 0 ? "by a sample" : "as reported";
}

static void put_done(struct text *t, const struct damos *s, const struct damos_stats *st)
{
	char a[DAMON_UNITS_MAX], b[DAMON_UNITS_MAX];

	put(t, "tried %s of %s", damon_print_bytes(a, (double)st->sz_tried),
	    damon_print_count(b, (double)st->nr_tried));
	put(t, " region%s", st->nr_tried == 1 ? "" : "s");
	if (st->sz_applied)
		put(t, ", applied %s (%s)", damon_print_bytes(a, (double)st->sz_applied),
		    how_sure(st));
	else if (strcmp(s->action, "stat"))
		put(t, ", applied nothing");
	if (st->sz_skipped)
		put(t, ", passed over %s", damon_print_bytes(a, (double)st->sz_skipped));
	if (st->sz_failed)
		put(t, ", failed %s", damon_print_bytes(a, (double)st->sz_failed));
	if (st->sz_dropped)
		put(t, ", given up %s", damon_print_bytes(a, (double)st->sz_dropped));
	if (st->busy_ns)
		put(t, ", in %s", damon_print_time(a, (double)st->busy_ns));
}

static void put_limits(struct text *t, const struct damos_stats *st)
{
	char buf[DAMON_UNITS_MAX];

	put(t, "%s", damos_state_name(st->state));
	if (st->state_reason[0])
		put(t, " (%s)", st->state_reason);
	if (st->qt_exceeds)
		put(t, ", quota used up %s time%s", damon_print_count(buf, (double)st->qt_exceeds),
		    st->qt_exceeds == 1 ? "" : "s");
	if (st->refault_bp >= 0)
		put(t, ", %.3g %% came back within 10 s", st->refault_bp / 100);
	if (st->reason[0])
		put(t, "; last refusal: %s", st->reason);
}

static void line(struct report_args *a, const struct text *t)
{
	char clean[sizeof(t->s)];

	fprintf(a->out, "%*s", INDENT, "");
	print_wrapped(a->out, print_clean(clean, sizeof(clean), t->s), a->width, INDENT,
		      INDENT + 2);
}

void info_schemes_text(struct report_args *a, const struct damon_stats *st)
{
	struct damos_stats s = {.size = sizeof(s)};
	struct damos d = {.size = sizeof(d)};
	char buf[DAMON_UNITS_MAX];
	size_t i;

	for (i = 0; !damon_record_scheme(a->rec, i, &d, &s); i++) {
		struct text head = {.len = 0}, done = {.len = 0}, limits = {.len = 0};

		put(&head, "scheme %zu%s: %s", i, st->dry_run ? ", planned only" : "", d.action);
		put_pattern(&head, &d);
		put_done(&done, &d, &s);
		put_limits(&limits, &s);
		fprintf(a->out, "%s  ", i ? "" : "\n");
		print_wrapped(a->out, head.s, a->width, 2, INDENT);
		line(a, &done);
		line(a, &limits);
	}
	if (i)
		fprintf(a->out, "  own CPU for actions: %.3g %%\n", st->own_actions_percent);
	if (st->paused_ns)
		fprintf(a->out, "  not sampled, as all were off: %s\n",
			damon_print_time(buf, (double)st->paused_ns));
}

static void range_json(struct json *j, const char *key, const struct damos_range *r)
{
	json_object(j, key);
	json_u64(j, "min", r->min);
	json_u64(j, "max", r->max);
	json_end(j);
}

static void scheme_json(struct json *j, const struct damos *d, const struct damos_stats *s)
{
	json_object(j, NULL);
	json_str(j, "action", d->action);
	range_json(j, "size_bytes", &d->sz);
	json_double(j, "access_min", d->access_min, 6);
	json_double(j, "access_max", d->access_max, 6);
	range_json(j, "age_ns", &d->age_ns);
	json_u64(j, "quota_bytes", d->quota.bytes);
	json_u64(j, "quota_time_ns", d->quota.time_ns);
	json_u64(j, "quota_reset_ns", d->quota.reset_ns);
	json_u64(j, "nr_filters", d->nr_filters);
	json_u64(j, "nr_tried", s->nr_tried);
	json_u64(j, "sz_tried", s->sz_tried);
	json_u64(j, "nr_applied", s->nr_applied);
	json_u64(j, "sz_applied", s->sz_applied);
	json_u64(j, "sz_ops_filter_passed", s->sz_filter_passed);
	json_u64(j, "sz_skipped", s->sz_skipped);
	json_u64(j, "sz_failed", s->sz_failed);
	json_u64(j, "sz_dropped", s->sz_dropped);
	json_u64(j, "qt_exceeds", s->qt_exceeds);
	json_u64(j, "nr_snapshots", s->nr_snapshots);
	json_i64(j, "verified", s->verified);
	json_u64(j, "busy_ns", s->busy_ns);
	json_str(j, "state", damos_state_name(s->state));
	json_str(j, "state_reason", s->state_reason);
	json_str(j, "reason", s->reason);
	json_double(j, "refault_bp", s->refault_bp, 6);
	json_end(j);
}

void info_schemes_json(const struct damon_record *rec, const struct damon_stats *st, struct json *j)
{
	struct damos_stats s = {.size = sizeof(s)};
	struct damos d = {.size = sizeof(d)};

	if (damon_record_scheme(rec, 0, &d, &s))
		return;
	json_double(j, "own_actions_percent", st->own_actions_percent, 6);
	json_u64(j, "paused_ns", st->paused_ns);
	json_bool(j, "dry_run", st->dry_run);
	json_array(j, "schemes");
	for (size_t i = 0; !damon_record_scheme(rec, i, &d, &s); i++)
		scheme_json(j, &d, &s);
	json_end(j);
}
