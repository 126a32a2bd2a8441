/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/replay/kdamon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/replay/infer.h"
#include "perf/tracing.h"

#define MAX_HELD    (8u << 20) /* bytes of regions that wait until the intervals are known */
#define MAX_REGIONS (1u << 18) /* of a snapshot: a record takes no more */
#define MAX_STREAMS 16	       /* kdamonds */
#define MAX_TARGETS 64
#define MAX_PAGE    ((1ull << 52) - 1)

enum { TARGET_ID, NR_REGIONS, START, END, NR_ACCESSES, AGE, NR_FIELDS };
static const char *const field_names[] = {"target_id", "nr_regions",  "start",
					  "end",       "nr_accesses", "age"};

struct kregion {
	uint64_t start, end;
	uint32_t nr_accesses, age;
};

/* Regions of one target in one aggregation. */
struct group {
	uint32_t target; /* index in 'targets' */
	size_t nr;	 /* regions, of 'regions' one group after the other */
};

/* Groups and their regions. */
struct pile {
	struct group *groups;
	size_t nr_groups, cap_groups;
	struct kregion *regions;
	size_t nr_regions, cap_regions;
};

/* What one kdamond tells. */
struct stream {
	int tid;
	struct pile pile;	/* of the aggregation at hand */
	bool is_open;		/* its last group has not all its regions yet: */
	uint64_t target_id;	/* of this target, */
	uint64_t want, have;	/* so many, of which so many came */
	uint64_t time_ns;	/* of the aggregation at hand */
	uint64_t last_ns, ends; /* the end of the one before; how many there were */
};

struct held {
	uint64_t start_ns, end_ns; /* start 0: not known, it is its stream's first */
	size_t nr_groups;
};

struct ktarget {
	int tid;
	uint64_t id;
};

struct kdamon {
	bool looked, is_there; /* for the format */
	uint64_t event_id;
	struct damon_trace_field field[NR_FIELDS];
	struct stream streams[MAX_STREAMS];
	size_t nr_streams;
	struct ktarget targets[MAX_TARGETS];
	size_t nr_targets;
	/* Whole aggregations, to be shown. */
	struct pile held;
	struct held *snaps;
	size_t nr_snaps, cap_snaps;
	bool decided;  /* the intervals are */
	uint32_t most; /* sampling intervals of an aggregation */
	uint64_t malformed, cut;
	/* Of the snapshot at hand. */
	struct damon_target_snapshot shown[MAX_TARGETS];
	struct damon_region *regions;
	size_t cap_shown;
};

const struct damon_source_ops kdamon_source = {
	.name = "kdamon",
	.summary = "recordings of the kernel's DAMON",
	.scale = {0, 0, 0}, /* it looks at accessed bits, and counts no accesses */
};

int kdamon_new(struct kdamon **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void release_pile(struct pile *p)
{
	free(p->groups);
	free(p->regions);
}

void kdamon_free(struct kdamon *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->nr_streams; i++)
		release_pile(&k->streams[i].pile);
	release_pile(&k->held);
	free(k->snaps);
	free(k->regions);
	free(k);
}

bool kdamon_is_event(struct kdamon *k, const struct damon_perf_event *e,
		     const struct damon_perf_file_info *i)
{
	struct damon_trace_event t = {.system = "damon",
				      .name = "damon_aggregated",
				      .fields = field_names,
				      .nr_fields = NR_FIELDS,
				      .found = k->field};

	if (!k->looked && i->tracing) {
		k->looked = true;
		k->is_there = damon_tracing_find(i->tracing, i->tracing_len, &t) == 1;
		for (size_t f = TARGET_ID; f <= NR_ACCESSES; f++) /* only newer ones have an age */
			k->is_there = k->is_there && k->field[f].size;
		k->event_id = t.id;
	}
	return k->is_there && e->attr.type == PERF_TYPE_TRACEPOINT &&
	       e->attr.config == k->event_id && (e->attr.sample_type & PERF_SAMPLE_RAW);
}

/* ---- piles ---- */

static int open_group(struct pile *p, uint32_t target)
{
	if (vec_reserve(&p->groups, &p->cap_groups, p->nr_groups + 1, sizeof(*p->groups)))
		return -ENOMEM;
	p->groups[p->nr_groups++] = (struct group){.target = target};
	return 0;
}

