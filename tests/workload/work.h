/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all workloads share: options, buffers, random numbers, when to stop, and the truth.
 *
 * A workload is a program whose memory accesses are known. Its hot loops compute addresses as real
 * programs do and keep all else in registers, so that what is sampled is what is counted. When it
 * ends, it prints what it did as one JSON object (the truth) to standard output or --truth FILE:
 *	{"workload": NAME, ..., "ranges": [{"name", "start", "end", "accesses", ...}],
 *	 "ops": N, "cpu_seconds": S, "wall_seconds": S, "from_ns": N, "to_ns": N, "real_ns": N}
 * "cpu_seconds" and "wall_seconds" are those of the operations, without what prepared them: they
 *ran between "from_ns" and "to_ns" (CLOCK_MONOTONIC). CLOCK_REALTIME was ahead of that by
 *"real_ns".
 */
#ifndef WORK_H
#define WORK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WORK_PAGE 4096
#define WORK_MIB  ((size_t)1 << 20)

/* An option --NAME VALUE: a number in [min, max], or a text if 'text' is set. */
struct work_option {
	const char *name, *help;
	double *number, min, max;
	const char **text;
};

struct work {
	double seconds; /* of CPU time, all threads together */
	double ops;	/* stop after this many instead */
	double wall;	/* or after so many seconds by the clock */
	double seed;
	const char *truth;
	const char *go; /* file to wait for when everything is prepared */
	uint64_t done;	/* operations so far */
	uint64_t cpu_start_ns, wall_start_ns;
	FILE *out;
};

static inline uint64_t work_clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void work_usage(FILE *f, const char *name, const char *summary,
		       const struct work_option *own, const struct work_option *common)
{
	fprintf(f, "usage: %s [--OPTION VALUE]...: %s\n", name, summary);
	for (int i = 0; i < 2; i++) {
		for (const struct work_option *o = i ? common : own; o->name; o++) {
			fprintf(f, "  --%-10s %s", o->name, o->help);
			if (o->number)
				fprintf(f, " [%g]", *o->number);
			fputc('\n', f);
		}
	}
}

/* Returns false if 'value' does not fit the option. */
static bool work_set(const struct work_option *o, const char *value)
{
	char *end;
	double number;

	if (o->text) {
		*o->text = value;
		return true;
	}
	number = strtod(value, &end);
	if (end == value || *end || !(number >= o->min && number <= o->max))
		return false;
	*o->number = number;
	return true;
}

static const struct work_option *work_find(const struct work_option *o, const char *name)
{
	while (o->name && strcmp(o->name, name))
		o++;
	return o->name ? o : NULL;
}

/* Reads the command line; ends the program if it is wrong or asks for help. */
static inline void work_init(struct work *w, int argc, char **argv, const char *summary,
			     const struct work_option *own)
{
	const struct work_option common[] = {
		{"seconds", "of CPU time", &w->seconds, 0, 1e6, NULL},
		{"ops", "operations instead of a time", &w->ops, 0, 1e15, NULL},
		{"wall", "seconds by the clock instead", &w->wall, 0, 1e6, NULL},
		{"seed", "of the random numbers", &w->seed, 0, 1e15, NULL},
		{"truth", "file to write the truth to", NULL, 0, 0, &w->truth},
		{"go", "file to wait for when everything is prepared", NULL, 0, 0, &w->go},
		{NULL, NULL, NULL, 0, 0, NULL}};
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];

	if (!w->seconds)
		w->seconds = 4;
	w->seed = w->seed ? w->seed : 1;
	for (int i = 1; i < argc; i += 2) {
		const char *arg = strncmp(argv[i], "--", 2) ? "" : argv[i] + 2;
		const struct work_option *o = work_find(own, arg);

		if (!strcmp(arg, "help")) {
			work_usage(stdout, name, summary, own, common);
			exit(0);
		}
		o = o ? o : work_find(common, arg);
		if (!o || !argv[i + 1] || !work_set(o, argv[i + 1])) {
			fprintf(stderr, "%s: bad option '%s %s'\n", name, argv[i],
				argv[i + 1] ? argv[i + 1] : "");
			work_usage(stderr, name, summary, own, common);
			exit(2);
		}
	}
	w->out = w->truth ? fopen(w->truth, "w") : stdout;
	if (!w->out) {
		fprintf(stderr, "%s: cannot write '%s': %s\n", name, w->truth, strerror(errno));
		exit(1);
	}
	fprintf(w->out, "{\"workload\": \"%s\", \"pid\": %d", name, (int)getpid());
}

