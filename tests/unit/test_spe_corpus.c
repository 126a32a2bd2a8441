/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of real machines, beside what their makers' tools and perf's decoder say of them. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "perf/file.h"
#include "pmu/memory.h"
#include "pmu/spe/packet.h"
#include "pmu/spe/spe.h"
#include "tests/kit/corpus.h"

#define RECORDS "spe/spe_real_records"

/* Reads "b0 d0 ..", at most 'cap' bytes; returns how many there were. */
static size_t hex_bytes(const char *text, const char *end, uint8_t *out, size_t cap)
{
	size_t n = 0;
	unsigned int v;
	int used;

	while (n < cap && text < end && sscanf(text, " %2x%n", &v, &used) == 1 &&
	       (text[used] == ' ' || text[used] == '\n')) {
		out[n++] = (uint8_t)v;
		text += used;
	}
	return n;
}

/* The annotated bytes: each line is one packet, or padding. */
Test(spe_corpus, lines_of_real_records_are_packets)
{
	size_t len, bin_len, at = 0;
	_cleanup_(freep) char *text = corpus_read(RECORDS ".txt", &len);
	_cleanup_(freep) char *bin = corpus_read(RECORDS ".bin", &bin_len);

	if (!text || !bin)
		cr_skip("no corpus");
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		struct damon_spe_packet k = {0};
		uint8_t p[64];
		size_t n, took;

		if (*line == '#' || *line == '@')
			continue;
		n = hex_bytes(line, end, p, sizeof(p));
		cr_assert(n > 0 && at + n <= bin_len, "%.40s", line);
		cr_expect_eq(memcmp(p, bin + at, n), 0, "%.40s", line);
		for (size_t i = 0; i < n; i += took) {
			took = damon_spe_packet(p + i, n - i, at + i, &k);
			cr_assert(took, "%.40s", line);
			cr_expect(k.kind != DAMON_SPE_BAD, "%.40s", line);
			cr_expect(took == n || k.kind == DAMON_SPE_PAD, "%.40s", line);
		}
		at += n;
	}
	cr_expect_eq(at, bin_len);
}

static const char *event_names[64] = {
	[1] = "RETIRED",    [2] = "L1D-ACCESS",	   [3] = "L1D-REFILL", [4] = "TLB-ACCESS",
	[5] = "TLB-REFILL", [6] = "NOT-TAKEN",	   [7] = "MISPRED",    [8] = "LLC-ACCESS",
	[9] = "LLC-REFILL", [10] = "REMOTE-ACCESS"};

static void describe_events(uint64_t events, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, "EV");

	for (int i = 0; i < 64; i++)
		if (events >> i & 1)
			n += (size_t)snprintf(out + n, cap - n, " %s",
					      event_names[i] ? event_names[i] : "?");
}

static void describe_address(const struct damon_spe_packet *k, char *out, size_t cap)
{
	unsigned long long low = k->payload & 0xffffffffffffffull, all = k->payload;

	switch (k->index) {
	case DAMON_SPE_PC:
	case DAMON_SPE_TARGET:
		snprintf(out, cap, "%s 0x%llx el%d ns=%d", k->index ? "TGT" : "PC", low,
			 (int)(all >> 61 & 3), (int)(all >> 63));
		break;
	case DAMON_SPE_VA:
		snprintf(out, cap, "VA 0x%llx", all);
		break;
	default:
		snprintf(out, cap, "PA 0x%llx ns=%d ch=%d pat=%x", low, (int)(all >> 63),
			 (int)(all >> 62 & 1), (int)(all >> 56 & 15));
	}
}

/* In the words of 'perf script -D'. */
static void describe(const struct damon_spe_packet *k, char *out, size_t cap)
{
	static const char *const counters[] = {"TOT", "ISSUE", "XLAT"};
	static const char *const ops[] = {"OTHER INSN-OTHER", "LD GP-REG", "B COND"};
	unsigned long long v = k->payload;

	snprintf(out, cap, "?");
	switch (k->kind) {
	case DAMON_SPE_PAD:
		snprintf(out, cap, "PAD");
		break;
	case DAMON_SPE_END:
		snprintf(out, cap, "END");
		break;
	case DAMON_SPE_TIMESTAMP:
		snprintf(out, cap, "TS %llu", v);
		break;
	case DAMON_SPE_EVENTS:
		describe_events(k->payload, out, cap);
		break;
	case DAMON_SPE_SOURCE:
		snprintf(out, cap, "DATA-SOURCE %llu", v);
		break;
	case DAMON_SPE_CONTEXT:
		snprintf(out, cap, "CONTEXT 0x%llx el%d", v, k->index + 1);
		break;
	case DAMON_SPE_OP:
		if (k->index < 3 && v == (k->index == 2))
			snprintf(out, cap, "%s", ops[k->index]);
		break;
	case DAMON_SPE_ADDRESS:
		describe_address(k, out, cap);
		break;
	case DAMON_SPE_COUNTER:
		if (k->index < 3)
			snprintf(out, cap, "LAT %llu %s", v, counters[k->index]);
	}
}

