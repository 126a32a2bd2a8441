/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hot part that moves through a buffer: what stairs and zigzag share. */
#ifndef STEPS_H
#define STEPS_H

#include "work.h"

#define STEPS_BATCH 20000

/* Reads and writes words at random places of a part. */
static __attribute__((noinline)) uint64_t steps_work(uint64_t *part, size_t words, uint64_t *state)
{
	uint64_t sum = 0, s = *state;

	for (int i = 0; i < STEPS_BATCH; i++) {
		uint64_t *p = &part[work_below(work_random(&s), words)];

		sum += *p;
		if (!(i & 3))
			*p = sum;
	}
	*state = s;
	return sum;
}

/*
 * The whole program: of 'nr' moves, move i makes part order(i, steps) of 'steps' hot. "phases" of
 * the truth has the range and the times (CLOCK_MONOTONIC, ns) of each.
 */
static inline int steps_main(int argc, char **argv, const char *summary,
			     int (*nr)(int steps, double laps), int (*order)(int move, int steps))
{
	double mib = 64, steps = 8, laps = 2;
	struct work w = {0};
	uint64_t *data, state, sum = 0;
	size_t bytes;
	int moves;
	const struct work_option options[] = {
		{"mib", "size of the buffer", &mib, 1, 16384, NULL},
		{"steps", "parts that it is divided into", &steps, 2, 1000, NULL},
		{"laps", "how often it is walked", &laps, 1, 1000, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, summary, options);
	data = work_map(mib * WORK_MIB, true);
	bytes = mib * WORK_MIB / (int)steps / WORK_PAGE;
	bytes *= WORK_PAGE;
	moves = nr(steps, laps);
	state = work_seed(&w, 0);
	fprintf(w.out, ", \"phases\": [");
	work_start(&w);
	for (int i = 0; i < moves; i++) {
		uint64_t *part = data + bytes / 8 * order(i, steps), done = w.done;
		uint64_t from_ns = work_clock_ns(CLOCK_MONOTONIC);

		for (; work_progress(&w) < (i + 1.) / moves; w.done += STEPS_BATCH)
			sum += steps_work(part, bytes / 8, &state);
		work_range(&w, !i, "part", part, bytes, w.done - done);
		fprintf(w.out, ", \"from_ns\": %llu, \"to_ns\": %llu}", (unsigned long long)from_ns,
			(unsigned long long)work_clock_ns(CLOCK_MONOTONIC));
	}
	fprintf(w.out, "], \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}

#endif
