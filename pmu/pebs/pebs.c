/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pmu/pebs/pebs.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "pmu/memory.h"

struct event {
	enum damon_pebs_kind kind;
	bool claimed;	 /* not another source's */
	uint64_t period; /* 0: samples tell theirs */
};

struct pebs {
	uint8_t left_out; /* enum damon_access_flags */
	struct damon_source_stats stats;
	struct event *events;
	size_t nr_events, cap_events;
};

static int pebs_probe(const struct damon_sys *sys, struct damon_fail *why)
{
	const struct damon_source_options o = {.rate_hz = 1000};
	struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
	int n = damon_pebs_events(sys, &o, e, why);

	return MIN(n, 0);
}

/* Numbers of events with their unit masks, for recordings that tell no names. */
static const struct {
	uint16_t config;
	uint8_t kind;
} numbers[] = {
	{0x01cd, DAMON_PEBS_LOADS},	/* Sandy Bridge and later */
	{0x100b, DAMON_PEBS_LOADS},	/* Nehalem */
	{0x05d0, DAMON_PEBS_LOADS},	/* efficient cores */
	{0x81d0, DAMON_PEBS_ALL_LOADS}, /* MEM_*_RETIRED.ALL_LOADS */
	{0x02cd, DAMON_PEBS_STORES},	/* Sandy, Ivy Bridge; Sapphire Rapids and later */
	{0x82d0, DAMON_PEBS_STORES},	/* Haswell to Ice Lake */
	{0x06d0, DAMON_PEBS_STORES},	/* efficient cores */
	{0x8203, DAMON_PEBS_AUX},
};

/* In names, in the order in which they decide. */
static const struct {
	const char *part;
	uint8_t kind;
} names[] = {
	{"mem-loads-aux", DAMON_PEBS_AUX}, {"all_loads", DAMON_PEBS_ALL_LOADS},
	{"store", DAMON_PEBS_STORES},	   {"load", DAMON_PEBS_LOADS},
	{"latency", DAMON_PEBS_LOADS},
};

/* Numbers mean this on cores only. */
static bool is_core(const struct damon_perf_event *e)
{
	for (size_t i = 0; i < DAMON_PEBS_PMUS; i++) {
		if (strcmp(e->pmu, damon_pebs_pmus[i]) == 0)
			return true;
	}
	return !e->pmu[0] && e->attr.type == PERF_TYPE_RAW;
}

enum damon_pebs_kind damon_pebs_kind_of(const struct damon_perf_event *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcasestr(e->name, names[i].part))
			return names[i].kind;
	}
	for (size_t i = 0; is_core(e) && i < ARRAY_SIZE(numbers); i++) {
		if ((e->attr.config & 0xffff) == numbers[i].config)
			return numbers[i].kind;
	}
	return DAMON_PEBS_OTHER;
}

/* Of kinds that have no PMU to name, and of cores. */
static bool may_be_intel(const struct damon_perf_event *e)
{
	uint32_t type = e->attr.type;

	if (type == PERF_TYPE_HARDWARE || type == PERF_TYPE_HW_CACHE || is_core(e))
		return true;
	/* cores of hybrid processors have numbers of their own */
	return !e->pmu[0] && type > PERF_TYPE_BREAKPOINT && strncmp(e->name, "cpu_", 4) == 0;
}

/* Addresses, with DATA_SRC or of an event that is known to have them. */
static bool pebs_claims(const struct damon_perf_event *e)
{
	if (!may_be_intel(e))
		return false;
	if (damon_pebs_kind_of(e) == DAMON_PEBS_AUX)
		return true;
	return (e->attr.sample_type & PERF_SAMPLE_ADDR) &&
	       ((e->attr.sample_type & PERF_SAMPLE_DATA_SRC) || e->attr.precise_ip);
}

