/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Build ids that perf noted behind the records of a file. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "perf/file_build_ids.h"
#include "tests/kit/record_kit.h"

TestSuite(file_build_ids, .fini = kit_remove);

enum { USER = PERF_RECORD_MISC_USER, KERNEL = PERF_RECORD_MISC_KERNEL, SIZED = 1 << 15 };

struct section {
	uint8_t bytes[4096];
	size_t len;
};

/* 'first' is the first byte of an id of 20, the others count upwards. */
static void add(struct section *s, uint16_t misc, uint8_t first, uint8_t size, const char *name)
{
	size_t room = (strlen(name) + 8) & ~(size_t)7;
	struct perf_event_header h = {.misc = misc, .size = (uint16_t)(36 + room)};
	uint8_t body[28] = {0};

	for (int i = 0; i < 20; i++)
		body[4 + i] = (uint8_t)(first + i);
	body[24] = size;
	memcpy(s->bytes + s->len, &h, sizeof(h));
	memcpy(s->bytes + s->len + 8, body, sizeof(body));
	memset(s->bytes + s->len + 36, 0, room);
	memcpy(s->bytes + s->len + 36, name, strlen(name));
	s->len += h.size;
}

static struct damon_perf_build_ids parsed(const void *bytes, size_t len)
{
	struct damon_perf_build_ids ids;
	uint8_t *copy = malloc(len ? len : 1);

	memcpy(copy, bytes, len);
	cr_assert_eq(damon_perf_build_ids_parse(copy, len, &ids), 0);
	return ids;
}

Test(file_build_ids, files_have_theirs)
{
	static const struct {
		const char *name;
		int first, len; /* len 0: none is known */
	} rows[] = {
		{"/bin/b", 40, 20}, /* of an old perf: all 20 bytes count */
		{"/bin/a", 1, 20},
		{"/md5", 90, 16},
		{"[vdso]", 7, 20},
		{"/same", 60, 20}, /* told twice */
		{"/two", 0, 0},	   /* of two different files */
		{"/none", 0, 0},   /* of no bytes */
		{"[kernel.kallsyms]", 0, 0},
		{"/bin", 0, 0},
		{"", 0, 0},
	};
	struct section s = {.len = 0};
	struct damon_perf_build_ids ids;

	add(&s, USER, 40, 0, "/bin/b");
	add(&s, USER | SIZED, 1, 20, "/bin/a");
	add(&s, USER | SIZED, 90, 16, "/md5");
	add(&s, KERNEL | SIZED, 3, 20, "[kernel.kallsyms]");
	add(&s, USER | SIZED, 7, 20, "[vdso]");
	add(&s, USER | SIZED, 60, 20, "/same");
	add(&s, USER | SIZED, 60, 20, "/same");
	add(&s, USER | SIZED, 60, 20, "/two");
	add(&s, USER | SIZED, 61, 20, "/two");
	add(&s, USER | SIZED, 61, 0, "/none");
	ids = parsed(s.bytes, s.len);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct damon_perf_build_id *b = damon_perf_build_ids_find(&ids, rows[i].name);

		cr_expect_eq(b != NULL, rows[i].len > 0, "%s", rows[i].name);
		if (!b)
			continue;
		cr_expect_eq(b->len, rows[i].len, "%s", rows[i].name);
		cr_expect_eq(b->id[0], rows[i].first, "%s", rows[i].name);
		cr_expect_eq(b->id[b->len - 1], rows[i].first + b->len - 1, "%s", rows[i].name);
	}
	damon_perf_build_ids_release(&ids);
}

