/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tests/kit/record_kit.h"

const struct damon_meta kit_meta = {
	.start_ns = 1000,
	.epoch_offset_ns = -5,
	.sample_ns = 5 * NS_PER_MS,
	.aggr_ns = 100 * NS_PER_MS,
	.update_ns = NS_PER_SEC,
	.min_nr_regions = 10,
	.max_nr_regions = 1000,
	.scale = {1.5, 1, 2},
	.sees = 5,
	.rate_hz = 997,
	.overhead_asked = 1,
	.tick_cost_ns = 3210.5,
	.nr_cpus = 4,
	.source = "synth",
	.version = "0.1.0",
	.kernel = "6.1 x86_64",
	.command = "sleep 1",
	.rate_asked = 998,
	.period = 490001,
	.tick_cost_assumed = 1,
	.ops = "paddr",
	.addresses = "physical",
	.scope = "cgroup /a b",
};

static void random_region(struct kit_snapshots *k, struct damon_region *r)
{
	double weight = rng_below(&k->rng, 3) ? exp(60 * rng_unit(&k->rng) - 30) : 0;

	r->nr_obs = rng_below(&k->rng, 4)
			    ? (uint32_t)rng_below(&k->rng, 1 << rng_below(&k->rng, 20))
			    : 0;
	r->nr_ticks = (uint32_t)rng_below(&k->rng, (uint64_t)r->nr_obs + 1);
	r->span_aggrs = 1 + (uint32_t)rng_below(&k->rng, 100);
	r->age_aggrs = (uint32_t)rng_below(&k->rng, 1 << rng_below(&k->rng, 31));
	r->idle_aggrs = (uint32_t)rng_below(&k->rng, 3) * (uint32_t)rng_below(&k->rng, 1000);
	r->weight = (float)weight;
	r->store_weight = (float)(rng_below(&k->rng, 2) ? weight : weight * rng_unit(&k->rng));
	r->stall_weight = (float)(rng_below(&k->rng, 2) ? 0 : 5 * rng_unit(&k->rng));
	r->evenness = (float)(1 + 5 * rng_unit(&k->rng));
	r->nr_checks = rng_below(&k->rng, 3) ? 0 : (float)(100 * rng_unit(&k->rng));
	r->nr_touched = (float)(r->nr_checks * rng_unit(&k->rng));
	r->now_ticks = rng_below(&k->rng, 3) ? 0 : (float)(.01 + 100 * rng_unit(&k->rng));
	r->now_weight = r->now_ticks > 0 ? (float)(1e4 * rng_unit(&k->rng)) : 0;
}

static void random_wset_check(struct kit_snapshots *k, struct damon_wset_check *c)
{
	*c = (struct damon_wset_check){0};
	if (rng_below(&k->rng, 2))
		return;
	c->pages = (double)(1 + rng_below(&k->rng, 1 << 20));
	c->touched = c->pages * rng_unit(&k->rng);
	c->seen = (double)rng_below(&k->rng, 1000);
	c->late_ns = (double)rng_below(&k->rng, NS_PER_SEC);
}

static void random_target(struct kit_snapshots *k, struct damon_target_snapshot *t)
{
	t->nr_obs = rng_below(&k->rng, 100000);
	t->weight = 1e9 * rng_unit(&k->rng);
	t->cpu_ns = rng_below(&k->rng, 2) ? 1e8 * rng_unit(&k->rng) : 0;
	t->burst = (float)(1 + 15 * rng_unit(&k->rng));
	t->clumping = (float)(1 + 49 * rng_unit(&k->rng));
	t->visit_weight = rng_below(&k->rng, 2) ? (float)(1e6 * rng_unit(&k->rng)) : 0;
	for (int i = 0; i < DAMON_NR_WINDOWS; i++) {
		random_wset_check(k, &t->checked[i]);
		t->wset[i] = (struct damon_wset){
			.n = (double)rng_below(&k->rng, 10000),
			.d = (double)rng_below(&k->rng, 500),
			.f1 = 300 * rng_unit(&k->rng),
			.f2 = 30 * rng_unit(&k->rng),
			.span_ns = (double)rng_below(&k->rng, 60 * NS_PER_SEC),
		};
	}
}

