/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/hit_window.h"

int damon_hit_window_reserve(struct damon_hit_window *w, size_t need)
{
	return vec_reserve(&w->spare, &w->spare_cap, need, sizeof(*w->spare));
}

void damon_hit_window_flip(struct damon_hit_window *w, size_t nr)
{
	struct damon_hit *hit = w->hit;
	size_t cap = w->cap;

	w->hit = w->spare;
	w->cap = w->spare_cap;
	w->spare = hit;
	w->spare_cap = cap;
	w->nr = nr;
}

void damon_hit_window_release(struct damon_hit_window *w)
{
	free(w->hit);
	free(w->spare);
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

static bool is_mine(const struct damon_hit_sweep *s, const struct damon_hit *h)
{
	return s->stalls ? !(h->weight > 0) && h->stall_weight > 0 : h->weight > 0;
}

/* 'h' lies in no range. */
static void drop_new(struct damon_hit_sweep *s, struct damon_hit *h)
{
	if (is_mine(s, h)) {
		s->nr_outside++;
		h->weight = 0;
		h->stall_weight = 0;
	}
}

void damon_hit_sweep_range(struct damon_hit_sweep *s, uint64_t start, uint64_t end, uint32_t epoch)
{
	const struct damon_hit *old = s->w->hit;
	struct damon_hit *new = s->batch, *out = s->w->spare;
	size_t i = s->i, j = s->j, nr = s->nr;

	while (i < s->w->nr && old[i].page < start)
		i++;
	for (; j < s->nr_batch && new[j].page < start; j++)
		drop_new(s, &new[j]);
	for (;;) {
		bool has_old = i < s->w->nr && old[i].page < end;
		bool has_new = j < s->nr_batch && new[j].page < end;

		if (has_old && (!has_new || old[i].page <= new[j].page)) {
			if (old[i].aggr >= epoch)
				out[nr++] = old[i];
			i++;
		} else if (has_new) {
			if (is_mine(s, &new[j])) {
				out[nr++] = new[j];
				s->nr_new++;
			}
			j++;
		} else {
			break;
		}
	}
	s->i = i;
	s->j = j;
	s->nr = nr;
}

void damon_hit_sweep_end(struct damon_hit_sweep *s)
{
	for (; s->j < s->nr_batch; s->j++)
		drop_new(s, &s->batch[s->j]);
	damon_hit_window_flip(s->w, s->nr);
}
