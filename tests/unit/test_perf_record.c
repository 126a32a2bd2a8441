/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "perf/record.h"
#include "tests/kit/perf_build.h"

#define TWO(lo, hi) ((uint64_t)(hi) << 32 | (uint32_t)(lo))
#define S(x)	    PERF_SAMPLE_##x

/* A record as text: the fields that are not 0. */
static const char *describe(const struct damon_perf_record *r)
{
	static char text[2048];
	const struct damon_perf_sample *s = &r->sample;
	const struct damon_perf_mmap *m = &r->mmap;
	FILE *f = fmemopen(text, sizeof(text), "w");

	text[0] = '\0';
	if (r->time_ns)
		fprintf(f, "@%llu ", (unsigned long long)r->time_ns);
#define SHOW(name, v)                                                                              \
	do {                                                                                       \
		if (v)                                                                             \
			fprintf(f, name "=%llx ", (unsigned long long)(v));                        \
	} while (0)
	switch (r->type) {
	case PERF_RECORD_SAMPLE:
		SHOW("id", s->id);
		SHOW("ip", s->ip);
		SHOW("pid", s->pid);
		SHOW("tid", s->tid);
		SHOW("addr", s->addr);
		SHOW("cpu", s->cpu);
		SHOW("period", s->period);
		SHOW("raw", s->raw_len);
		for (uint32_t i = 0; i < s->raw_len; i++)
			fprintf(f, "%s%02x%s", i ? "" : "(", s->raw[i],
				i + 1 == s->raw_len ? ") " : "");
		SHOW("abi", s->regs_abi);
		for (uint32_t i = 0; i < s->nr_regs; i++)
			fprintf(f, "r%u=%llx ", i, (unsigned long long)s->regs[i]);
		SHOW("stack", s->stack_len);
		if (s->stack)
			fprintf(f, "top=%02x ", s->stack[0]);
		SHOW("weight", s->weight);
		SHOW("src", s->data_src);
		SHOW("phys", s->phys_addr);
		break;
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		fprintf(f, "%d/%d %llx+%llx off=%llx prot=%x '%s' ", m->pid, m->tid,
			(unsigned long long)m->map.start, (unsigned long long)m->map.len,
			(unsigned long long)m->map.offset, m->map.prot, m->name);
		SHOW("flags", m->map.flags);
		SHOW("dev", m->map.dev);
		SHOW("ino", m->map.inode);
		for (int i = 0; i < m->map.build_id_len; i++)
			fprintf(f, "%02x", m->map.build_id[i]);
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		fprintf(f, "%d/%d of %d/%d ", r->task.pid, r->task.tid, r->task.ppid, r->task.ptid);
		break;
	case PERF_RECORD_COMM:
		fprintf(f, "%d/%d '%s'%s ", r->comm.pid, r->comm.tid, r->comm.comm,
			r->comm.exec ? " exec" : "");
		break;
	case PERF_RECORD_LOST:
	case PERF_RECORD_LOST_SAMPLES:
		SHOW("lost", r->lost);
		break;
	default:
		fprintf(f, "type %u ", r->type);
	}
	fclose(f);
	if (*text && text[strlen(text) - 1] == ' ')
		text[strlen(text) - 1] = '\0';
	return text;
}

#define ALL_TYPES (PERF_SAMPLE_MAX - 1)
#define EVERY	  (ALL_TYPES & ~(uint64_t)S(WEIGHT_STRUCT)) /* the two share a field */

struct sample_row {
	const char *name;
	struct perf_event_attr attr;
	size_t nr;
	uint64_t words[64];
	const char *want; /* NULL: -EBADMSG */
};