static int add_region(struct pile *p, const struct kregion *r)
{
	if (vec_reserve(&p->regions, &p->cap_regions, p->nr_regions + 1, sizeof(*p->regions)))
		return -ENOMEM;
	p->regions[p->nr_regions++] = *r;
	p->groups[p->nr_groups - 1].nr++;
	return 0;
}

static void drop_group(struct pile *p)
{
	p->nr_regions -= p->groups[--p->nr_groups].nr;
}

static void clear_pile(struct pile *p)
{
	p->nr_groups = p->nr_regions = 0;
}

/* ---- what to show it as ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The median length of the aggregations that wait; 0: there is none with both ends. */
static uint64_t median_ns(const struct kdamon *k)
{
	_cleanup_(freep) uint64_t *ns = calloc(k->nr_snaps + 1, sizeof(*ns));
	size_t n = 0;

	for (size_t i = 0; ns && i < k->nr_snaps; i++) {
		if (k->snaps[i].start_ns && k->snaps[i].end_ns > k->snaps[i].start_ns)
			ns[n++] = k->snaps[i].end_ns - k->snaps[i].start_ns;
	}
	if (!n)
		return 0;
	qsort(ns, n, sizeof(*ns), by_value);
	return ns[n / 2];
}

/* The intervals, by what waits; then the record can begin. */
static int decide(struct kdamon *k, struct damon_ctx *ctx)
{
	uint64_t aggr_ns = median_ns(k), most, sample_ns = ctx->attrs.sample_ns;

	aggr_ns = MAX(aggr_ns ? aggr_ns : ctx->attrs.aggr_ns, NS_PER_MS);
	most = MAX((aggr_ns + sample_ns / 2) / sample_ns, 1ull);
	for (size_t i = 0; i < k->held.nr_regions; i++)
		most = MAX(most, (uint64_t)k->held.regions[i].nr_accesses);
	most = MIN(most, aggr_ns / NS_PER_US); /* no interval is shorter */
	ctx->attrs.sample_ns = (aggr_ns + most / 2) / most;
	ctx->attrs.aggr_ns = ctx->attrs.sample_ns * most;
	ctx->attrs.update_ns = MAX(ctx->attrs.update_ns, ctx->attrs.aggr_ns);
	ctx->view.units.sample_ns = ctx->attrs.sample_ns;
	ctx->view.units.aggr_ns = ctx->attrs.aggr_ns;
	k->most = (uint32_t)most;
	k->decided = true;
	if (k->nr_snaps)
		ctx->start_ns = k->snaps[0].end_ns - MIN(k->snaps[0].end_ns, ctx->attrs.aggr_ns);
	ctx->aggr_start_ns = ctx->start_ns;
	return ctx_open_record(ctx);
}

static void show_region(const struct kdamon *k, const struct kregion *in, struct damon_region *out)
{
	*out = (struct damon_region){
		.start = in->start,
		.end = in->end,
		.span_aggrs = 1,
		.age_aggrs = in->age,
		.idle_aggrs = in->nr_accesses ? 0 : MAX(in->age, 1u),
		.evenness = 1,
		.nr_checks = (float)k->most,
		.nr_touched = (float)MIN(in->nr_accesses, k->most),
	};
}

/* The target of the record, NULL without memory. Which process it is does the recording not say. */
static struct damon_proc *show_target(struct damon_ctx *ctx, uint32_t target, uint64_t now_ns)
{
	struct damon_proc *p;
	char comm[DAMON_COMM_MAX];

	snprintf(comm, sizeof(comm), "target %u", target);
	p = damon_targets_add(damon_core_targets(ctx->core), (int)target + 1, comm, now_ns);
	if (p && p->target)
		p->target->pid = 0;
	return p && p->target ? p : NULL;
}

/* What is mapped is not told either: what regions that touch each other cover is taken for it. */
static int show_space(struct damon_space *s, const struct kregion *r, size_t n, uint64_t now_ns)
{
	int err = 0;

	for (size_t first = 0, i = 1; i <= n && !err; i++) {
		struct damon_mapping m = {.start = r[first].start,
					  .end = r[i - 1].end,
					  .prot = DAMON_PROT_READ | DAMON_PROT_WRITE,
					  .name = INFER_NAME};
		const struct damon_mapping *known = damon_space_find(s, m.start);

		if (i < n && r[i].start == r[i - 1].end)
			continue;
		if (!known || known->end < m.end)
			err = damon_space_map(s, &m, now_ns);
		first = i;
	}
	return err;
}

