/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "base/units.h"
#include "base/util.h"
#include "config/kdamonds.h"
#include "config/scheme.h"

/* damo takes numbers with units as strings. */
#define TEXT_MAX 48

static void write_count(struct json *j, const char *key, uint64_t n)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	json_str(j, key, n == UINT64_MAX ? "max" : text);
}

static void write_bytes(struct json *j, const char *key, uint64_t bytes)
{
	char text[DAMON_UNITS_MAX];

	json_str(j, key, damon_print_exact_bytes(text, bytes));
}

/* In the largest unit up to seconds that it is a whole number of. */
static void write_time(struct json *j, const char *key, uint64_t ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"s", NS_PER_SEC}, {"ms", NS_PER_MS}, {"us", NS_PER_US}, {"ns", 1}};
	char text[TEXT_MAX] = "max";
	size_t i = 0;

	while (ns % units[i].ns)
		i++;
	if (ns != UINT64_MAX)
		snprintf(text, sizeof(text), "%" PRIu64 " %s", ns / units[i].ns, units[i].name);
	json_str(j, key, text);
}

/* A share as percents, with the fewest digits that are read as the same; below 0.1 % what is read
 * may be 1e-20 off. */
static void write_share(struct json *j, const char *key, double share)
{
	char text[TEXT_MAX];
	double back;

	for (int digits = 0; digits <= 18; digits++) {
		snprintf(text, sizeof(text), "%.*Lf %%", digits, 100 * (long double)share);
		for (char *p = text; *p; p++) /* the decimal point of the host's locale */
			if (*p == ',')
				*p = '.';
		if (!damon_parse_ratio(text, &back) && back == share)
			break;
	}
	json_str(j, key, text);
}

static void write_part(struct json *j, const char *key, uint32_t n, uint32_t whole)
{
	write_share(j, key, (double)n / whole);
}

/* ---- schemes ---- */

static void write_range(struct json *j, const char *key, const struct damos_range *r,
			void (*write)(struct json *j, const char *key, uint64_t v))
{
	json_object(j, key);
	write(j, "min", r->min);
	write(j, "max", r->max);
	json_end(j);
}

static void write_pattern(struct json *j, const struct damos *s)
{
	json_object(j, "access_pattern");
	write_range(j, "sz_bytes", &s->sz, write_bytes);
	json_object(j, "nr_accesses");
	write_share(j, "min", s->access_min);
	write_share(j, "max", s->access_max);
	json_end(j);
	write_range(j, "age", &s->age_ns, write_time);
	json_end(j);
}

static void write_target_value(struct json *j, const struct damos_goal *g)
{
	if (scheme_metric_is_part(g->metric))
		write_part(j, "target_value", (uint32_t)g->target, 10000);
	else if (g->metric == DAMOS_GOAL_TARGET_RSS)
		write_bytes(j, "target_value", g->target);
	else
		write_count(j, "target_value", g->target); /* some_mem_psi_us: of microseconds */
}

static void write_goal(struct json *j, const struct damos_goal *g)
{
	json_object(j, NULL);
	json_str(j, "metric", word_of(scheme_metrics, g->metric));
	if (scheme_metric_has_node(g->metric))
		json_i64(j, "nid", g->nid);
	if (scheme_metric_has_memcg(g->metric))
		json_str(j, "memcg_path", g->memcg);
	write_target_value(j, g);
	write_count(j, "current_value", g->current);
	json_end(j);
}

static void write_quota(struct json *j, const struct damos_quota *q)
{
	json_object(j, "quotas");
	write_time(j, "time_ms", q->time_ns);
	write_bytes(j, "sz_bytes", q->bytes);
	write_time(j, "reset_interval_ms", q->reset_ns);
	json_array(j, "goals");
	for (size_t i = 0; i < q->nr_goals; i++)
		write_goal(j, &q->goals[i]);
	json_end(j);
	json_str(j, "goal_tuner", word_of(scheme_tuners, q->tuner));
	if (q->fail_charge_num || q->fail_charge_denom) { /* damo has them since 3.2 */
		write_count(j, "fail_charge_num", q->fail_charge_num);
		write_count(j, "fail_charge_denom", q->fail_charge_denom);
	}
	json_object(j, "weights");
	write_part(j, "sz_permil", q->weight_size, 1000);
	write_part(j, "nr_accesses_permil", q->weight_accesses, 1000);
	write_part(j, "age_permil", q->weight_age, 1000);
	json_end(j);
	json_end(j);
}

static void write_watermarks(struct json *j, const struct damos_watermarks *w)
{
	json_object(j, "watermarks");
	json_str(j, "metric", word_of(scheme_wmarks, w->metric));
	write_time(j, "interval_us", w->interval_ns);
	write_part(j, "high_permil", w->high, 1000);
	write_part(j, "mid_permil", w->mid, 1000);
	write_part(j, "low_permil", w->low, 1000);
	json_end(j);
}