static const struct sample_row sample_rows[] = {
	{"nothing", {0}, 0, {0}, ""},
	{"the soft source",
	 {.sample_type = S(IP) | S(TID) | S(TIME) | S(REGS_USER) | S(STACK_USER),
	  .sample_regs_user = 0x85},
	 11,
	 {0x401000, TWO(7, 8), 99, 2, 10, 11, 12, 16, 0x1122334455667788, 0, 8},
	 "@99 ip=401000 pid=7 tid=8 abi=2 r0=a r1=b r2=c stack=8 top=88"},
	{"no user registers, no stack: a kernel thread",
	 {.sample_type = S(IP) | S(REGS_USER) | S(STACK_USER), .sample_regs_user = 0xff},
	 3,
	 {1, 0, 0},
	 "ip=1"},
	{"a stack asked for but not captured",
	 {.sample_type = S(STACK_USER)},
	 3,
	 {8, 0x55, 0},
	 "top=55"},
	{"more stack used than there is", {.sample_type = S(STACK_USER)}, 3, {8, 0, 9}, NULL},
	{"stack without its used size", {.sample_type = S(STACK_USER)}, 2, {8, 0}, NULL},
	{"an absurd stack", {.sample_type = S(STACK_USER)}, 2, {UINT64_MAX, 0}, NULL},
	{"raw, padded by the kernel",
	 {.sample_type = S(RAW) | S(PHYS_ADDR)},
	 3,
	 {TWO(12, 0x04030201), 0x0c0b0a0908070605, 0x77000},
	 "raw=c (0102030405060708090a0b0c) phys=77000"},
	{"raw of an odd size",
	 {.sample_type = S(RAW) | S(PHYS_ADDR)},
	 2,
	 {TWO(3, 0x00030201), 5},
	 "raw=3 (010203) phys=5"},
	{"raw beyond the end", {.sample_type = S(RAW)}, 1, {TWO(8, 0)}, NULL},
	{"raw of 4 GiB", {.sample_type = S(RAW)}, 1, {TWO(UINT32_MAX, 0)}, NULL},
	{"read_format of one value",
	 {.sample_type = S(READ) | S(PHYS_ADDR), .read_format = 0x17},
	 6,
	 {1, 2, 3, 4, 5, 6},
	 "phys=6"},
	{"read_format of a group",
	 {.sample_type = S(READ) | S(PHYS_ADDR), .read_format = 0x1f},
	 10,
	 {2, 1, 1, 2, 2, 2, 3, 3, 3, 9},
	 "phys=9"},
	{"a group that overflows",
	 {.sample_type = S(READ), .read_format = 0x1f},
	 3,
	 {UINT64_MAX / 3 + 1, 0, 0},
	 NULL},
	{"call chain", {.sample_type = S(CALLCHAIN) | S(PHYS_ADDR)}, 4, {2, 1, 1, 9}, "phys=9"},
	{"an absurd call chain", {.sample_type = S(CALLCHAIN)}, 2, {1ull << 61, 1}, NULL},
	{"branches",
	 {.sample_type = S(BRANCH_STACK) | S(PHYS_ADDR)},
	 8,
	 {2, 1, 1, 1, 2, 2, 2, 9},
	 "phys=9"},
	{"branches with hardware index and counters",
	 {.sample_type = S(BRANCH_STACK) | S(PHYS_ADDR), .branch_sample_type = 1 << 17 | 1 << 19},
	 7,
	 {1, 0, 1, 1, 1, 4, 9},
	 "phys=9"},
	{"absurd branches", {.sample_type = S(BRANCH_STACK)}, 2, {0xaaaaaaaaaaaaaaabull, 0}, NULL},
	{"aux", {.sample_type = S(AUX) | S(CGROUP)}, 4, {16, 0, 0, 5}, ""},
	{"a weight of parts", {.sample_type = S(WEIGHT_STRUCT)}, 1, {0x12}, "weight=12"},
	{"id after address",
	 {.sample_type = S(ADDR) | S(ID) | S(STREAM_ID) | S(CPU) | S(PERIOD)},
	 5,
	 {1, 2, 3, TWO(4, 0), 5},
	 "id=2 addr=1 cpu=4 period=5"},
	{"everything",
	 {.sample_type = EVERY, .sample_regs_user = 1, .sample_regs_intr = 3},
	 34,
	 {/* identifier, ip, tid, time, addr, id, stream, cpu, period */
	  0x51, 0x10, TWO(1, 2), 5, 0x20, 0x51, 0x52, TWO(3, 0), 0x30,
	  /* read, call chain, raw, branches */
	  1, 1, 2, TWO(4, 0xddccbbaa), 1, 1, 2, 3,
	  /* user registers, stack */
	  2, 0x99, 8, 0x66, 8,
	  /* weight, source, transaction, interrupt registers */
	  0x40, 0x41, 0x42, 1, 8, 9,
	  /* physical address, aux, cgroup, page sizes */
	  0x43, 8, 0, 0x44, 0x45, 0x46},
	 "@5 id=51 ip=10 pid=1 tid=2 addr=20 cpu=3 period=30 raw=4 (aabbccdd) abi=2 r0=99 stack=8 "
	 "top=66 weight=40 src=41 phys=43"},
	{"too short for its fields", {.sample_type = S(IP) | S(TID)}, 1, {1}, NULL},
};

