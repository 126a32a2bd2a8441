/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "perf/ring.h"

#define DATA 4096

/* A ring in memory: a control page and one page of data. */
struct world {
	struct perf_event_mmap_page *page;
	uint8_t *data;
	size_t len;
	struct damon_ring *ring;
};

static void setup(struct world *w, uint64_t start)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	w->len = page + DATA;
	w->page = aligned_alloc(page, 2 * page);
	w->ring = calloc(1, sizeof(*w->ring));
	cr_assert(w->page && w->ring);
	memset(w->page, 0, 2 * page);
	w->page->data_offset = page;
	w->page->data_size = DATA;
	w->page->data_head = w->page->data_tail = start;
	w->data = (uint8_t *)w->page + page;
	cr_assert_eq(damon_ring_init(w->ring, w->page, w->len), 0);
}

static void teardown(struct world *w)
{
	free(w->page);
	free(w->ring);
}

/* Writes as the kernel does: bytes modulo the size, then the head. Payload bytes count up from
 * 'mark'. */
static void put(struct world *w, uint16_t size, uint8_t mark)
{
	struct perf_event_header h = {.type = mark, .size = size};
	uint64_t at = w->page->data_head;
	size_t written = size > DATA ? sizeof(h) : MAX(size, (uint16_t)8);

	for (size_t i = 0; i < written; i++)
		w->data[(at + i) % DATA] = i < sizeof(h) ? ((uint8_t *)&h)[i] : (uint8_t)(mark + i);
	w->page->data_head = at + size;
}

static void expect_record(struct world *w, uint16_t size, uint8_t mark)
{
	const struct perf_event_header *h = damon_ring_next(w->ring);

	cr_assert(h, "record %u is missing", mark);
	cr_expect_eq((uintptr_t)h & 7, 0);
	cr_expect_eq(h->type, mark);
	cr_expect_eq(h->size, size);
	for (size_t i = sizeof(*h); i < size; i++)
		cr_assert_eq(((const uint8_t *)h)[i], (uint8_t)(mark + i), "byte %zu of record %u",
			     i, mark);
}

Test(ring, records_at_every_position)
{
	/* Every position of a record to the end, and heads near the overflow of 64 bits. */
	static const uint64_t starts[] = {0, DATA * 5, 0ull - DATA, 0ull - 64};

	for (size_t s = 0; s < ARRAY_SIZE(starts); s++)
		for (uint64_t at = 0; at < DATA; at += 8) {
			struct world w;

			setup(&w, starts[s] + at);
			put(&w, 24, 1);
			put(&w, 48, 2);
			damon_ring_begin(w.ring);
			put(&w, 16, 3); /* after the look: for the next time */
			expect_record(&w, 24, 1);
			expect_record(&w, 48, 2);
			cr_expect_null(damon_ring_next(w.ring));
			damon_ring_commit(w.ring, w.ring->pos);
			cr_expect_eq(w.page->data_tail, starts[s] + at + 72);
			damon_ring_begin(w.ring);
			expect_record(&w, 16, 3);
			cr_expect_null(damon_ring_next(w.ring));
			cr_expect_eq(w.ring->malformed, 0);
			teardown(&w);
		}
}

Test(ring, full)
{
	struct world w;

	setup(&w, 40); /* the last of them wraps */
	for (int i = 0; i < DATA / 64; i++)
		put(&w, 64, (uint8_t)i);
	damon_ring_begin(w.ring);
	for (int i = 0; i < DATA / 64; i++)
		expect_record(&w, 64, (uint8_t)i);
	cr_expect_null(damon_ring_next(w.ring));
	cr_expect_eq(w.page->data_tail, 40, "nothing is given back before it is told to");
	cr_expect_eq(w.ring->malformed, 0);
	teardown(&w);
}

Test(ring, one_record_as_long_as_the_ring)
{
	struct world w;

	setup(&w, 8);
	put(&w, DATA, 9);
	damon_ring_begin(w.ring);
	expect_record(&w, DATA, 9);
	cr_expect_null(damon_ring_next(w.ring));
	teardown(&w);
}

/* What cannot be true costs the rest up to the head, is counted, and reading goes on behind it. */
Test(ring, malformed)
{
	static const struct {
		const char *name;
		uint16_t size; /* of the bad record */
		uint16_t head; /* bytes really written for it */
	} rows[] = {
		{"size 0", 0, 32},
		{"size 4", 4, 32},
		{"size not a multiple", 20, 32},
		{"size beyond the head", 40, 32},
		{"size of 64 KiB", 65528, 32},
		{"half a header", 16, 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;

		setup(&w, 0);
		put(&w, 24, 1);
		put(&w, rows[i].size, 2);
		w.page->data_head = 24 + rows[i].head;
		damon_ring_begin(w.ring);
		expect_record(&w, 24, 1);
		cr_expect_null(damon_ring_next(w.ring), "%s", rows[i].name);
		cr_expect_eq(w.ring->malformed, 1, "%s", rows[i].name);
		cr_expect_eq(w.ring->pos, 24 + rows[i].head, "%s", rows[i].name);
		if (rows[i].head & 7) { /* positions stay odd: all is lost, but nothing worse */
			teardown(&w);
			continue;
		}
		put(&w, 32, 3);
		damon_ring_begin(w.ring);
		expect_record(&w, 32, 3);
		teardown(&w);
	}
}

Test(ring, head_that_cannot_be)
{
	struct world w;

	setup(&w, 0);
	w.page->data_head = DATA + 8;
	damon_ring_begin(w.ring);
	cr_expect_null(damon_ring_next(w.ring));
	cr_expect_eq(w.ring->malformed, 1);
	damon_ring_commit(w.ring, w.ring->pos);
	w.page->data_head = 8; /* backwards */
	damon_ring_begin(w.ring);
	cr_expect_null(damon_ring_next(w.ring));
	cr_expect_eq(w.ring->malformed, 2);
	teardown(&w);
}

Test(ring, layouts)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct {
		const char *name;
		uint64_t offset, size;
		size_t len;
		int want;
	} rows[] = {
		{"as told", page, DATA, page + DATA, 0},
		{"told by none: an old kernel", 0, 0, page + DATA, 0},
		{"data beyond the mapping", page, 2 * DATA, page + DATA, -EINVAL},
		{"offset beyond the mapping", 1ull << 40, DATA, page + DATA, -EINVAL},
		{"not a power of two", page, DATA - 8, page + DATA, -EINVAL},
		{"no data", 0, 0, page, -EINVAL},
	};
	struct world w;

	setup(&w, 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		w.page->data_offset = rows[i].offset;
		w.page->data_size = rows[i].size;
		cr_expect_eq(damon_ring_init(w.ring, w.page, rows[i].len), rows[i].want, "%s",
			     rows[i].name);
	}
	teardown(&w);
}
