/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list whose nodes are followed in random order through memory, in turns with reads of a small
 * table: as many accesses to each. The list takes nearly all of the time.
 */
#include "work.h"

#define BATCH	   16384
#define NODE_WORDS 8

static __attribute__((noinline)) uint64_t *follow(uint64_t *node)
{
	for (int i = 0; i < BATCH; i++)
		node = (uint64_t *)node[0];
	return node;
}

static __attribute__((noinline)) uint64_t read_table(const uint64_t *table, size_t words,
						     uint64_t *state)
{
	uint64_t sum = 0, s = *state;

	for (int i = 0; i < BATCH; i++)
		sum += table[work_below(work_random(&s), words)];
	*state = s;
	return sum;
}

/* Makes one cycle of the nodes, in random order (Sattolo). */
static void link_nodes(uint64_t *list, size_t nr, uint64_t *state)
{
	for (size_t i = 0; i < nr; i++)
		list[i * NODE_WORDS] = (uintptr_t)(list + i * NODE_WORDS);
	for (size_t i = nr - 1; i > 0; i--) {
		size_t j = work_below(work_random(state), i);
		uint64_t swap = list[i * NODE_WORDS];

		list[i * NODE_WORDS] = list[j * NODE_WORDS];
		list[j * NODE_WORDS] = swap;
	}
}

int main(int argc, char **argv)
{
	double mib = 64, kib = 16, tables = 1;
	struct work w = {0};
	uint64_t *list, *table, *node, state, sum = 0, nr_list = 0;
	const struct work_option options[] = {
		{"mib", "size of the list", &mib, 1, 16384, NULL},
		{"kib", "size of the table", &kib, 4, 1048576, NULL},
		{"tables", "accesses to the table for one to the list", &tables, 0, 1000, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "a list followed through memory, and a small table", options);
	list = work_map(mib * WORK_MIB, false);
	table = work_map(kib * 1024, true);
	state = work_seed(&w, 0);
	link_nodes(list, mib * WORK_MIB / 8 / NODE_WORDS, &state);
	node = list;
	for (work_start(&w); work_more(&w); w.done += BATCH) {
		node = follow(node);
		nr_list += BATCH;
		for (int i = 0; i < (int)tables; i++, w.done += BATCH)
			sum += read_table(table, kib * 1024 / 8, &state);
	}
	fprintf(w.out, ", \"ranges\": [");
	work_range(&w, true, "list", list, mib * WORK_MIB, nr_list);
	fprintf(w.out, "}");
	work_range(&w, false, "table", table, kib * 1024, w.done - nr_list);
	fprintf(w.out, "}], \"sum\": %llu", (unsigned long long)(sum + (node - list)));
	return work_end(&w);
}
