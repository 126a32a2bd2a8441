/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with a PMU: the kernel's perf events, for a build of damon-perf of its own
 * (build/tests/vpmu/damon-perf). All that the program asks of the world goes through damon_sys, so
 * its parsers of options, its sources, rings, areas and reports are the real ones; only the kernel
 * and its clock are not. What the PMU writes is a file of 'tool record', as if its program ran now
 * as process VPMU_PID, which must be one. Periods may be longer than the file's; those of traces
 * are what they are. The clock stands still but in poll(): nothing is missed by being slow. At the
 * file's end it sends SIGTERM to itself. 'live' waits by itself: it sees no time pass.
 *
 *	VPMU_FILE=awk.pebs.2048.data VPMU_PID=$! damon-perf record --source pebs --period 2048 -p $!
 *
 * VPMU_STALL=AT,FOR (ms): the monitor is not run for so long, once. VPMU_LOCKED (KiB): what rings
 * and areas may have in all.
 */
#ifndef VPMU_MACHINE_H
#define VPMU_MACHINE_H

#include "core/space.h"
#include "tests/kit/fake_perf.h"

enum { VPMU_MACHINE_CPUS = 4 };

struct vpmu_machine {
	struct fake_perf perf; /* its clock is the machine's */
	const char *source;    /* "pebs", "ibs", "spe" */
	uint32_t type;	       /* of its PMU */
	int pid;
	char comm[16];
	struct damon_space *space; /* what is mapped now */
	uint64_t stall_at_ns, stall_ns;
	uint64_t lost[VPMU_MACHINE_CPUS]; /* samples that found no room, not yet told */
	bool cut[VPMU_MACHINE_CPUS];	  /* traces: the area was full */
};

#endif
