/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records that are copied, and made to tell nothing of whose they are. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#include "base/util.h"
#include "core/target.h"
#include "damon.h"
#include "lib/convert/anonymize.h"
#include "record/chunk.h"
#include "tests/kit/record_kit.h"

TestSuite(anonymize, .fini = kit_remove);

static const struct anonymize key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};

/* The vectors of SipHash's authors: the key is 00 01 ... 0f, the input 00 01 ... */
Test(anonymize, names_are_hashed_by_siphash)
{
	static const struct {
		size_t n;
		uint64_t want;
	} rows[] = {
		{0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},  {8, 0x93f5f5799a932462},
		{15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572},
	};
	uint8_t in[64];
	char buf[32];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(anonymize_hash(&key, in, rows[i].n), rows[i].want, "%zu bytes",
			     rows[i].n);
	anonymize_word(&key, "sort", buf, sizeof(buf));
	cr_expect_eq(strlen(buf), 10);
	anonymize_word(&key, "", buf, sizeof(buf));
	cr_expect_str_eq(buf, "");
}

Test(anonymize, what_stays_of_names)
{
	static const struct {
		const char *name, *want; /* '#' is a hash */
	} rows[] = {
		{"", ""},
		{"[heap]", "[heap]"},
		{"[stack]", "[stack]"},
		{"[vdso]", "[vdso]"},
		{"[anon:secret pool]", "[anon:#]"},
		{"[anon_shmem:secret]", "[anon_shmem:#]"},
		{"[secret]", "[#]"},
		{"[anon", "[#]"},
		{"/usr/lib/libsecret.so", "/#/#.so"},
		{"/usr/lib/libsecret.so.6.1", "/#/#.so"},
		{"/secret.cpython-312-x86_64-linux-gnu.so (deleted)", "/#.so (deleted)"},
		{"/secret", "/#"},
		{"/secret/", "/#/"},
		{"/usr/bin/secret", "/#/#"},
		{"/usr/bin/secret.sorted", "/#/#"},
		{"/usr/bin/secret (deleted)", "/#/# (deleted)"},
		{"/dev/zero (deleted)", "/dev/zero (deleted)"},
		{"/dev/shm/secret", "/dev/shm/#"},
		{"/memfd:secret (deleted)", "/memfd:# (deleted)"},
		{"/SYSV00secret (deleted)", "/SYSV# (deleted)"},
		{"secret", "#"},
		{" (deleted)", "#"},
		{"/", "/"},
		{"/dev/shm/", "/dev/shm/"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char got[RECORD_MAX_NAME], plain[RECORD_MAX_NAME];
		size_t n = 0;

		anonymize_mapping(&key, rows[i].name, got, sizeof(got));
		for (const char *p = got; *p;) {
			size_t digits = strspn(p, "0123456789abcdef");

			if (digits >= 10) {
				cr_expect_eq(digits, 10, "%s", got);
				plain[n++] = '#';
				p += digits;
			} else {
				plain[n++] = *p++;
			}
		}
		plain[n] = '\0';
		cr_expect_str_eq(plain, rows[i].want, "'%s' became '%s'", rows[i].name, got);
		cr_expect(!strstr(got, "secret"), "%s", got);
	}
}

Test(anonymize, equal_names_stay_equal_under_one_key)
{
	const struct anonymize other = {{1, 2}};
	char a[64], b[64], c[64], d[64];

	anonymize_mapping(&key, "/usr/lib/libc.so.6", a, sizeof(a));
	anonymize_mapping(&key, "/usr/lib/libc.so.6", b, sizeof(b));
	anonymize_mapping(&other, "/usr/lib/libc.so.6", c, sizeof(c));
	anonymize_mapping(&key, "/usr/lib/libm.so.6", d, sizeof(d));
	cr_expect_str_eq(a, b);
	cr_expect_str_neq(a, c);
	cr_expect_str_neq(a, d);
	cr_expect(!strncmp(a, d, 12), "'%s', '%s': of one folder", a, d);
}

Test(anonymize, short_buffers_are_kept_to)
{
	for (size_t size = 1; size < 40; size++) {
		char buf[64];

		memset(buf, 'x', sizeof(buf));
		anonymize_mapping(&key, "/a/b.so (deleted)", buf, size);
		cr_assert_lt(strlen(buf), size);
		cr_assert_eq(buf[size], 'x');
	}
}

Test(anonymize, addresses_move_within_bounds)
{
	for (uint32_t id = 0; id < 1000; id++) {
		uint64_t shift = anonymize_shift(&key, id);

		cr_expect(shift && shift < 8ull << 40 && shift % (64 << 20) == 0);
		cr_expect_eq(anonymize_address(UINT64_MAX, shift), UINT64_MAX);
	}
	cr_expect_neq(anonymize_shift(&key, 1), anonymize_shift(&key, 2));
}

/* ---- a whole record ---- */

#define SECRET "s3cr3t"

/* A scheme with strings of the machine's owner, and one with addresses. */
static void add_schemes(struct damon_totals *t)
{
	static struct damos s[2];
	static struct damos_stats stats[2];

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		damos_init(&s[i]);
		s[i].action = "pageout";
		s[i].nr_filters = 1;
		s[i].quota.nr_goals = 1;
		s[i].quota.fail_charge_num = 1;
		s[i].quota.fail_charge_denom = 1024;
		stats[i] = (struct damos_stats){.sz_applied = 4096 * (i + 1)};
	}
	s[0].filters[0] =
		(struct damos_filter){.type = DAMOS_FILTER_MEMCG, .memcg = "/home/" SECRET};
	s[0].quota.goals[0] =
		(struct damos_goal){DAMOS_GOAL_NODE_MEMCG_USED_BP, 5000, 0, 1, "/" SECRET "/bin"};
	s[1].filters[0] =
		(struct damos_filter){.type = DAMOS_FILTER_ADDR, .start = 0x30000, .end = 0x38000};
	s[1].quota.goals[0] = (struct damos_goal){DAMOS_GOAL_ACTIVE_MEM_BP, 5000, 0, 0, NULL};
	snprintf(stats[0].reason, sizeof(stats[0].reason), "no pagemap of %s", SECRET);
	t->schemes = (struct damon_scheme_totals){
		.s = s, .stats = stats, .n = ARRAY_SIZE(s), .paused_ns = 5};
}

