/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random reads of a hot range much larger than the TLB reaches, beside a sparse cold one of which
 * one page in 2 MiB was ever written: huge pages make the first faster and only fatten the other.
 * The truth has the memory in use, and the time of the last half of the operations.
 */
#include "work.h"

#define BATCH 20000
#define HUGE  ((size_t)2 << 20)

static __attribute__((noinline)) uint64_t work(const uint64_t *data, uint64_t words,
					       uint64_t *state)
{
	uint64_t sum = 0, s = *state;

	for (int i = 0; i < BATCH; i++)
		sum += data[work_below(work_random(&s), words)];
	*state = s;
	return sum;
}

static uint64_t *map(size_t bytes, bool huge)
{
	char *p = (char *)work_map(bytes + HUGE, false);

	p += -(uintptr_t)p & (HUGE - 1);
	if (huge && madvise(p, bytes, MADV_HUGEPAGE)) {
		perror("madvise");
		exit(1);
	}
	return (uint64_t *)p;
}

static uint64_t rss_bytes(void)
{
	unsigned long size, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%lu %lu", &size, &pages) != 2)
		exit(1);
	fclose(f);
	return pages * WORK_PAGE;
}

int main(int argc, char **argv)
{
	double mib = 1024, sparse = 2048, huge = 0, half_cpu = 0;
	struct work w = {0};
	uint64_t *hot, *cold, state, sum = 0, half_done = 0;
	const struct work_option options[] = {
		{"mib", "size of the hot range", &mib, 2, 16384, NULL},
		{"sparse", "MiB of the cold one", &sparse, 2, 65536, NULL},
		{"huge", "1: huge pages wherever there is memory", &huge, 0, 1, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "a hot range beyond the TLB, and sparse cold memory", options);
	hot = map(mib * WORK_MIB, huge);
	cold = map(sparse * WORK_MIB, huge);
	for (size_t i = 0; i < mib * WORK_MIB; i += WORK_PAGE)
		hot[i / 8] = i;
	for (size_t i = 0; i < sparse * WORK_MIB; i += HUGE)
		cold[i / 8] = i;
	state = work_seed(&w, 0);
	for (work_start(&w); work_more(&w); w.done += BATCH) {
		sum += work(hot, mib * WORK_MIB / 8, &state);
		if (!half_done && work_progress(&w) > .5) {
			half_done = w.done;
			half_cpu = work_cpu_seconds(&w);
		}
	}
	fprintf(w.out, ", \"ranges\": [");
	work_range(&w, true, "hot", hot, mib * WORK_MIB, w.done);
	fprintf(w.out, "}");
	work_range(&w, false, "sparse", cold, sparse * WORK_MIB, 0);
	fprintf(w.out, "}], \"rss\": %llu, \"half_ops\": %llu, \"half_cpu_seconds\": %.6f",
		(unsigned long long)rss_bytes(), (unsigned long long)(w.done - half_done),
		work_cpu_seconds(&w) - half_cpu);
	fprintf(w.out, ", \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}
