/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads with a buffer each; some start when half of the time is over. */
#include <pthread.h>

#include "work.h"

#define BATCH 10000

struct worker {
	pthread_t thread;
	struct work *work;
	uint64_t *buf, state, done, sum, ops;
	size_t words;
};

static __attribute__((noinline)) uint64_t work(const uint64_t *buf, size_t words, uint64_t *state)
{
	uint64_t sum = 0, s = *state;

	for (int i = 0; i < BATCH; i++)
		sum += buf[work_below(work_random(&s), words)];
	*state = s;
	return sum;
}

static void *run(void *arg)
{
	struct worker *x = arg;

	while (x->ops ? x->done < x->ops : work_cpu_seconds(x->work) < x->work->seconds) {
		x->sum += work(x->buf, x->words, &x->state);
		x->done += BATCH;
	}
	return NULL;
}

static void start(struct worker *x)
{
	int e = pthread_create(&x->thread, NULL, run, x);

	if (e) {
		fprintf(stderr, "threads: cannot start a thread: %s\n", strerror(e));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	double nr = 8, late = 4, mib = 4;
	struct work w = {0};
	struct worker *x;
	const struct work_option options[] = {
		{"threads", "how many", &nr, 1, 10000, NULL},
		{"late", "of these start at half time (at once with --ops)", &late, 0, 10000, NULL},
		{"mib", "size of each buffer", &mib, 1, 4096, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "threads with a buffer each", options);
	x = calloc(nr, sizeof(*x));
	if (!x)
		return 1;
	for (int i = 0; i < nr; i++)
		x[i] = (struct worker){.work = &w,
				       .buf = work_map(mib * WORK_MIB, true),
				       .words = mib * WORK_MIB / 8,
				       .state = work_seed(&w, i),
				       .ops = w.ops / nr};
	work_start(&w);
	for (int i = 0; i < nr - late; i++)
		start(&x[i]);
	while (!w.ops && late && nr > late && work_cpu_seconds(&w) < w.seconds / 2)
		usleep(1000);
	for (int i = late < nr ? nr - late : 0; i < nr; i++)
		start(&x[i]);
	fprintf(w.out, ", \"ranges\": [");
	for (int i = 0; i < nr; i++) {
		pthread_join(x[i].thread, NULL);
		w.done += x[i].done;
		work_range(&w, !i, i < nr - late ? "early" : "late", x[i].buf, mib * WORK_MIB,
			   x[i].done);
		fprintf(w.out, "}");
	}
	fprintf(w.out, "]");
	free(x);
	return work_end(&w);
}
