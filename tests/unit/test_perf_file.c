/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/util.h"
#include "perf/file.h"
#include "perf/file_write.h"
#include "tests/kit/pipe_build.h"

#define MEMORY                                                                                     \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |            \
	 PERF_SAMPLE_ADDR | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD | PERF_SAMPLE_WEIGHT |            \
	 PERF_SAMPLE_DATA_SRC | PERF_SAMPLE_PHYS_ADDR)

static const uint64_t load_ids[] = {101, 102}, store_ids[] = {201}, raw_ids[] = {301};

static const struct damon_perf_event events[] = {
	{.attr = {.type = 4, .config = 0x1cd, .sample_type = MEMORY, .sample_id_all = 1},
	 .ids = load_ids,
	 .nr_ids = 2,
	 .name = "cpu/mem-loads/P"},
	{.attr = {.type = 4, .config = 0x82d0, .sample_type = MEMORY, .sample_id_all = 1},
	 .ids = store_ids,
	 .nr_ids = 1,
	 .name = "cpu/mem-stores/P"},
	{.attr = {.type = 11, .sample_type = MEMORY | PERF_SAMPLE_RAW, .sample_id_all = 1},
	 .ids = raw_ids,
	 .nr_ids = 1,
	 .name = "ibs_op//"},
};

static const char *const pmu_names[] = {"cpu", "ibs_op"};
static const uint32_t pmu_types[] = {4, 11};

static const struct damon_perf_sample samples[] = {
	{.event = 0,
	 .id = 102,
	 .ip = 0x401000,
	 .pid = 5,
	 .tid = 6,
	 .time_ns = 1000,
	 .addr = 0x7f001234,
	 .cpu = 3,
	 .period = 1009,
	 .weight = 77,
	 .data_src = 0x5080144,
	 .phys_addr = 0x12345678},
	{.event = 1, .id = 201, .ip = 0x401004, .pid = 5, .tid = 5, .time_ns = 2000, .addr = 8},
	{.event = 2,
	 .id = 301,
	 .ip = 0x401008,
	 .pid = 5,
	 .tid = 5,
	 .time_ns = 3000,
	 .raw = (const uint8_t *)"1234567890123",
	 .raw_len = 13},
};

/* A file with the samples, a piece of a hardware trace of 'aux_len' bytes, and one more sample.
 * Returns its bytes; the caller frees them. */