/* Regions side by side, with some gaps; the lowest may begin at 0. */
static void fill_target(struct kit_snapshots *k, size_t i)
{
	struct damon_target_snapshot *t = &k->t[i];
	uint64_t at = i << 40;

	t->regions = k->r[i];
	t->nr_regions = rng_below(&k->rng, KIT_REGIONS / 2);
	random_target(k, t);
	for (size_t j = 0; j < t->nr_regions; j++) {
		at += rng_below(&k->rng, 3) ? 0 : rng_below(&k->rng, 1 << 20) * DAMON_PAGE_SIZE;
		t->regions[j].start = at;
		at += (1 + rng_below(&k->rng, 5000)) * DAMON_PAGE_SIZE;
		t->regions[j].end = at;
		random_region(k, &t->regions[j]);
	}
}

void kit_snapshots_init(struct kit_snapshots *k, uint64_t seed)
{
	*k = (struct kit_snapshots){0};
	rng_seed(&k->rng, seed);
	k->s.end_ns = NS_PER_SEC;
	k->s.targets = k->t;
	k->s.nr_targets = KIT_TARGETS;
	for (size_t i = 0; i < KIT_TARGETS; i++) {
		k->t[i].target_id = (uint32_t)i;
		k->t[i].space_id = (uint32_t)(3 * i + 1);
		fill_target(k, i);
	}
	kit_snapshots_step(k);
}

static void split(struct kit_snapshots *k, struct damon_target_snapshot *t, size_t j)
{
	struct damon_region *r = &t->regions[j];
	uint64_t pages = (r->end - r->start) / DAMON_PAGE_SIZE;

	if (pages < 2 || t->nr_regions == KIT_REGIONS)
		return;
	memmove(r + 1, r, (t->nr_regions++ - j) * sizeof(*r));
	r->end = r[1].start = r->start + (1 + rng_below(&k->rng, pages - 1)) * DAMON_PAGE_SIZE;
	random_region(k, r + 1);
}

static void merge(struct damon_target_snapshot *t, size_t j)
{
	struct damon_region *r = &t->regions[j];

	if (j + 1 == t->nr_regions)
		return;
	r->end = r[1].end;
	memmove(r + 1, r + 2, (t->nr_regions-- - j - 2) * sizeof(*r));
}

static void move(struct kit_snapshots *k, struct damon_target_snapshot *t, size_t j)
{
	struct damon_region *r = &t->regions[j];

	if (j + 1 == t->nr_regions || r->end != r[1].start)
		return;
	r->end = r[1].start =
		r->start + DAMON_PAGE_SIZE +
		(rng_below(&k->rng, (r[1].end - r->start) / DAMON_PAGE_SIZE - 1)) * DAMON_PAGE_SIZE;
}

static void drop(struct damon_target_snapshot *t, size_t j)
{
	memmove(&t->regions[j], &t->regions[j + 1], (--t->nr_regions - j) * sizeof(*t->regions));
}

static void step_target(struct kit_snapshots *k, struct damon_target_snapshot *t)
{
	for (size_t i = 0; i < t->nr_regions; i++) {
		t->regions[i].age_aggrs++;
		t->regions[i].idle_aggrs++;
		t->regions[i].span_aggrs = MIN(t->regions[i].span_aggrs + 1, 100u);
	}
	for (uint64_t n = rng_below(&k->rng, 8); n && t->nr_regions; n--) {
		size_t j = rng_below(&k->rng, t->nr_regions);

		switch (rng_below(&k->rng, 8)) {
		case 0:
			split(k, t, j);
			break;
		case 1:
			merge(t, j);
			break;
		case 2:
			move(k, t, j);
			break;
		case 3:
			drop(t, j);
			break;
		case 4:
			t->regions[j].nr_obs++;
			t->regions[j].nr_ticks++;
			t->regions[j].idle_aggrs = 0;
			break;
		default:
			random_region(k, &t->regions[j]);
		}
	}
}

void kit_snapshots_step(struct kit_snapshots *k)
{
	uint64_t *counts = (uint64_t *)&k->s.counts;

	k->s.start_ns = k->s.end_ns + rng_below(&k->rng, 3) * rng_below(&k->rng, 1000);
	k->s.end_ns = k->s.start_ns + 100 * NS_PER_MS + rng_below(&k->rng, 1000);
	k->s.rate_hz = (double)(1 << rng_below(&k->rng, 12));
	for (size_t i = 0; i < sizeof(k->s.counts) / sizeof(*counts); i++)
		counts[i] = rng_below(&k->rng, 2) ? rng_next(&k->rng) >> rng_below(&k->rng, 64) : 0;
	for (size_t i = 0; i < KIT_TARGETS; i++) {
		if (!rng_below(&k->rng, 20)) { /* another program */
			k->t[i].target_id += KIT_TARGETS;
			fill_target(k, i);
		}
		if (rng_below(&k->rng, 4))
			random_target(k, &k->t[i]);
		step_target(k, &k->t[i]);
	}
	k->s.nr_targets = rng_below(&k->rng, 10) ? KIT_TARGETS : rng_below(&k->rng, KIT_TARGETS);
}

