/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three buffers, read (and written) at random; the shares of accesses are given. */
#include "work.h"

#define BATCH 100000

struct counts {
	uint64_t ab, a, stores; /* to the first two, to the first, stores */
};

/* 'ta' and 'tb' are thresholds of a 16-bit random number, 'ts' that of a 12-bit one. */
static __attribute__((noinline)) uint64_t work(uint64_t *a, uint64_t *b, uint64_t *c, size_t words,
					       uint32_t ta, uint32_t tb, uint32_t ts,
					       uint64_t *state, struct counts *n)
{
	uint64_t sum = 0, s = *state;
	uint64_t nr_a = 0, nr_ab = 0, nr_stores = 0;

	for (int i = 0; i < BATCH; i++) {
		uint64_t x = work_random(&s);
		uint32_t pick = x & 0xffff;
		uint64_t *p = pick < ta ? a : pick < tb ? b : c;
		size_t at = work_below(x, words);

		nr_a += pick < ta;
		nr_ab += pick < tb;
		if ((x >> 16 & 0xfff) < ts) {
			p[at] = x;
			nr_stores++;
		} else {
			sum += p[at];
		}
	}
	*state = s;
	n->a += nr_a;
	n->ab += nr_ab;
	n->stores += nr_stores;
	return sum;
}

static void print_truth(struct work *w, uint64_t *const buf[3], size_t bytes,
			const struct counts *n)
{
	const uint64_t nr[3] = {n->a, n->ab - n->a, w->done - n->ab};

	fprintf(w->out, ", \"ranges\": [");
	for (int i = 0; i < 3; i++) {
		work_range(w, !i, (const char *[]){"a", "b", "c"}[i], buf[i], bytes, nr[i]);
		fprintf(w->out, ", \"share\": %.6f}", w->done ? (double)nr[i] / w->done : 0);
	}
	fprintf(w->out, "], \"stores\": %llu", (unsigned long long)n->stores);
}

int main(int argc, char **argv)
{
	double mib = 64, stores = 0, a = 70, b = 20;
	struct work w = {0};
	struct counts n = {0};
	uint64_t *buf[3], state, sum = 0;
	const struct work_option options[] = {
		{"mib", "size of each buffer", &mib, 1, 4096, NULL},
		{"a", "percent of accesses to the first buffer", &a, 0, 100, NULL},
		{"b", "percent of accesses to the second; the third has the rest", &b, 0, 100,
		 NULL},
		{"stores", "percent of accesses that are stores", &stores, 0, 100, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "three buffers, accessed at random in given shares", options);
	for (int i = 0; i < 3; i++) {
		buf[i] = work_map(mib * WORK_MIB, true);
		/* a hole, so that the buffers are mappings of their own */
		mmap(NULL, WORK_MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	state = work_seed(&w, 0);
	for (work_start(&w); work_more(&w); w.done += BATCH)
		sum += work(buf[0], buf[1], buf[2], mib * WORK_MIB / 8, a * 655.36,
			    (a + b) * 655.36, stores * 40.96, &state, &n);
	print_truth(&w, buf, mib * WORK_MIB, &n);
	fprintf(w.out, ", \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}
