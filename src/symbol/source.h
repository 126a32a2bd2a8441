/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source files, line by line, as far as they are those that a program was built from. */
#ifndef SYMBOL_SOURCE_H
#define SYMBOL_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct symbol_source {
	char *text, **lines;
	size_t nr;
};

/* 'built_ns': since the epoch; a file written later is another. Returns 0, or -errno with 'note'
 * set: "is not here", "was written after the program was built". */
int symbol_source_read(const char *path, int64_t built_ns, struct symbol_source *out,
		       const char **note);
void symbol_source_release(struct symbol_source *s);

/* A line, counted from 1; NULL: there is none. */
const char *symbol_source_line(const struct symbol_source *s, size_t line);

#endif