static uint8_t *make_file(size_t *len, size_t aux_len)
{
	static const struct damon_perf_writer_options options = {
		.command = "perf mem record true",
		.hostname = "host",
		.release = "6.12",
		.arch = "x86_64",
		.cpuid = "GenuineIntel,6,1,1",
		.pmu_names = pmu_names,
		.pmu_types = pmu_types,
		.nr_pmus = 2,
	};
	int fd = memfd_create("perf.data", 0);
	uint8_t *aux = calloc(1, aux_len + 1), *bytes;
	struct damon_perf_writer *w;

	cr_assert_eq(damon_perf_writer_new(fd, events, 3, &options, &w, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		cr_assert_eq(damon_perf_writer_sample(w, samples[i].event, PERF_RECORD_MISC_USER,
						      &samples[i]),
			     0);
	cr_assert_eq(damon_perf_writer_round(w), 0);
	memset(aux, 0xab, aux_len);
	if (aux_len)
		cr_assert_eq(damon_perf_writer_aux(w, 2, -1, 3, 4096, aux, aux_len), 0);
	cr_assert_eq(damon_perf_writer_sample(w, 0, PERF_RECORD_MISC_USER, &samples[0]), 0);
	cr_assert_eq(damon_perf_writer_close(w), 0);
	*len = (size_t)lseek(fd, 0, SEEK_END);
	bytes = malloc(*len);
	cr_assert_eq(pread(fd, bytes, *len, 0), (ssize_t)*len);
	close(fd);
	free(aux);
	return bytes;
}

static void expect_sample(const struct damon_perf_sample *got, const struct damon_perf_sample *want)
{
	cr_expect_eq(got->event, want->event);
	cr_expect_eq(got->id, want->id);
	cr_expect_eq(got->ip, want->ip);
	cr_expect_eq(got->pid, want->pid);
	cr_expect_eq(got->tid, want->tid);
	cr_expect_eq(got->time_ns, want->time_ns);
	cr_expect_eq(got->addr, want->addr);
	cr_expect_eq(got->cpu, want->cpu);
	cr_expect_eq(got->period, want->period);
	cr_expect_eq(got->weight, want->weight);
	cr_expect_eq(got->data_src, want->data_src);
	cr_expect_eq(got->phys_addr, want->phys_addr);
	cr_expect_geq(got->raw_len, want->raw_len);
	if (want->raw_len)
		cr_expect_eq(memcmp(got->raw, want->raw, want->raw_len), 0);
}

Test(perf_file, what_is_written_is_read)
{
	size_t len, n, seen = 0, aux = 0, rounds = 0;
	_cleanup_(freep) uint8_t *bytes = make_file(&len, 600001);
	const struct damon_perf_file_info *info;
	const struct damon_perf_file_stats *stats;
	const struct damon_perf_event *e;
	struct damon_perf_item item;
	struct damon_perf_file *p;

	cr_assert_eq(damon_perf_file_open_mem(bytes, len, &p, NULL), 0);
	while (damon_perf_file_next(p, &item, NULL) == 1) {
		if (item.type == DAMON_PERF_RECORD)
			expect_sample(&item.record.sample, &samples[seen++ % 3]);
		rounds += item.type == DAMON_PERF_ROUND;
		if (item.type != DAMON_PERF_AUX_DATA)
			continue;
		cr_expect_eq(item.aux.offset, 4096 + aux);
		cr_expect_eq(item.aux.idx, 2);
		cr_expect_eq(item.aux.cpu, 3);
		cr_expect_eq(item.aux.tid, -1);
		cr_expect_eq(item.aux.bytes[0], 0xab);
		aux += item.aux.len;
	}
	cr_expect_eq(seen, 4);
	cr_expect_eq(rounds, 1);
	cr_expect_eq(aux, 600008);
	e = damon_perf_file_events(p, &n);
	cr_assert_eq(n, 3);
	for (size_t i = 0; i < n; i++) {
		cr_expect_str_eq(e[i].name, events[i].name);
		cr_expect_str_eq(e[i].pmu, i < 2 ? "cpu" : "ibs_op");
		cr_expect_eq(e[i].attr.config, events[i].attr.config);
		cr_expect_eq(e[i].nr_ids, events[i].nr_ids);
	}
	info = damon_perf_file_info(p);
	cr_expect_str_eq(info->command, "perf mem record true");
	cr_expect_str_eq(info->hostname, "host");
	cr_expect_str_eq(info->release, "6.12");
	cr_expect_str_eq(info->arch, "x86_64");
	cr_expect_str_eq(info->cpuid, "GenuineIntel,6,1,1");
	cr_expect_eq(info->bytes_total, len);
	stats = damon_perf_file_stats(p);
	cr_expect_eq(stats->samples, 4);
	cr_expect_eq(stats->truncated + stats->malformed + stats->no_event, 0);
	damon_perf_file_close(p);
}

/* Reads to the end: samples, or -errno of opening. */
static long read_all(const uint8_t *bytes, size_t len, struct damon_perf_file_stats *stats)
{
	struct damon_perf_item item;
	struct damon_perf_file *p;
	int err = damon_perf_file_open_mem(bytes, len, &p, NULL);

	if (err)
		return err;
	while (damon_perf_file_next(p, &item, NULL) == 1)
		;
	*stats = *damon_perf_file_stats(p);
	damon_perf_file_close(p);
	return (long)stats->samples;
}

/* The first 3 words of feature 'bit'. Returns its bytes; 0: the file has it not. */
static uint64_t feature(const uint8_t *bytes, unsigned int bit, uint64_t words[3])
{
	uint64_t head[13], section[2], before;

	memcpy(head, bytes, sizeof(head));
	if (!(head[9] >> bit & 1))
		return 0;
	before = (uint64_t)__builtin_popcountll(head[9] & ((1ull << bit) - 1));
	memcpy(section, bytes + head[5] + head[6] + 16 * before, sizeof(section));
	memcpy(words, bytes + section[0], 24);
	return section[1];
}

Test(perf_file, hardware_traces_have_an_index)
{
	enum { AUXTRACE_FEATURE = 18, AUXTRACE_RECORD = 71 };
	struct perf_event_header h;
	uint64_t index[3] = {0};
	size_t len;
	_cleanup_(freep) uint8_t *bytes = make_file(&len, 100);

	cr_assert_eq(feature(bytes, AUXTRACE_FEATURE, index), sizeof(index));
	cr_assert_eq(index[0], 1);
	cr_assert_lt(index[1] + index[2], len);
	memcpy(&h, bytes + index[1], sizeof(h));
	cr_expect_eq(h.type, AUXTRACE_RECORD);
	cr_expect_eq(h.size, index[2]);
}

/* Cut anywhere, it yields what is whole, and says that it was cut. */
Test(perf_file, cut_short_anywhere)
{
	size_t len;
	_cleanup_(freep) uint8_t *bytes = make_file(&len, 100);

	for (size_t cut = 0; cut < len; cut++) {
		_cleanup_(freep) uint8_t *part = malloc(cut + 1);
		struct damon_perf_file_stats stats = {0};
		long got;

		memcpy(part, bytes, cut);
		got = read_all(part, cut, &stats);
		cr_expect(got == -EINVAL || got == -EBADMSG || (got >= 0 && got <= 4), "%zu: %ld",
			  cut, got);
		if (got >= 0 && got < 4)
			cr_expect(stats.truncated, "%zu", cut);
	}
}

/* One byte changed: never more than was there, and it ends. */
Test(perf_file, any_byte_wrong)
{
	size_t len;
	_cleanup_(freep) uint8_t *bytes = make_file(&len, 100);

	for (size_t at = 0; at < len; at++) {
		static const uint8_t wrong[] = {0x00, 0xff, 0x80};

		for (size_t k = 0; k < ARRAY_SIZE(wrong); k++) {
			struct damon_perf_file_stats stats = {0};
			uint8_t was = bytes[at];

			bytes[at] = wrong[k];
			cr_expect_lt(read_all(bytes, len, &stats), 100);
			bytes[at] = was;
		}
	}
}

static const struct {
	const char *name, *bytes;
	size_t len;
	int err;
	const char *says;
} foreign[] = {
	{"nothing", "", 0, -EINVAL, "'memory' is not a perf.data"},
	{"text", "hello, I am a text", 18, -EINVAL, "'memory' is not a perf.data"},
	{"only the magic", "PERFILE2", 8, -EINVAL, "'memory' is not a perf.data"},
	{"the other byte order", "2ELIFREP\0\0\0\0\0\0\0\150", 16, -ENOTSUP,
	 "'memory' is a perf.data of the other byte order"},
	{"the old form", "PERFFILE\0\0\0\0\0\0\0\150", 16, -ENOTSUP,
	 "'memory' is a perf.data of a form that is no longer used"},
	{"a header of no known size", "PERFILE2\7\0\0\0\0\0\0\0", 16, -EBADMSG,
	 "the header of 'memory' is damaged"},
};

Test(perf_file, foreign_files_get_one_sentence)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		struct damon_fail f = {0};
		struct damon_perf_file *p;
		int err = damon_perf_file_open_mem(foreign[i].bytes, foreign[i].len, &p, &f);

		cr_expect_eq(err, foreign[i].err, "%s: %d", foreign[i].name, err);
		cr_expect_str_eq(f.text, foreign[i].says, "%s", foreign[i].name);
	}
}

