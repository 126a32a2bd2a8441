/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "perf/file_build_ids.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "perf/cursor.h"
#include "perf/file.h"

enum { FEATURE_BUILD_ID = 2, MISC_SIZE_TOLD = 1 << 15, MAX_SECTION = 4 << 20 };
enum { HEADER_WORDS = 13, WORD_DATA = 5, WORD_FEATURES = 9 }; /* of struct perf_file_header */

void damon_perf_build_ids_release(struct damon_perf_build_ids *ids)
{
	free(ids->v);
	free(ids->bytes);
	*ids = (struct damon_perf_build_ids){0};
}

static int by_name(const void *a, const void *b)
{
	const struct damon_perf_build_id *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool is_same(const struct damon_perf_build_id *a, const struct damon_perf_build_id *b)
{
	return a->len == b->len && !memcmp(a->id, b->id, a->len);
}

/* Of a name that has several ids none is kept. */
static void sort(struct damon_perf_build_ids *ids)
{
	size_t kept = 0;

	qsort(ids->v, ids->nr, sizeof(*ids->v), by_name);
	for (size_t i = 0, next; i < ids->nr; i = next) {
		bool same = true;

		for (next = i + 1; next < ids->nr && !by_name(&ids->v[i], &ids->v[next]); next++)
			same = same && is_same(&ids->v[i], &ids->v[next]);
		if (same)
			ids->v[kept++] = ids->v[i];
	}
	ids->nr = kept;
}

/* An entry behind its header: pid, 20 bytes, how many of them count, 3 of no meaning, name. */
static int add(struct damon_perf_build_ids *ids, struct cursor *r, uint16_t misc)
{
	const uint8_t *pid = take(r, 4), *id = take(r, 20), *size = take(r, 4);
	struct damon_perf_build_id new = {.name = (const char *)r->p};

	if (!pid || !id || !size || !memchr(r->p, '\0', (size_t)(r->end - r->p)))
		return 0;
	new.len = misc &MISC_SIZE_TOLD ? MIN(*size, (uint8_t)20) : 20;
	memcpy(new.id, id, new.len);
	if ((misc & PERF_RECORD_MISC_CPUMODE_MASK) != PERF_RECORD_MISC_USER || !new.len)
		return 0;
	if (vec_reserve(&ids->v, &ids->cap, ids->nr + 1, sizeof(*ids->v)))
		return -ENOMEM;
	ids->v[ids->nr++] = new;
	return 0;
}

int damon_perf_build_ids_parse(uint8_t *bytes, size_t len, struct damon_perf_build_ids *out)
{
	struct damon_perf_build_ids ids = {.bytes = bytes};
	struct cursor all = {bytes, bytes + len, false};
	struct perf_event_header h;
	const void *head;
	int err = 0;

	while (!err && (head = take(&all, sizeof(h)))) {
		struct cursor one = {.p = all.p};

		memcpy(&h, head, sizeof(h));
		if (h.size < sizeof(h) || !take(&all, h.size - sizeof(h)))
			break;
		one.end = all.p;
		err = add(&ids, &one, h.misc);
	}
	if (err) {
		damon_perf_build_ids_release(&ids);
		return err;
	}
	sort(&ids);
	*out = ids;
	return 0;
}

static bool read_at(int fd, void *to, size_t n, uint64_t offset)
{
	return offset < INT64_MAX && pread(fd, to, n, (off_t)offset) == (ssize_t)n;
}

/* Where the section is: sections stand behind the records, in the order of their bits. */
static bool find_section(int fd, uint64_t *offset, uint64_t *size)
{
	const uint64_t bit = 1ull << FEATURE_BUILD_ID;
	uint64_t w[HEADER_WORDS], at, section[2];

	if (!read_at(fd, w, sizeof(w), 0) || !damon_perf_file_is(w, sizeof(w)) ||
	    w[1] < sizeof(w) || !(w[WORD_FEATURES] & bit))
		return false;
	at = w[WORD_DATA] + w[WORD_DATA + 1] +
	     sizeof(section) * (unsigned int)__builtin_popcountll(w[WORD_FEATURES] & (bit - 1));
	if (!read_at(fd, section, sizeof(section), at) || section[1] > MAX_SECTION)
		return false;
	*offset = section[0];
	*size = section[1];
	return true;
}

/* Pipes are left alone: who reads the records would miss what is taken here. Of a folder of perf
 * (--threads, --kcore) it is the file 'data'. -1: there is none. */
static int open_regular(const char *path)
{
	bool is_stdin = !strcmp(path, "-");
	_cleanup_(freep) char *inside = NULL;
	struct stat st;

	if (is_stdin ? fstat(STDIN_FILENO, &st) : stat(path, &st))
		return -1;
	if (S_ISDIR(st.st_mode) && asprintf(&inside, "%s/data", path) < 0)
		return -1;
	path = inside ? inside : path;
	if ((inside && stat(path, &st)) || !S_ISREG(st.st_mode))
		return -1;
	return is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
			: open(path, O_RDONLY | O_CLOEXEC);
}

int damon_perf_build_ids_read(const char *path, struct damon_perf_build_ids *out)
{
	_cleanup_(closep) int fd = open_regular(path);
	_cleanup_(freep) uint8_t *bytes = NULL;
	uint64_t offset, size;

	*out = (struct damon_perf_build_ids){0};
	if (fd < 0 || !find_section(fd, &offset, &size))
		return 0;
	bytes = malloc(MAX((size_t)size, (size_t)1));
	if (!bytes)
		return -ENOMEM;
	if (!read_at(fd, bytes, (size_t)size, offset))
		return 0;
	return damon_perf_build_ids_parse(steal(&bytes), (size_t)size, out);
}

const struct damon_perf_build_id *damon_perf_build_ids_find(const struct damon_perf_build_ids *ids,
							    const char *name)
{
	const struct damon_perf_build_id key = {.name = name};

	return ids->nr ? bsearch(&key, ids->v, ids->nr, sizeof(*ids->v), by_name) : NULL;
}