static bool near(double a, double b, double by)
{
	return fabs(a - b) <= by * fabs(a) + 1e-30;
}

static const char *region_differs(const struct damon_region *a, const struct damon_region *b)
{
	double store = MIN(a->store_weight, a->weight);

	if (a->start != b->start || a->end != b->end)
		return "bounds";
	if (a->nr_obs != b->nr_obs || a->nr_ticks != b->nr_ticks)
		return "counts";
	if (a->span_aggrs != b->span_aggrs || a->age_aggrs != b->age_aggrs ||
	    a->idle_aggrs != b->idle_aggrs)
		return "times";
	if (!near(a->weight, b->weight, .004))
		return "weight";
	if (fabs(store - b->store_weight) > .0061 * a->weight || !store != !b->store_weight)
		return "store weight";
	if ((b->store_weight == b->weight) != (store == a->weight))
		return "all or not all stored";
	if (!near(a->stall_weight, b->stall_weight, .016))
		return "stall weight";
	if (!near(a->nr_checks, b->nr_checks, .008) || !near(a->nr_touched, b->nr_touched, .008) ||
	    b->nr_touched > b->nr_checks)
		return "checks";
	if (!near(a->now_ticks, b->now_ticks, .016) || !near(a->now_weight, b->now_weight, .034))
		return "present";
	return near(a->evenness, b->evenness, .032) ? NULL : "evenness";
}

static const char *wset_differs(const struct damon_wset *a, const struct damon_wset *b)
{
	if (a->d != b->d)
		return "small whole number in a working set";
	return near(a->n, b->n, .002) && near(a->f1, b->f1, .002) && near(a->f2, b->f2, .002) &&
			       near(a->span_ns, b->span_ns, .0005)
		       ? NULL
		       : "working set";
}

static const char *wset_check_differs(const struct damon_wset_check *a,
				      const struct damon_wset_check *b)
{
	return near(a->touched, b->touched, .0005) && near(a->pages, b->pages, .0005) &&
			       near(a->seen, b->seen, .0005) && near(a->late_ns, b->late_ns, .0005)
		       ? NULL
		       : "checked working set";
}

static const char *target_differs(const struct damon_target_snapshot *a,
				  const struct damon_target_snapshot *b)
{
	const char *what = NULL;

	if (a->target_id != b->target_id || a->space_id != b->space_id || a->nr_obs != b->nr_obs)
		return "target";
	if (!near(a->weight, b->weight, .0005) || !near(a->cpu_ns, b->cpu_ns, .0005))
		return "target's weight or CPU time";
	if (!near(a->burst, b->burst, .004) || !near(a->clumping, b->clumping, .004))
		return "burst or clumping";
	if (!near(a->visit_weight, b->visit_weight, .004))
		return "weight of a visit";
	if (a->nr_regions != b->nr_regions)
		return "number of regions";
	for (size_t i = 0; i < DAMON_NR_WINDOWS && !what; i++)
		what = wset_differs(&a->wset[i], &b->wset[i]);
	for (size_t i = 0; i < DAMON_NR_WINDOWS && !what; i++)
		what = wset_check_differs(&a->checked[i], &b->checked[i]);
	for (size_t i = 0; i < a->nr_regions && !what; i++)
		what = region_differs(&a->regions[i], &b->regions[i]);
	return what;
}

const char *kit_snapshot_differs(const struct damon_snapshot *written,
				 const struct damon_snapshot *read)
{
	const char *what = NULL;

	if (written->start_ns != read->start_ns || written->end_ns != read->end_ns)
		return "time";
	if (written->rate_hz != read->rate_hz)
		return "rate";
	if (memcmp(&written->counts, &read->counts, sizeof(read->counts)))
		return "counts of the snapshot";
	if (written->nr_targets != read->nr_targets)
		return "number of targets";
	for (size_t i = 0; i < read->nr_targets && !what; i++)
		what = target_differs(&written->targets[i], &read->targets[i]);
	return what;
}

struct damon_snapshot *kit_snapshot_copy(const struct damon_snapshot *s)
{
	size_t nr = 0;
	struct damon_snapshot *c;
	struct damon_region *r;