/* ---- the form for pipes ---- */

struct pipe_form {
	uint8_t bytes[8192];
	size_t len;
};

static void put(struct pipe_form *f, uint32_t type, const void *body, size_t len)
{
	struct perf_event_header h = {type, PERF_RECORD_MISC_USER, (uint16_t)(8 + len)};

	memcpy(f->bytes + f->len, &h, 8);
	if (len)
		memcpy(f->bytes + f->len + 8, body, len);
	f->len += 8 + len;
}

static void start_with(struct pipe_form *f, uint64_t read_format)
{
	static const uint64_t header[] = {0x32454c4946524550, 16};
	struct {
		struct perf_event_attr attr;
		uint64_t id;
	} e = {{.size = sizeof(e.attr),
		.type = 4,
		.sample_type = MEMORY,
		.read_format = read_format,
		.sample_id_all = 1},
	       42};

	memcpy(f->bytes, header, sizeof(header));
	f->len = sizeof(header);
	put(f, 64, &e, sizeof(e));
}

static void start(struct pipe_form *f)
{
	start_with(f, 0);
}

static const uint64_t body[10] = {42, 0x401000, 5ull | 6ull << 32, 1000, 0x7f00, 0, 0, 9, 0, 0};

static const struct {
	const char *name;
	uint32_t type;
	uint64_t words[4];
	size_t len;
	long samples;
	uint64_t malformed, truncated;
} records[] = {
	{"unknown kinds are skipped", 99, {1, 2, 3}, 24, 2, 0, 0},
	{"an attr that is too short", 64, {1, 2}, 16, 2, 1, 0},
	{"an attr that says it is longer than it is", 64, {0xffffull << 32}, 32, 2, 1, 0},
	{"a compressed record of noise", 81, {0x1234567812345678, 5}, 16, 2, 1, 0},
	{"a compressed record longer than itself", 83, {1ull << 32, 5}, 16, 2, 1, 0},
	{"formats that are not there", 66, {0x7fffffff}, 8, 1, 0, 1},
	{"a time conversion cut short", 79, {1}, 8, 2, 0, 0},
	{"a name for nothing", 78, {2, 77, 0x41414141}, 24, 2, 0, 0},
	{"an empty feature", 80, {12}, 8, 2, 0, 0},
};

