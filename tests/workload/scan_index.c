/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scan over a large table with a lookup in a small hot index per row: what a join does. */
#include "work.h"

#define ROW_WORDS  8
#define BATCH_ROWS 32768

/* One row of the table, one bucket of the index: as many accesses to each. */
static __attribute__((noinline)) uint64_t work(const uint64_t *row, uint64_t nr,
					       const uint64_t *index, uint64_t buckets)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < nr; i++) {
		uint64_t key = row[i * ROW_WORDS];

		sum += index[work_below(key * 0x9e3779b97f4a7c15ull, buckets)];
	}
	return sum;
}

int main(int argc, char **argv)
{
	double mib = 256, index_kib = 512;
	struct work w = {0};
	uint64_t *table, *index, state, sum = 0, rows, at = 0;
	const struct work_option options[] = {
		{"mib", "size of the table", &mib, 2, 16384, NULL},
		{"index-kib", "size of the index", &index_kib, 4, 1048576, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "a scan with lookups in a hot index", options);
	table = work_map(mib * WORK_MIB, false);
	index = work_map(index_kib * 1024, true);
	rows = mib * WORK_MIB / 8 / ROW_WORDS / BATCH_ROWS * BATCH_ROWS;
	state = work_seed(&w, 0);
	for (uint64_t i = 0; i < rows; i++)
		table[i * ROW_WORDS] = work_random(&state);
	for (work_start(&w); work_more(&w); w.done += 2 * BATCH_ROWS) {
		sum += work(table + at * ROW_WORDS, BATCH_ROWS, index, index_kib * 1024 / 8);
		at = (at + BATCH_ROWS) % rows;
	}
	fprintf(w.out, ", \"ranges\": [");
	work_range(&w, true, "table", table, rows * ROW_WORDS * 8, w.done / 2);
	fprintf(w.out, "}");
	work_range(&w, false, "index", index, index_kib * 1024, w.done / 2);
	fprintf(w.out, "}], \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}
