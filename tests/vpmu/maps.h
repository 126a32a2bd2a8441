/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mappings of the emulated program, as the kernel would announce them to perf: by execve, mmap,
 * mprotect and brk; neither munmap nor mremap is announced. Without an offset between guest and
 * host (QEMU's default for x86_64 on x86_64), the emulator's own /proc/self/maps has them among
 * its own: of those that were there at the start, the program's are those that it touches.
 */
#ifndef VPMU_MAPS_H
#define VPMU_MAPS_H

#include <stdbool.h>

#include "tests/vpmu/list.h"

struct vpmu_maps {
	struct vpmu_map {
		struct vpmu_event event;
		bool touched;
	} * first; /* those at the start, sorted */
	size_t nr_first, cap_first;
	uint64_t brk_start, brk_end; /* 0: not known yet */
	/* Given each mapping; time and thread are the receiver's to fill in. */
	void (*emit)(void *priv, struct vpmu_event *e);
	void *priv;
};

/* A system call of the program and its arguments. */
struct vpmu_call {
	int64_t number;
	uint64_t args[6];
};

/* Takes what is mapped now as the start. 0 or -errno. */
int vpmu_maps_init(struct vpmu_maps *m);
/* The program accessed 'addr', or has code there. */
void vpmu_maps_touch(struct vpmu_maps *m, uint64_t addr, bool is_code);
/* A call has returned 'value'. */
void vpmu_maps_call(struct vpmu_maps *m, const struct vpmu_call *c, int64_t value);
/* The run has ended: emits those of the start that were touched. */
void vpmu_maps_finish(struct vpmu_maps *m);

#endif