/* More than what is looked at at once. */
Test(perf_file, large_formats_in_a_pipe)
{
	enum { LEN = 1 << 20 };
	_cleanup_(freep) uint8_t *formats = malloc(LEN);
	const struct damon_perf_file_info *info;
	struct damon_perf_item item;
	struct damon_perf_file *p;
	struct pipe_build b;

	for (size_t i = 0; i < LEN; i++)
		formats[i] = (uint8_t)(i >> 8);
	pipe_start(&b);
	pipe_tracing(&b, formats, LEN);
	cr_assert_eq(damon_perf_file_open_mem(b.bytes, b.len, &p, NULL), 0);
	cr_expect_eq(damon_perf_file_next(p, &item, NULL), 0);
	info = damon_perf_file_info(p);
	cr_assert_eq(info->tracing_len, LEN);
	cr_expect_eq(memcmp(info->tracing, formats, LEN), 0);
	cr_expect_eq(damon_perf_file_stats(p)->truncated, 0);
	damon_perf_file_close(p);
	pipe_release(&b);
}

Test(perf_file, records_of_perf_in_a_pipe)
{
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		struct damon_perf_file_stats stats = {0};
		struct pipe_form f;
		long got;

		start(&f);
		put(&f, PERF_RECORD_SAMPLE, body, sizeof(body));
		put(&f, records[i].type, records[i].words, records[i].len);
		put(&f, PERF_RECORD_SAMPLE, body, sizeof(body));
		got = read_all(f.bytes, f.len, &stats);
		cr_expect_eq(got, records[i].samples, "%s: %ld samples", records[i].name, got);
		cr_expect_eq(stats.malformed, records[i].malformed, "%s: %llu malformed",
			     records[i].name, (unsigned long long)stats.malformed);
		cr_expect_eq(stats.truncated, records[i].truncated, "%s", records[i].name);
	}
}

/* A few bytes behind the last record are the beginning of one. */
Test(perf_file, a_pipe_that_ends_in_a_header)
{
	struct damon_perf_file_stats stats = {0};
	struct pipe_form f;

	start(&f);
	put(&f, PERF_RECORD_SAMPLE, body, sizeof(body));
	memset(f.bytes + f.len, 1, 3);
	cr_expect_eq(read_all(f.bytes, f.len + 3, &stats), 1);
	cr_expect_eq(stats.truncated, 1);
}

/* ---- what was lost ---- */

enum { KERNEL_TIME = 5000, FORMAT_LOST = 1 << 4, BPF = 1 << 15 };

