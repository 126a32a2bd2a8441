/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/space.h"

#define PAGE DAMON_PAGE_SIZE

static struct damon_mapping anon(uint64_t from, uint64_t to, uint8_t prot, const char *name)
{
	return (struct damon_mapping){
		.start = from * PAGE, .end = to * PAGE, .prot = prot, .name = name};
}

/*
 * Mappings as text, in pages: "10-20" anonymous, "10-20=name", "10-20=/file+3" at page 3 of a file
 * whose inode is the first letter after the slash, a trailing "!" for no permissions, "@" for
 * execute instead of write.
 */
static struct damon_mapping parse(const char *word)
{
	static char names[16][64];
	static int turn;
	char *name = names[turn++ % 16], *plus, *end;
	struct damon_mapping m = {.prot = DAMON_PROT_READ | DAMON_PROT_WRITE, .name = name};
	unsigned long long from, to;

	name[0] = '\0';
	cr_assert_geq(sscanf(word, "%llu-%llu=%63[^\n]", &from, &to, name), 2, "'%s'", word);
	m.start = from * PAGE;
	m.end = to * PAGE;
	end = name + strlen(name);
	if (strchr(word, '!'))
		m.prot = 0;
	if (strchr(word, '@'))
		m.prot = DAMON_PROT_READ | DAMON_PROT_EXEC;
	while (end > name && (end[-1] == '!' || end[-1] == '@'))
		*--end = '\0';
	plus = strchr(name, '+');
	if (plus) {
		m.offset = strtoull(plus + 1, NULL, 10) * PAGE;
		*plus = '\0';
	}
	if (name[0] == '/' && name[1] != '/') {
		m.dev = 8ull << 32 | 1;
		m.inode = (uint64_t)name[1];
	}
	for (char *c = name; *c; c++)
		*c = *c == '_' ? ' ' : *c;
	return m;
}

static size_t parse_all(const char *text, struct damon_mapping *m, size_t cap)
{
	char copy[512], *save = NULL;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		cr_assert_lt(n, cap);
		m[n++] = parse(w);
	}
	return n;
}

/* "id:from-to=name+offset" of each mapping; with their lives if they are dead. */
static void print(char *out, size_t cap, const struct damon_mapping *m, size_t n, bool dead)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++, m++) {
		len += snprintf(out + len, cap - len, "%s%u:%llu-%llu", i ? " " : "", m->id,
				(unsigned long long)(m->start / PAGE),
				(unsigned long long)(m->end / PAGE));
		if (*m->name)
			len += snprintf(out + len, cap - len, "=%s", m->name);
		if (m->offset)
			len += snprintf(out + len, cap - len, "+%llu",
					(unsigned long long)(m->offset / PAGE));
		if (dead)
			len += snprintf(out + len, cap - len, "[%llu,%llu)",
					(unsigned long long)m->from_ns,
					(unsigned long long)m->to_ns);
	}
}

static void check_sound(const struct damon_space *s)
{
	for (size_t i = 0; i < s->nr_live; i++) {
		const struct damon_mapping *m = &s->live[i];

		cr_assert_lt(m->start, m->end);
		cr_assert_eq(m->to_ns, UINT64_MAX);
		cr_assert(!i || m[-1].end <= m->start, "live mappings overlap");
		for (size_t j = 0; j < i; j++)
			cr_assert_neq(s->live[j].id, m->id, "id %u twice", m->id);
	}
	cr_assert_leq(s->nr_dead, s->max_dead);
	for (size_t i = 0; i < s->nr_dead; i++) {
		cr_assert_leq(s->dead[i].from_ns, s->dead[i].to_ns);
		cr_assert(!i || s->dead[i - 1].to_ns <= s->dead[i].to_ns, "the dead are unsorted");
	}
}