static const struct perf_event_header *build_words(struct perf_build *b, uint32_t type,
						   const uint64_t *w, size_t n)
{
	perf_build_start(b, type, 0);
	for (size_t i = 0; i < n; i++)
		perf_build_u64(b, w[i]);
	return perf_build_end(b);
}

Test(perf_record, samples)
{
	static struct perf_build b;

	for (size_t i = 0; i < ARRAY_SIZE(sample_rows); i++) {
		const struct sample_row *row = &sample_rows[i];
		struct damon_perf_record r;
		int err = damon_perf_parse(build_words(&b, PERF_RECORD_SAMPLE, row->words, row->nr),
					   &row->attr, &r);

		cr_expect_eq(err, row->want ? 0 : -EBADMSG, "%s: %d", row->name, err);
		if (!err && row->want)
			cr_expect_str_eq(describe(&r), row->want, "%s: %s", row->name,
					 describe(&r));
	}
}

/* Records other than samples, each with a trailer of TID and TIME. */
static const struct perf_event_attr tracking = {.sample_type = S(TID) | S(TIME),
						.sample_id_all = 1};

static void trailer(struct perf_build *b)
{
	perf_build_u64(b, TWO(7, 8));
	perf_build_u64(b, 99);
}

static void build_mmap(struct perf_build *b, uint32_t type, uint16_t misc, const char *name)
{
	static const uint8_t id[24] = {20,   0,	   0,	 0,    0xa0, 0xa1, 0xa2, 0xa3,
				       0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab,
				       0xac, 0xad, 0xae, 0xaf, 0xb0, 0xb1, 0xb2, 0xb3};

	perf_build_start(b, type, misc);
	perf_build_u64(b, TWO(7, 8));
	perf_build_u64(b, 0x400000);
	perf_build_u64(b, 0x2000);
	perf_build_u64(b, 0x1000);
	if (type == PERF_RECORD_MMAP2) {
		if (misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
			perf_build_bytes(b, id, sizeof(id));
		} else {
			perf_build_u64(b, TWO(8, 1));
			perf_build_u64(b, 1234);
			perf_build_u64(b, 1);
		}
		perf_build_u64(b, TWO(5, 2));
	}
	perf_build_string(b, name);
	trailer(b);
}

static void mmap_plain(struct perf_build *b)
{
	build_mmap(b, PERF_RECORD_MMAP, 0, "/bin/x");
}

static void mmap_data(struct perf_build *b)
{
	build_mmap(b, PERF_RECORD_MMAP, PERF_RECORD_MISC_MMAP_DATA, "//anon");
}

static void mmap2_inode(struct perf_build *b)
{
	build_mmap(b, PERF_RECORD_MMAP2, 0, "/a file with spaces and a long name");
}

static void mmap2_build_id(struct perf_build *b)
{
	build_mmap(b, PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_BUILD_ID, "");
}

static void mmap2_long_build_id(struct perf_build *b)
{
	build_mmap(b, PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_BUILD_ID, "");
	((uint8_t *)b->words)[8 + 32] = 21;
}

static void mmap_no_nul(struct perf_build *b)
{
	build_mmap(b, PERF_RECORD_MMAP, 0, "1234567");
	((uint8_t *)b->words)[8 + 32 + 7] = 'x';
}

static void comm_of(struct perf_build *b, uint16_t misc)
{
	perf_build_start(b, PERF_RECORD_COMM, misc);
	perf_build_u64(b, TWO(7, 8));
	perf_build_string(b, "gzip");
	trailer(b);
}

static void comm_exec(struct perf_build *b)
{
	comm_of(b, PERF_RECORD_MISC_COMM_EXEC);
}

static void comm_set(struct perf_build *b)
{
	comm_of(b, 0);
}