/* Regions of one target. Returns 0 or -ENOMEM. */
static int show_group(const struct kdamon *k, struct damon_ctx *ctx, const struct group *g,
		      const struct kregion *regions, uint64_t now_ns,
		      struct damon_target_snapshot *out)
{
	struct damon_proc *p = show_target(ctx, g->target, now_ns);

	if (!p || show_space(p->space, regions, g->nr, now_ns))
		return -ENOMEM;
	out->target_id = p->target->id;
	out->space_id = p->space->id;
	out->burst = out->clumping = 1;
	out->nr_regions = g->nr;
	for (size_t i = 0; i < g->nr; i++)
		show_region(k, &regions[i], &out->regions[i]);
	out->weight = damon_target_sum(out, &ctx->view.units).weight;
	return 0;
}

static int show(struct kdamon *k, struct damon_ctx *ctx, const struct held *h,
		const struct group *groups, const struct kregion *regions)
{
	uint64_t aggr_ns = ctx->attrs.aggr_ns;
	struct damon_snapshot s = {
		.start_ns = h->start_ns ? h->start_ns : h->end_ns - MIN(h->end_ns, aggr_ns),
		.end_ns = h->end_ns,
		.counts = ctx->counts,
		.targets = k->shown,
		.nr_targets = h->nr_groups,
	};
	size_t nr = 0;
	int err = 0;

	for (size_t g = 0; g < h->nr_groups; g++)
		nr += groups[g].nr;
	if (vec_reserve(&k->regions, &k->cap_shown, nr + 1, sizeof(*k->regions)))
		err = -ENOMEM;
	nr = 0;
	for (size_t g = 0; g < h->nr_groups && !err; g++) {
		k->shown[g] = (struct damon_target_snapshot){.regions = k->regions + nr};
		err = show_group(k, ctx, &groups[g], regions + nr, s.start_ns, &k->shown[g]);
		nr += groups[g].nr;
	}
	if (err)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	s.counts.checks += (uint64_t)nr * k->most;
	memset(&ctx->counts, 0, sizeof(ctx->counts));
	ctx->aggr_start_ns = MAX(ctx->aggr_start_ns, h->end_ns);
	return monitor_show(ctx, &s, h->end_ns);
}

static int show_held(struct kdamon *k, struct damon_ctx *ctx)
{
	const struct kregion *regions = k->held.regions;
	const struct group *groups = k->held.groups;
	int err = k->decided ? 0 : decide(k, ctx);

	for (size_t i = 0; i < k->nr_snaps && !err && !ctx->ended; i++) {
		err = show(k, ctx, &k->snaps[i], groups, regions);
		for (size_t g = 0; g < k->snaps[i].nr_groups; g++)
			regions += groups[g].nr;
		groups += k->snaps[i].nr_groups;
	}
	clear_pile(&k->held);
	k->nr_snaps = 0;
	return err;
}

/* ---- aggregations ---- */

/* The aggregation at hand is over: it waits to be shown. */
static int end_aggregation(struct kdamon *k, struct damon_ctx *ctx, struct stream *s)
{
	struct pile *from = &s->pile, *to = &k->held;
	struct held h = {.start_ns = s->last_ns, .end_ns = s->time_ns, from->nr_groups};

	if (!from->nr_groups)
		return 0;
	if (vec_reserve(&k->snaps, &k->cap_snaps, k->nr_snaps + 1, sizeof(*k->snaps)) ||
	    vec_reserve(&to->groups, &to->cap_groups, to->nr_groups + from->nr_groups,
			sizeof(*to->groups)) ||
	    vec_reserve(&to->regions, &to->cap_regions, to->nr_regions + from->nr_regions + 1,
			sizeof(*to->regions)))
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	memcpy(to->groups + to->nr_groups, from->groups, from->nr_groups * sizeof(*to->groups));
	to->nr_groups += from->nr_groups;
	if (from->nr_regions)
		memcpy(to->regions + to->nr_regions, from->regions,
		       from->nr_regions * sizeof(*to->regions));
	to->nr_regions += from->nr_regions;
	k->snaps[k->nr_snaps++] = h;
	s->last_ns = s->time_ns;
	clear_pile(from);
	if (k->decided || to->nr_regions * sizeof(*to->regions) >= MAX_HELD ||
	    k->nr_snaps >= MAX_HELD / sizeof(*k->snaps))
		return show_held(k, ctx);
	return 0;
}