/* Everything is prepared, and may begin: so does the time that counts. */
static inline void work_start(struct work *w)
{
	while (w->go && access(w->go, F_OK))
		usleep(1000);
	w->cpu_start_ns = work_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	w->wall_start_ns = work_clock_ns(CLOCK_MONOTONIC);
}

static inline double work_cpu_seconds(const struct work *w)
{
	return (work_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - w->cpu_start_ns) * 1e-9;
}

/* Whether to go on, how far it is: 0 to 1. */
static inline double work_progress(const struct work *w)
{
	if (w->wall)
		return (work_clock_ns(CLOCK_MONOTONIC) - w->wall_start_ns) * 1e-9 / w->wall;
	return w->ops ? w->done / w->ops : work_cpu_seconds(w) / w->seconds;
}

static inline bool work_more(const struct work *w)
{
	return work_progress(w) < 1;
}

/* Ends the truth. Returns the program's exit status. */
static inline int work_end(struct work *w)
{
	double cpu = work_cpu_seconds(w);
	uint64_t now = work_clock_ns(CLOCK_MONOTONIC);

	fprintf(w->out, ", \"ops\": %llu, \"cpu_seconds\": %.6f, \"wall_seconds\": %.6f",
		(unsigned long long)w->done, cpu, (now - w->wall_start_ns) * 1e-9);
	fprintf(w->out, ", \"from_ns\": %llu, \"to_ns\": %llu, \"real_ns\": %llu}\n",
		(unsigned long long)w->wall_start_ns, (unsigned long long)now,
		(unsigned long long)(work_clock_ns(CLOCK_REALTIME) - now));
	if (fclose(w->out)) {
		perror("truth");
		return 1;
	}
	return 0;
}

/* Anonymous memory, one value written to each page if 'touch'. */
static inline uint64_t *work_map(size_t bytes, bool touch)
{
	uint64_t *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	for (size_t i = 0; touch && i < bytes / sizeof(*p); i += WORK_PAGE / sizeof(*p))
		p[i] = i + 1;
	return p;
}

/* The next of a stream of random numbers: xorshift64* without the state in memory. */
static inline uint64_t work_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dull;
}

/* A random state that is never 0, from any seed. */
static inline uint64_t work_seed(const struct work *w, uint64_t stream)
{
	uint64_t x =
		(uint64_t)w->seed * 0x9e3779b97f4a7c15ull + (stream + 1) * 0xbf58476d1ce4e5b9ull;

	x = (x ^ x >> 31) * 0x94d049bb133111ebull;
	return (x ^ x >> 29) | 1;
}

/* A number below n <= 2^32 from the upper half of a random one. */
static inline uint64_t work_below(uint64_t random, uint64_t n)
{
	return (random >> 32) * n >> 32;
}

/* One object of "ranges", without its closing brace, so that a workload can add to it. */
static inline void work_range(struct work *w, bool first, const char *name, const void *start,
			      size_t bytes, uint64_t accesses)
{
	fprintf(w->out, "%s{\"name\": \"%s\", \"start\": %llu, \"end\": %llu, \"accesses\": %llu",
		first ? "" : ", ", name, (unsigned long long)(uintptr_t)start,
		(unsigned long long)((uintptr_t)start + bytes), (unsigned long long)accesses);
}

#endif
