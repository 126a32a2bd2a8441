/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A checker: tells whether pages were accessed, from the accessed bits that the processor sets in
 * page tables. One file and one row in checkers.c each. A check has two halves: 'arm' clears the
 * bits, 'look' reads them some time later and tells what it saw.
 *
 * Accessed bits tell of pages that samples miss, and whether a page was touched, which a rate of
 * accesses only guesses. They do not tell how often. Whoever clears a bit takes it from all others
 * who look for it: the kernel's reclaim, its DAMON, another checker. That is why no checker runs
 * unless it was asked for. On x86 the kernel does not flush the TLB when it clears one, so a page
 * that stays in the TLB for the whole span may look untouched: what is touched is a lower bound.
 */
#ifndef PMU_CHECKER_H
#define PMU_CHECKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "core/check.h"
#include "os/sys.h"

enum damon_check_grain {
	DAMON_CHECK_PAGES,    /* pages that it is given, one by one */
	DAMON_CHECK_MAPPINGS, /* all mappings of a process at once */
};

struct damon_checker_page {
	uint64_t addr;
	uint64_t mark; /* the checker's own, between arm and look */
};

/* What a checker looked at but cannot tell, since it was zeroed by who keeps it. */
struct damon_checker_tally {
	uint64_t coarse; /* pages whose bit is not theirs alone: huge ones, and shared ones */
	uint64_t lost;	 /* pages that went or moved meanwhile, or that the kernel does not track */
};

/* Receives what a look told; 'k' is valid during the call only. */
typedef void (*damon_checker_fn)(void *priv, const struct damon_check *k);

struct damon_checker_ops {
	const char *name;
	const char *summary; /* one line, for 'check' and --help */
	enum damon_check_grain grain;
	uint64_t span_ns; /* between arm and look; 0: the sampling interval */

	/* 0 if usable here and now, else -errno with the reason and the remedy in 'why'. Changes
	 * nothing. */
	int (*probe)(const struct damon_sys *sys, struct damon_fail *why);
	/* Returns 0 or -errno with the reason. 'sys' is kept. */
	int (*open)(const struct damon_sys *sys, void **state, struct damon_fail *why);
	void (*close)(void *state); /* NULL is fine */
	/* Clears the bits of pages[0..n) of process 'pid', or of all that it has (n is 0). Returns
	 * 0, -ESRCH (gone) or -errno. */
	int (*arm)(void *state, int pid, struct damon_checker_page *pages, size_t n,
		   struct damon_checker_tally *tally);
	/* Looks at what was armed at 'armed_ns'. Returns 0, -ESRCH or -errno; what was seen before
	 * that was emitted. */
	int (*look)(void *state, int pid, const struct damon_checker_page *pages, size_t n,
		    uint64_t armed_ns, struct damon_checker_tally *tally, damon_checker_fn emit,
		    void *priv);
};

extern const struct damon_checker_ops damon_idle_checker, damon_smaps_checker;

/* The rows; NULL-terminated. */
extern const struct damon_checker_ops *const damon_checkers[];

/* By name, or NULL. */
const struct damon_checker_ops *damon_checker_find(const char *name, size_t len);

/*
 * What it costs a process to have the accessed bit of a page set again after a checker cleared it,
 * in ns: measured on pages of our own, in some milliseconds.
 */
double damon_checker_touch_ns(const struct damon_sys *sys);

#endif
