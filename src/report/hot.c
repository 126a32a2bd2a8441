/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/hot.h"

/* Names that many mappings have which are none of each other's business. */
static bool tells_apart(const char *name)
{
	return *name && strcmp(name, "[not recorded]") != 0;
}

static bool same(const struct hot_mapping *h, const struct damon_mapping_info *m)
{
	if (!h->name || !m->name)
		return h->name == m->name;
	if (strcmp(h->name, m->name))
		return false;
	return tells_apart(m->name) || (h->start < m->end && m->start < h->end);
}

/*
 * A name may stand for several mappings: pieces of a file lie next to each other, those of another
 * process do not. Of these the latest is shown.
 */
static void extend(struct hot_mapping *h, const struct damon_mapping_info *m)
{
	const uint64_t near = 64ull << 20;

	if (m->start > h->end + near || m->end + near < h->start) {
		h->start = m->start;
		h->end = m->end;
		return;
	}
	h->start = MIN(h->start, m->start);
	h->end = MAX(h->end, m->end);
}

/* Neighbours come one after the other, snapshot by snapshot: the next one is usually the one. */
static struct hot_mapping *find(struct hot *h, const struct damon_mapping_info *m)
{
	for (size_t i = 0; i < h->n; i++) {
		size_t at = (h->last + i) % h->n;

		if (!same(&h->m[at], m))
			continue;
		h->last = at + 1;
		extend(&h->m[at], m);
		return &h->m[at];
	}
	if (h->n == HOT_MAX)
		return NULL;
	h->last = h->n + 1;
	h->m[h->n] = (struct hot_mapping){
		.name = m->name, .prot = m->prot, .start = m->start, .end = m->end};
	return &h->m[h->n++];
}

void hot_add(struct hot *h, const struct scan_cursor *c)
{
	struct damon_region_info r = {.size = sizeof(r)};
	struct damon_mapping_info m = {.size = sizeof(m)};
	double seconds = (double)(c->si.end_ns - c->si.start_ns) / NS_PER_SEC;
	struct hot_mapping *now = NULL;

	for (size_t i = 0; i < c->ti.nr_regions; i++) {
		double weight, cover;

		damon_snapshot_region(c->s, c->at, i, &r);
		weight = r.share * (h->by_checks ? seconds : (double)c->ti.obs);
		if (!(r.share > 0))
			continue;
		h->weight += weight;
		if (!now || r.start < m.start || r.start >= m.end) {
			if (damon_snapshot_mapping(c->s, c->at, r.start, &m) <= 0)
				m = (struct damon_mapping_info){
					.size = sizeof(m), .start = r.start, .end = r.end};
			now = find(h, &m);
		}
		if (!now) {
			h->left_out += weight;
			continue;
		}
		cover = (double)(r.end - r.start) * seconds;
		now->weight += weight;
		now->writes += weight * r.write_share;
		now->heat_sum += r.heat * cover;
		now->cover += cover;
	}
}

static int hotter(const void *a, const void *b)
{
	const struct hot_mapping *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return (x->start > y->start) - (x->start < y->start);
}

void hot_sort(struct hot *h)
{
	qsort(h->m, h->n, sizeof(h->m[0]), hotter);
}
