/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/samples.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "report/select.h"

#define SAMPLES_MAX ((size_t)1 << 18)

const char *sample_access_name(enum sample_access a)
{
	static const char *const names[] = {"", "load", "store", "load and store"};

	return names[a];
}

void samples_release(struct samples *s)
{
	attrib_free(s->attrib);
	scan_release(&s->scan);
	place_table_release(&s->by_key);
	free(s->v);
	*s = (struct samples){0};
}

static void sum(struct sample_sums *s, const struct damon_access_info *i, double scale)
{
	double accesses = i->is_stall ? 0 : i->weight * scale;

	s->n += !i->is_stall;
	s->accesses += accesses;
	s->bytes += accesses * i->bytes;
	s->latency += accesses * i->latency_cycles;
	s->stall_ns += i->is_stall ? i->weight * NS_PER_SEC : 0; /* is in seconds */
}

static int add(void *priv, const struct damon_access_info *i)
{
	struct samples *s = priv;
	struct sample new = {
		.target_id = i->target_id,
		.pid = i->pid,
		.tid = i->tid,
		.level = (uint8_t)i->level,
		.access = (uint8_t)((i->load ? SAMPLE_LOAD : 0) | (i->store ? SAMPLE_STORE : 0)),
	};
	struct place key;
	uint32_t id;

	if (!attrib_is_asked_for(s->attrib, i))
		return 0;
	if (attrib_find(s->attrib, i, &new.code, &new.object))
		return -ENOMEM;
	key = (struct place){
		{new.code, new.object, (uint64_t)i->pid << 32 | (uint32_t)i->tid,
		 (uint64_t)i->target_id << 16 | (uint64_t) new.level << 8 | new.access}};
	if (!place_find(&s->by_key, &key, &id)) {
		if (s->nr >= SAMPLES_MAX) {
			sum(&s->others, i, s->scale);
			return 0;
		}
		if (vec_reserve(&s->v, &s->cap, s->nr + 1, sizeof(*s->v)) ||
		    place_add(&s->by_key, &key, (uint32_t)s->nr))
			return -ENOMEM;
		id = (uint32_t)s->nr;
		s->v[s->nr++] = new;
	}
	sum(&s->v[id].sums, i, s->scale);
	return 0;
}

/* The order does not depend on anything but what was recorded. */
static int by_accesses(const void *x, const void *y)
{
	const struct sample *a = x, *b = y;

	if (a->sums.accesses != b->sums.accesses)
		return a->sums.accesses > b->sums.accesses ? -1 : 1;
	if (a->code != b->code)
		return a->code < b->code ? -1 : 1;
	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return memcmp(&a->target_id, &b->target_id,
		      offsetof(struct sample, access) - offsetof(struct sample, target_id) + 1);
}

static int read_log(struct report_args *a, struct samples *s, uint32_t target_id)
{
	struct attrib_options o = {
		.lines = true,
		.addresses = true,
		.symbols = a->symbols,
		.target_id = target_id,
		.from_ns = a->time_from_ns ? s->scan.from_ns : 0,
		.to_ns = a->time_to_ns ? s->scan.to_ns : 0,
		.addr_start = a->addr_start,
		.addr_end = a->addr_end,
	};
	const struct damon_snapshot *snap;
	int got = scan_rewind(a);

	if (!got && attrib_new(a->rec, &o, &s->attrib))
		got = -ENOMEM;
	if (!got) {
		damon_record_set_log(a->rec, add, s);
		while ((got = scan_next(a, &snap)) > 0)
			;
		damon_record_set_log(a->rec, NULL, NULL);
	}
	if (got == -ENOMEM || got == -EINTR)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	if (!got && !s->nr) {
		damon_fail(&a->fail, ENODATA, "the record has no log of samples");
		damon_fail_remedy(&a->fail, "record with a source that tells addresses, and for "
					    "longer");
		return -ENODATA;
	}
	return got;
}

int samples_load(struct report_args *a, struct samples *s)
{
	const struct scan_target *t = NULL;
	int got;

	*s = (struct samples){0};
	got = scan_record(a, false, &s->scan);
	if (got >= 0 && select_is_named(a))
		got = select_target(a, &s->scan, &t);
	if (got < 0)
		return got;
	s->scale = s->scan.info.scale > 0 ? s->scan.info.scale : 1;
	got = read_log(a, s, t ? t->info.id : UINT32_MAX);
	if (!got)
		qsort(s->v, s->nr, sizeof(*s->v), by_accesses);
	return got;
}

const char *samples_comm(const struct samples *s, const struct sample *one)
{
	const struct scan *sc = &s->scan;

	if (one->target_id < sc->nr_targets &&
	    sc->targets[one->target_id].info.id == one->target_id)
		return sc->targets[one->target_id].info.comm;
	for (size_t i = 0; i < sc->nr_targets; i++)
		if (sc->targets[i].info.id == one->target_id)
			return sc->targets[i].info.comm;
	return "";
}
