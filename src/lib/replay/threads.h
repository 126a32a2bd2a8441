/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which process a thread belongs to, as far as records told: hardware traces name threads alone.
 */
#ifndef LIB_THREADS_H
#define LIB_THREADS_H

#include <stddef.h>

struct thread_of {
	int tid, pid; /* tid 0: a free place */
};

/* {0} knows none. */
struct threads {
	struct thread_of *place; /* a hash table of 'nr_places', a power of two */
	size_t nr, nr_places;
};

/* Thread 'tid' is one of process 'pid' from now on. Beyond 65536 threads, or without memory, new
 * ones are not known. */
void threads_note(struct threads *t, int tid, int pid);
int threads_find(const struct threads *t, int tid); /* its process; -1: not known */
void threads_release(struct threads *t);

#endif
