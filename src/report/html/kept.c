/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/html/kept.h"

#define TIMES	   65536 /* parts of the time of the grid */
#define TABLES	   10	 /* four of two bytes, weight and flags */
#define LOAD	   1
#define STORE	   2
#define STALL	   4
#define LIKELY	   8
#define LEVEL_BIT  4
#define LAST_INDEX 65534

void kept_release(struct kept *k)
{
	pack_release(&k->pack);
	free(k->codes.ids);
	free(k->objects.ids);
	free(k->v);
	*k = (struct kept){0};
}

static uint16_t row_of(const struct heat_layout *lay, uint64_t addr)
{
	size_t lo = 0, hi = lay->nr_rows;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (lay->rows[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < MIN(lay->nr_rows, (size_t)KEPT_NO_ROW) && lay->rows[lo].start <= addr
		       ? (uint16_t)lo
		       : KEPT_NO_ROW;
}

static uint16_t time_of(const struct heatgrid *g, uint64_t ns)
{
	uint64_t in = MIN(MAX(ns, g->start_ns), g->end_ns - 1) - g->start_ns;

	return (uint16_t)((unsigned __int128)in * TIMES / (g->end_ns - g->start_ns));
}

static uint8_t flags_of(const struct damon_access_info *i)
{
	int level = i->level >= 0 && i->level < DAMON_NR_MEMORY_LEVELS ? i->level : 0;

	return (uint8_t)((i->load ? LOAD : 0) | (i->store ? STORE : 0) | (i->is_stall ? STALL : 0) |
			 (i->likely ? LIKELY : 0) | level << LEVEL_BIT);
}

int kept_add(struct kept *k, const struct heatgrid *g, struct attrib *attrib,
	     const struct damon_access_info *i, double times)
{
	struct kept_access a = {
		.time = time_of(g, i->time_ns),
		.row = row_of(&g->lay, i->addr),
		.weight = (float)(i->weight * times),
		.latency = (uint16_t)MIN(i->latency_cycles, (uint32_t)UINT16_MAX),
		.flags = flags_of(i),
	};
	int err = attrib_find(attrib, i, &a.code, &a.object);

	if (!err)
		err = vec_reserve(&k->v, &k->cap, k->n + 1, sizeof(*k->v));
	if (err)
		return err;
	k->has_latency |= a.latency > 0;
	k->v[k->n++] = a;
	return 0;
}

/* ---- lists of names ---- */

struct weighed {
	uint32_t id;
	double weight;
};

static int heavier(const void *x, const void *y)
{
	const struct weighed *a = x, *b = y;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static uint32_t *id_of(struct kept_access *a, bool object)
{
	return object ? &a->object : &a->code;
}

/* Replaces ids by places in the list. Those beyond 'max' share the place behind the last. */
static int make_list(struct kept *k, bool object, size_t nr_ids, size_t max)
{
	struct kept_names *names = object ? &k->objects : &k->codes;
	_cleanup_(freep) struct weighed *w = calloc(nr_ids + 1, sizeof(*w));
	_cleanup_(freep) uint32_t *place = calloc(nr_ids + 1, sizeof(*place));
	size_t n = 0;

	if (!w || !place)
		return -ENOMEM;
	for (size_t i = 0; i < nr_ids; i++)
		w[i].id = (uint32_t)i;
	for (size_t i = 0; i < k->n; i++)
		w[*id_of(&k->v[i], object)].weight += fmax(k->v[i].weight, 1e-300);
	qsort(w, nr_ids, sizeof(*w), heavier);
	while (n < MIN(nr_ids, max) && w[n].weight > 0)
		n++;
	names->ids = calloc(n + 1, sizeof(*names->ids));
	if (!names->ids)
		return -ENOMEM;
	names->n = n;
	for (size_t i = 0; i < nr_ids; i++) {
		place[w[i].id] = (uint32_t)MIN(i, n);
		if (i < n)
			names->ids[i] = w[i].id;
		else
			names->others += w[i].weight;
	}
	for (size_t i = 0; i < k->n; i++) {
		uint32_t *id = id_of(&k->v[i], object);

		*id = place[*id];
	}
	return 0;
}

/* ---- bytes ---- */

static void find_weights(struct kept *k)
{
	k->weight_min = INFINITY;
	k->weight_max = 0;
	for (size_t i = 0; i < k->n; i++) {
		if (!(k->v[i].weight > 0))
			continue;
		k->weight_min = fmin(k->weight_min, k->v[i].weight);
		k->weight_max = fmax(k->weight_max, k->v[i].weight);
	}
	if (!(k->weight_max > 0))
		k->weight_min = k->weight_max = 1;
}

static uint8_t weight_code(const struct kept *k, double w)
{
	double span = log(k->weight_max / k->weight_min);

	if (!(span > 0) || !(w > k->weight_min))
		return 0;
	return (uint8_t)lrint(255 * fmin(log(w / k->weight_min) / span, 1));
}

static uint8_t latency_code(uint16_t cycles)
{
	return cycles ? (uint8_t)fmin(1 + lrint(16 * log2(cycles)), 255) : 0;
}

/* Entry 'i' of a table of two bytes. */
static void put_wide(uint8_t *bytes, size_t n, size_t i, uint16_t v)
{
	bytes[i] = (uint8_t)v;
	bytes[n + i] = (uint8_t)(v >> 8);
}

static int by_time(const void *x, const void *y)
{
	const struct kept_access *a = x, *b = y;

	return (a->time > b->time) - (a->time < b->time);
}

int kept_pack(struct kept *k, const struct attrib *attrib, size_t max_names)
{
	size_t n = k->n, tables = TABLES + k->has_latency;
	_cleanup_(freep) uint8_t *bytes = calloc(n * tables + 1, 1);
	uint16_t before = 0;
	int err = make_list(k, false, attrib_nr_codes(attrib), MIN(max_names, (size_t)LAST_INDEX));

	if (!err)
		err = make_list(k, true, attrib_nr_objects(attrib),
				MIN(max_names, (size_t)LAST_INDEX));
	if (err || !bytes)
		return err ? err : -ENOMEM;
	find_weights(k);
	if (n) /* else there may be no array */
		qsort(k->v, n, sizeof(*k->v), by_time);
	for (size_t i = 0; i < n; i++) {
		const struct kept_access *a = &k->v[i];

		put_wide(bytes, n, i, (uint16_t)(a->time - before));
		put_wide(bytes + 2 * n, n, i, a->row);
		put_wide(bytes + 4 * n, n, i, (uint16_t)a->code);
		put_wide(bytes + 6 * n, n, i, (uint16_t)a->object);
		bytes[8 * n + i] = weight_code(k, a->weight);
		bytes[9 * n + i] = a->flags;
		if (k->has_latency)
			bytes[10 * n + i] = latency_code(a->latency);
		before = a->time;
	}
	return pack_bytes(&k->pack, bytes, n * tables);
}
