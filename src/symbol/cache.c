/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "os/regular.h"
#include "symbol/cache.h"

#define MAGIC	       "damon-perf symbols 1"
#define ENTRIES_MAX    ((size_t)1 << 18)
#define NAME_BYTES_MAX 1024

/* ---- in memory ---- */

static size_t slot_of(const struct symbol_cache *c, uint64_t offset)
{
	size_t at = (size_t)(offset * 0x9e3779b97f4a7c15ull >> 20) & (c->cap - 1);

	while (c->slots[at].used && c->slots[at].offset != offset)
		at = (at + 1) & (c->cap - 1);
	return at;
}

const struct symbol_code *symbol_cache_find(const struct symbol_cache *c, uint64_t offset)
{
	size_t at = c->cap ? slot_of(c, offset) : 0;

	return c->cap && c->slots[at].used ? &c->slots[at].code : NULL;
}

static int grow(struct symbol_cache *c)
{
	struct symbol_cache bigger = {.cap = c->cap ? 2 * c->cap : 64, .nr = c->nr};

	bigger.nr_loaded = c->nr_loaded;
	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < c->cap; i++) {
		if (c->slots[i].used)
			bigger.slots[slot_of(&bigger, c->slots[i].offset)] = c->slots[i];
	}
	free(c->slots);
	*c = bigger;
	return 0;
}

int symbol_cache_add(struct symbol_cache *c, uint64_t offset, const struct symbol_code *code)
{
	size_t at;

	if (c->nr >= ENTRIES_MAX)
		return 0;
	if (c->nr * 2 >= c->cap && grow(c))
		return -ENOMEM;
	at = slot_of(c, offset);
	c->nr += !c->slots[at].used;
	c->slots[at] = (struct cached){offset, true, *code};
	return 0;
}

void symbol_cache_release(struct symbol_cache *c)
{
	free(c->slots);
	*c = (struct symbol_cache){0};
}

/* ---- in a file ---- */

/* offset from start size function { TAB frame TAB file TAB line }; "" is unknown. */
static void put(FILE *out, const struct cached *e)
{
	const struct symbol_code *c = &e->code;

	fprintf(out, "%" PRIx64 "\t%d\t%" PRIx64 "\t%" PRIx64 "\t%s", e->offset, (int)c->from,
		c->start, c->size, c->function ? c->function : "");
	for (size_t i = 0; i < c->nr_frames; i++) {
		const struct symbol_frame *f = &c->frames[i];

		fprintf(out, "\t%s\t%s\t%u", f->function ? f->function : "", f->file ? f->file : "",
			f->line);
	}
	fputc('\n', out);
}

static bool is_plain(const char *s)
{
	return !s || !strpbrk(s, "\t\n");
}

static bool can_keep(const struct symbol_code *c)
{
	bool plain = is_plain(c->function);

	for (size_t i = 0; i < c->nr_frames; i++)
		plain = plain && is_plain(c->frames[i].function) && is_plain(c->frames[i].file);
	return plain;
}

void symbol_cache_store(const struct symbol_cache *c, const char *path)
{
	_cleanup_(freep) char *tmp = NULL;
	FILE *out;
	int fd;

	if (c->nr <= c->nr_loaded || asprintf(&tmp, "%s.XXXXXX", path) < 0)
		return;
	fd = mkstemp(tmp);
	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!out) {
		if (fd >= 0)
			close(fd);
		return;
	}
	fprintf(out, "%s\n", MAGIC);
	for (size_t i = 0; i < c->cap; i++) {
		if (c->slots[i].used && can_keep(&c->slots[i].code))
			put(out, &c->slots[i]);
	}
	if (fclose(out) || rename(tmp, path))
		unlink(tmp);
}

static const char *field(char **rest, struct strings *names)
{
	char *text = strsep(rest, "\t");

	return text && *text ? strings_keep(names, text, NAME_BYTES_MAX) : NULL;
}

static bool number(char **rest, int base, uint64_t *v)
{
	char *text = strsep(rest, "\t"), *end;

	if (!text || !*text)
		return false;
	errno = 0;
	*v = strtoull(text, &end, base);
	return !*end && !errno;
}

static bool parse(char *line, struct strings *names, uint64_t *offset, struct symbol_code *c)
{
	uint64_t from, n;

	*c = (struct symbol_code){0};
	if (!number(&line, 16, offset) || !number(&line, 10, &from) ||
	    !number(&line, 16, &c->start) || !number(&line, 16, &c->size) || !line ||
	    from > SYMBOL_PLT)
		return false;
	c->from = (enum symbol_from)from;
	c->function = field(&line, names);
	while (line && c->nr_frames < SYMBOL_MAX_FRAMES) {
		struct symbol_frame *f = &c->frames[c->nr_frames];

		f->function = field(&line, names);
		f->file = line ? field(&line, names) : NULL;
		if (!line || !number(&line, 10, &n) || n > UINT32_MAX)
			return false;
		f->line = (unsigned)n;
		c->nr_frames++;
	}
	return c->nr_frames > 0;
}

int symbol_cache_load(struct symbol_cache *c, const char *path, struct strings *names)
{
	_cleanup_(freep) char *line = NULL;
	struct symbol_code code;
	size_t cap = 0;
	uint64_t offset;
	struct stat st;
	int fd = damon_open_regular(path, &st), err = 0;
	FILE *in = NULL;
	ssize_t n;

	if (fd >= 0 && st.st_uid == geteuid())
		in = fdopen(fd, "r");
	if (!in) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	n = getline(&line, &cap, in);
	if (n > 0 && !strcmp(line, MAGIC "\n")) {
		while (!err && (n = getline(&line, &cap, in)) > 0) {
			line[n - 1] = line[n - 1] == '\n' ? 0 : line[n - 1];
			if (parse(line, names, &offset, &code))
				err = symbol_cache_add(c, offset, &code);
		}
	}
	fclose(in);
	c->nr_loaded = c->nr;
	return err;
}
