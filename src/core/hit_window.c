/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/hit_window.h"

int damon_hit_window_reserve(struct damon_hit_window *w, size_t need)
{
	/* one more: pieces of a window begin somewhere, also where there are no hits */
	return vec_reserve(&w->hit, &w->cap, need + 1, sizeof(*w->hit));
}

void damon_hit_window_release(struct damon_hit_window *w)
{
	free(w->hit);
	*w = (struct damon_hit_window){0};
}

static bool before(const struct damon_hit *a, const struct damon_hit *b)
{
	return a->page != b->page ? a->page < b->page : (int32_t)(a->tick - b->tick) < 0;
}

static void insertion_sort(struct damon_hit *h, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct damon_hit x = h[i];
		size_t j = i;

		for (; j > 0 && before(&x, &h[j - 1]); j--)
			h[j] = h[j - 1];
		h[j] = x;
	}
}

/* One stable pass by a byte of the page. */
static void radix_pass(const struct damon_hit *from, size_t n, unsigned int shift,
		       struct damon_hit *to)
{
	uint32_t at[257] = {0};

	for (size_t i = 0; i < n; i++)
		at[(from[i].page >> shift & 255) + 1]++;
	for (size_t i = 1; i < 256; i++)
		at[i] += at[i - 1];
	for (size_t i = 0; i < n; i++)
		to[at[from[i].page >> shift & 255]++] = from[i];
}

static int by_tick(const void *a, const void *b)
{
	const struct damon_hit *x = a, *y = b;

	return before(y, x) - before(x, y);
}

void damon_hits_sort(struct damon_hit *h, size_t n, struct damon_hit *tmp)
{
	struct damon_hit *from = h, *to = tmp;
	uint64_t differ = 0;

	if (n < 48) {
		insertion_sort(h, n);
		return;
	}
	for (size_t i = 1; i < n; i++)
		differ |= h[i].page ^ h[0].page;
	for (unsigned int shift = 0; shift < 64; shift += 8) {
		if (!(differ >> shift & 255))
			continue;
		radix_pass(from, n, shift, to);
		from = to;
		to = from == h ? tmp : h;
	}
	if (from != h)
		memcpy(h, from, n * sizeof(*h));
	/* Within a page the order of arrival is that of time, unless the batch was thinned. */
	for (size_t i = 0, j; i < n; i = j) {
		bool sorted = true;

		for (j = i + 1; j < n && h[j].page == h[i].page; j++)
			sorted &= !before(&h[j], &h[j - 1]);
		if (!sorted)
			qsort(h + i, j - i, sizeof(*h), by_tick);
	}
}

size_t damon_hits_find(const struct damon_hit *h, size_t lo, size_t hi, uint64_t page)
{
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (h[mid].page < page)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void damon_hit_window_prune(struct damon_hit_window *w, struct damon_est_region *r, size_t n,
			    bool own)
{
	struct damon_hit *h = w->hit;
	size_t i = 0, nr = 0;

	for (size_t q = 0; q < n; q++) {
		size_t at = nr;

		while (i < w->nr && h[i].page < r[q].start)
			i++;
		for (; i < w->nr && h[i].page < r[q].end; i++)
			if (h[i].aggr >= r[q].epoch)
				h[nr++] = h[i];
		if (!own)
			continue;
		if (r[q].nr != nr - at)
			r[q].counted = r[q].ticks_known = false;
		r[q].at = at;
		r[q].nr = nr - at;
	}
	w->nr = nr;
}

void damon_hit_window_squeeze(struct damon_hit_window *w, struct damon_est_region *r, size_t n)
{
	size_t nr = 0;

	for (size_t q = 0; q < n; q++) {
		if (r[q].at != nr)
			memmove(&w->hit[nr], &w->hit[r[q].at], r[q].nr * sizeof(*w->hit));
		r[q].at = nr;
		nr += r[q].nr;
	}
	w->nr = nr;
}

void damon_hit_window_insert(struct damon_hit_window *w, const struct damon_hit *h, size_t n,
			     const uint32_t *place)
{
	size_t from = w->nr, to = from;

	for (size_t j = 0; j < n; j++)
		to += !damon_hit_is_none(&h[j]);
	w->nr = to;
	while (from < to) {
		size_t at;

		if (damon_hit_is_none(&h[--n]))
			continue;
		at = place ? place[n] : damon_hits_find(w->hit, 0, from, h[n].page + 1);
		to -= from - at;
		memmove(&w->hit[to], &w->hit[at], (from - at) * sizeof(*h));
		from = at;
		w->hit[--to] = h[n];
	}
}