/* What came whole before it counts. */
Test(file_build_ids, damage_ends_a_section)
{
	struct section s = {.len = 0};
	struct damon_perf_build_ids ids;
	size_t first;

	add(&s, USER | SIZED, 1, 20, "/a");
	first = s.len;
	add(&s, USER | SIZED, 2, 20, "/b");
	for (size_t len = 0; len <= s.len; len++) {
		ids = parsed(s.bytes, len);
		cr_expect_eq(damon_perf_build_ids_find(&ids, "/a") != NULL, len >= first, "%zu",
			     len);
		cr_expect_eq(damon_perf_build_ids_find(&ids, "/b") != NULL, len == s.len, "%zu",
			     len);
		damon_perf_build_ids_release(&ids);
	}
	memset(s.bytes + first + 36, 'x', s.len - first - 36); /* a name without its end */
	ids = parsed(s.bytes, s.len);
	cr_expect_eq(ids.nr, 1);
	damon_perf_build_ids_release(&ids);
	memset(s.bytes + first + 6, 0, 2); /* a size of 0 */
	ids = parsed(s.bytes, s.len);
	cr_expect_eq(ids.nr, 1);
	damon_perf_build_ids_release(&ids);
	ids = parsed("", 0);
	cr_expect_null(damon_perf_build_ids_find(&ids, "/a"));
	damon_perf_build_ids_release(&ids);
}

/* A header whose records take 'data' bytes, with feature bits, and the places of all sections. */
static void write_file(uint64_t header, uint64_t features, const uint64_t (*places)[2], size_t n,
		       const struct section *s)
{
	uint64_t w[13] = {0x32454c4946524550ull, header, 136, 104, 0, 104, 16};
	static const uint8_t records[16];
	int fd = open(kit_path("p"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	w[9] = features;
	cr_assert(write(fd, w, sizeof(w)) == sizeof(w));
	cr_assert(write(fd, records, sizeof(records)) == sizeof(records));
	cr_assert(write(fd, places, n * 16) == (ssize_t)(n * 16));
	cr_assert(write(fd, s->bytes, s->len) == (ssize_t)s->len);
	close(fd);
}

Test(file_build_ids, files_of_perf_tell_where_they_are)
{
	struct section s = {.len = 0};
	const struct {
		const char *name;
		uint64_t header, features, places[2][2];
		bool found;
	} rows[] = {
		{"alone", 104, 1 << 2, {{152, 40 + 8}}, true},
		{"behind another", 104, 1 << 1 | 1 << 2, {{9, 9}, {152, 40 + 8}}, true},
		{"before another", 104, 1 << 2 | 1 << 3, {{152, 40 + 8}, {9, 9}}, true},
		{"none", 104, 1 << 3, {{152, 40 + 8}}, false},
		{"beyond the end", 104, 1 << 2, {{153, 40 + 8}}, false},
		{"far beyond it", 104, 1 << 2, {{UINT64_MAX, 48}}, false},
		{"absurdly large", 104, 1 << 2, {{152, UINT64_MAX}}, false},
		{"a pipe's header", 16, 1 << 2, {{152, 40 + 8}}, false},
	};
	struct damon_perf_build_ids ids;

	add(&s, USER | SIZED, 1, 20, "/bin/a");
	s.len += 4; /* more than the section */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_file(rows[i].header, rows[i].features, rows[i].places, 2, &s);
		cr_expect_eq(damon_perf_build_ids_read(kit_path("p"), &ids), 0);
		cr_expect_eq(damon_perf_build_ids_find(&ids, "/bin/a") != NULL, rows[i].found, "%s",
			     rows[i].name);
		damon_perf_build_ids_release(&ids);
	}
	write_file(104, 1 << 2, rows[0].places, 2, &s);
	cr_assert_eq(mkdir(kit_path("folder"), 0700), 0);
	cr_assert_eq(rename(kit_path("p"), kit_path("folder/data")), 0);
	cr_expect_eq(damon_perf_build_ids_read(kit_path("folder"), &ids), 0);
	cr_expect_not_null(damon_perf_build_ids_find(&ids, "/bin/a"));
	damon_perf_build_ids_release(&ids);
	unlink(kit_path("folder/data"));
	cr_expect_eq(damon_perf_build_ids_read(kit_path("folder"), &ids), 0);
	cr_expect_eq(ids.nr, 0);
	rmdir(kit_path("folder"));
	cr_expect_eq(damon_perf_build_ids_read("/nowhere", &ids), 0);
	cr_expect_eq(ids.nr, 0);
	cr_expect_eq(damon_perf_build_ids_read("/dev/null", &ids), 0);
	cr_expect_eq(ids.nr, 0);
}
