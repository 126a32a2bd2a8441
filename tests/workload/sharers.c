/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that share a file, each of which maps it somewhere else. Most accesses go to one part
 * of it. The truth tells of offsets in the file, of all processes together; its CPU time is that of
 * the first one, which waits.
 */
#include "work.h"

#include <fcntl.h>
#include <sys/wait.h>

#define BATCH 100000

struct counts {
	uint64_t hot, cold;
};

static __attribute__((noinline)) uint64_t work(const uint64_t *file, size_t words, size_t hot_words,
					       uint32_t threshold, uint64_t *state,
					       uint64_t *nr_hot)
{
	uint64_t sum = 0, s = *state, n = 0;

	for (int i = 0; i < BATCH; i++) {
		uint64_t x = work_random(&s);
		int hot = (x & 0xffff) < threshold;

		n += hot;
		sum += file[hot ? work_below(x, hot_words)
				: hot_words + work_below(x, words - hot_words)];
	}
	*state = s;
	*nr_hot += n;
	return sum;
}

static void *map_file(const char *path, size_t bytes)
{
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : memfd_create("file", 0);
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)bytes)) {
		perror(path ? path : "memfd_create");
		exit(1);
	}
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	close(fd);
	return p;
}

/* Runs process 'i' of 'procs'; its counts are shared with the first one. */
static void run(struct work *w, const char *path, size_t bytes, size_t hot_bytes, double percent,
		int i, int procs, struct counts *c)
{
	uint64_t state = work_seed(w, (uint64_t)i), sum = 0, hot = 0;
	struct work own = {.seconds = w->seconds / procs, .ops = w->ops / procs, .go = w->go};
	uint64_t *file;

	work_map(WORK_MIB * (16 + 64 * (size_t)i), false); /* it lies elsewhere in each */
	file = map_file(path, bytes);
	for (work_start(&own); work_more(&own); own.done += BATCH)
		sum += work(file, bytes / 8, hot_bytes / 8, (uint32_t)(percent / 100 * 65536),
			    &state, &hot);
	c->hot = hot;
	c->cold = own.done - hot;
	_exit(sum == 1);
}

int main(int argc, char **argv)
{
	double mib = 64, part = 12.5, hot = 90, procs = 3;
	struct work w = {0};
	const char *path = NULL;
	struct counts *c, all = {0};
	size_t bytes, hot_bytes;
	const struct work_option options[] = {
		{"file", "to share; made if need be", NULL, 0, 0, &path},
		{"mib", "size of it", &mib, 1, 16384, NULL},
		{"part", "percent of it, from its start, that is hot", &part, 1, 99, NULL},
		{"hot", "percent of the accesses that go there", &hot, 0, 100, NULL},
		{"procs", "processes", &procs, 1, 64, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "processes that share a file, each mapping it elsewhere",
		  options);
	bytes = (size_t)mib * WORK_MIB;
	hot_bytes = (size_t)((double)bytes * part / 100) / WORK_PAGE * WORK_PAGE;
	c = mmap(NULL, WORK_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	work_start(&w);
	fflush(w.out);
	for (int i = 0; i < (int)procs; i++)
		if (!fork())
			run(&w, path, bytes, hot_bytes, hot, i, (int)procs, &c[i]);
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < (int)procs; i++) {
		all.hot += c[i].hot;
		all.cold += c[i].cold;
	}
	w.done = all.hot + all.cold;
	fprintf(w.out, ", \"ranges\": [");
	work_range(&w, true, "hot", NULL, hot_bytes, all.hot);
	fprintf(w.out, "}, ");
	work_range(&w, true, "cold", (char *)NULL + hot_bytes, bytes - hot_bytes, all.cold);
	fprintf(w.out, "}]");
	return work_end(&w);
}
