/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "os/regular.h"
#include "symbol/source.h"

#define SOURCE_MAX ((size_t)16 << 20)

void symbol_source_release(struct symbol_source *s)
{
	free(s->text);
	free(s->lines);
	*s = (struct symbol_source){.text = NULL};
}

static int read_text(int fd, size_t size, struct symbol_source *s)
{
	size_t at = 0;

	s->text = malloc(size + 1);
	if (!s->text)
		return -ENOMEM;
	while (at < size) {
		ssize_t n = pread(fd, s->text + at, size - at, (off_t)at);

		if (n <= 0)
			break; /* shorter than it was: what is there */
		at += (size_t)n;
	}
	for (size_t i = 0; i < at; i++)
		s->text[i] = s->text[i] ? s->text[i] : ' ';
	s->text[at] = '\0';
	return 0;
}

static int split(struct symbol_source *s)
{
	size_t cap = 0;

	for (char *at = s->text; at && *at;) {
		char *end = strchr(at, '\n');

		if (vec_reserve(&s->lines, &cap, s->nr + 1, sizeof(*s->lines)))
			return -ENOMEM;
		s->lines[s->nr++] = at;
		if (end) {
			if (end > at && end[-1] == '\r')
				end[-1] = '\0';
			*end++ = '\0';
		}
		at = end;
	}
	return 0;
}

int symbol_source_read(const char *path, int64_t built_ns, struct symbol_source *out,
		       const char **note)
{
	struct stat st;
	int fd = path[0] == '/' ? damon_open_regular(path, &st) : -ENOENT;
	int err;

	*out = (struct symbol_source){.text = NULL};
	if (fd < 0) {
		*note = fd == -ENOENT ? "is not here" : "cannot be read";
		return fd;
	}
	*note = "";
	if ((int64_t)st.st_mtim.tv_sec * (int64_t)NS_PER_SEC + st.st_mtim.tv_nsec > built_ns) {
		*note = "was written after the program was built";
		err = -ESTALE;
	} else if ((size_t)st.st_size > SOURCE_MAX) {
		*note = "is too large";
		err = -EFBIG;
	} else {
		err = read_text(fd, (size_t)st.st_size, out);
		if (!err)
			err = split(out);
	}
	close(fd);
	if (err)
		symbol_source_release(out);
	return err;
}

const char *symbol_source_line(const struct symbol_source *s, size_t line)
{
	return line && line <= s->nr ? s->lines[line - 1] : NULL;
}
