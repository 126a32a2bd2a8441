/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of known kinds, each in a mapping of its own that begins at a multiple of 2 MiB: 'hot' is
 * accessed evenly all the time, 'cold' was written once, and is read through again now and then if
 * asked for, 'file' is a file's, read once. What lies where is told before it starts, in --map.
 * SIGUSR1 makes it another program, 'sleep 1000'.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "work.h"

#define BATCH 10000
#define HUGE  (2 * WORK_MIB)

struct kind {
	const char *name;
	uint64_t *start;
	size_t bytes;
	uint64_t accesses;
};

/* Keeps 2 MiB free on both sides, so that no mapping joins another one. */
static uint64_t *reserve(size_t bytes)
{
	char *p = mmap(NULL, bytes + 3 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return (uint64_t *)(((uintptr_t)p / HUGE + 2) * HUGE);
}

static void map_at(uint64_t *at, size_t bytes, int prot, int flags, int fd)
{
	if (mmap(at, bytes, prot, flags | MAP_FIXED, fd, 0) == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
}

static __attribute__((noinline)) uint64_t read_all(const struct kind *k)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < k->bytes / sizeof(*k->start); i += WORK_PAGE / sizeof(*k->start))
		sum += k->start[i];
	return sum;
}

static struct kind map_memory(const char *name, double mib)
{
	struct kind k = {name, NULL, (size_t)(mib * WORK_MIB) / WORK_PAGE * WORK_PAGE, 0};

	k.start = reserve(k.bytes);
	map_at(k.start, k.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (size_t i = 0; i < k.bytes / sizeof(*k.start); i += WORK_PAGE / sizeof(*k.start))
		k.start[i] = i + 1;
	return k;
}

static struct kind map_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct kind k = {"file", NULL, 0, 0};
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		perror(path);
		exit(1);
	}
	k.bytes = (size_t)st.st_size / WORK_PAGE * WORK_PAGE;
	k.start = reserve(k.bytes);
	map_at(k.start, k.bytes, PROT_READ, MAP_SHARED, fd);
	close(fd);
	return k;
}

static void become_another(int sig)
{
	execlp("sleep", "sleep", "1000", (char *)NULL);
	_exit(127);
}

static void tell(const char *path, const struct kind *kinds, size_t n)
{
	FILE *f = path ? fopen(path, "w") : NULL;

	for (size_t i = 0; f && i < n; i++)
		fprintf(f, "%s %llx %llx\n", kinds[i].name,
			(unsigned long long)(uintptr_t)kinds[i].start,
			(unsigned long long)(uintptr_t)kinds[i].start + kinds[i].bytes);
	if (path && (!f || fclose(f))) {
		perror(path);
		exit(1);
	}
}

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
	double hot = 8, cold = 64, again = 0, rest_ms = 0;
	const char *file = NULL, *map = NULL;
	uint64_t state, sum = 0, again_ns, next_ns = UINT64_MAX;
	struct kind kinds[3];
	struct work w = {0};
	size_t n = 2;
	const struct work_option options[] = {
		{"hot", "MiB accessed all the time", &hot, .01, 16384, NULL},
		{"cold", "MiB written once", &cold, .01, 16384, NULL},
		{"again", "seconds after which all of the cold is read again; 0: never", &again, 0,
		 1e6, NULL},
		{"rest", "ms that it sleeps now and then", &rest_ms, 0, 1000, NULL},
		{"file", "one to map and read", NULL, 0, 0, &file},
		{"map", "file to write to what lies where", NULL, 0, 0, &map},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "memory of known kinds: hot, cold, of a file", options);
	kinds[0] = map_memory("hot", hot);
	kinds[1] = map_memory("cold", cold);
	if (file) {
		kinds[n] = map_file(file);
		sum += read_all(&kinds[n++]);
	}
	signal(SIGUSR1, become_another);
	tell(map, kinds, n);
	again_ns = again * 1e9;
	state = work_seed(&w, 0);
	work_start(&w);
	if (again_ns)
		next_ns = work_clock_ns(CLOCK_MONOTONIC) + again_ns;
	for (; work_more(&w); w.done += BATCH) {
		sum += work(kinds[0].start, kinds[0].bytes / 8, &state);
		kinds[0].accesses += BATCH;
		if (rest_ms)
			usleep(rest_ms * 1000);
		if (work_clock_ns(CLOCK_MONOTONIC) < next_ns)
			continue;
		sum += read_all(&kinds[1]);
		kinds[1].accesses += kinds[1].bytes / WORK_PAGE;
		next_ns = work_clock_ns(CLOCK_MONOTONIC) + again_ns;
	}
	fprintf(w.out, ", \"ranges\": [");
	for (size_t i = 0; i < n; i++) {
		work_range(&w, i == 0, kinds[i].name, kinds[i].start, kinds[i].bytes,
			   kinds[i].accesses);
		fputc('}', w.out);
	}
	fprintf(w.out, "], \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}