/* With the trailer of MEMORY: pid and tid, time, CPU, id. */
static void put_lost(struct pipe_form *f, uint32_t type, uint16_t misc, uint64_t lost,
		     uint64_t time_ns)
{
	uint64_t words[6] = {lost, 0, time_ns, 0, 42}, with_id[6] = {42, lost, 0, time_ns, 0, 42};
	size_t at = f->len;

	if (type == PERF_RECORD_LOST)
		put(f, type, with_id, 48);
	else
		put(f, type, words, 40);
	memcpy(f->bytes + at + 4, &misc, sizeof(misc));
}

static const struct {
	const char *name;
	uint64_t read_format;
	struct {
		uint32_t type;
		uint16_t misc;
		uint64_t lost, time_ns;
	} records[4];
	uint64_t lost;
} losses[] = {
	{"what rings lost is told as it happens",
	 0,
	 {{PERF_RECORD_LOST, 0, 5, KERNEL_TIME}, {PERF_RECORD_LOST, 0, 2, KERNEL_TIME}},
	 7},
	{"by perf 6.1 once more, in the end",
	 FORMAT_LOST,
	 {{PERF_RECORD_LOST, 0, 5, KERNEL_TIME},
	  {PERF_RECORD_LOST, 0, 2, KERNEL_TIME},
	  {PERF_RECORD_LOST_SAMPLES, 0, 7, 0}},
	 7},
	{"what came after the last record is in that alone",
	 FORMAT_LOST,
	 {{PERF_RECORD_LOST, 0, 5, KERNEL_TIME}, {PERF_RECORD_LOST_SAMPLES, 0, 9, 0}},
	 9},
	{"for each event and CPU",
	 FORMAT_LOST,
	 {{PERF_RECORD_LOST, 0, 5, KERNEL_TIME},
	  {PERF_RECORD_LOST_SAMPLES, 0, 4, 0},
	  {PERF_RECORD_LOST_SAMPLES, 0, 3, 0}},
	 7},
	{"what the PMU lost comes on top",
	 FORMAT_LOST,
	 {{PERF_RECORD_LOST, 0, 5, KERNEL_TIME},
	  {PERF_RECORD_LOST_SAMPLES, 0, 3, KERNEL_TIME},
	  {PERF_RECORD_LOST_SAMPLES, 0, 5, 0}},
	 8},
	{"older ones have the PMU's alone",
	 0,
	 {{PERF_RECORD_LOST, 0, 5, KERNEL_TIME}, {PERF_RECORD_LOST_SAMPLES, 0, 3, 0}},
	 8},
	{"what a filter dropped is not lost",
	 FORMAT_LOST,
	 {{PERF_RECORD_LOST, 0, 5, KERNEL_TIME}, {PERF_RECORD_LOST_SAMPLES, BPF, 300, 0}},
	 5},
};

Test(perf_file, lost_samples_are_counted_once)
{
	for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
		struct damon_perf_file_stats stats = {0};
		struct damon_perf_item item;
		struct damon_perf_file *p;
		uint64_t told = 0;
		struct pipe_form f;

		start_with(&f, losses[i].read_format);
		for (size_t k = 0; k < 4 && losses[i].records[k].type; k++)
			put_lost(&f, losses[i].records[k].type, losses[i].records[k].misc,
				 losses[i].records[k].lost, losses[i].records[k].time_ns);
		cr_assert_eq(damon_perf_file_open_mem(f.bytes, f.len, &p, NULL), 0);
		while (damon_perf_file_next(p, &item, NULL) == 1)
			told += item.record.lost;
		stats = *damon_perf_file_stats(p);
		damon_perf_file_close(p);
		cr_expect_eq(stats.lost, losses[i].lost, "%s: %d", losses[i].name, (int)stats.lost);
		cr_expect_eq(told, losses[i].lost, "%s: told %d", losses[i].name, (int)told);
		cr_expect_eq(stats.malformed, 0, "%s", losses[i].name);
	}
}

Test(perf_file, a_record_of_size_0_ends_it)
{
	struct damon_perf_file_stats stats = {0};
	struct pipe_form f;

	start(&f);
	put(&f, PERF_RECORD_SAMPLE, body, sizeof(body));
	memset(f.bytes + f.len, 0, 64);
	f.len += 64;
	cr_expect_eq(read_all(f.bytes, f.len, &stats), 1);
	cr_expect_eq(stats.truncated, 1);
}

