/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A part of a buffer accessed evenly and so often that any window of a second has touched all of
 * it: the working set is the size of that part.
 */
#include "work.h"

#define BATCH 100000

static __attribute__((noinline)) uint64_t work(const uint64_t *part, size_t words, uint64_t *state)
{
	uint64_t sum = 0, s = *state;

	for (int i = 0; i < BATCH; i++)
		sum += part[work_below(work_random(&s), words)];
	*state = s;
	return sum;
}

int main(int argc, char **argv)
{
	double mib = 512, percent = 20;
	struct work w = {0};
	uint64_t *data, *part, state, sum = 0;
	size_t pages, bytes;
	const struct work_option options[] = {
		{"mib", "size of the buffer", &mib, 1, 16384, NULL},
		{"percent", "of it that is accessed", &percent, .01, 100, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "a part of a buffer, accessed evenly and densely", options);
	pages = mib * WORK_MIB / WORK_PAGE * percent / 100 + .5;
	bytes = (pages ? pages : 1) * WORK_PAGE;
	data = work_map(mib * WORK_MIB, true);
	/* the middle */
	part = data + ((size_t)(mib * WORK_MIB) - bytes) / 2 / WORK_PAGE * WORK_PAGE / 8;
	state = work_seed(&w, 0);
	for (work_start(&w); work_more(&w); w.done += BATCH)
		sum += work(part, bytes / 8, &state);
	fprintf(w.out, ", \"working_set_bytes\": %zu, \"visits_per_page\": %.1f, \"ranges\": [",
		bytes, (double)w.done / (bytes / WORK_PAGE));
	work_range(&w, true, "part", part, bytes, w.done);
	fprintf(w.out, "}], \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}
