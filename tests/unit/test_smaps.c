/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/smaps.h"
#include "tests/kit/fake_sys.h"

#define FIRST  "1000-5000 rw-p 00000000 00:00 0                          [heap]\n"
#define SECOND "7000-9000 r--p 00000000 08:01 77 /usr/lib/x y.so\n"

/* "start-end:rss,referenced,huge" of each, in KiB, separated by blanks. */
static void on_entry(void *priv, const struct damon_smaps_entry *e)
{
	char *text = priv;
	size_t n = strlen(text);

	snprintf(text + n, 512 - n, "%s%llx-%llx:%llu,%llu,%llu", n ? " " : "",
		 (unsigned long long)e->start, (unsigned long long)e->end,
		 (unsigned long long)e->rss >> 10, (unsigned long long)e->referenced >> 10,
		 (unsigned long long)e->huge >> 10);
}

Test(smaps, text_to_mappings)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{"nothing", "", ""},
		{"one", FIRST "Size: 16 kB\nRss:   12 kB\nReferenced:  8 kB\nVmFlags: rd wr\n",
		 "1000-5000:12,8,0"},
		{"two", FIRST "Rss: 12 kB\nReferenced: 8 kB\n" SECOND "Rss: 4 kB\n",
		 "1000-5000:12,8,0 7000-9000:4,0,0"},
		{"all kinds of huge pages add up",
		 FIRST
		 "Rss: 16 kB\nAnonHugePages: 4 kB\nShmemPmdMapped: 4 kB\nFilePmdMapped: 4 kB\n",
		 "1000-5000:16,0,12"},
		{"no newline at the end", FIRST "Rss: 4 kB\nReferenced: 4 kB", "1000-5000:4,4,0"},
		{"names of fields count whole",
		 FIRST "Rss: 4 kB\nRssX: 8 kB\nPss: 4 kB\nRef: 4 kB\n", "1000-5000:4,0,0"},
		{"the bits are later than the size", FIRST "Rss: 4 kB\nReferenced: 8 kB\n",
		 "1000-5000:4,4,0"},
		{"fields before any mapping", "Rss: 4 kB\n" FIRST "Rss: 4 kB\n", "1000-5000:4,0,0"},
		{"more in memory than there is", FIRST "Rss: 20 kB\n" SECOND "Rss: 4 kB\n",
		 "7000-9000:4,0,0"},
		{"more huge than in memory", FIRST "Rss: 8 kB\nAnonHugePages: 12 kB\n", ""},
		{"numbers beyond 64 bits", FIRST "Rss: 99999999999999999999999 kB\n", ""},
		{"a sum beyond 64 bits",
		 FIRST "Rss: 4 kB\nAnonHugePages: 18014398509481983 kB\nFilePmdMapped: "
		       "18014398509481983 kB\nShmemPmdMapped: 18014398509481983 kB\n",
		 ""},
		{"negative", FIRST "Rss: -4 kB\n", ""},
		{"backwards", "5000-1000 rw-p\nRss: 4 kB\n", ""},
		{"overlapping: the later one goes",
		 FIRST "Rss: 4 kB\n4000-6000 rw-p\nRss: 4 kB\n" SECOND "Rss: 8 kB\n",
		 "1000-5000:4,0,0 7000-9000:8,0,0"},
		{"not of whole pages", "1000-1801 rw-p\nRss: 0 kB\n", ""},
		{"a line that is no mapping's", "1000-5000\nRss: 4 kB\n", ""},
		{"the highest address", "fffffffffffff000-ffffffffffffffff r\nRss: 4 kB\n", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t piece = 1; piece < 300; piece = piece * 3 + 1) {
			struct damon_smaps s = {.open = false};
			size_t len = strlen(rows[i].text);
			char got[512] = "";

			for (size_t at = 0; at < len; at += piece)
				damon_smaps_feed(&s, rows[i].text + at, MIN(piece, len - at),
						 on_entry, got);
			damon_smaps_end(&s, on_entry, got);
			cr_expect_str_eq(got, rows[i].want, "%s, in pieces of %zu: '%s'",
					 rows[i].name, piece, got);
		}
	}
}

Test(smaps, long_names_do_not_break_lines)
{
	char text[6000], got[512] = "";
	struct damon_smaps s = {.open = false};

	snprintf(text, sizeof(text), "1000-5000 rw-p 00000000 08:01 7 /%0*d\nRss: 4 kB\n", 5000, 7);
	damon_smaps_feed(&s, text, strlen(text), on_entry, got);
	damon_smaps_end(&s, on_entry, got);
	cr_expect_str_eq(got, "1000-5000:4,0,0", "'%s'", got);
}

Test(smaps, of_a_process)
{
	static const struct fake_file files[] = {
		{"/proc/7/smaps", FIRST "Rss: 8 kB\nReferenced: 4 kB\n", 0},
		{"/proc/8/smaps", "", 0},
		{"/proc/9/smaps", "", EACCES},
		{0},
	};
	static const struct {
		const char *name;
		int pid, err;
		const char *want;
	} rows[] = {
		{"read", 7, 0, "1000-5000:8,4,0"},
		{"a zombie", 8, -ESRCH, ""},
		{"someone else's", 9, -EACCES, ""},
		{"gone", 10, -ESRCH, ""},
	};
	struct fake_sys world;

	fake_sys_init(&world, files);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char got[512] = "";
		int err = damon_smaps_read(&world.sys, rows[i].pid, on_entry, got);

		cr_expect_eq(err, rows[i].err, "%s: %d", rows[i].name, err);
		cr_expect_str_eq(got, rows[i].want, "%s: '%s'", rows[i].name, got);
	}
	cr_expect_eq(world.nr_open, 0, "all is closed");
}
