/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/convert/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "lib/convert/anonymize.h"
#include "record/chunk.h"
#include "record/writer.h"

struct copy {
	struct damon_reader *reader;
	struct damon_writer *out;
	bool anonymous;
	struct anonymize a;
	struct damon_names names; /* new ones */
	uint32_t version;	  /* of the latest space written */
	/* room for what is changed */
	struct damon_mapping *maps;
	struct damon_region *regions;
	struct damon_target_snapshot *targets;
	struct damon_log_entry *log;
	struct damos *schemes;
	struct damos_stats *stats;
	size_t cap_maps, cap_regions, cap_targets, cap_log, cap_schemes, cap_stats;
};

static uint64_t shift_of(const struct copy *c, uint32_t space_id)
{
	return c->anonymous ? anonymize_shift(&c->a, space_id) : 0;
}

/* ---- spaces ---- */

/* 'n' mappings to c->maps from 'at' on. */
static int change_mappings(struct copy *c, const struct damon_mapping *from, size_t n, size_t at,
			   uint64_t shift)
{
	char name[RECORD_MAX_NAME];

	for (size_t i = 0; i < n; i++) {
		struct damon_mapping *m = &c->maps[at + i];

		*m = from[i];
		if (!c->anonymous)
			continue;
		m->start = anonymize_address(m->start, shift);
		m->end = m->start + (from[i].end - from[i].start);
		anonymize_file(&c->a, &m->dev, &m->inode);
		m->build_id_len = 0;
		anonymize_mapping(&c->a, from[i].name, name, sizeof(name));
		m->name = damon_names_add(&c->names, name);
		if (!m->name)
			return -ENOMEM;
	}
	return 0;
}

static int on_space(struct copy *c, const struct damon_space *s)
{
	struct damon_space new = *s;
	uint64_t shift = shift_of(c, s->id);
	int err =
		vec_reserve(&c->maps, &c->cap_maps, s->nr_live + s->nr_dead + 1, sizeof(*c->maps));

	if (!err)
		err = change_mappings(c, s->live, s->nr_live, 0, shift);
	if (!err)
		err = change_mappings(c, s->dead, s->nr_dead, s->nr_live, shift);
	if (err)
		return err;
	new.live = c->maps;
	new.dead = c->maps + s->nr_live;
	new.version = ++c->version;
	return damon_writer_space(c->out, &new);
}

static int on_target(struct copy *c, const struct damon_target *t)
{
	struct damon_target new = *t;

	if (c->anonymous)
		anonymize_word(&c->a, t->comm, new.comm, sizeof(new.comm));
	return damon_writer_target(c->out, &new);
}

/* ---- snapshots and the log ---- */

static int on_snapshot(struct copy *c, const struct damon_snapshot *s)
{
	struct damon_snapshot new = *s;
	size_t n = 0, at = 0;

	damon_writer_tuning(c->out, damon_reader_tuning(c->reader));
	if (!c->anonymous)
		return damon_writer_snapshot(c->out, s);
	for (size_t i = 0; i < s->nr_targets; i++)
		n += s->targets[i].nr_regions;
	if (vec_reserve(&c->regions, &c->cap_regions, n + 1, sizeof(*c->regions)) ||
	    vec_reserve(&c->targets, &c->cap_targets, s->nr_targets + 1, sizeof(*c->targets)))
		return -ENOMEM;
	for (size_t i = 0; i < s->nr_targets; i++) {
		struct damon_target_snapshot *t = &c->targets[i];
		uint64_t shift = shift_of(c, s->targets[i].space_id);

		*t = s->targets[i];
		t->regions = c->regions + at;
		for (size_t k = 0; k < t->nr_regions; k++, at++) {
			struct damon_region *r = &c->regions[at];

			*r = s->targets[i].regions[k];
			r->end -= r->start;
			r->start = anonymize_address(r->start, shift);
			r->end += r->start;
		}
	}
	new.targets = c->targets;
	return damon_writer_snapshot(c->out, &new);
}

static int on_log(struct copy *c, const struct damon_log_entry *e, size_t n)
{
	if (!c->anonymous)
		return damon_writer_log(c->out, e, n);
	if (vec_reserve(&c->log, &c->cap_log, n + 1, sizeof(*c->log)))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint64_t shift = shift_of(c, e[i].space_id);

		c->log[i] = e[i];
		c->log[i].addr = anonymize_address(e[i].addr, shift);
		c->log[i].ip = anonymize_address(e[i].ip, shift);
	}
	return damon_writer_log(c->out, c->log, n);
}

static int change_path(struct copy *c, const char **path)
{
	char name[RECORD_MAX_NAME];

	if (!*path || !**path)
		return 0;
	anonymize_mapping(&c->a, *path, name, sizeof(name));
	*path = damon_names_add(&c->names, name);
	return *path ? 0 : -ENOMEM;
}

