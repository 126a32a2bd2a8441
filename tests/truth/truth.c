/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tests/truth/trace.h"

#define TRUTH_MAGIC "\x89TRUTH\r\n"

struct truth_head {
	char magic[8];
	uint32_t version;
	uint32_t page_shift;
	uint64_t accesses_per_interval, intervals, accesses, instructions, rows;
	uint64_t zero;
};

struct truth_row {
	uint64_t page;
	uint32_t interval, count;
};

_Static_assert(sizeof(struct truth_head) == 64 && sizeof(struct truth_row) == 16,
	       "as docs have them");

/* The rows of one interval: a hash table with open addresses, at most half full. */
struct rows {
	struct truth_row *slot; /* free: count is 0 */
	size_t nr, nr_slots;	/* a power of two */
};

static struct truth_row *find(const struct rows *rows, uint64_t page)
{
	size_t i = page * 0x9e3779b97f4a7c15ull >> 32;

	for (;; i++) {
		struct truth_row *row = &rows->slot[i & (rows->nr_slots - 1)];

		if (!row->count || row->page == page)
			return row;
	}
}

static int grow(struct rows *rows)
{
	struct rows bigger = {.nr = rows->nr,
			      .nr_slots = rows->nr_slots ? rows->nr_slots * 2 : 1024};

	bigger.slot = calloc(bigger.nr_slots, sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (size_t i = 0; i < rows->nr_slots; i++) {
		if (rows->slot[i].count)
			*find(&bigger, rows->slot[i].page) = rows->slot[i];
	}
	free(rows->slot);
	*rows = bigger;
	return 0;
}

static int count(struct rows *rows, uint64_t page, uint32_t interval, uint32_t n)
{
	struct truth_row *row;
	int err = rows->nr * 2 < rows->nr_slots ? 0 : grow(rows);

	if (err)
		return err;
	row = find(rows, page);
	rows->nr += !row->count;
	*row = (struct truth_row){page, interval, row->count + n};
	return 0;
}

static int by_page(const void *a, const void *b)
{
	const struct truth_row *x = a, *y = b;

	return (x->page > y->page) - (x->page < y->page);
}

/* Writes the rows in the order of pages; the table is empty then. */
static int end_interval(struct rows *rows, struct truth_head *h, FILE *f)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->nr_slots; i++) {
		if (rows->slot[i].count)
			rows->slot[n++] = rows->slot[i];
	}
	qsort(rows->slot, n, sizeof(*rows->slot), by_page);
	if (n && fwrite(rows->slot, sizeof(*rows->slot), n, f) != n)
		return -EIO;
	if (rows->slot)
		memset(rows->slot, 0, rows->nr_slots * sizeof(*rows->slot));
	rows->nr = 0;
	h->rows += n;
	h->intervals++;
	return 0;
}

static int write_rows(struct trace *t, struct truth_head *h, struct rows *rows, FILE *f)
{
	uint64_t room = h->accesses_per_interval; /* accesses that the interval has left */
	struct trace_run run;
	int ret;

	while ((ret = trace_next(t, &run)) > 0) {
		h->accesses += run.count;
		for (uint64_t n; run.count; run.count -= n) {
			n = MIN(run.count, room);
			ret = count(rows, run.page, h->intervals, n);
			room -= n;
			if (!ret && !room) {
				ret = end_interval(rows, h, f);
				room = h->accesses_per_interval;
			}
			if (ret)
				return ret;
		}
	}
	return ret || !rows->nr ? ret : end_interval(rows, h, f);
}

int truth_write_from_trace(struct trace *t, uint64_t accesses_per_interval, const char *path)
{
	struct truth_head h = {.version = 1,
			       .page_shift = trace_info(t)->page_shift,
			       .accesses_per_interval = accesses_per_interval,
			       .instructions = trace_info(t)->instructions};
	struct rows rows = {0};
	FILE *f;
	int err;

	if (!accesses_per_interval || accesses_per_interval > UINT32_MAX)
		return -EINVAL;
	if (trace_info(t)->accesses / accesses_per_interval >= UINT32_MAX)
		return -E2BIG;
	err = trace_rewind(t);
	f = err ? NULL : fopen(path, "wbe");
	if (!f)
		return err ? err : -errno;
	/* the magic comes last: what was cut short is no truth */
	if (fwrite(&h, sizeof(h), 1, f) != 1)
		err = -EIO;
	if (!err)
		err = write_rows(t, &h, &rows, f);
	memcpy(h.magic, TRUTH_MAGIC, sizeof(h.magic));
	if (!err && (fseek(f, 0, SEEK_SET) || fwrite(&h, sizeof(h), 1, f) != 1))
		err = -EIO;
	if (fclose(f) && !err)
		err = -EIO;
	free(rows.slot);
	return err;
}