/* Steps: "+MAPPING" maps, "-from-to" unmaps, "=MAPPING,MAPPING" syncs; the first at time 1. */
static void run(struct damon_space *s, const char *steps)
{
	char copy[512], *save = NULL;
	uint64_t now = 0;

	snprintf(copy, sizeof(copy), "%s", steps);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		struct damon_mapping m[16] = {0};
		size_t n = 0;

		now++;
		for (char *c = w; *c; c++)
			*c = *c == ',' ? ' ' : *c;
		if (*w == '=')
			n = parse_all(w + 1, m, ARRAY_SIZE(m));
		else
			m[0] = parse(w + 1);
		if (*w == '=')
			cr_assert_eq(damon_space_sync(s, m, n, now), 0);
		else if (*w == '+')
			cr_assert_eq(damon_space_map(s, &m[0], now), 0);
		else
			cr_assert_eq(damon_space_unmap(s, m[0].start, m[0].end, now), 0);
		check_sound(s);
	}
}

Test(space, changes)
{
	static const struct {
		const char *name, *steps, *live, *dead;
	} rows[] = {
		{"nothing", "", "", ""},
		{"apart", "+10-20 +30-40", "0:10-20 1:30-40", ""},
		{"apart, backwards", "+30-40 +10-20", "1:10-20 0:30-40", ""},
		{"map over all", "+10-20=/a +10-20=/b", "1:10-20=/b", "0:10-20=/a[1,2)"},
		{"map over the start", "+10-20=/a +8-12=/b", "1:8-12=/b 0:12-20=/a+2",
		 "2:10-12=/a[1,2)"},
		{"map over the end", "+10-20=/a +18-22=/b", "0:10-18=/a 1:18-22=/b",
		 "2:18-20=/a+8[1,2)"},
		{"map over the middle", "+10-20=/a+5 +14-16=/b",
		 "0:10-14=/a+5 1:14-16=/b 2:16-20=/a+11", "3:14-16=/a+9[1,2)"},
		{"map over several", "+10-20=/a +20-30=/b +30-40=/c +15-35=/d",
		 "0:10-15=/a 3:15-35=/d 2:35-40=/c+5",
		 "4:15-20=/a+5[1,4) 1:20-30=/b[2,4) 5:30-35=/c[3,4)"},
		{"unmap all", "+10-20 -10-20", "", "0:10-20[1,2)"},
		{"unmap more than all", "+10-20 -0-99", "", "0:10-20[1,2)"},
		{"unmap nothing", "+10-20 -20-30 -5-10", "0:10-20", ""},
		{"unmap the middle", "+10-20=/a -14-16", "0:10-14=/a 1:16-20=/a+6",
		 "2:14-16=/a+4[1,2)"},
		{"unmap the start", "+10-20=/a -5-12", "0:12-20=/a+2", "1:10-12=/a[1,2)"},
		{"unmap the end", "+10-20 -15-25", "0:10-15", "1:15-20[1,2)"},
		{"grow", "+10-20=[heap] +10-30=[heap]", "0:10-30=[heap]", ""},
		{"grow by a neighbour", "+10-20=[heap] +20-30=[heap]", "0:10-30=[heap]", ""},
		{"grow downwards", "+10-20=[stack] +5-20=[stack]", "0:5-20=[stack]", ""},
		{"grow a file", "+10-20=/a+3 +20-25=/a+13", "0:10-25=/a+3", ""},
		{"grow a file downwards", "+10-20=/a+3 +8-10=/a+1", "0:8-20=/a+1", ""},
		{"a file beside itself", "+10-20=/a +20-30=/a", "0:10-20=/a 1:20-30=/a", ""},
		{"other permissions beside", "+10-20 +20-30@", "0:10-20 1:20-30", ""},
		{"protect the middle", "+10-20 +12-14!", "0:10-12 1:12-14 2:14-20", "3:12-14[1,2)"},
		{"protect, and back", "+10-20 +12-20! +10-20", "0:10-20",
		 "2:12-20[1,2) 1:12-20[2,3)"},
		{"the kernel merged", "+10-20 +30-40 +10-40", "0:10-40", "1:30-40[2,3)"},
		{"the gap was filled", "+10-20 +30-40 +20-30", "0:10-40", "1:30-40[2,3)"},
		{"held already", "+10-40 +20-30", "0:10-40", ""},
		{"held already, and touched", "=10-20,20-30 +20-30 +22-30", "0:10-20 1:20-30", ""},
		{"anonymous under two names", "+10-20=//anon +10-20", "0:10-20", ""},
		{"the heap's name came late", "+10-20=//anon =10-20=[heap]", "0:10-20=[heap]", ""},
		{"the heap grew without its name", "+10-20=[heap] +10-30=//anon", "0:10-30=[heap]",
		 ""},
		{"no name beside the heap", "+10-20=[heap] +20-30", "0:10-20=[heap] 1:20-30", ""},
		{"deleted", "+10-20=/a =10-20=/a_(deleted)", "0:10-20=/a", ""},
		{"deleted first", "+10-20=/a_(deleted) +10-30=/a", "0:10-30=/a (deleted)", ""},
		{"sync the same", "+10-20 +30-40=/a =10-20,30-40=/a", "0:10-20 1:30-40=/a", ""},
		{"sync with none", "+10-20 +30-40 =", "", "0:10-20[1,3) 1:30-40[2,3)"},
		{"sync from none", "=10-20,20-30@,40-50=/a+1", "0:10-20 1:20-30 2:40-50=/a+1", ""},
		{"sync after munmap", "+10-20 +30-40 +50-60 =10-20,50-60", "0:10-20 2:50-60",
		 "1:30-40[2,4)"},
		{"sync after munmap in the middle", "+10-20=/a =10-12=/a,17-20=/a+7",
		 "0:10-12=/a 1:17-20=/a+7", "2:12-17=/a+2[1,2)"},
		{"sync after growth", "+10-20=[heap] +30-40 =10-25=[heap],30-40",
		 "0:10-25=[heap] 1:30-40", ""},
		{"sync after mremap", "+10-20 =50-60", "1:50-60", "0:10-20[1,2)"},
		{"sync splits what touched", "+10-20 +20-30 =10-20,20-30", "0:10-20 1:20-30", ""},
		{"sync merges", "=10-20,20-30 =10-30", "0:10-30", "1:20-30[1,2)"},
		{"sync with a torn read", "=10-20,15-30@,18-19", "0:10-20 1:20-30", ""},
		{"sync shifts a border", "=10-20,20-30@ =10-15,15-30@", "0:10-15 1:15-30",
		 "2:15-20[1,2)"},
		{"another file of that name", "+10-20=/a +10-20=/b", "1:10-20=/b",
		 "0:10-20=/a[1,2)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_space *s = damon_space_new();
		char got[1024];

		run(s, rows[i].steps);
		print(got, sizeof(got), s->live, s->nr_live, false);
		cr_expect_str_eq(got, rows[i].live, "%s: live: %s", rows[i].name, got);
		print(got, sizeof(got), s->dead, s->nr_dead, true);
		cr_expect_str_eq(got, rows[i].dead, "%s: dead: %s", rows[i].name, got);
		damon_space_unref(s);
	}
}

Test(space, version_changes_only_with_the_mappings)
{
	static const struct {
		const char *name, *before, *after;
		bool changes;
	} rows[] = {
		{"sync the same", "=10-20,20-30@,40-50=/a", "=10-20,20-30@,40-50=/a", false},
		{"map what is held", "+10-20=/a", "+12-14=/a+2", false},
		{"unmap a hole", "+10-20", "-20-30", false},
		{"deleted", "+10-20=/a", "=10-20=/a_(deleted)", false},
		{"grown", "+10-20", "+10-21", true},
		{"shrunk", "+10-20", "-19-20", true},
		{"gone", "+10-20", "=", true},
		{"named", "+10-20", "=10-20=[heap]", true},
		{"permissions", "+10-20", "=10-20!", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_space *s = damon_space_new();
		uint32_t version;

		run(s, rows[i].before);
		version = s->version;
		run(s, rows[i].after);
		cr_expect_eq(s->version != version, rows[i].changes, "%s", rows[i].name);
		damon_space_unref(s);
	}
}

Test(space, edits_tell_what_to_write_again)
{
	struct damon_space *s = damon_space_new();

	run(s, "+10-20 +30-40=/a");
	cr_expect_eq(s->live[0].edits, 0);
	run(s, "=10-20,30-40=/a");
	cr_expect_eq(s->live[0].edits, 0, "an equal sync is no edit");
	run(s, "+10-25");
	cr_expect_eq(s->live[0].edits, 1, "growth");
	run(s, "-10-12");
	cr_expect_eq(s->live[0].edits, 2, "shrinking");
	cr_expect_eq(s->live[1].edits, 0, "the other one");
	run(s, "-0-99");
	cr_expect_eq(s->nr_live, 0);
	for (size_t i = 0; i < s->nr_dead; i++) {
		cr_expect_eq(s->dead[i].edits,
			     s->dead[i].id == 0	  ? 3
			     : s->dead[i].id == 1 ? 1
						  : 0,
			     "death of %u", s->dead[i].id);
	}
	damon_space_unref(s);
}

Test(space, build_id_and_inode_complete_each_other)
{
	struct damon_mapping by_id = {.start = 10 * PAGE,
				      .end = 20 * PAGE,
				      .prot = DAMON_PROT_READ,
				      .name = "/lib",
				      .build_id = {1, 2, 3},
				      .build_id_len = 3};
	struct damon_mapping by_inode = by_id, other = by_id;
	struct damon_space *s = damon_space_new();

	by_inode.build_id_len = 0;
	by_inode.inode = 77;
	by_inode.dev = 1;
	other.build_id[0] = 9;
	cr_assert_eq(damon_space_map(s, &by_id, 1), 0);
	cr_assert_eq(damon_space_sync(s, &by_inode, 1, 2), 0);
	cr_expect_eq(s->live[0].id, 0);
	cr_expect_eq(s->live[0].edits, 1);
	cr_expect_eq(s->live[0].inode, 77);
	cr_expect_eq(s->live[0].build_id_len, 3);
	cr_assert_eq(damon_space_map(s, &by_id, 3), 0);
	cr_assert_eq(damon_space_sync(s, &by_inode, 1, 4), 0);
	cr_expect_eq(s->live[0].edits, 1, "nothing new");
	cr_assert_eq(damon_space_map(s, &other, 5), 0);
	cr_expect_eq(s->live[0].id, 1, "another build id is another file");
	cr_expect_eq(s->live[0].inode, 0);
	damon_space_unref(s);
}

/* Asks about every file, and tells the id 'i' of the i-th. Returns how many there were. */
static int ask_all(struct damon_space *s, bool tell)
{
	const struct damon_mapping *m;
	int n = 0;

	while ((m = damon_space_ask(s))) {
		const uint8_t id[] = {1, (uint8_t)n};

		cr_expect(!m->offset && !(m->prot & DAMON_PROT_WRITE));
		cr_assert_lt(n++, 100);
		if (tell)
			damon_space_tell(s, m, id, sizeof(id));
	}
	return n;
}

Test(space, asks_for_build_ids_of_code_once)
{
	static const struct {
		const char *name, *before, *added;
		int first, then; /* files asked about */
		size_t nr_known; /* mappings with an id in the end */
	} rows[] = {
		{"a program", "10-11=/p@ 11-12=/p+1 13-14=/p+2@", "", 1, 0, 3},
		{"data is not asked about", "10-11=/d 20-30=/e+1", "30-31=/d", 0, 0, 0},
		{"its beginning is not mapped", "10-11=/p+1@", "", 0, 0, 0},
		{"its beginning can be written to", "10-11=/p 11-12=/p+1@", "", 0, 0, 0},
		{"two files", "10-11=/p@ 20-21=/q@", "30-31=/r@", 2, 1, 3},
		{"the vdso, not other names", "10-11=[vdso]@ 12-13=[vvar]@ 14-15=@", "", 1, 0, 1},
		{"data that comes later", "10-11=/p@", "11-12=/p+1", 1, 0, 2},
		{"code that comes later", "10-11=/p@", "15-16=/p+1@ 16-17=/p+2", 1, 0, 3},
		{"data beyond a gap", "10-11=/p@", "50-51=/p+1", 1, 0, 2},
		{"data beyond other memory", "10-11=/p@ 20-21", "50-51=/p+1", 1, 0, 1},
		{"an extended mapping", "10-11=/p@", "11-12=/p+1@", 1, 0, 1},
		{"memory beside it", "10-11=/p@", "11-12", 1, 0, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_space *s = damon_space_new();
		struct damon_mapping m[8];
		size_t n = parse_all(rows[i].before, m, ARRAY_SIZE(m)), known = 0;

		for (size_t k = 0; k < n; k++)
			cr_assert_eq(damon_space_map(s, &m[k], 1), 0);
		cr_expect_eq(ask_all(s, true), rows[i].first, "%s", rows[i].name);
		cr_expect_eq(ask_all(s, true), 0, "%s: nothing is new", rows[i].name);
		n = *rows[i].added ? parse_all(rows[i].added, m, ARRAY_SIZE(m)) : 0;
		for (size_t k = 0; k < n; k++)
			cr_assert_eq(damon_space_map(s, &m[k], 2), 0);
		cr_expect_eq(ask_all(s, true), rows[i].then, "%s", rows[i].name);
		for (size_t k = 0; k < s->nr_live; k++)
			known += s->live[k].build_id_len > 0;
		cr_expect_eq(known, rows[i].nr_known, "%s: %zu", rows[i].name, known);
		damon_space_unref(s);
	}
}

/* What could not be told is not asked again, whatever of it is mapped. */
Test(space, asks_in_vain_once)
{
	struct damon_mapping first = parse("10-11=/p@"), more = parse("20-21=/p@"), maps[2];
	struct damon_space *s = damon_space_new(), *c;

	cr_assert_eq(damon_space_map(s, &first, 1), 0);
	cr_expect_eq(ask_all(s, false), 1);
	cr_assert_eq(damon_space_map(s, &more, 2), 0);
	cr_expect_eq(ask_all(s, false), 0);
	maps[0] = first;
	maps[1] = parse("20-21=/q@");
	cr_assert_eq(damon_space_sync(s, maps, 2, 3), 0);
	c = damon_space_clone(s, 4);
	cr_expect_eq(ask_all(s, false), 1, "another file in its place");
	cr_expect_eq(ask_all(c, false), 1, "a child asks for what its parent did not");
	damon_space_unref(c);
	c = damon_space_clone(s, 5);
	cr_expect_eq(ask_all(c, false), 0);
	damon_space_unref(c);
	damon_space_unref(s);
}

Test(space, told_build_ids_are_news_and_stay)
{
	struct damon_mapping m[3] = {parse("10-11=/p@"), parse("11-12=/p+1"),
				     parse("20-21=[vdso]@")};
	struct damon_space *s = damon_space_new();
	uint32_t version;

	cr_assert_eq(damon_space_sync(s, m, 3, 1), 0);
	version = s->version;
	cr_expect_eq(ask_all(s, true), 2);
	cr_expect_neq(s->version, version);
	version = s->version;
	for (int i = 0; i < 3; i++)
		cr_expect(s->live[i].edits == 1 && s->live[i].build_id_len == 2, "%d", i);
	cr_assert_eq(damon_space_sync(s, m, 3, 2), 0);
	cr_expect_eq(s->version, version, "maps, which have no build ids, bring nothing new");
	for (int i = 0; i < 3; i++)
		cr_expect(s->live[i].id == (uint32_t)i && s->live[i].build_id_len == 2, "%d", i);
	cr_expect_eq(s->live[2].offset, 0);
	damon_space_unref(s);
}

Test(space, anonymous_memory_has_no_offset)
{
	struct damon_mapping m = anon(10, 20, 3, "//anon");
	struct damon_space *s = damon_space_new();

	m.offset = m.start; /* as MMAP2 tells it */
	cr_assert_eq(damon_space_map(s, &m, 1), 0);
	cr_expect_eq(s->live[0].offset, 0);
	cr_expect_str_empty(s->live[0].name);
	damon_space_unref(s);
}

Test(space, refuses_odd_ranges)
{
	static const struct {
		const char *name;
		uint64_t start, end;
	} rows[] = {
		{"empty", PAGE, PAGE},
		{"backwards", 2 * PAGE, PAGE},
		{"start within a page", PAGE + 1, 2 * PAGE},
		{"end within a page", PAGE, 2 * PAGE - 1},
	};
	struct damon_mapping unsorted[] = {anon(20, 30, 1, ""), anon(10, 20, 1, "")};
	struct damon_space *s = damon_space_new();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_mapping m = {.start = rows[i].start, .end = rows[i].end, .name = ""};

		cr_expect_eq(damon_space_map(s, &m, 1), -EINVAL, "%s", rows[i].name);
		cr_expect_eq(damon_space_sync(s, &m, 1, 1), -EINVAL, "%s", rows[i].name);
		cr_expect_eq(damon_space_unmap(s, m.start, m.end, 1), -EINVAL, "%s", rows[i].name);
	}
	cr_expect_eq(damon_space_sync(s, unsorted, 2, 1), -EINVAL);
	cr_expect_eq(s->nr_live, 0);
	damon_space_unref(s);
}

Test(space, find_at_a_time)
{
	/* 1: /a 10-20   2: /b over 12-14   3: unmap 16-20   4: heap 16-18   5: heap grows to 20 */
	static const struct {
		uint64_t page, time;
		const char *name;
	} rows[] = {
		{10, 1, "/a"},	   {13, 1, "/a"},     {13, 2, "/b"},	 {15, 9, "/a"},
		{17, 2, "/a"},	   {17, 3, "[heap]"}, {17, 4, "[heap]"}, {19, 2, "/a"},
		{19, 6, "[heap]"}, {9, 1, NULL},      {20, 1, NULL},	 {10, 0, "/a"},
	};
	struct damon_space *s = damon_space_new();

	run(s, "+10-20=/a +12-14=/b -16-20 +16-18=[heap] +16-20=[heap]");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_mapping *m =
			damon_space_find_at(s, rows[i].page * PAGE + 8, rows[i].time);

		cr_expect_eq(m != NULL, rows[i].name != NULL, "row %zu", i);
		if (m && rows[i].name)
			cr_expect_str_eq(m->name, rows[i].name, "page %d at %d: %s",
					 (int)rows[i].page, (int)rows[i].time, m->name);
	}
	run(s, "-0-99"); /* at time 1: later than all that died is what counts */
	cr_expect_str_eq(damon_space_find_at(s, 19 * PAGE, 1)->name, "/a");
	cr_expect_str_eq(damon_space_find_at(s, 19 * PAGE, 99)->name, "[heap]", "the last");
	cr_expect_null(damon_space_find(s, 19 * PAGE));
	damon_space_unref(s);
}

Test(space, find_at_a_time_of_nothing)
{
	struct damon_space *s = damon_space_new();

	/* 1: /a   2: nothing   3: /b   4: nothing   5: /c   6: nothing */
	run(s, "+10-20=/a -10-20 +10-20=/b -10-20 +10-20=/c");
	cr_expect_str_eq(damon_space_find_at(s, 10 * PAGE, 0)->name, "/c", "the last");
	cr_expect_str_eq(damon_space_find_at(s, 10 * PAGE, 1)->name, "/a");
	cr_expect_str_eq(damon_space_find_at(s, 10 * PAGE, 2)->name, "/c", "the last");
	cr_expect_str_eq(damon_space_find_at(s, 10 * PAGE, 3)->name, "/b");
	cr_expect_str_eq(damon_space_find_at(s, 10 * PAGE, 4)->name, "/c");
	cr_expect_str_eq(damon_space_find_at(s, 10 * PAGE, 9)->name, "/c");
	cr_assert_eq(damon_space_unmap(s, 10 * PAGE, 20 * PAGE, 6), 0);
	cr_expect_str_eq(damon_space_find_at(s, 10 * PAGE, 2)->name, "/c");
	damon_space_unref(s);
}

Test(space, find)
{
	static const struct {
		uint64_t addr;
		int id;
	} rows[] = {{0, -1},	    {10 * PAGE - 1, -1}, {10 * PAGE, 0}, {20 * PAGE - 1, 0},
		    {20 * PAGE, 1}, {30 * PAGE, -1},	 {40 * PAGE, 2}, {UINT64_MAX, -1}};
	struct damon_space *s = damon_space_new();

	cr_expect_null(damon_space_find(s, 0));
	cr_expect_null(damon_space_find_at(s, 0, 0));
	run(s, "=10-20,20-30@,40-50");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct damon_mapping *m = damon_space_find(s, rows[i].addr);

		cr_expect_eq(m ? (int)m->id : -1, rows[i].id, "row %zu", i);
	}
	damon_space_unref(s);
}

