/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "record/chunk.h"
#include "record/foreign.h"

static const char use_perf[] = "read it with 'perf report' or 'perf script'";
static const char use_damo[] = "read it with 'damo report'";
static const char unpack_first[] = "decompress it first";

static const struct {
	const char *begin;
	size_t len;
	const char *what, *remedy;
} table[] = {
	{"PERFILE2", 8, "a perf.data file", use_perf},
	{"2ELIFREP", 8, "a perf.data file of the other byte order", use_perf},
	{"[{", 2, "JSON, perhaps a record of damo", use_damo},
	{"{\"", 2, "JSON", ""},
	{"\x1f\x8b", 2, "compressed with gzip", unpack_first},
	{"\x28\xb5\x2f\xfd", 4, "compressed with zstd", unpack_first},
	{"\xfd\x37zXZ", 5, "compressed with xz", unpack_first},
	{"BZh", 3, "compressed with bzip2", unpack_first},
	{"PK\x03\x04", 4, "a zip archive", unpack_first},
	{"\x78\x01", 2, "compressed with zlib, perhaps a record of damo", use_damo},
	{"\x78\x5e", 2, "compressed with zlib, perhaps a record of damo", use_damo},
	{"\x78\x9c", 2, "compressed with zlib, perhaps a record of damo", use_damo},
	{"\x78\xda", 2, "compressed with zlib, perhaps a record of damo", use_damo},
	{"\x7f"
	 "ELF",
	 4, "a program or library (ELF)", "record what it does: damon-perf record -- PROGRAM"},
};

/* Space before JSON is no part of it. */
static size_t lead(const uint8_t *bytes, size_t n)
{
	size_t i = 0;

	while (i < n && isspace(bytes[i]))
		i++;
	return i;
}

static bool is_text(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] < 0x80 && !isprint(bytes[i]) && !isspace(bytes[i]))
			return false;
	return true;
}

static int refuse(struct damon_fail *f, const char *path, const char *what, const char *remedy)
{
	damon_fail(f, EBADMSG, "'%s' is not a record of damon-perf: it is %s", path, what);
	if (remedy[0])
		damon_fail_remedy(f, "%s", remedy);
	return -EBADMSG;
}

int damon_foreign_refuse(const char *path, const uint8_t *bytes, size_t n, struct damon_fail *f)
{
	const uint8_t *b = bytes + lead(bytes, n);
	size_t left = n - (size_t)(b - bytes);

	if (!n)
		return refuse(f, path, "empty", "");
	if (!memcmp(bytes, RECORD_MAGIC, n < 8 ? n : 8))
		return damon_fail(f, EBADMSG,
				  "'%s' is a record of damon-perf whose first bytes are %s", path,
				  n < RECORD_HEAD_BYTES ? "cut off" : "damaged");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (left >= table[i].len && !memcmp(b, table[i].begin, table[i].len))
			return refuse(f, path, table[i].what, table[i].remedy);
	return refuse(f, path, is_text(bytes, n) ? "text" : "something else", "");
}