/* ".  0000000e:  65 80 5f 00 00       CONTEXT 0x5f80 el2" */
Test(spe_corpus, packets_are_those_that_perf_sees)
{
	size_t len, bin_len;
	unsigned int seen = 0;
	_cleanup_(freep) char *text = corpus_read(RECORDS ".perf61-decode.txt", &len);
	_cleanup_(freep) char *bin = corpus_read(RECORDS ".bin", &bin_len);

	if (!text || !bin)
		cr_skip("no corpus");
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		char want[128], got[128];
		struct damon_spe_packet k;
		unsigned int pos;
		size_t took;

		*end = '\0';
		if (sscanf(line, ".  %x: ", &pos) != 1)
			continue;
		snprintf(want, sizeof(want), "%s", line + strlen(".  00000000:  ") + 16 * 3);
		if (pos + 1u > bin_len && !strcmp(want, "PAD"))
			continue; /* up to a multiple of 8 in the file */
		took = damon_spe_packet((uint8_t *)bin + pos, bin_len - pos, pos, &k);
		cr_assert(took, "%s", line);
		describe(&k, got, sizeof(got));
		cr_expect_str_eq(got, want, "'%s' for: %s", got, line);
		seen++;
	}
	cr_expect_eq(seen, 85, "%u", seen);
}

struct seen {
	struct damon_perf_sample s[16];
	size_t n;
};

static void keep(void *priv, const struct damon_perf_sample *s)
{
	struct seen *k = priv;

	cr_assert_lt(k->n, ARRAY_SIZE(k->s));
	k->s[k->n++] = *s;
}

static void read_file(const char *path, struct seen *k, struct damon_source_stats *stats)
{
	static const struct damon_source_options options;
	struct damon_perf_item item;
	struct damon_perf_file *p;
	void *state;

	cr_assert_eq(damon_perf_file_open(path, &p, NULL), 0);
	cr_assert_eq(damon_spe_source.open(&options, NULL, &state), 0);
	while (damon_perf_file_next(p, &item, NULL) == 1) {
		struct damon_trace t = {.buffer = item.aux.idx,
					.offset = item.aux.offset,
					.bytes = item.aux.bytes,
					.len = item.aux.len,
					.cpu = item.aux.cpu,
					.pid = -1,
					.tid = item.aux.tid,
					.conv = damon_perf_file_info(p)->conv};

		if (item.type == DAMON_PERF_AUX_DATA)
			damon_spe_source.decode_trace(state, &t, keep, k);
	}
	damon_spe_source.stats(state, stats);
	damon_spe_source.close(state);
	damon_perf_file_close(p);
}

/* ":24448 -1/24448 [000] 44.731163: memory: ADDR DATA_SRC |..| WEIGHT IP PHYS". perf takes a record
 * without a context for one of the last context that it saw (":14"), not of its buffer (100). */
static void expect_line(const char *line, const struct damon_perf_sample *s)
{
	unsigned long long addr, data_src, weight = 0, ip = 0, phys = 0;
	uint8_t access = 0, want_access = 0;
	struct damon_hw hw = {0}, want = {0};
	const char *bar = strrchr(line, 'A');
	unsigned int sec, us;
	int tid;

	cr_assert_eq(sscanf(line, " :%d %*s %*s %u.%u: memory: %llx %llx", &tid, &sec, &us, &addr,
			    &data_src),
		     5, "%s", line);
	cr_assert(bar && sscanf(bar, "A %llu %llx %llx", &weight, &ip, &phys) == 3, "%s", line);
	cr_expect_eq(s->addr, addr, "%s", line);
	cr_expect_eq(s->weight, weight, "%s", line);
	cr_expect_eq(s->ip, ip, "%s", line);
	cr_expect_eq(s->phys_addr, phys, "%s", line);
	cr_expect_eq(s->time_ns / 1000, sec * 1000000ull + us, "%s", line);
	cr_expect_eq(s->tid, tid == 14 ? 100 : tid, "%s", line);
	damon_data_src_decode(s->data_src, &access, &hw);
	damon_data_src_decode(data_src, &want_access, &want);
	cr_expect_eq(access, want_access, "%s", line);
	cr_expect_eq(hw.level, want.level, "%s", line);
	/* What perf calls a hit of the walker is a TLB access without a walk. */
	cr_expect_eq(hw.flags, DAMON_HW_TLB_HIT, "%s", line);
}

Test(spe_corpus, samples_are_those_that_perf_makes)
{
	size_t len, n = 0;
	_cleanup_(freep) char *text = corpus_read(RECORDS ".perf61-itraceM.txt", &len);
	_cleanup_(freep) char *path = corpus_path(RECORDS ".perf.data");
	struct damon_source_stats stats;
	struct seen k = {.n = 0};

	if (!text || !path)
		cr_skip("no corpus");
	read_file(path, &k, &stats);
	cr_assert_eq(k.n, 5);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (strstr(line, "memory:"))
			expect_line(line, &k.s[n++]);
	}
	cr_expect_eq(n, 5);
	cr_expect_eq(stats.filtered, 4); /* three branches, one other */
	cr_expect_eq(stats.skipped + stats.broken, 0);
}