Test(space, the_dead_are_bounded)
{
	struct damon_space *s = damon_space_new();

	s->max_dead = 100;
	for (uint64_t i = 1; i <= 1000; i++) {
		struct damon_mapping m = anon(10 * i, 10 * i + 5, 3, "");

		cr_assert_eq(damon_space_map(s, &m, 2 * i), 0);
		cr_assert_eq(damon_space_unmap(s, m.start, m.end, 2 * i + 1), 0);
		cr_assert_leq(s->nr_dead, 100);
		cr_assert_eq(s->nr_dead + s->nr_forgotten, i);
		cr_assert_eq(s->dead[s->nr_dead - 1].start, m.start, "the newest is kept");
	}
	cr_expect_gt(s->nr_dead, 90);
	damon_space_unref(s);

	s = damon_space_new();
	s->max_dead = 0;
	run(s, "+10-20 -10-20");
	cr_expect_eq(s->nr_forgotten, 1);
	damon_space_unref(s);
}

Test(space, clone)
{
	struct damon_space *s = damon_space_new(), *c;

	run(s, "+10-20=/a +30-40 -12-14");
	c = damon_space_clone(s, 50);
	cr_assert_not_null(c);
	cr_expect_neq(c->id, s->id);
	cr_expect_eq(c->nr_live, 3);
	cr_expect_eq(c->nr_dead, 0);
	cr_expect_eq(c->live[0].from_ns, 50);
	damon_space_unref(s); /* its names go with it */
	cr_expect_str_eq(c->live[0].name, "/a");
	run(c, "+60-70");
	cr_expect_eq(c->live[3].id, 4, "ids go on where they were");
	damon_space_unref(damon_space_ref(c));
	cr_expect_eq(c->refs, 1);
	damon_space_unref(c);
	damon_space_unref(NULL);
}

