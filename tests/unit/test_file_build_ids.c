/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/kit/perf_build.h"
#include "perf/file_build_ids.h"

enum { USER = PERF_RECORD_MISC_USER, SIZED = 1 << 15 };

/* A build id of 20 times the same byte; 'size' stands behind them. */
static const struct perf_event_header *record(struct perf_build *b, uint16_t misc, uint8_t byte,
					      uint8_t size, const char *path)
{
	uint8_t id[24] = {[20] = size};

	memset(id, byte, 20);
	perf_build_start(b, 67, misc);
	perf_build_u32(b, (uint32_t)-1);
	perf_build_bytes(b, id, sizeof(id));
	perf_build_bytes(b, path, strlen(path) + 1);
	return perf_build_end(b);
}

static void add(struct damon_file_build_ids *ids, uint16_t misc, uint8_t byte, uint8_t size,
		const char *path)
{
	struct perf_build b;
	const struct perf_event_header *h = record(&b, misc, byte, size, path);

	damon_file_build_ids_add(ids, (const uint8_t *)h, h->size);
}

Test(file_build_ids, are_found_by_path)
{
	static const struct {
		const char *name, *path;
		size_t len;
		uint8_t byte;
	} rows[] = {
		{"the first in order", "/a", 20, 1},
		{"the last in order", "/usr/lib/z.so", 20, 2},
		{"one of 16 bytes", "/md5", 16, 3},
		{"told twice the same", "/twice", 20, 4},
		{"told two", "/two", 0, 0},
		{"the kernel", "[kernel.kallsyms]", 0, 0},
		{"a guest's", "/guest", 0, 0},
		{"too long to be one", "/long", 0, 0},
		{"none of its bytes are told", "/none", 0, 0},
		{"not told", "/b", 0, 0},
		{"a part of a path", "/usr/lib/z", 0, 0},
		{"nothing", "", 0, 0},
	};
	struct damon_file_build_ids ids = {0};

	add(&ids, USER, 2, 0, "/usr/lib/z.so");
	add(&ids, USER | SIZED, 1, 20, "/a");
	add(&ids, USER | SIZED, 3, 16, "/md5");
	add(&ids, USER, 4, 0, "/twice");
	add(&ids, USER, 4, 0, "/twice");
	add(&ids, USER, 5, 0, "/two");
	add(&ids, USER, 6, 0, "/two");
	add(&ids, PERF_RECORD_MISC_KERNEL, 7, 0, "[kernel.kallsyms]");
	add(&ids, PERF_RECORD_MISC_GUEST_USER, 7, 0, "/guest");
	add(&ids, USER | SIZED, 8, 21, "/long");
	add(&ids, USER | SIZED, 8, 0, "/none");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const uint8_t *id = NULL;
		size_t len = damon_file_build_ids_find(&ids, rows[i].path, &id);

		cr_expect_eq(len, rows[i].len, "%s", rows[i].name);
		for (size_t k = 0; k < len; k++)
			cr_expect_eq(id[k], rows[i].byte, "%s", rows[i].name);
	}
	damon_file_build_ids_release(&ids);
}

/* The section of a file: side by side. */
Test(file_build_ids, come_side_by_side_and_may_be_damaged)
{
	struct damon_file_build_ids ids = {0};
	struct perf_build one, two;
	const struct perf_event_header *a = record(&one, USER, 1, 0, "/a");
	const struct perf_event_header *b = record(&two, USER, 2, 0, "/b");
	uint8_t bytes[256];
	const uint8_t *id;

	memcpy(bytes, a, a->size);
	memcpy(bytes + a->size, b, b->size);
	damon_file_build_ids_add(&ids, bytes, (size_t)a->size + b->size - 1);
	cr_expect_eq(damon_file_build_ids_find(&ids, "/a", &id), 20);
	cr_expect_eq(damon_file_build_ids_find(&ids, "/b", &id), 0, "it is cut");
	damon_file_build_ids_add(&ids, bytes, (size_t)a->size + b->size);
	cr_expect_eq(damon_file_build_ids_find(&ids, "/b", &id), 20);
	memset(bytes, 0, sizeof(bytes)); /* records of size 0 */
	damon_file_build_ids_add(&ids, bytes, sizeof(bytes));
	cr_expect_eq(ids.nr, 2);
	damon_file_build_ids_release(&ids);
}

Test(file_build_ids, are_bounded)
{
	struct damon_file_build_ids ids = {0};
	char path[32];

	for (int i = 0; i < 9000; i++) {
		snprintf(path, sizeof(path), "/%d", i);
		add(&ids, USER, 1, 0, path);
	}
	cr_expect_eq(ids.nr, 8192);
	damon_file_build_ids_release(&ids);
}
