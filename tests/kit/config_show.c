/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "config/scheme.h"
#include "tests/kit/config_show.h"

struct show {
	char *buf;
	size_t n;
};

static _printf_(2, 3) void add(struct show *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->n += (size_t)vsnprintf(s->buf + s->n, CONFIG_SHOW_MAX - s->n, fmt, ap);
	va_end(ap);
	s->n = MIN(s->n, (size_t)CONFIG_SHOW_MAX - 1);
}

static void add_number(struct show *s, uint64_t n)
{
	if (n == UINT64_MAX)
		add(s, "max");
	else
		add(s, "%" PRIu64, n);
}

static void add_range(struct show *s, const char *name, const struct damos_range *r)
{
	if (!r->min && r->max == UINT64_MAX)
		return;
	add(s, " %s=", name);
	add_number(s, r->min);
	add(s, "..");
	add_number(s, r->max);
}

static void add_quota(struct show *s, const struct damos_quota *q)
{
	if (q->time_ns)
		add(s, " time=%" PRIu64, q->time_ns);
	if (q->bytes)
		add(s, " bytes=%" PRIu64, q->bytes);
	if (q->reset_ns != NS_PER_SEC) {
		add(s, " reset=");
		add_number(s, q->reset_ns);
	}
	if (q->weight_size || q->weight_accesses || q->weight_age)
		add(s, " weights=%u,%u,%u", q->weight_size, q->weight_accesses, q->weight_age);
	if (q->fail_charge_num || q->fail_charge_denom)
		add(s, " charge=%u/%u", q->fail_charge_num, q->fail_charge_denom);
	for (size_t i = 0; i < q->nr_goals; i++) {
		const struct damos_goal *g = &q->goals[i];

		add(s, " goal=%s:%" PRIu64 ":%" PRIu64 ":%d", word_of(scheme_metrics, g->metric),
		    g->target, g->current, g->nid);
		if (g->memcg)
			add(s, ":%s", g->memcg);
	}
	if (q->tuner)
		add(s, " tuner=%s", word_of(scheme_tuners, q->tuner));
}

static void add_filter(struct show *s, const struct damos_filter *f)
{
	add(s, " [%s%s %s", f->allow ? "allow" : "reject", f->matching ? "" : " none",
	    word_of(scheme_filters, f->type));
	if (f->type == DAMOS_FILTER_ADDR)
		add(s, " %" PRIu64 "-%" PRIu64, f->start, f->end);
	if (f->type == DAMOS_FILTER_TARGET)
		add(s, " %u", f->target);
	if (f->type == DAMOS_FILTER_HUGEPAGE_SIZE)
		add(s, " %" PRIu64 "..%" PRIu64, f->size.min, f->size.max);
	if (f->type == DAMOS_FILTER_MEMCG)
		add(s, " %s", f->memcg);
	add(s, "]");
}

static void add_scheme(struct show *s, const struct damos *d)
{
	const struct damos_watermarks *w = &d->watermarks;

	add(s, "%s", d->action);
	if (d->target_nid >= 0)
		add(s, " nid=%d", d->target_nid);
	for (size_t i = 0; i < d->nr_dests; i++)
		add(s, " dest=%d:%u", d->dests[i].nid, d->dests[i].weight);
	add_range(s, "sz", &d->sz);
	if (d->access_min > 0 || d->access_max < 1)
		add(s, " rate=%.6g..%.6g", d->access_min, d->access_max);
	add_range(s, "age", &d->age_ns);
	if (d->apply_ns)
		add(s, " apply=%" PRIu64, d->apply_ns);
	add_quota(s, &d->quota);
	if (w->metric)
		add(s, " wmarks=%" PRIu64 ":%u,%u,%u", w->interval_ns, w->high, w->mid, w->low);
	for (size_t i = 0; i < d->nr_filters; i++)
		add_filter(s, &d->filters[i]);
	if (d->max_nr_snapshots)
		add(s, " snapshots=%" PRIu64, d->max_nr_snapshots);
	if (d->compare)
		add(s, " compare=%s", word_of(scheme_compares, d->compare));
	if (d->refault_max_bp != 2000)
		add(s, " refault=%u", d->refault_max_bp);
}

const char *config_show_schemes(char *buf, const struct config *c)
{
	struct show s = {buf, 0};

	buf[0] = '\0';
	for (size_t i = 0; i < c->nr_schemes; i++) {
		add(&s, "%s", i ? " | " : "");
		add_scheme(&s, &c->schemes[i]);
	}
	return buf;
}

const char *config_show_context(char *buf, const struct config *c)
{
	struct show s = {buf, 0};

	add(&s, "%s", config_ops_name(c->ops));
	for (size_t i = 0; i < c->nr_targets; i++) {
		const struct config_target *t = &c->targets[i];

		add(&s, " %d", t->pid);
		for (size_t k = 0; k < t->nr_regions; k++)
			add(&s, "[%" PRIx64 "-%" PRIx64 "]", t->regions[k].start,
			    t->regions[k].end);
	}
	if (c->given & CONFIG_SAMPLE)
		add(&s, " sample=%" PRIu64, c->attrs.sample_ns);
	if (c->given & CONFIG_AGGR)
		add(&s, " aggr=%" PRIu64, c->attrs.aggr_ns);
	if (c->given & CONFIG_UPDATE)
		add(&s, " update=%" PRIu64, c->attrs.update_ns);
	if (c->given & (CONFIG_MIN_REGIONS | CONFIG_MAX_REGIONS))
		add(&s, " regions=%u..%u", c->attrs.min_nr_regions, c->attrs.max_nr_regions);
	if (c->given & CONFIG_GOAL)
		add(&s, " goal=%u,%u,%" PRIu64 ",%" PRIu64, c->goal.access_bp, c->goal.aggrs,
		    c->goal.min_sample_ns, c->goal.max_sample_ns);
	return buf;
}

void config_warnings_add(void *priv, const char *file, const char *where, const char *text)
{
	struct config_warnings *w = priv;
	size_t n = strlen(w->text);

	snprintf(w->text + n, sizeof(w->text) - n, "%s: %s\n", where, text);
	w->nr++;
}