	for (size_t i = 0; i < s->nr_targets; i++)
		nr += s->targets[i].nr_regions;
	c = calloc(1, sizeof(*c) + s->nr_targets * sizeof(*s->targets) + nr * sizeof(*r));
	cr_assert(c);
	*c = *s;
	c->targets = (struct damon_target_snapshot *)(c + 1);
	r = (struct damon_region *)(c->targets + s->nr_targets);
	for (size_t i = 0; i < s->nr_targets; i++) {
		c->targets[i] = s->targets[i];
		c->targets[i].regions = r;
		for (size_t j = 0; j < s->targets[i].nr_regions; j++)
			*r++ = s->targets[i].regions[j];
	}
	return c;
}

/* ---- files ---- */

static char dir[64];

const char *kit_path(const char *name)
{
	static char path[4][256];
	static unsigned int turn;
	char *p = path[turn++ % 4];

	if (!dir[0]) {
		strcpy(dir, "/tmp/damon-test.XXXXXX");
		cr_assert(mkdtemp(dir));
	}
	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

void kit_remove(void)
{
	DIR *d = dir[0] ? opendir(dir) : NULL;
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (unlinkat(dirfd(d), e->d_name, 0))
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	closedir(d);
	rmdir(dir);
	dir[0] = '\0';
}

struct kit_bytes kit_slurp(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct kit_bytes b;

	cr_assert(f, "%s", path);
	fseek(f, 0, SEEK_END);
	b.n = (size_t)ftell(f);
	rewind(f);
	b.data = malloc(b.n + 1);
	cr_assert(b.data);
	cr_assert_eq(fread(b.data, 1, b.n, f), b.n);
	fclose(f);
	return b;
}

void kit_spill(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");

	cr_assert(f, "%s", path);
	cr_assert_eq(fwrite(bytes, 1, n, f), n);
	cr_assert_eq(fclose(f), 0);
}

void kit_write(const char *path, uint64_t seed, unsigned int flushes, unsigned int per_flush)
{
	struct damon_totals totals = {0};
	struct kit_snapshots k;
	struct damon_writer *w;
	struct damon_fail f;

	kit_snapshots_init(&k, seed);
	cr_assert_eq(damon_writer_open(path, &kit_meta, &w, &f), 0, "%s", f.text);
	for (unsigned int i = 0; i < flushes; i++) {
		struct damon_log_entry e = {.time_ns = i, .addr = 4096 * i, .ip = 7, .weight = 1};

		for (unsigned int j = 0; j < per_flush; j++) {
			kit_snapshots_step(&k);
			cr_assert_eq(damon_writer_snapshot(w, &k.s), 0);
			totals.nr_snapshots++;
		}
		if (i % 2)
			cr_assert_eq(damon_writer_log(w, &e, 1), 0);
		cr_assert_eq(damon_writer_flush(w, &totals), 0);
	}
	cr_assert_eq(damon_writer_close(w, &totals), 0);
}

void kit_read(const char *path, bool keep, struct kit_items *out)
{
	struct damon_reader *r;
	struct damon_item item;

	memset(out, 0, sizeof(*out));
	out->err = damon_reader_open(path, &r, NULL);
	if (out->err)
		return;
	while ((out->err = damon_reader_next(r, &item)) > 0) {
		if (item.type == DAMON_ITEM_SNAPSHOT && keep && out->snapshots < 256)
			out->all[out->snapshots] = kit_snapshot_copy(item.snapshot);
		out->snapshots += item.type == DAMON_ITEM_SNAPSHOT;
		out->logs += item.type == DAMON_ITEM_LOG;
		out->totals += item.type == DAMON_ITEM_TOTALS;
		out->targets += item.type == DAMON_ITEM_TARGET;
		out->spaces += item.type == DAMON_ITEM_SPACE;
		if (item.type == DAMON_ITEM_TOTALS)
			out->complete = item.totals->complete;
		if (item.type == DAMON_ITEM_DAMAGED) {
			out->damaged++;
			out->skipped += item.skipped;
		}
	}
	cr_assert_eq(item.type, DAMON_ITEM_END);
	cr_assert_eq(damon_reader_next(r, &item), 0, "the end stays the end");
	damon_reader_close(r);
}

void kit_items_release(struct kit_items *i)
{
	for (size_t j = 0; j < ARRAY_SIZE(i->all); j++)
		free(i->all[j]);
}
