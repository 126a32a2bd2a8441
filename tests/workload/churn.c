/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings that come and go: the oldest is unmapped, a new one of random size mapped and written
 * to; an operation is such an exchange. */
#include "work.h"

#define MAX_LIVE 1024

struct piece {
	uint64_t *p;
	size_t bytes;
};

static __attribute__((noinline)) void touch(uint64_t *p, size_t bytes)
{
	for (size_t i = 0; i < bytes / 8; i += 64)
		p[i] = i;
}

int main(int argc, char **argv)
{
	static struct piece live[MAX_LIVE];
	double nr = 64, max_kib = 1024;
	struct work w = {0};
	uint64_t state, mapped = 0;
	const struct work_option options[] = {
		{"live", "mappings that live at a time", &nr, 1, MAX_LIVE, NULL},
		{"max-kib", "size of the largest", &max_kib, 4, 1048576, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "mappings that come and go", options);
	state = work_seed(&w, 0);
	for (work_start(&w); work_more(&w); w.done++) {
		struct piece *x = &live[w.done % (size_t)nr];

		if (x->p)
			munmap(x->p, x->bytes);
		x->bytes = (1 + work_below(work_random(&state), max_kib / 4)) * WORK_PAGE;
		x->p = work_map(x->bytes, false);
		touch(x->p, x->bytes);
		mapped += x->bytes;
	}
	fprintf(w.out, ", \"mapped_bytes\": %llu", (unsigned long long)mapped);
	return work_end(&w);
}