static void write_record(const char *path)
{
	struct damon_meta meta = kit_meta;
	struct damon_mapping m[] = {
		{.start = 0x10000,
		 .end = 0x20000,
		 .prot = 5,
		 .dev = 8ull << 32,
		 .inode = 77,
		 .build_id = {0xab, 0xcd, 0xef, 0x12},
		 .build_id_len = 4,
		 .name = "/home/" SECRET "/bin/" SECRET},
		{.start = 0x30000, .end = 0x50000, .prot = 3, .name = "[heap]"},
		{.start = 0x60000, .end = 0x70000, .prot = 3, .name = "[anon:" SECRET "]"},
	};
	struct damon_targets *ts = damon_targets_new(1);
	struct damon_proc *p = damon_targets_add(ts, 7, SECRET, 1000);
	struct damon_region r = {.start = 0x30000,
				 .end = 0x40000,
				 .span_aggrs = 3,
				 .nr_obs = 5,
				 .nr_ticks = 5,
				 .weight = 6,
				 .evenness = 1};
	struct damon_target_snapshot t = {.burst = 1,
					  .clumping = 1,
					  .space_id = p->space->id,
					  .regions = &r,
					  .nr_regions = 1,
					  .nr_obs = 5,
					  .weight = 6};
	struct damon_snapshot s = {
		.start_ns = 1000, .end_ns = 9000, .targets = &t, .nr_targets = 1};
	struct damon_log_entry e = {.time_ns = 5000,
				    .addr = 0x30008,
				    .ip = 0x10100,
				    .pid = 7,
				    .tid = 7,
				    .weight = 3,
				    .space_id = p->space->id};
	struct damon_totals totals = {.nr_snapshots = 1, .complete = 1};
	struct damon_mark mark[] = {{2000, SECRET}, {3000, "mark12"}};
	struct damon_writer *w;

	snprintf(meta.command, sizeof(meta.command), "./%s --password %s", SECRET, SECRET);
	snprintf(meta.kernel, sizeof(meta.kernel), "6.1.2-%s x86_64", SECRET);
	snprintf(totals.origin.kind, sizeof(totals.origin.kind), "perf.data");
	snprintf(totals.origin.host, sizeof(totals.origin.host), "%s.example", SECRET);
	snprintf(totals.origin.events, sizeof(totals.origin.events), "probe:%s", SECRET);
	snprintf(totals.checks.names, sizeof(totals.checks.names), "idle");
	add_schemes(&totals);
	snprintf(totals.checks.reason, sizeof(totals.checks.reason), "no %s", SECRET);
	for (size_t i = 0; i < ARRAY_SIZE(m); i++)
		cr_assert_eq(damon_space_map(p->space, &m[i], 1000), 0);
	cr_assert_eq(damon_writer_open(path, &meta, &w, NULL), 0);
	cr_assert_eq(damon_writer_targets(w, ts), 0);
	cr_assert_eq(damon_writer_snapshot(w, &s), 0);
	cr_assert_eq(damon_writer_log(w, &e, 1), 0);
	cr_assert_eq(damon_writer_marks(w, mark, 2, 5), 0);
	cr_assert_eq(damon_writer_close(w, &totals), 0);
	damon_targets_free(ts);
}

