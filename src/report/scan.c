/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "report/scan.h"

static int record_failed(struct report_args *a, int err)
{
	const char *remedy = damon_record_remedy(a->rec);

	damon_fail(&a->fail, -err, "%s", damon_record_error(a->rec));
	if (remedy && *remedy)
		damon_fail_remedy(&a->fail, "%s", remedy);
	return err;
}

int scan_rewind(struct report_args *a)
{
	int err = damon_record_rewind(a->rec);

	if (err == -ESPIPE) {
		damon_fail(&a->fail, ESPIPE, "cannot read a record twice from a pipe");
		damon_fail_remedy(&a->fail, "write the record to a file first");
		return err;
	}
	return err < 0 ? record_failed(a, err) : 0;
}

int scan_next(struct report_args *a, const struct damon_snapshot **s)
{
	int got = damon_record_next(a->rec, s);

	return got < 0 ? record_failed(a, got) : got;
}

void scan_start(struct scan_cursor *c)
{
	*c = (struct scan_cursor){.number = -1};
	c->si.size = sizeof(c->si);
	c->ti.size = sizeof(c->ti);
}

/* Targets rarely change places from one snapshot to the next. */
static bool find_target(struct scan_cursor *c, uint32_t id)
{
	if (c->at < c->si.nr_targets) {
		damon_snapshot_target(c->s, c->at, &c->ti);
		if (c->ti.id == id)
			return true;
	}
	for (size_t i = 0; i < c->si.nr_targets; i++) {
		damon_snapshot_target(c->s, i, &c->ti);
		if (c->ti.id == id) {
			c->at = i;
			return true;
		}
	}
	return false;
}

int scan_next_of(struct report_args *a, uint32_t id, struct scan_cursor *c)
{
	int got;

	while ((got = scan_next(a, &c->s)) > 0) {
		c->number++;
		damon_snapshot_info(c->s, &c->si);
		if (find_target(c, id))
			break;
	}
	return got;
}

static struct scan_target *get_target(struct scan *sc, size_t hint, uint32_t id)
{
	struct scan_target *t;

	if (hint < sc->nr_targets && sc->targets[hint].info.id == id)
		return &sc->targets[hint];
	for (size_t i = 0; i < sc->nr_targets; i++)
		if (sc->targets[i].info.id == id)
			return &sc->targets[i];
	if (vec_reserve(&sc->targets, &sc->cap, sc->nr_targets + 1, sizeof(*t)))
		return NULL;
	t = &sc->targets[sc->nr_targets++];
	*t = (struct scan_target){.last_snapshot = -1, .last_in_range = -1};
	return t;
}

static bool in_time(const struct report_args *a, const struct scan *sc,
		    const struct damon_snapshot_info *si)
{
	uint64_t from = sc->info.start_ns + a->time_from_ns;

	return si->end_ns > from &&
	       (!a->time_to_ns || si->start_ns < sc->info.start_ns + a->time_to_ns);
}

/* A region that was touched stays so for seconds: later every fourth snapshot tells the extents. */
static bool is_looked_at(uint64_t snapshot)
{
	return snapshot < 128 || snapshot % 4 == 0;
}

static int scan_one_target(struct report_args *a, bool with_extents, struct scan *sc,
			   const struct damon_snapshot *s, const struct damon_snapshot_info *si,
			   size_t at)
{
	struct damon_target_info ti = {.size = sizeof(ti)};
	struct scan_target *t;
	size_t nr_regions;
	int err = 0;

	damon_snapshot_target(s, at, &ti);
	t = get_target(sc, at, ti.id);
	if (!t)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	if (!t->nr_snapshots++)
		t->first_ns = si->start_ns;
	t->last_ns = si->end_ns;
	t->cpu_ns += ti.cpu_ns;
	t->has_pid |= a->pid && ti.pid == a->pid;
	nr_regions = ti.nr_regions ? ti.nr_regions : t->info.nr_regions;
	if (ti.nr_regions)
		t->last_snapshot = (int64_t)sc->nr_snapshots;
	if (ti.nr_regions && in_time(a, sc, si))
		t->last_in_range = (int64_t)sc->nr_snapshots;
	t->info = ti;
	t->info.nr_regions = nr_regions;
	if (with_extents && in_time(a, sc, si) && is_looked_at(sc->nr_snapshots))
		err = extents_add(&t->ext, s, at, ti.nr_regions, (double)ti.obs);
	return err ? damon_fail(&a->fail, -err, "out of memory") : 0;
}

static int scan_snapshot(struct report_args *a, bool with_extents, struct scan *sc,
			 const struct damon_snapshot *s)
{
	struct damon_snapshot_info si = {.size = sizeof(si)};
	int err;

	damon_snapshot_info(s, &si);
	err = tuned_add(&sc->tuned, &si);
	if (err)
		return damon_fail(&a->fail, -err, "out of memory");
	if (!sc->nr_snapshots)
		sc->start_ns = si.start_ns;
	sc->end_ns = si.end_ns;
	for (size_t i = 0; i < si.nr_targets && !err; i++)
		err = scan_one_target(a, with_extents, sc, s, &si, i);
	sc->nr_snapshots++;
	return err;
}

/* The record's own sums know more than the last snapshot of a target. */
static void take_sums(struct report_args *a, struct scan *sc)
{
	struct damon_target_info ti = {.size = sizeof(ti)};

	for (size_t i = 0; !damon_record_target(a->rec, i, &ti); i++) {
		struct scan_target *t = get_target(sc, i, ti.id);
		size_t nr_regions;

		if (!t)
			return;
		nr_regions = t->info.nr_regions;
		t->has_pid |= a->pid && ti.pid == a->pid;
		t->info = ti;
		t->info.nr_regions = nr_regions;
	}
}

static int choose_time(struct report_args *a, struct scan *sc)
{
	char from[DAMON_UNITS_MAX], last[DAMON_UNITS_MAX];
	uint64_t start = sc->info.start_ns;

	sc->from_ns = sc->start_ns;
	sc->to_ns = sc->end_ns;
	if (!sc->nr_snapshots)
		return 0;
	if (a->time_from_ns)
		sc->from_ns = MAX(sc->from_ns, start + a->time_from_ns);
	if (a->time_to_ns)
		sc->to_ns = MIN(sc->to_ns, start + a->time_to_ns);
	if (sc->from_ns < sc->to_ns)
		return 0;
	damon_print_time(from, (double)a->time_from_ns);
	damon_print_time(last, (double)(sc->end_ns - start));
	damon_fail(&a->fail, ERANGE, "nothing was recorded in that time range: it begins at %s",
		   from);
	damon_fail_remedy(&a->fail, "choose a range within the %s that the record lasts", last);
	return -ERANGE;
}

int scan_record(struct report_args *a, bool with_extents, struct scan *sc)
{
	const struct damon_snapshot *s;
	int got;

	*sc = (struct scan){.info.size = sizeof(sc->info)};
	damon_record_info(a->rec, &sc->info);
	while ((got = scan_next(a, &s)) > 0) {
		got = scan_snapshot(a, with_extents, sc, s);
		if (got < 0)
			break;
	}
	if (got < 0)
		return got;
	damon_record_info(a->rec, &sc->info); /* damage is known now */
	take_sums(a, sc);
	return choose_time(a, sc);
}

void scan_release(struct scan *sc)
{
	for (size_t i = 0; i < sc->nr_targets; i++)
		extents_release(&sc->targets[i].ext);
	free(sc->targets);
	tuned_release(&sc->tuned);
	*sc = (struct scan){0};
}