/* Many records in one zstd stream that is cut into pieces at any place. */
static void check_compressed(uint32_t type, size_t piece)
{
	static uint8_t plain[88 * 40], packed[8192];
	struct damon_perf_file_stats stats = {0};
	struct pipe_form f, one;
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	ZSTD_outBuffer out = {packed, sizeof(packed), 0};
	ZSTD_inBuffer in = {plain, sizeof(plain), 0};

	one.len = 0;
	put(&one, PERF_RECORD_SAMPLE, body, sizeof(body));
	for (size_t i = 0; i < 40; i++)
		memcpy(plain + 88 * i, one.bytes, 88);
	cr_assert_eq(ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_flush), 0);
	start(&f);
	for (size_t at = 0; at < out.pos; at += piece) {
		uint8_t record[8192];
		uint64_t n = MIN(piece, out.pos - at);
		size_t head = type == 83 ? 8 : 0;

		memcpy(record, &n, 8);
		memcpy(record + head, packed + at, n);
		put(&f, type, record, type == 83 ? (head + n + 7) & ~7ull : n);
	}
	cr_expect_eq(read_all(f.bytes, f.len, &stats), 40, "type %u, pieces of %zu: %llu", type,
		     piece, (unsigned long long)stats.samples);
	cr_expect_eq(stats.malformed + stats.truncated, 0);
	ZSTD_freeCCtx(zstd);
}

Test(perf_file, compressed_records_straddle)
{
	static const size_t pieces[] = {1, 3, 8, 20, 1000};

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		check_compressed(81, pieces[i]);
		check_compressed(83, pieces[i]);
	}
}

/* ---- headers that lie ---- */