Test(space, extents)
{
	static const struct {
		const char *name, *live;
		size_t max;
		const char *want;
	} rows[] = {
		{"none", "", 4, ""},
		{"all fit", "10-20 20-30@ 40-50", 3, "10-20 20-30 40-50"},
		{"touching ones first", "10-20 20-30@ 32-50", 2, "10-30 32-50"},
		{"then the smallest gap", "10-20 25-30 32-50", 2, "10-20 25-50"},
		{"all in one", "10-20 25-30 32-50", 1, "10-50"},
		{"ties in order", "10-20 21-30 31-40 41-50", 2, "10-40 41-50"},
		{"inaccessible", "10-20 20-30! 30-40", 8, "10-20 30-40"},
		{"inaccessible within a join", "10-20 20-30! 30-40 90-95", 2, "10-40 90-95"},
		{"the kernel's own",
		 "10-20=[vvar] 20-22=[vvar_vclock] 22-24=[vdso]@ 30-31=[vsyscall]@", 8, "22-24"},
		{"only the kernel's own", "10-20=[vvar]", 1, ""},
		{"names with an underscore", "10-20=[vma]", 1, "10-20"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_space *s = damon_space_new();
		struct damon_mapping m[16];
		struct damon_extent x[16];
		char got[256] = "";
		size_t n = parse_all(rows[i].live, m, 16), len = 0;

		for (size_t j = 0; j < n; j++) {
			if (strncmp(m[j].name, "[vvar v", 7) == 0)
				m[j].name = "[vvar_vclock]";
		}
		cr_assert_eq(damon_space_sync(s, m, n, 1), 0);
		memset(x, 0xff, sizeof(x));
		n = damon_space_extents(s, x, rows[i].max);
		cr_expect_leq(n, rows[i].max, "%s", rows[i].name);
		for (size_t j = 0; j < n; j++)
			len += snprintf(got + len, sizeof(got) - len, "%s%d-%d", j ? " " : "",
					(int)(x[j].start / PAGE), (int)(x[j].end / PAGE));
		cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].name, got);
		cr_expect_eq(x[n].start, UINT64_MAX, "%s: wrote beyond", rows[i].name);
		damon_space_unref(s);
	}
}

