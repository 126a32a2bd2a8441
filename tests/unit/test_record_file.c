/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files are read, and which are written to. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "tests/kit/record_kit.h"

TestSuite(record_file, .fini = kit_remove);

Test(record_file, foreign_files_are_told)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *says, *remedy;
	} rows[] = {
		{"", 0, "it is empty", ""},
		{"PERFILE2\x68\0\0", 11, "a perf.data file", "perf report"},
		{" \n[{\"kdamond_idx\":0", 19, "JSON, perhaps a record of damo", "damo report"},
		{"{\"a\":1}", 7, "JSON", ""},
		{"\x1f\x8b\x08", 3, "compressed with gzip", "decompress"},
		{"\x78\x9c\xed\xbd", 4, "compressed with zlib, perhaps a record of damo",
		 "damo report"},
		{"\x28\xb5\x2f\xfd\x04", 5, "compressed with zstd", "decompress"},
		{"\x7f"
		 "ELF\x02\x01",
		 6, "a program or library", "damon-perf record"},
		{"hello, world\n", 13, "it is text", ""},
		{"h\xc3\xa9llo\n", 7, "it is text", ""},
		{"\0\0\0\0", 4, "something else", ""},
		{"\x89"
		 "DAM",
		 4, "whose first bytes are cut off", ""},
		{"\x89"
		 "DAMON\r\n\1\0\0\0\0\0\0\0",
		 16, "whose first bytes are damaged", ""},
		{"\x89"
		 "DAMON\n\1\0\0\0\0\0\0\0",
		 15, "something else", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail f = {0};
		struct damon_reader *r;

		kit_spill(kit_path("foreign"), rows[i].bytes, rows[i].n);
		cr_expect_eq(damon_reader_open(kit_path("foreign"), &r, &f), -EBADMSG, "%s",
			     rows[i].says);
		cr_expect(strstr(f.text, rows[i].says), "%s: %s", rows[i].says, f.text);
		cr_expect(strstr(f.text, "/foreign'"), "%s", f.text);
		cr_expect(rows[i].remedy[0] ? !!strstr(f.remedy, rows[i].remedy) : !f.remedy[0],
			  "%s: %s", rows[i].says, f.remedy);
	}
}