/* A file of 'n' events; all have the same 'nr_ids' ids, which lie in the hole behind them. */
static int open_with_ids(size_t n, uint64_t nr_ids, struct damon_fail *f)
{
	enum { ENTRY = PERF_ATTR_SIZE_VER0 + 16, HOLE = 1 << 20 };
	const uint64_t header[13] = {0x32454c4946524550, 104, ENTRY, 104, n * ENTRY,
				     104 + n * ENTRY,	 8};
	struct perf_event_attr attr = {.type = PERF_TYPE_RAW, .size = PERF_ATTR_SIZE_VER0};
	const uint64_t ids[2] = {HOLE, 8 * nr_ids};
	int fd = memfd_create("perf.data", 0), err;
	struct damon_perf_file *p = NULL;
	char path[64];

	cr_assert_eq(pwrite(fd, header, sizeof(header), 0), sizeof(header));
	for (size_t i = 0; i < n; i++) {
		off_t at = (off_t)(104 + i * ENTRY);

		cr_assert_eq(pwrite(fd, &attr, PERF_ATTR_SIZE_VER0, at), PERF_ATTR_SIZE_VER0);
		at += PERF_ATTR_SIZE_VER0;
		cr_assert_eq(pwrite(fd, ids, sizeof(ids), at), sizeof(ids));
	}
	cr_assert_eq(ftruncate(fd, HOLE + (off_t)(8 * nr_ids)), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = damon_perf_file_open(path, &p, f);
	damon_perf_file_close(p);
	close(fd);
	return err;
}

/* The same ids again are as much memory as others. */
Test(perf_file, ids_of_all_events_are_limited)
{
	struct damon_fail f = {0};

	cr_expect_eq(open_with_ids(4, 1000, &f), 0, "%s", f.text);
	cr_expect_eq(open_with_ids(64, 1 << 16, &f), -EBADMSG);
}

/* ---- folders ---- */

/* As many samples of event 0 as there are times, 0 ends them; then 'cut' bytes of one more. */
static void write_part(const char *folder, const char *name, const uint64_t times[4], size_t cut)
{
	struct pipe_form f = {.len = 0};
	char path[96];
	FILE *out;

	for (size_t i = 0; i < 4 && times[i]; i++) {
		uint64_t words[10];

		memcpy(words, body, sizeof(words));
		words[0] = 102;
		words[3] = times[i];
		put(&f, PERF_RECORD_SAMPLE, words, sizeof(words));
	}
	if (cut) {
		size_t len = f.len;

		put(&f, PERF_RECORD_SAMPLE, body, sizeof(body));
		f.len = len + cut;
	}
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	cr_assert(out);
	cr_assert_eq(fwrite(f.bytes, 1, f.len, out), f.len);
	cr_assert_eq(fclose(out), 0);
}

/* The first file has 4 samples; then of all others the one that is the furthest behind is read on,
 * so that none is more than a record ahead. */
Test(perf_file, a_folder_is_read_as_one)
{
	static const uint64_t first[4] = {9000, 9010, 9050, 9060}, none[4] = {0},
			      second[4] = {9005, 9020, 9030}, last[4] = {8000};
	static const uint64_t times[] = {1000, 2000, 3000, 1000, 9000, 9005,
					 8000, 9010, 9020, 9050, 9030, 9060};
	char folder[] = "/tmp/perf_file_XXXXXX", path[96];
	struct damon_perf_item item;
	struct damon_perf_file *p;
	size_t len, seen = 0;
	_cleanup_(freep) uint8_t *bytes = make_file(&len, 0);
	FILE *out;

	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/data", folder);
	out = fopen(path, "w");
	cr_assert(out);
	cr_assert_eq(fwrite(bytes, 1, len, out), len);
	fclose(out);
	write_part(folder, "data.0", first, 0);
	write_part(folder, "data.1", none, 0);
	write_part(folder, "data.2", second, 20);
	write_part(folder, "data.3", last, 0);
	cr_assert_eq(damon_perf_file_open(folder, &p, NULL), 0);
	while (damon_perf_file_next(p, &item, NULL) == 1) {
		if (item.type != DAMON_PERF_RECORD)
			continue;
		cr_assert_lt(seen, ARRAY_SIZE(times));
		cr_expect_eq(item.record.time_ns, times[seen], "%zu: %d", seen,
			     (int)item.record.time_ns);
		seen++;
	}
	cr_expect_eq(seen, ARRAY_SIZE(times), "%zu", seen);
	cr_expect_eq(damon_perf_file_stats(p)->truncated, 1);
	cr_expect_eq(damon_perf_file_stats(p)->samples, ARRAY_SIZE(times));
	damon_perf_file_close(p);
	for (int i = -1; i < 4; i++) {
		snprintf(path, sizeof(path), i < 0 ? "%s/data" : "%s/data.%d", folder, i);
		cr_expect_eq(unlink(path), 0);
	}
	cr_expect_eq(rmdir(folder), 0);
}

static void expect_refused(const char *folder, int err, const char *what)
{
	struct damon_perf_file *p = NULL;
	struct damon_fail f = {0};

	cr_expect_eq(damon_perf_file_open(folder, &p, &f), err, "%s: %s", what, f.text);
	cr_expect(strstr(f.text, what), "%s", f.text);
	damon_perf_file_close(p);
}

/* Nothing is waited for where a file is none. */
Test(perf_file, folders_of_something_else)
{
	char folder[] = "/tmp/perf_file_XXXXXX", path[96], part[96];
	size_t len;
	_cleanup_(freep) uint8_t *bytes = make_file(&len, 0);
	FILE *out;

	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/data", folder);
	snprintf(part, sizeof(part), "%s/data.0", folder);
	expect_refused(folder, -ENOENT, path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	expect_refused(folder, -EINVAL, path);
	cr_expect_eq(unlink(path), 0);
	cr_assert_eq(mkdir(path, 0700), 0);
	expect_refused(folder, -EINVAL, path);
	cr_expect_eq(rmdir(path), 0);
	out = fopen(path, "w");
	cr_assert(out);
	cr_assert_eq(fwrite(bytes, 1, len, out), len);
	fclose(out);
	cr_assert_eq(mkfifo(part, 0600), 0);
	expect_refused(folder, -EINVAL, part);
	cr_expect_eq(unlink(part), 0);
	cr_assert_eq(symlink("/dev/zero", part), 0);
	expect_refused(folder, -EINVAL, part);
	cr_expect_eq(unlink(part), 0);
	cr_expect_eq(unlink(path), 0);
	cr_expect_eq(rmdir(folder), 0);
}
