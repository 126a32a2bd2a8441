/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The clock: a chain of 64-bit multiplications, each of which waits for the one before: 3 cycles
 * each on every x86-64 made since 2008 (Agner Fog, Instruction tables). Additions would not do:
 * newer CPUs fold them.
 *
 * A load from memory: a walk over lines in random order, each of which tells the next, after all of
 * them were flushed from the caches. Translations are as cold as those of a program that walks
 * memory at random.
 *
 * Of several runs the quickest counts: other tasks and hosts only ever make them longer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "perf/pace.h"

#define RUNS	     5
#define CHAIN	     20000 /* multiplications, some 20 us */
#define CHAIN_CYCLES 3.0
#define LINES	     512  /* one to a page */
#define STRIDE	     4160 /* a page and a line: all sets of a cache */
#define NR_INDICES   8	  /* caches that sysfs tells of a CPU */

const struct damon_pace damon_pace_default = {
	.hz = 3e9,
	.far_ns = 100,
	.l1_bytes = 32 << 10,
	.l2_bytes = 1 << 20,
};

static double measure_hz(const struct damon_sys *sys)
{
	static volatile uint64_t sink;
	uint64_t best_ns = 0;

	for (int run = 0; run < RUNS; run++) {
		uint64_t x = sink | 1, start = sys->clock_ns(sys), took;

		for (int i = 0; i < CHAIN; i++) {
			x *= 0xbf58476d1ce4e5b9ull;
			__asm__ volatile("" : "+r"(x)); /* not to be folded */
		}
		sink = x;
		took = sys->clock_ns(sys) - start;
		best_ns = !best_ns ? took : MIN(best_ns, took);
	}
	return best_ns ? CHAIN * CHAIN_CYCLES / (double)best_ns * NS_PER_SEC : 0;
}

#ifdef __x86_64__
static void flush(const void *line)
{
	__asm__ volatile("clflush (%0)" ::"r"(line) : "memory");
}

static void fence(void)
{
	__asm__ volatile("mfence" ::: "memory");
}
#define CAN_FLUSH 1
#else
static void flush(const void *line)
{
}

static void fence(void)
{
}
#define CAN_FLUSH 0
#endif

/* Makes one cycle of all lines, in an order that no prefetcher guesses. */
static void link_lines(char *memory)
{
	uint16_t order[LINES];
	uint64_t x = 88172645463325252ull;

	for (unsigned i = 0; i < LINES; i++)
		order[i] = (uint16_t)i;
	for (unsigned i = LINES - 1; i > 0; i--) {
		unsigned j;
		uint16_t swap = order[i];

		x = x * 6364136223846793005ull + 1442695040888963407ull;
		j = (unsigned)((x >> 33) % (i + 1));
		order[i] = order[j];
		order[j] = swap;
	}
	for (unsigned i = 0; i < LINES; i++)
		*(char **)(memory + (size_t)order[i] * STRIDE) =
			memory + (size_t)order[(i + 1) % LINES] * STRIDE;
}

static double measure_far(const struct damon_sys *sys)
{
	_cleanup_(freep) char *memory = calloc(LINES, STRIDE);
	uint64_t best_ns = 0;

	if (!memory || !CAN_FLUSH)
		return 0;
	link_lines(memory);
	for (int run = 0; run < RUNS; run++) {
		char *volatile *p = (char *volatile *)memory;
		uint64_t start, took;

		for (size_t i = 0; i < LINES; i++)
			flush(memory + i * STRIDE);
		fence();
		start = sys->clock_ns(sys);
		for (size_t i = 0; i < LINES; i++)
			p = (char *volatile *)*p;
		took = sys->clock_ns(sys) - start;
		best_ns = !best_ns ? took : MIN(best_ns, took);
	}
	return (double)best_ns / LINES;
}

/* A file of a cache: its text without the line's end, "" if there is none. */
static void read_cache(const struct damon_sys *sys, int index, const char *name, char *out,
		       size_t size)
{
	char path[96];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
	n = sys->read_file(sys, path, out, size - 1);
	out[MAX(n, (ssize_t)0)] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

/* "48K", "2M": bytes, 0 if it is neither. */
static uint64_t cache_bytes(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	return *end == 'K' ? n << 10 : *end == 'M' ? n << 20 : 0;
}

static void read_caches(const struct damon_sys *sys, struct damon_pace *p)
{
	for (int i = 0; i < NR_INDICES; i++) {
		char level[16], type[32], size[32];
		uint64_t bytes;

		read_cache(sys, i, "level", level, sizeof(level));
		read_cache(sys, i, "type", type, sizeof(type));
		read_cache(sys, i, "size", size, sizeof(size));
		bytes = cache_bytes(size);
		if (bytes < 4 << 10 || bytes > 1 << 30 || !strcmp(type, "Instruction"))
			continue;
		if (!strcmp(level, "1"))
			p->l1_bytes = (uint32_t)bytes;
		else if (!strcmp(level, "2"))
			p->l2_bytes = (uint32_t)bytes;
	}
}

void damon_pace_measure(const struct damon_sys *sys, struct damon_pace *out)
{
	double hz = measure_hz(sys), far_ns = measure_far(sys);

	*out = damon_pace_default;
	if (hz >= 3e8 && hz <= 1e10)
		out->hz = hz;
	if (far_ns >= 20 && far_ns <= 2000)
		out->far_ns = far_ns;
	read_caches(sys, out);
}