static void copy(const char *from, const char *to, int anonymous)
{
	int fd = open(to, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	struct damon_record *r;

	cr_assert_eq(damon_record_open(from, &r), 0, "%s", damon_record_error(NULL));
	cr_assert_eq(damon_record_copy(r, fd, anonymous), 0, "%s", damon_record_error(r));
	damon_record_close(r);
	close(fd);
}

/* Whether any chunk, decompressed, has those bytes. */
static bool holds(const char *path, const void *bytes, size_t n)
{
	struct kit_bytes b = kit_slurp(path);
	struct record_frame f;
	bool found = false;

	for (size_t at = RECORD_HEAD_BYTES; at < b.n; at += RECORD_CHUNK_BYTES + f.stored_bytes) {
		const uint8_t *stored = b.data + at + RECORD_CHUNK_BYTES;
		_cleanup_(freep) uint8_t *raw = NULL;

		cr_assert_eq(damon_frame_parse(b.data + at, &f), 0);
		raw = calloc(f.raw_bytes + 1, 1);
		if (f.flags & RECORD_CHUNK_ZSTD)
			ZSTD_decompress(raw, f.raw_bytes, stored, f.stored_bytes);
		else
			memcpy(raw, stored, f.raw_bytes);
		found |= memmem(raw, f.raw_bytes, bytes, n) != NULL;
	}
	free(b.data);
	return found;
}

struct seen {
	struct damon_region_info r;
	struct damon_access_info a;
	struct damon_mapping_info m;
	struct damon_target_info t;
	char name[64];
	char mark[2][32];
	struct damos scheme[2]; /* without strings */
	struct damos_stats stats[2];
	char memcg[2][32];
};

static int see(void *priv, const struct damon_access_info *a)
{
	((struct seen *)priv)->a = *a;
	return 0;
}

static void look(const char *path, struct seen *s)
{
	const struct damon_snapshot *snap;
	struct damon_record *r;
	const char *name;
	uint64_t at;

	memset(s, 0, sizeof(*s));
	s->r.size = sizeof(s->r);
	s->m.size = sizeof(s->m);
	s->t.size = sizeof(s->t);
	cr_assert_eq(damon_record_open(path, &r), 0, "%s", damon_record_error(NULL));
	damon_record_set_log(r, see, s);
	cr_assert_eq(damon_record_next(r, &snap), 1);
	damon_snapshot_target(snap, 0, &s->t);
	damon_snapshot_region(snap, 0, 0, &s->r);
	cr_assert_eq(damon_snapshot_mapping(snap, 0, s->r.start, &s->m), 1);
	snprintf(s->name, sizeof(s->name), "%s", s->m.name);
	cr_assert_eq(damon_record_next(r, &snap), 0);
	for (size_t i = 0; i < 2; i++) {
		s->scheme[i].size = sizeof(s->scheme[i]);
		s->stats[i].size = sizeof(s->stats[i]);
		cr_assert_eq(damon_record_scheme(r, i, &s->scheme[i], &s->stats[i]), 0);
		s->scheme[i].action = s->stats[i].action = NULL;
	}
	snprintf(s->memcg[0], sizeof(s->memcg[0]), "%s", s->scheme[0].filters[0].memcg);
	snprintf(s->memcg[1], sizeof(s->memcg[1]), "%s", s->scheme[0].quota.goals[0].memcg);
	for (size_t i = 0; i < 2; i++) {
		cr_assert_eq(damon_record_mark(r, i, &at, &name), 0);
		cr_expect_eq(at, 2000 + 1000 * i);
		snprintf(s->mark[i], sizeof(s->mark[i]), "%s", name);
	}
	damon_record_close(r);
}

static void expect_schemes(const struct seen *from, const struct seen *plain, const struct seen *to)
{
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(plain->stats[i].sz_applied, 4096 * (i + 1));
		cr_expect_eq(to->stats[i].sz_applied, 4096 * (i + 1));
		cr_expect_str_eq(plain->memcg[i], from->memcg[i]);
		cr_expect_eq(to->memcg[i][0], '/');
		cr_expect_eq(to->scheme[i].quota.goals[0].target, 5000);
		cr_expect_eq(to->scheme[i].quota.fail_charge_num, 1);
		cr_expect_eq(to->scheme[i].quota.fail_charge_denom, 1024);
	}
	cr_expect_str_eq(plain->stats[0].reason, from->stats[0].reason);
	cr_expect_str_eq(to->stats[0].reason, "(anonymized)");
	cr_expect_str_eq(to->stats[1].reason, "");
	cr_expect_eq(plain->scheme[1].filters[0].start, 0x30000);
	cr_expect_eq(to->scheme[1].filters[0].start, 0);
	cr_expect_eq(to->scheme[1].filters[0].end, 0x8000);
}

