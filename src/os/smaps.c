/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/smaps.h"

#define PIECE	((size_t)32 << 10)
#define MAX_ALL ((uint64_t)256 << 20) /* a line of limits for a file that never ends */

/* A number at '*p', which moves behind it. Unlike strtoull(3): no blanks, no sign. */
static bool number(char **p, int base, uint64_t *out)
{
	char c = **p;

	if (!((c >= '0' && c <= '9') || (base == 16 && c >= 'a' && c <= 'f')))
		return false;
	errno = 0;
	*out = strtoull(*p, p, base);
	return !errno;
}

static void close_entry(struct damon_smaps *s, damon_smaps_fn fn, void *priv)
{
	struct damon_smaps_entry *e = &s->e;
	bool sane = s->open && e->rss <= e->end - e->start && e->huge <= e->rss;

	s->open = false;
	if (!sane)
		return;
	e->referenced = MIN(e->referenced, e->rss); /* they are not of one moment */
	s->last_end = e->end;
	fn(priv, e);
}

/* "start-end rwxp ..." begins a mapping. */
static bool begin_entry(struct damon_smaps *s, damon_smaps_fn fn, void *priv)
{
	uint64_t start, end;
	char *p = s->line;

	if (!number(&p, 16, &start) || *p++ != '-' || !number(&p, 16, &end) || *p != ' ')
		return false;
	close_entry(s, fn, priv);
	if (start >= end || start < s->last_end || start % DAMON_PAGE_SIZE || end % DAMON_PAGE_SIZE)
		return true;
	s->e = (struct damon_smaps_entry){.start = start, .end = end};
	s->open = true;
	return true;
}

/* "Rss:                 964 kB" */
static void add_field(struct damon_smaps *s)
{
	struct damon_smaps_entry *e = &s->e;
	const struct {
		const char *name;
		uint64_t *sum;
	} fields[] = {
		{"Rss:", &e->rss},
		{"Referenced:", &e->referenced},
		{"AnonHugePages:", &e->huge},
		{"ShmemPmdMapped:", &e->huge},
		{"FilePmdMapped:", &e->huge},
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t n = strlen(fields[i].name);
		uint64_t kb;
		char *p;

		if (strncmp(s->line, fields[i].name, n) != 0)
			continue;
		p = s->line + n + strspn(s->line + n, " \t");
		/* what does not fit is beyond any mapping: it is dropped at its end */
		if (!number(&p, 10, &kb) || kb > UINT64_MAX >> 12)
			kb = UINT64_MAX >> 12;
		*fields[i].sum += kb << 10;
		return;
	}
}

static void end_line(struct damon_smaps *s, damon_smaps_fn fn, void *priv)
{
	s->line[s->len] = '\0';
	s->len = 0;
	if (!begin_entry(s, fn, priv) && s->open)
		add_field(s);
}

void damon_smaps_feed(struct damon_smaps *s, const char *text, size_t len, damon_smaps_fn fn,
		      void *priv)
{
	for (const char *p = text, *end = text + len; p < end;) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((eol ? eol : end) - p);
		size_t fits = MIN(n, sizeof(s->line) - 1 - s->len);

		memcpy(s->line + s->len, p, fits);
		s->len += fits;
		p += n + (eol != NULL);
		if (eol)
			end_line(s, fn, priv);
	}
}

void damon_smaps_end(struct damon_smaps *s, damon_smaps_fn fn, void *priv)
{
	if (s->len)
		end_line(s, fn, priv);
	close_entry(s, fn, priv);
}

int damon_smaps_read(const struct damon_sys *sys, int pid, damon_smaps_fn fn, void *priv)
{
	_cleanup_(freep) char *piece = malloc(PIECE);
	struct damon_smaps s = {.open = false};
	uint64_t at = 0;
	char path[64];
	ssize_t n = 0;
	int fd;

	if (!piece)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	fd = sys->open(sys, path, O_RDONLY);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	while (at < MAX_ALL && (n = sys->pread(sys, fd, piece, PIECE, at)) > 0) {
		damon_smaps_feed(&s, piece, (size_t)n, fn, priv);
		at += (uint64_t)n;
	}
	sys->close(sys, fd);
	if (n < 0)
		return (int)n;
	damon_smaps_end(&s, fn, priv);
	return at ? 0 : -ESRCH; /* ended, not yet waited for */
}
