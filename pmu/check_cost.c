/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a cleared accessed bit costs the process that sets it again, measured on a few pages of our
 * own: from some ten ns on bare metal to more than a thousand where page tables are shadowed.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "pmu/checker.h"

#define PAGES 512
#define TIMES 7

/* Reads a byte of each page, none of them in the TLB. Returns the time it took. */
static uint64_t touch(const struct damon_sys *sys, volatile char *mem, size_t bytes)
{
	uint64_t start_ns;

	/* only what takes a permission away flushes the TLB */
	if (mprotect((void *)mem, bytes, PROT_READ | PROT_WRITE) ||
	    mprotect((void *)mem, bytes, PROT_READ))
		return 0;
	start_ns = sys->clock_ns(sys);
	for (size_t i = 0; i < bytes; i += DAMON_PAGE_SIZE)
		(void)mem[i];
	return sys->clock_ns(sys) - start_ns;
}

/* By how much touching takes longer once the bits were cleared, per page; negative: not known. */
static double measure(const struct damon_sys *sys, int clear_fd, volatile char *mem, size_t bytes)
{
	uint64_t set_ns = touch(sys, mem, bytes), cleared_ns;

	if (sys->pwrite(sys, clear_fd, "1", 1, 0) != 1)
		return -1;
	cleared_ns = touch(sys, mem, bytes);
	return cleared_ns > set_ns ? (double)(cleared_ns - set_ns) / PAGES : 0;
}

static int by_value(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return (d > 0) - (d < 0);
}

/* The median, since any of them may be interrupted. */
static double measure_often(const struct damon_sys *sys, int clear_fd, char *mem, size_t bytes)
{
	double cost_ns[TIMES];

	madvise(mem, bytes, MADV_NOHUGEPAGE);
	memset(mem, 1, bytes);
	for (size_t i = 0; i < TIMES; i++)
		cost_ns[i] = measure(sys, clear_fd, mem, bytes);
	qsort(cost_ns, TIMES, sizeof(*cost_ns), by_value);
	return cost_ns[TIMES / 2];
}

double damon_checker_touch_ns(const struct damon_sys *sys)
{
	const size_t bytes = PAGES * DAMON_PAGE_SIZE;
	const double unknown_ns = 300;
	int fd = sys->open(sys, "/proc/self/clear_refs", O_WRONLY);
	char *mem =
		sys->mmap(sys, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double cost_ns = mem && fd >= 0 ? measure_often(sys, fd, mem, bytes) : -1;

	if (fd >= 0)
		sys->close(sys, fd);
	if (mem)
		sys->munmap(sys, mem, bytes);
	return cost_ns >= 0 ? cost_ns : unknown_ns;
}