/* A group of which records were lost is no aggregation of its target. */
static void close_group(struct kdamon *k, struct stream *s)
{
	if (!s->is_open)
		return;
	k->cut += s->have;
	drop_group(&s->pile);
	s->is_open = false;
}

static struct stream *stream_of(struct kdamon *k, int tid)
{
	for (size_t i = 0; i < k->nr_streams; i++) {
		if (k->streams[i].tid == tid)
			return &k->streams[i];
	}
	if (k->nr_streams == MAX_STREAMS)
		return NULL;
	k->streams[k->nr_streams].tid = tid;
	return &k->streams[k->nr_streams++];
}

/* Index of a target, SIZE_MAX: there are too many. */
static size_t target_of(struct kdamon *k, int tid, uint64_t id)
{
	size_t i = 0;

	while (i < k->nr_targets && (k->targets[i].tid != tid || k->targets[i].id != id))
		i++;
	if (i == MAX_TARGETS)
		return SIZE_MAX;
	if (i == k->nr_targets)
		k->targets[k->nr_targets++] = (struct ktarget){.tid = tid, .id = id};
	return i;
}

static bool has_group(const struct pile *p, size_t target)
{
	for (size_t i = 0; i < p->nr_groups; i++) {
		if (p->groups[i].target == target)
			return true;
	}
	return false;
}

/* The first region of a target: of the aggregation at hand, or of the next one if that has the
 * target already. */
static int begin_group(struct kdamon *k, struct damon_ctx *ctx, struct stream *s, uint64_t id,
		       uint64_t want, uint64_t time_ns)
{
	size_t target = target_of(k, s->tid, id);
	int err = 0;

	close_group(k, s);
	if (target == SIZE_MAX) {
		ctx->counts.no_target++;
		return 0;
	}
	if (has_group(&s->pile, target))
		err = end_aggregation(k, ctx, s);
	if (err)
		return err;
	if (!s->pile.nr_groups)
		s->time_ns = time_ns;
	err = open_group(&s->pile, (uint32_t)target);
	s->is_open = !err;
	s->target_id = id;
	s->want = want;
	s->have = 0;
	return err ? damon_fail(&ctx->fail, ENOMEM, "out of memory") : 0;
}

/* Sorted, of whole pages, and no more than a record takes. */
static bool is_sound(const struct stream *s, const struct kregion *r)
{
	const struct pile *p = &s->pile;
	uint64_t after = p->groups[p->nr_groups - 1].nr ? p->regions[p->nr_regions - 1].end : 0;

	return r->start < r->end && r->start >= after && r->end >> DAMON_PAGE_SHIFT <= MAX_PAGE &&
	       !((r->start | r->end) & (DAMON_PAGE_SIZE - 1)) && p->nr_regions < MAX_REGIONS;
}

int kdamon_take(struct kdamon *k, struct damon_ctx *ctx, const struct damon_perf_sample *sample)
{
	struct stream *s = stream_of(k, sample->tid);
	uint64_t v[NR_FIELDS];
	struct kregion r;
	int err = 0;

	if (!s || !sample->raw) {
		k->malformed++;
		return 0;
	}
	for (size_t i = 0; i < NR_FIELDS; i++)
		v[i] = damon_trace_number(sample->raw, sample->raw_len, &k->field[i]);
	r = (struct kregion){v[START], v[END], (uint32_t)v[NR_ACCESSES], (uint32_t)v[AGE]};
	if (!s->is_open || s->target_id != v[TARGET_ID] || s->want != v[NR_REGIONS])
		err = begin_group(k, ctx, s, v[TARGET_ID], v[NR_REGIONS], sample->time_ns);
	if (err || !s->is_open)
		return err;
	if (is_sound(s, &r))
		err = add_region(&s->pile, &r);
	else
		k->malformed++;
	if (++s->have >= s->want)
		s->is_open = false;
	return err ? damon_fail(&ctx->fail, ENOMEM, "out of memory") : 0;
}

int kdamon_finish(struct kdamon *k, struct damon_ctx *ctx)
{
	int err = 0;

	for (size_t i = 0; i < k->nr_streams && !err; i++) {
		close_group(k, &k->streams[i]);
		err = end_aggregation(k, ctx, &k->streams[i]);
	}
	return err ? err : show_held(k, ctx);
}

void kdamon_totals(const struct kdamon *k, struct damon_origin *o)
{
	o->malformed += k->malformed;
	o->aux_lost += k->cut;
	o->assumed = 1;
}