Test(anonymize, no_name_of_a_record_survives)
{
	static const uint8_t build_id[] = {0xab, 0xcd, 0xef, 0x12};
	char from[300], to[300], plain[300];
	struct seen a, b, p;

	snprintf(from, sizeof(from), "%s", kit_path("from"));
	snprintf(to, sizeof(to), "%s", kit_path("to"));
	snprintf(plain, sizeof(plain), "%s", kit_path("plain"));
	write_record(from);
	copy(from, to, 1);
	copy(from, plain, 0);
	cr_expect(holds(from, SECRET, strlen(SECRET)), "the test finds it where it is");
	cr_expect(holds(from, build_id, sizeof(build_id)));
	cr_expect(holds(plain, SECRET, strlen(SECRET)));
	cr_expect(!holds(to, SECRET, strlen(SECRET)));
	cr_expect(!holds(to, build_id, sizeof(build_id)));
	cr_expect(!holds(to, "/home", 5) && !holds(to, "bin", 3) && !holds(to, "example", 7));
	look(from, &a);
	look(plain, &b);
	cr_expect(!memcmp(&a.r, &b.r, sizeof(a.r)) && !memcmp(&a.a, &b.a, sizeof(a.a)));
	cr_expect_str_eq(b.mark[0], SECRET);
	p = b;
	look(to, &b);
	expect_schemes(&a, &p, &b);
	cr_expect_str_eq(b.mark[1], "mark12");
	cr_expect_eq(b.t.pid, 7);
	cr_expect_str_eq(b.name, "[heap]");
	cr_expect_neq(b.r.start, a.r.start);
	cr_expect_eq(b.r.start - a.r.start, b.m.start - a.m.start, "it keeps its place");
	cr_expect_eq(b.r.start - a.r.start, b.a.addr - a.a.addr);
	cr_expect_eq(b.r.start - a.r.start, b.a.ip - a.a.ip);
	cr_expect_eq(b.r.end - b.r.start, a.r.end - a.r.start);
	b.r.start = a.r.start;
	b.r.end = a.r.end;
	cr_expect(!memcmp(&a.r, &b.r, sizeof(a.r)), "the same figures");
}

/* Snapshots that change at random, damage and all: the copy tells the same. */
Test(anonymize, a_copy_tells_the_same)
{
	char from[300], to[300];
	struct kit_items a, b;

	snprintf(from, sizeof(from), "%s", kit_path("from"));
	snprintf(to, sizeof(to), "%s", kit_path("to"));
	kit_write(from, 7, 6, 20);
	copy(from, to, 0);
	kit_read(from, true, &a);
	kit_read(to, true, &b);
	cr_assert_eq(a.snapshots, 120);
	cr_assert_eq(b.snapshots, a.snapshots);
	cr_expect_eq(b.err, 0);
	cr_expect_eq(b.damaged, 0);
	cr_expect_eq(b.complete, a.complete);
	for (unsigned int i = 0; i < a.snapshots; i++)
		cr_assert_null(kit_snapshot_differs(a.all[i], b.all[i]), "snapshot %u: %s", i,
			       kit_snapshot_differs(a.all[i], b.all[i]));
	kit_items_release(&a);
	kit_items_release(&b);
}
