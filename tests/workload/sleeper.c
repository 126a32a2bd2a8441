/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nearly idle: wakes up ten times a second, touches a few pages and sleeps again, or keeps
 * touching them for a part of the time. Its --seconds are those of the clock. */
#include "work.h"

static __attribute__((noinline)) void touch(volatile uint64_t *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		p[i * WORK_PAGE / 8]++;
}

int main(int argc, char **argv)
{
	double mib = 16, pages = 16, busy = 0;
	struct work w = {0};
	uint64_t *data, end_ns;
	const struct work_option options[] = {{"mib", "size of the buffer", &mib, 1, 16384, NULL},
					      {"pages", "touched each time", &pages, 0, 256, NULL},
					      {"busy", "percent of the time", &busy, 0, 99, NULL},
					      {NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "nearly idle", options);
	data = work_map(mib * WORK_MIB, true);
	work_start(&w);
	end_ns = w.wall_start_ns + w.seconds * 1e9;
	while (w.ops ? w.done < w.ops : work_clock_ns(CLOCK_MONOTONIC) < end_ns) {
		uint64_t awake_ns = work_clock_ns(CLOCK_PROCESS_CPUTIME_ID) + busy * 1e6;

		do {
			touch(data, pages);
			w.done++;
		} while (work_clock_ns(CLOCK_PROCESS_CPUTIME_ID) < awake_ns);
		usleep(100000 - busy * 1000);
	}
	fprintf(w.out, ", \"ranges\": [");
	work_range(&w, true, "touched", data, pages * WORK_PAGE, w.done * pages);
	fprintf(w.out, "}]");
	return work_end(&w);
}