/* Cgroups get other names, ranges of addresses keep their sizes alone: which space they were of is
 * not told, so no shift is theirs. */
static int change_scheme(struct copy *c, struct damos *s, struct damos_stats *stats)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->nr_filters; i++) {
		struct damos_filter *f = &s->filters[i];

		err = change_path(c, &f->memcg);
		f->end -= f->start;
		f->start = 0;
	}
	for (size_t i = 0; !err && i < s->quota.nr_goals; i++)
		err = change_path(c, &s->quota.goals[i].memcg);
	if (stats->reason[0])
		snprintf(stats->reason, sizeof(stats->reason), "(anonymized)");
	return err;
}

static int change_schemes(struct copy *c, struct damon_scheme_totals *t)
{
	int err = vec_reserve(&c->schemes, &c->cap_schemes, t->n + 1, sizeof(*c->schemes));

	if (!err)
		err = vec_reserve(&c->stats, &c->cap_stats, t->n + 1, sizeof(*c->stats));
	for (size_t i = 0; !err && i < t->n; i++) {
		c->schemes[i] = t->s[i];
		c->stats[i] = t->stats[i];
		err = change_scheme(c, &c->schemes[i], &c->stats[i]);
	}
	t->s = c->schemes;
	t->stats = c->stats;
	return err;
}

static int on_totals(struct copy *c, const struct damon_totals *t)
{
	struct damon_totals new = *t;
	int err;

	if (c->anonymous) {
		anonymize_totals(&c->a, &new);
		err = change_schemes(c, &new.schemes);
		if (err)
			return err;
	}
	return t->complete ? damon_writer_complete(c->out, &new) : damon_writer_flush(c->out, &new);
}

/* All at once, at the end: until then a reader may find one that is earlier than those it knew. */
static int copy_marks(struct copy *c)
{
	uint64_t refused = damon_reader_marks_refused(c->reader);
	struct damon_mark m;
	const char *name;
	int err = 0;

	for (size_t i = 0; !err && damon_reader_mark(c->reader, i, &m.time_ns, &name); i++) {
		memset(m.name, 0, sizeof(m.name));
		if (c->anonymous)
			anonymize_mark(&c->a, name, m.name, sizeof(m.name));
		else
			memcpy(m.name, name, strnlen(name, sizeof(m.name) - 1));
		err = damon_writer_marks(c->out, &m, 1, refused);
	}
	return err;
}

/* ---- all of it ---- */

static int on_item(struct copy *c, const struct damon_item *item)
{
	switch (item->type) {
	case DAMON_ITEM_TARGET:
		return on_target(c, item->target);
	case DAMON_ITEM_SPACE:
		return on_space(c, item->space);
	case DAMON_ITEM_SNAPSHOT:
		return on_snapshot(c, item->snapshot);
	case DAMON_ITEM_LOG:
		return on_log(c, item->log.entries, item->log.n);
	case DAMON_ITEM_TOTALS:
		return on_totals(c, item->totals);
	default:
		return 0;
	}
}

static int begin(struct copy *c, int fd, struct damon_fail *f)
{
	struct damon_meta m = *damon_reader_meta(c->reader);
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3), err = 0;

	if (own < 0)
		return damon_fail(f, errno, "cannot keep the output open: %s", strerror(errno));
	if (c->anonymous) {
		err = anonymize_init(&c->a);
		anonymize_meta(&c->a, &m);
	}
	if (err) {
		close(own);
		return damon_fail(f, -err, "there are no random numbers: %s", strerror(-err));
	}
	err = damon_writer_open_fd(own, &m, &c->out, NULL);
	return err ? damon_fail(f, -err, "cannot write the record: %s", strerror(-err)) : 0;
}

static void release(struct copy *c)
{
	damon_names_release(&c->names);
	free(c->maps);
	free(c->regions);
	free(c->targets);
	free(c->log);
	free(c->schemes);
	free(c->stats);
}

int copy_record(struct damon_reader *r, int fd, bool anonymous, struct damon_fail *f)
{
	struct copy c = {.reader = r, .anonymous = anonymous};
	int err = begin(&c, fd, f), got = 0, closed;
	struct damon_item item;

	if (err)
		return err;
	while (!err && (got = damon_reader_next(r, &item)) > 0)
		err = on_item(&c, &item);
	if (!err && !got)
		err = copy_marks(&c);
	closed = damon_writer_close(c.out, NULL);
	release(&c);
	if (got < 0)
		return damon_fail(f, -got, "cannot read the record: %s", strerror(-got));
	err = err ? err : closed;
	return err ? damon_fail(f, -err, "cannot write the record: %s", strerror(-err)) : 0;
}
