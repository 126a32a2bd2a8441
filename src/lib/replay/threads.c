/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/replay/threads.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/util.h"

enum { MAX_THREADS = 1 << 16 };

static struct thread_of *place_of(const struct threads *t, int tid)
{
	size_t at = (uint32_t)tid * 0x9e3779b1u;

	for (at &= t->nr_places - 1; t->place[at].tid && t->place[at].tid != tid;)
		at = (at + 1) & (t->nr_places - 1);
	return &t->place[at];
}

static int grow(struct threads *t)
{
	struct threads more = {.nr = t->nr, .nr_places = MAX(t->nr_places * 2, (size_t)64)};

	if (t->nr * 2 < t->nr_places)
		return 0;
	more.place = t->nr < MAX_THREADS ? calloc(more.nr_places, sizeof(*more.place)) : NULL;
	if (!more.place)
		return -1;
	for (size_t i = 0; i < t->nr_places; i++)
		if (t->place[i].tid)
			*place_of(&more, t->place[i].tid) = t->place[i];
	free(t->place);
	*t = more;
	return 0;
}

void threads_note(struct threads *t, int tid, int pid)
{
	struct thread_of *p;

	if (tid <= 0 || pid <= 0 || grow(t))
		return;
	p = place_of(t, tid);
	t->nr += !p->tid;
	*p = (struct thread_of){tid, pid};
}

int threads_find(const struct threads *t, int tid)
{
	const struct thread_of *p = t->nr_places && tid > 0 ? place_of(t, tid) : NULL;

	return p && p->tid ? p->pid : -1;
}

void threads_release(struct threads *t)
{
	free(t->place);
	*t = (struct threads){.place = NULL};
}