static void task_of(struct perf_build *b, uint32_t type)
{
	perf_build_start(b, type, 0);
	perf_build_u64(b, TWO(1, 2));
	perf_build_u64(b, TWO(3, 4));
	perf_build_u64(b, 55);
	trailer(b);
}

static void fork_record(struct perf_build *b)
{
	task_of(b, PERF_RECORD_FORK);
}

static void exit_record(struct perf_build *b)
{
	task_of(b, PERF_RECORD_EXIT);
}

static void lost(struct perf_build *b)
{
	build_words(b, PERF_RECORD_LOST, (uint64_t[]){5, 17, TWO(7, 8), 99}, 4);
}

static void lost_samples(struct perf_build *b)
{
	build_words(b, PERF_RECORD_LOST_SAMPLES, (uint64_t[]){3, TWO(7, 8), 99}, 3);
}

static void throttle(struct perf_build *b)
{
	build_words(b, PERF_RECORD_THROTTLE, (uint64_t[]){99, 1, 1, TWO(7, 8), 99}, 5);
}

static void unknown(struct perf_build *b)
{
	build_words(b, 4711, (uint64_t[]){1, TWO(7, 8), 99}, 3);
}

static void no_room_for_trailer(struct perf_build *b)
{
	build_words(b, PERF_RECORD_SWITCH, (uint64_t[]){1}, 1);
}

static const struct other_row {
	const char *name;
	void (*build)(struct perf_build *b);
	const char *want; /* NULL: -EBADMSG */
} other_rows[] = {
	{"mmap", mmap_plain, "@99 7/8 400000+2000 off=1000 prot=4 '/bin/x'"},
	{"mmap of data", mmap_data, "@99 7/8 400000+2000 off=1000 prot=0 '//anon'"},
	{"mmap2", mmap2_inode,
	 "@99 7/8 400000+2000 off=1000 prot=5 '/a file with spaces and a long name' flags=2 "
	 "dev=800000001 ino=4d2"},
	{"mmap2 with build id", mmap2_build_id,
	 "@99 7/8 400000+2000 off=1000 prot=5 '' flags=2 a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3"},
	{"a build id that is too long", mmap2_long_build_id, NULL},
	{"a name without end", mmap_no_nul, NULL},
	{"comm by exec", comm_exec, "@99 7/8 'gzip' exec"},
	{"comm by prctl", comm_set, "@99 7/8 'gzip'"},
	{"fork", fork_record, "@99 1/3 of 2/4"},
	{"exit", exit_record, "@99 1/3 of 2/4"},
	{"lost", lost, "@99 lost=11"},
	{"lost samples", lost_samples, "@99 lost=3"},
	{"throttle", throttle, "@99 type 5"},
	{"unknown", unknown, "@99 type 4711"},
	{"no room for the trailer", no_room_for_trailer, NULL},
};

Test(perf_record, others)
{
	static struct perf_build b;

	for (size_t i = 0; i < ARRAY_SIZE(other_rows); i++) {
		const struct other_row *row = &other_rows[i];
		struct damon_perf_record r;
		int err;

		row->build(&b);
		err = damon_perf_parse(perf_build_end(&b), &tracking, &r);
		cr_expect_eq(err, row->want ? 0 : -EBADMSG, "%s: %d", row->name, err);
		if (!err && row->want)
			cr_expect_str_eq(describe(&r), row->want, "%s: %s", row->name,
					 describe(&r));
	}
}

/* Trailers hold more than TID and TIME, in an order of their own. */
Test(perf_record, trailers)
{
	static const struct {
		const char *name;
		uint64_t type;
		bool all;
		size_t nr;
		uint64_t words[8];
		uint64_t time;
	} rows[] = {
		{"none", S(TID) | S(TIME), false, 1, {5}, 0},
		{"time alone", S(TIME), true, 2, {5, 99}, 99},
		{"no time", S(TID), true, 2, {5, 1}, 0},
		{"all",
		 S(TID) | S(TIME) | S(ID) | S(STREAM_ID) | S(CPU) | S(IDENTIFIER) | S(IP),
		 true,
		 7,
		 {5, 1, 99, 2, 3, 4, 2},
		 99},
	};
	static struct perf_build b;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct perf_event_attr a = {.sample_type = rows[i].type,
					    .sample_id_all = rows[i].all};
		struct damon_perf_record r;

		cr_assert_eq(damon_perf_parse(build_words(&b, PERF_RECORD_LOST_SAMPLES,
							  rows[i].words, rows[i].nr),
					      &a, &r),
			     0, "%s", rows[i].name);
		cr_expect_eq(r.time_ns, rows[i].time, "%s", rows[i].name);
		cr_expect_eq(r.lost, 5, "%s", rows[i].name);
	}
}

