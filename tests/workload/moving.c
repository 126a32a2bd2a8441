/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small hot part that jumps to another place of a large buffer now and then; the rest of the
 * buffer is touched evenly and rarely. */
#include "work.h"

#define BATCH 20000

/* 'hot' is a threshold of a 16-bit random number. */
static __attribute__((noinline)) uint64_t work(const uint64_t *all, size_t words,
					       const uint64_t *part, size_t part_words,
					       uint32_t hot, uint64_t *state, uint64_t *nr_hot)
{
	uint64_t sum = 0, s = *state, n = 0;

	for (int i = 0; i < BATCH; i++) {
		uint64_t x = work_random(&s);
		bool is_hot = (x & 0xffff) < hot;
		const uint64_t *p = is_hot ? part : all;

		sum += p[work_below(x, is_hot ? part_words : words)];
		n += is_hot;
	}
	*state = s;
	*nr_hot += n;
	return sum;
}

/* A place for the part, in pages, that shares nothing with the last one. */
static size_t jump(size_t from, size_t pages, size_t part, uint64_t *state)
{
	size_t to;

	do {
		to = work_below(work_random(state), pages - part + 1);
	} while (to < from + part && from < to + part);
	return to;
}

int main(int argc, char **argv)
{
	double mib = 256, kib = 512, moves = 6, hot = 90;
	struct work w = {0};
	uint64_t *data, state, places, sum = 0;
	size_t pages, part, at = 0;
	const struct work_option options[] = {
		{"mib", "size of the buffer", &mib, 1, 16384, NULL},
		{"kib", "size of the hot part", &kib, 4, 65536, NULL},
		{"moves", "places that it is at", &moves, 1, 1000, NULL},
		{"hot", "percent of accesses that go to it", &hot, 0, 100, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "a small hot part that moves about a large buffer", options);
	pages = mib * WORK_MIB / WORK_PAGE;
	part = kib * 1024 / WORK_PAGE;
	if (part > pages / 4) {
		fprintf(stderr, "moving: a part of %g KiB is not small\n", kib);
		return 2;
	}
	data = work_map(pages * WORK_PAGE, true);
	state = work_seed(&w, 0);
	places = work_seed(&w, 1);
	fprintf(w.out, ", \"phases\": [");
	work_start(&w);
	for (int i = 0; i < (int)moves; i++) {
		uint64_t from_ns = work_clock_ns(CLOCK_MONOTONIC), done = w.done, nr_hot = 0;
		uint64_t *place;

		at = jump(at, pages, part, &places);
		place = data + at * (WORK_PAGE / 8);
		for (; work_progress(&w) < (i + 1.) / (int)moves; w.done += BATCH)
			sum += work(data, pages * (WORK_PAGE / 8), place, part * (WORK_PAGE / 8),
				    hot * 655.36, &state, &nr_hot);
		work_range(&w, !i, "part", place, part * WORK_PAGE, nr_hot);
		fprintf(w.out, ", \"elsewhere\": %llu, \"from_ns\": %llu, \"to_ns\": %llu}",
			(unsigned long long)(w.done - done - nr_hot), (unsigned long long)from_ns,
			(unsigned long long)work_clock_ns(CLOCK_MONOTONIC));
	}
	fprintf(w.out, "], \"ranges\": [");
	work_range(&w, true, "buffer", data, pages * WORK_PAGE, w.done);
	fprintf(w.out, "}], \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}