/* What an array of pages would say, after 100 000 changes at random. */
enum { PAGES = 256, CHURN = 100000 };

struct page {
	uint8_t prot;
	uint64_t inode, offset;
};

static struct damon_mapping random_mapping(struct rng *r)
{
	uint64_t from = rng_below(r, PAGES), to = MIN(from + 1 + rng_below(r, 12), (uint64_t)PAGES);
	static const char *const names[] = {"", "[heap]", "/a", "/b"};
	uint64_t kind = rng_below(r, ARRAY_SIZE(names));
	struct damon_mapping m = anon(from, to, rng_below(r, 2) ? 3 : 1, names[kind]);

	if (kind >= 2) {
		m.inode = kind;
		m.offset = m.start + rng_below(r, 2) * PAGE;
	}
	return m;
}

static struct page page_of(const struct damon_mapping *m, uint64_t page)
{
	if (!m)
		return (struct page){0};
	return (struct page){m->prot, m->inode, m->inode ? m->offset + page * PAGE - m->start : 0};
}

static bool pages_equal(struct page a, struct page b)
{
	return a.prot == b.prot && a.inode == b.inode && a.offset == b.offset;
}

/* The pages as /proc/PID/maps would list them. */
static size_t list_pages(const struct page *page, struct damon_mapping *m)
{
	size_t n = 0;

	for (uint64_t p = 0; p < PAGES; p++) {
		struct page next = page[p];

		if (!next.prot)
			continue;
		if (n && m[n - 1].end == p * PAGE && pages_equal(page_of(&m[n - 1], p), next)) {
			m[n - 1].end += PAGE;
			continue;
		}
		m[n] = anon(p, p + 1, next.prot,
			    next.inode == 2   ? "/a"
			    : next.inode == 3 ? "/b"
					      : "");
		m[n].inode = next.inode;
		m[n++].offset = next.offset;
	}
	return n;
}