static int pebs_open(const struct damon_source_options *o, const struct damon_peek *r, void **state)
{
	struct pebs *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->left_out =
		(o->no_loads ? DAMON_ACCESS_LOAD : 0) | (o->no_stores ? DAMON_ACCESS_STORE : 0);
	*state = p;
	return 0;
}

static void pebs_close(void *state)
{
	struct pebs *p = state;

	if (p)
		free(p->events);
	free(p);
}

static int pebs_begin(void *state, const struct damon_perf_event *e, size_t n)
{
	struct pebs *p = state;

	if (vec_reserve(&p->events, &p->cap_events, n, sizeof(*p->events)))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct perf_event_attr *a = &e[i].attr;

		p->events[i].kind = damon_pebs_kind_of(&e[i]);
		p->events[i].claimed = pebs_claims(&e[i]);
		p->events[i].period = a->freq ? 0 : a->sample_period;
	}
	p->nr_events = n;
	return 0;
}

static uint8_t flags_of(enum damon_pebs_kind kind, uint64_t data_src)
{
	union perf_mem_data_src d = {.val = data_src};

	if (d.mem_op & (PERF_MEM_OP_LOAD | PERF_MEM_OP_STORE))
		return 0; /* it says more: both, for what loads and stores */
	if (kind == DAMON_PEBS_STORES)
		return DAMON_ACCESS_STORE;
	return kind == DAMON_PEBS_LOADS || kind == DAMON_PEBS_ALL_LOADS ? DAMON_ACCESS_LOAD : 0;
}

static int pebs_decode(void *state, const struct damon_perf_sample *s, struct damon_space *space,
		       damon_emit_fn emit, void *priv)
{
	static const struct event unknown = {0};
	struct pebs *p = state;
	const struct event *e = s->event < p->nr_events ? &p->events[s->event] : &unknown;
	uint64_t period = s->period ? s->period : e->period;
	struct damon_obs o;

	p->stats.samples++;
	if (e->kind == DAMON_PEBS_AUX) {
		p->stats.filtered++;
		p->stats.no_access++;
		return 0;
	}
	if (!damon_memory_obs(s, flags_of(e->kind, s->data_src), (float)MAX(period, 1ull), &o)) {
		p->stats.no_address++;
		p->stats.unknown++;
	} else if (o.access[0].flags && !(o.access[0].flags & ~p->left_out)) {
		p->stats.filtered++;
		p->stats.unwanted++;
		return 0;
	} else {
		p->stats.accesses++;
	}
	emit(priv, &o);
	return 1;
}

static void pebs_stats(const void *state, struct damon_source_stats *out)
{
	const struct pebs *p = state;

	*out = p->stats;
}

/* Accesses as such where only events that count them all are sampled. */
static void pebs_scale_of(const void *state, struct damon_scale *out)
{
	const struct pebs *p = state;
	bool counts = p->nr_events > 0;

	for (size_t i = 0; i < p->nr_events; i++) {
		const struct event *e = &p->events[i];

		counts &= !e->claimed || e->kind == DAMON_PEBS_ALL_LOADS ||
			  e->kind == DAMON_PEBS_STORES || e->kind == DAMON_PEBS_AUX;
	}
	*out = counts ? (struct damon_scale){1, 1, 1} : damon_pebs_source.scale;
}

const struct damon_source_ops damon_pebs_source = {
	.name = "pebs",
	.summary = "loads and stores sampled by Intel processors, with latency and cache level",
	.sees = DAMON_SEES_LOADS | DAMON_SEES_STORES | DAMON_SEES_LATENCY | DAMON_SEES_LEVEL |
		DAMON_SEES_PHYS | DAMON_SEES_EVENTS,
	.scale = {1, 1, 1000}, /* of loads only some are picked */
	.probe = pebs_probe,
	.events = damon_pebs_events,
	.claims = pebs_claims,
	.open = pebs_open,
	.close = pebs_close,
	.begin = pebs_begin,
	.decode = pebs_decode,
	.stats = pebs_stats,
	.scale_of = pebs_scale_of,
};
