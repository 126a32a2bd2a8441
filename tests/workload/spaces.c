/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces that are hard to monitor; an operation is an access. Of each the first bytes of
 * some pages are accessed, one after the other. */
#include "work.h"

#define TIB ((size_t)1 << 40)

struct space {
	const char *kind;
	size_t first, step; /* bytes: where the accesses begin, and how far they are apart */
	size_t nr;	    /* pages that are accessed */
	uint8_t *(*make)(const struct space *s);
};

static uint8_t *map(size_t bytes, int prot)
{
	void *p = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p != MAP_FAILED)
		return p;
	perror("spaces: mmap");
	exit(80);
}

static void protect(uint8_t *p, size_t bytes, int prot)
{
	if (!mprotect(p, bytes, prot))
		return;
	perror("spaces: mprotect");
	exit(80);
}

/* 1 TiB that cannot be accessed but for 1 MiB. */
static uint8_t *reserve(const struct space *s)
{
	uint8_t *p = map(TIB, PROT_NONE);

	protect(p + s->first, s->nr * s->step, PROT_READ | PROT_WRITE);
	return p;
}

/* 64 TiB that can be accessed, a page in each. */
static uint8_t *sparse(const struct space *s)
{
	return map(s->nr * s->step, PROT_READ | PROT_WRITE);
}

/* Twice as many mappings as pages that are accessed. */
static uint8_t *pages(const struct space *s)
{
	uint8_t *p = map(s->nr * s->step, PROT_READ | PROT_WRITE);

	for (size_t i = 0; i < s->nr; i++)
		protect(p + i * s->step, WORK_PAGE, PROT_READ);
	return p;
}

static const struct space spaces[] = {
	{"reserve", TIB / 2, WORK_PAGE, 256, reserve},
	{"sparse", 0, TIB, 64, sparse},
	{"pages", WORK_PAGE, 2 * WORK_PAGE, 10000, pages},
	{NULL, 0, 0, 0, NULL},
};

static __attribute__((noinline)) void touch(uint8_t *p, const struct space *s)
{
	for (size_t i = 0; i < s->nr; i++)
		p[i * s->step]++;
}

int main(int argc, char **argv)
{
	const char *kind = "reserve";
	const struct space *s = spaces;
	struct work w = {0};
	uint8_t *p;
	const struct work_option options[] = {
		{"kind", "reserve, sparse or pages", NULL, 0, 0, &kind},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "address spaces that are hard to monitor", options);
	while (s->kind && strcmp(s->kind, kind))
		s++;
	if (!s->kind) {
		fprintf(stderr, "spaces: no kind '%s'\n", kind);
		return 2;
	}
	p = s->make(s) + s->first;
	for (work_start(&w); work_more(&w); w.done += s->nr)
		touch(p, s);
	fprintf(w.out, ", \"ranges\": [");
	work_range(&w, true, kind, p, s->nr * s->step, w.done);
	fprintf(w.out, "}]");
	return work_end(&w);
}