Test(space, churn_against_an_array_of_pages)
{
	struct damon_space *s = damon_space_new();
	struct page page[PAGES] = {0};
	struct rng r;

	rng_seed(&r, 42);
	for (int i = 0; i < CHURN; i++) {
		struct damon_mapping m = random_mapping(&r), all[PAGES];
		uint64_t kind = rng_below(&r, 16);
		bool unmap = kind < 5;

		for (uint64_t p = m.start / PAGE; p < m.end / PAGE; p++)
			page[p] = page_of(unmap ? NULL : &m, p);
		if (kind == 15)
			cr_assert_eq(damon_space_sync(s, all, list_pages(page, all), i), 0);
		else if (unmap)
			cr_assert_eq(damon_space_unmap(s, m.start, m.end, i), 0);
		else
			cr_assert_eq(damon_space_map(s, &m, i), 0);
		for (uint64_t p = 0; p < PAGES; p++) {
			if (!pages_equal(page_of(damon_space_find(s, p * PAGE), p), page[p]))
				cr_assert_fail("step %d: page %d", i, (int)p);
		}
		if (i % 16 == 0)
			check_sound(s);
	}
	cr_expect_gt(s->nr_forgotten, 0);
	damon_space_unref(s);
}

/* Every page of every moment is remembered, as long as nothing is forgotten. */
Test(space, churn_and_the_past)
{
	enum { STEPS = 400 };
	static struct page past[STEPS][PAGES];
	struct damon_space *s = damon_space_new();
	struct rng r;

	rng_seed(&r, 7);
	for (int i = 1; i < STEPS; i++) {
		struct damon_mapping m = random_mapping(&r);
		bool unmap = rng_below(&r, 3) == 0;

		memcpy(past[i], past[i - 1], sizeof(past[i]));
		for (uint64_t p = m.start / PAGE; p < m.end / PAGE; p++)
			past[i][p] = page_of(unmap ? NULL : &m, p);
		if (unmap)
			cr_assert_eq(damon_space_unmap(s, m.start, m.end, i), 0);
		else
			cr_assert_eq(damon_space_map(s, &m, i), 0);
	}
	cr_assert_eq(s->nr_forgotten, 0);
	for (int i = 1; i < STEPS; i++) {
		for (uint64_t p = 0; p < PAGES; p++) {
			const struct damon_mapping *m = damon_space_find_at(s, p * PAGE, i);

			if (past[i][p].prot && !pages_equal(page_of(m, p), past[i][p]))
				cr_assert_fail("page %d at %d", (int)p, i);
		}
	}
	damon_space_unref(s);
}