Test(perf_record, failure_leaves_the_output)
{
	static struct perf_build b;
	struct damon_perf_record r = {.type = 77, .time_ns = 88};
	struct perf_event_header tiny = {.type = PERF_RECORD_SAMPLE, .size = 7};

	mmap_no_nul(&b);
	cr_expect_eq(damon_perf_parse(perf_build_end(&b), &tracking, &r), -EBADMSG);
	cr_expect_eq(damon_perf_parse(&tiny, &tracking, &r), -EBADMSG);
	cr_expect_eq(r.type, 77);
	cr_expect_eq(r.time_ns, 88);
}

/* Parses a copy that is exactly as long as it says, so that sanitizers see a read beyond it, and
 * reads all that the result points to. */
static int parse_exactly(const struct perf_event_header *h, size_t size,
			 const struct perf_event_attr *a)
{
	struct perf_event_header *copy = malloc(size);
	struct damon_perf_record r;
	int err;

	cr_assert(copy);
	memcpy(copy, h, size);
	copy->size = (uint16_t)size;
	err = damon_perf_parse(copy, a, &r);
	if (!err && r.type == PERF_RECORD_SAMPLE) {
		const uint8_t *end = (uint8_t *)copy + size;
		const struct damon_perf_sample *s = &r.sample;

		cr_expect(!s->raw || s->raw + s->raw_len <= end);
		cr_expect(!s->stack || s->stack + s->stack_len <= end);
		cr_expect(!s->regs || (const uint8_t *)(s->regs + s->nr_regs) <= end);
	} else if (!err) {
		describe(&r);
	}
	free(copy);
	return err;
}

Test(perf_record, cut_anywhere)
{
	static struct perf_build b;

	for (size_t i = 0; i < ARRAY_SIZE(sample_rows); i++) {
		const struct sample_row *row = &sample_rows[i];
		size_t full = 8 + 8 * row->nr;

		build_words(&b, PERF_RECORD_SAMPLE, row->words, row->nr);
		for (size_t n = 8; n < full; n++)
			cr_expect_eq(parse_exactly(perf_build_end(&b), n, &row->attr), -EBADMSG,
				     "%s cut to %zu of %zu bytes", row->name, n, full);
	}
	for (size_t i = 0; i < ARRAY_SIZE(other_rows); i++) {
		other_rows[i].build(&b);
		for (size_t n = 8; n < b.len; n++) {
			int err = parse_exactly(perf_build_end(&b), n, &tracking);

			cr_expect(!err || err == -EBADMSG, "%s", other_rows[i].name);
		}
	}
}

Test(perf_record, damaged_anywhere)
{
	static struct perf_build b;
	struct rng rng;

	rng_seed(&rng, 1);
	for (size_t i = 0; i < ARRAY_SIZE(sample_rows) + ARRAY_SIZE(other_rows); i++)
		for (int k = 0; k < 200; k++) {
			const struct perf_event_attr *a = &tracking;
			uint8_t *bytes = (uint8_t *)b.words;
			int err;

			if (i < ARRAY_SIZE(sample_rows)) {
				a = &sample_rows[i].attr;
				build_words(&b, PERF_RECORD_SAMPLE, sample_rows[i].words,
					    sample_rows[i].nr);
			} else {
				other_rows[i - ARRAY_SIZE(sample_rows)].build(&b);
			}
			for (uint64_t n = 1 + rng_below(&rng, 4); n && b.len > 8; n--)
				bytes[8 + rng_below(&rng, b.len - 8)] = (uint8_t)rng_next(&rng);
			err = parse_exactly(perf_build_end(&b), b.len, a);
			cr_expect(!err || err == -EBADMSG);
		}
}
