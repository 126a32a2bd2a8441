/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages accessed by Zipf's law, found through a table of indices as a hash table or a page cache
 * finds them. The table has 65536 slots, drawn evenly: a page's expected share of accesses is the
 * number of its slots, "slots" in the truth, in the order of pages.
 */
#include <math.h>

#include "work.h"

#define BATCH 100000
#define SLOTS 65536

static __attribute__((noinline)) uint64_t work(const uint64_t *data, const uint32_t *table,
					       uint64_t *state)
{
	uint64_t sum = 0, s = *state;

	for (int i = 0; i < BATCH; i++) {
		uint64_t x = work_random(&s);

		sum += data[(uint64_t)table[x & (SLOTS - 1)] * 512 + (x >> 55)];
	}
	*state = s;
	return sum;
}

/* Gives each slot a page: ranks in proportion to 1 / rank^alpha, pages shuffled unless 'state' is
 * 0. */
static void fill(uint32_t *table, uint32_t nr_pages, double alpha, uint64_t state)
{
	uint32_t *page = malloc(nr_pages * sizeof(*page)), rank = 0;
	double total = 0, below = 0;

	if (!page)
		exit(1);
	for (uint32_t i = 0; i < nr_pages; i++) {
		total += pow(i + 1, -alpha);
		page[i] = i;
	}
	for (uint32_t i = nr_pages - 1; state && i > 0; i--) {
		uint32_t j = work_below(work_random(&state), i + 1), swap = page[i];

		page[i] = page[j];
		page[j] = swap;
	}
	for (uint32_t i = 0; i < SLOTS; i++) {
		while (rank < nr_pages - 1 &&
		       below + pow(rank + 1, -alpha) < total * (i + .5) / SLOTS)
			below += pow(++rank, -alpha);
		table[i] = page[rank];
	}
	free(page);
}

static void print_slots(FILE *f, const uint32_t *table, uint32_t nr_pages)
{
	uint32_t *n = calloc(nr_pages, sizeof(*n));

	if (!n)
		exit(1);
	for (uint32_t i = 0; i < SLOTS; i++)
		n[table[i]]++;
	fprintf(f, ", \"slots\": [");
	for (uint32_t i = 0; i < nr_pages; i++)
		fprintf(f, "%s%u", i ? "," : "", n[i]);
	fprintf(f, "]");
	free(n);
}

int main(int argc, char **argv)
{
	double mib = 64, alpha = 1, shuffle = 1;
	struct work w = {0};
	uint64_t *data, state, sum = 0;
	uint32_t *table;
	const struct work_option options[] = {
		{"mib", "size of the data", &mib, 1, 256, NULL},
		{"alpha", "exponent", &alpha, 0, 4, NULL},
		{"shuffle", "0: pages in the order of their ranks", &shuffle, 0, 1, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "pages by Zipf's law, through a table of indices", options);
	data = work_map(mib * WORK_MIB, true);
	table = (uint32_t *)work_map(SLOTS * sizeof(*table), true);
	fill(table, mib * WORK_MIB / WORK_PAGE, alpha, shuffle ? work_seed(&w, 1) : 0);
	state = work_seed(&w, 0);
	for (work_start(&w); work_more(&w); w.done += BATCH)
		sum += work(data, table, &state);
	fprintf(w.out, ", \"ranges\": [");
	work_range(&w, true, "data", data, mib * WORK_MIB, w.done);
	fprintf(w.out, "}");
	work_range(&w, false, "table", table, SLOTS * sizeof(*table), w.done);
	fprintf(w.out, "}]");
	print_slots(w.out, table, mib * WORK_MIB / WORK_PAGE);
	fprintf(w.out, ", \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}
