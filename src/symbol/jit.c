/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "os/regular.h"
#include "symbol/jit.h"

#define MAP_MAX	       ((size_t)64 << 20) /* bytes of a file */
#define LINES_MAX      ((size_t)1 << 20)
#define NAME_MAX_BYTES 1024

int symbol_jit_parse(struct symbol_table *t, char *text, struct strings *names)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) && t->nr < LINES_MAX) {
		struct symbol_entry e = {.from = SYMBOL_JIT};
		char *end;

		e.start = strtoull(line, &end, 16);
		if (end == line || *end != ' ')
			continue;
		e.size = strtoull(end + 1, &end, 16);
		if (*end != ' ' || !end[1] || !e.size || e.start + e.size < e.start)
			continue;
		/* of code that was replaced the last line counts */
		e.rank = (uint8_t)(t->nr >> 12 > 255 ? 255 : t->nr >> 12);
		e.name = strings_keep(names, end + 1, NAME_MAX_BYTES);
		if (!e.name || vec_reserve(&t->e, &t->cap, t->nr + 1, sizeof(*t->e)))
			return -ENOMEM;
		t->e[t->nr++] = e;
	}
	symbol_table_sort(t);
	return 0;
}

int symbol_jit_read(struct symbol_table *t, int pid, struct strings *names)
{
	_cleanup_(closep) int fd = -1;
	_cleanup_(freep) char *text = NULL;
	char path[64];
	struct stat st;
	size_t n = 0;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", pid);
	fd = damon_open_regular(path, &st);
	/* anyone may put a file there: only the user's own, and root's, are believed */
	if (fd < 0 || (st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0))
		return 0;
	n = MIN((size_t)st.st_size, MAP_MAX);
	text = malloc(n + 1);
	if (!text)
		return -ENOMEM;
	for (size_t at = 0; at < n;) {
		ssize_t got = pread(fd, text + at, n - at, (off_t)at);

		if (got <= 0)
			n = at;
		else
			at += (size_t)got;
	}
	text[n] = 0;
	return symbol_jit_parse(t, text, names);
}