Test(record_file, unreadable)
{
	static const struct {
		const char *path;
		int err;
		const char *says;
	} rows[] = {
		{"/nonexistent/file", -ENOENT, "cannot open '/nonexistent/file': No such file"},
		{"/tmp", -EBADMSG, "is a directory"},
		{"/dev/null", -EBADMSG, "is empty"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail f = {0};
		struct damon_reader *r;

		cr_expect_eq(damon_reader_open(rows[i].path, &r, &f), rows[i].err, "%s",
			     rows[i].path);
		cr_expect(strstr(f.text, rows[i].says), "%s", f.text);
	}
}

static int open_writer(const char *path, struct damon_writer **w, struct damon_fail *f)
{
	*f = (struct damon_fail){0};
	return damon_writer_open(path, &kit_meta, w, f);
}

Test(record_file, private_and_closed_on_exec)
{
	struct damon_totals totals = {0};
	struct damon_writer *w;
	struct damon_fail f;
	struct stat st;
	bool closes = false;

	umask(0);
	cr_assert_eq(open_writer(kit_path("mode"), &w, &f), 0);
	cr_assert_eq(stat(kit_path("mode"), &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	for (int fd = 3; fd < 100 && !closes; fd++) {
		struct stat of;

		if (!fstat(fd, &of) && of.st_ino == st.st_ino && of.st_dev == st.st_dev)
			closes = fcntl(fd, F_GETFD) & FD_CLOEXEC;
	}
	cr_expect(closes);
	cr_expect_eq(damon_writer_bytes(w), (uint64_t)st.st_size);
	cr_assert_eq(damon_writer_close(w, &totals), 0);
}

Test(record_file, a_record_becomes_old)
{
	struct kit_items items;

	kit_write(kit_path("a"), 1, 1, 1);
	kit_write(kit_path("a"), 1, 1, 2);
	kit_write(kit_path("a"), 1, 1, 3);
	kit_read(kit_path("a"), false, &items);
	cr_expect_eq(items.snapshots, 3);
	kit_read(kit_path("a.old"), false, &items);
	cr_expect_eq(items.snapshots, 2);
}

Test(record_file, nothing_else_is_overwritten)
{
	static const char text[] = "my thesis";
	struct damon_writer *w;
	struct damon_fail f;
	struct kit_bytes b;

	kit_spill(kit_path("thesis"), text, sizeof(text));
	cr_expect_eq(open_writer(kit_path("thesis"), &w, &f), -EEXIST);
	cr_expect(strstr(f.text, "exists and is not a record"), "%s", f.text);
	cr_expect(strstr(f.remedy, "choose another name"), "%s", f.remedy);
	b = kit_slurp(kit_path("thesis"));
	cr_expect_eq(b.n, sizeof(text));
	free(b.data);

	/* nor in the way of the old record */
	kit_write(kit_path("a"), 1, 1, 1);
	kit_spill(kit_path("a.old"), text, sizeof(text));
	cr_expect_eq(open_writer(kit_path("a"), &w, &f), -EEXIST);
	cr_expect(strstr(f.text, "a.old' exists"), "%s", f.text);
	b = kit_slurp(kit_path("a.old"));
	cr_expect_eq(b.n, sizeof(text));
	free(b.data);
}

Test(record_file, places_that_cannot_be_written)
{
	static const struct {
		const char *path;
		int err;
		const char *says;
	} rows[] = {
		{"/tmp", -EISDIR, "cannot write '/tmp': Is a directory"},
		{"/proc/nonexistent/x", -ENOENT,
		 "cannot write '/proc/nonexistent/x': No such file"},
		{"/proc/version", -EACCES, "cannot write '/proc/version'"},
		{"", -ENOENT, "cannot write ''"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_writer *w;
		struct damon_fail f;
		int err = open_writer(rows[i].path, &w, &f);

		cr_expect(err == rows[i].err || (geteuid() == 0 && err < 0), "%s: %d", rows[i].path,
			  err);
		cr_expect(strstr(f.text, rows[i].says), "%s", f.text);
	}
}

Test(record_file, explains_what_would_help)
{
	static const struct {
		int err;
		const char *path, *text, *remedy;
	} rows[] = {
		{ENOSPC, "a", "cannot write 'a': No space left on device", "free some space"},
		{EFBIG, "a", "cannot write 'a': File too large", "ulimit -f"},
		{EROFS, "a", "cannot write 'a': Read-only file system", "elsewhere"},
		{EPIPE, "-", "cannot write to standard output: Broken pipe", "has ended"},
		{EIO, "a", "cannot write 'a': Input/output error", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail f = {0};

		cr_expect_eq(damon_place_explain(&f, rows[i].err, rows[i].path), -rows[i].err);
		cr_expect_str_eq(f.text, rows[i].text);
		cr_expect(strstr(f.remedy, rows[i].remedy), "%s: %s", f.text, f.remedy);
	}
}

Test(record_file, the_size_is_final_once_complete)
{
	struct damon_totals totals = {.ticks = 1};
	struct damon_writer *w;
	struct damon_fail f;
	struct stat st;
	uint64_t bytes;

	cr_assert_eq(open_writer(kit_path("a"), &w, &f), 0);
	cr_assert_eq(damon_writer_complete(w, &totals), 0);
	bytes = damon_writer_bytes(w);
	cr_assert_eq(damon_writer_close(w, NULL), 0);
	cr_assert_eq(stat(kit_path("a"), &st), 0);
	cr_expect_eq(st.st_size, bytes);
}

Test(record_file, an_empty_file_is_taken)
{
	struct damon_totals totals = {0};
	struct kit_items items;
	struct damon_writer *w;
	struct damon_fail f;
	struct stat st;

	kit_spill(kit_path("empty"), "", 0);
	cr_assert_eq(chmod(kit_path("empty"), 0644), 0);
	cr_assert_eq(open_writer(kit_path("empty"), &w, &f), 0);
	cr_assert_eq(damon_writer_close(w, &totals), 0);
	kit_read(kit_path("empty"), false, &items);
	cr_expect(items.complete);
	cr_assert_eq(stat(kit_path("empty"), &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_expect_eq(stat(kit_path("empty.old"), &st), -1);
}

/* A link stays; what it leads to is written. */
Test(record_file, links_are_followed)
{
	struct kit_items items;
	struct stat st;

	kit_write(kit_path("real"), 1, 1, 1);
	cr_assert_eq(symlink(kit_path("real"), kit_path("link")), 0);
	kit_write(kit_path("link"), 1, 1, 2);
	cr_assert_eq(lstat(kit_path("link"), &st), 0);
	cr_expect(S_ISLNK(st.st_mode));
	kit_read(kit_path("real"), false, &items);
	cr_expect_eq(items.snapshots, 2);
	kit_read(kit_path("real.old"), false, &items);
	cr_expect_eq(items.snapshots, 1);
}

Test(record_file, discarded_as_if_never_opened)
{
	struct kit_items items;
	struct damon_writer *w;
	struct damon_fail f;
	struct stat st;

	damon_writer_discard(NULL);
	cr_assert_eq(open_writer(kit_path("gone"), &w, &f), 0);
	damon_writer_discard(w);
	cr_expect_eq(stat(kit_path("gone"), &st), -1);

	kit_write(kit_path("kept"), 1, 1, 1);
	cr_assert_eq(open_writer(kit_path("kept"), &w, &f), 0);
	damon_writer_discard(w);
	kit_read(kit_path("kept"), false, &items);
	cr_expect_eq(items.snapshots, 1);
	cr_expect_eq(stat(kit_path("kept.old"), &st), -1);
}

Test(record_file, standard_output)
{
	struct kit_items items;
	int fd = open(kit_path("out"), O_CREAT | O_WRONLY, 0600), saved = dup(STDOUT_FILENO);

	cr_assert_geq(fd, 0);
	dup2(fd, STDOUT_FILENO);
	kit_write("-", 1, 2, 2);
	cr_expect_geq(fcntl(STDOUT_FILENO, F_GETFD), 0, "still open");
	dup2(saved, STDOUT_FILENO);
	kit_read(kit_path("out"), false, &items);
	cr_expect_eq(items.snapshots, 4);
	cr_expect(items.complete);
}
