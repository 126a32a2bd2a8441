/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes threads all the time, each of which lives for some milliseconds; an operation is a thread.
 * Its --seconds are those of the clock. */
#include <pthread.h>

#include "work.h"

static _Alignas(WORK_PAGE) uint64_t buf[8192];

static void *run(void *arg)
{
	uint64_t state = (uintptr_t)arg | 1, sum = 0;

	for (int i = 0; i < 200000; i++)
		sum += buf[work_below(work_random(&state), 8192)];
	return (void *)(uintptr_t)sum;
}

int main(int argc, char **argv)
{
	double at_once = 8;
	struct work w = {0};
	pthread_t threads[256];
	uint64_t end_ns, started = 0;
	const struct work_option options[] = {
		{"at-once", "threads that live at a time", &at_once, 1, 256, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "makes threads all the time", options);
	work_start(&w);
	end_ns = w.wall_start_ns + w.seconds * 1e9;
	while (w.ops ? started < w.ops : work_clock_ns(CLOCK_MONOTONIC) < end_ns) {
		if (started - w.done == at_once)
			pthread_join(threads[w.done++ % 256], NULL);
		if (pthread_create(&threads[started % 256], NULL, run,
				   (void *)(uintptr_t)work_seed(&w, started)))
			return 1;
		started++;
	}
	while (w.done < started)
		pthread_join(threads[w.done++ % 256], NULL);
	fprintf(w.out, ", \"ranges\": [");
	work_range(&w, true, "buffer", buf, sizeof(buf), w.done * 200000);
	fprintf(w.out, "}]");
	return work_end(&w);
}