static void write_filter(struct json *j, const struct damos_filter *f)
{
	json_object(j, NULL);
	json_str(j, "filter_type", word_of(scheme_filters, f->type));
	json_bool(j, "matching", f->matching);
	json_bool(j, "allow", f->allow);
	if (f->type == DAMOS_FILTER_MEMCG) {
		json_str(j, "memcg_path", f->memcg);
	} else if (f->type == DAMOS_FILTER_ADDR) {
		json_object(j, "address_range");
		write_count(j, "start", f->start);
		write_count(j, "end", f->end);
		json_end(j);
	} else if (f->type == DAMOS_FILTER_TARGET) {
		json_u64(j, "damon_target_idx", f->target);
	} else if (f->type == DAMOS_FILTER_HUGEPAGE_SIZE) {
		json_array(j, "hugepage_size");
		write_bytes(j, NULL, f->size.min);
		write_bytes(j, NULL, f->size.max);
		json_end(j);
	}
	json_end(j);
}

static void write_destinations(struct json *j, const struct damos *s)
{
	if (s->target_nid >= 0)
		json_i64(j, "target_nid", s->target_nid);
	json_array(j, "dests");
	for (size_t i = 0; i < s->nr_dests; i++) {
		json_object(j, NULL);
		json_i64(j, "id", s->dests[i].nid);
		json_u64(j, "weight", s->dests[i].weight);
		json_end(j);
	}
	json_end(j);
}

/* What DAMON does not have; damo passes over it. */
static void write_own(struct json *j, const struct damos *s)
{
	struct damos def;

	damos_init(&def);
	if (s->max_nr_snapshots)
		write_count(j, "max_nr_snapshots", s->max_nr_snapshots);
	if (s->compare != def.compare)
		json_str(j, "compare", word_of(scheme_compares, s->compare));
	if (s->refault_max_bp != def.refault_max_bp)
		write_part(j, "refault_max_bp", s->refault_max_bp, 10000);
}

static void write_scheme(struct json *j, const struct damos *s)
{
	json_object(j, NULL);
	json_str(j, "action", s->action);
	if (scheme_migrates(s))
		write_destinations(j, s);
	write_pattern(j, s);
	write_time(j, "apply_interval_us", s->apply_ns);
	write_quota(j, &s->quota);
	write_watermarks(j, &s->watermarks);
	json_array(j, "filters");
	for (size_t i = 0; i < s->nr_filters; i++)
		write_filter(j, &s->filters[i]);
	json_end(j);
	write_own(j, s);
	json_end(j);
}

/* ---- contexts ---- */

static void write_target(struct json *j, const struct config_target *t)
{
	json_object(j, NULL);
	if (t->pid)
		json_i64(j, "pid", t->pid);
	else
		json_null(j, "pid");
	json_array(j, "regions");
	for (size_t i = 0; i < t->nr_regions; i++) {
		json_object(j, NULL);
		write_count(j, "start", t->regions[i].start);
		write_count(j, "end", t->regions[i].end);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_intervals(struct json *j, const struct config *c)
{
	json_object(j, "intervals");
	write_time(j, "sample_us", c->attrs.sample_ns);
	write_time(j, "aggr_us", c->attrs.aggr_ns);
	write_time(j, "ops_update_us", c->attrs.update_ns);
	if (c->goal.access_bp) {
		json_object(j, "intervals_goal");
		write_part(j, "access_bp", c->goal.access_bp, 10000);
		write_count(j, "aggrs", c->goal.aggrs);
		write_time(j, "min_sample_us", c->goal.min_sample_ns);
		write_time(j, "max_sample_us", c->goal.max_sample_ns);
		json_end(j);
	}
	json_end(j);
}

static void write_context(struct json *j, const struct config *c)
{
	json_object(j, NULL);
	json_str(j, "ops", config_ops_name(c->ops));
	json_array(j, "targets");
	for (size_t i = 0; i < c->nr_targets; i++)
		write_target(j, &c->targets[i]);
	json_end(j);
	write_intervals(j, c);
	json_object(j, "nr_regions");
	write_count(j, "min", c->attrs.min_nr_regions);
	write_count(j, "max", c->attrs.max_nr_regions);
	json_end(j);
	json_array(j, "schemes");
	for (size_t i = 0; i < c->nr_schemes; i++)
		write_scheme(j, &c->schemes[i]);
	json_end(j);
	json_end(j);
}

void config_write(FILE *out, const struct config *c)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_array(&j, "kdamonds");
	json_object(&j, NULL);
	json_array(&j, "contexts");
	write_context(&j, c);
	json_end(&j);
	json_end(&j);
	json_end(&j);
	json_end(&j);
}
