/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "pmu/memory.h"
#include "pmu/spe/trace.h"
#include "tests/kit/spe_bytes.h"

#define LOAD  DAMON_ACCESS_LOAD
#define STORE DAMON_ACCESS_STORE

/* What comes out, as text: a line for each record. */
struct lines {
	char text[1 << 15];
	size_t len;
	unsigned int nr;
};

static void add_line(void *priv, const struct damon_spe_record *r)
{
	struct lines *l = priv;

	l->nr++;
	l->len +=
		(size_t)snprintf(l->text + l->len, sizeof(l->text) - l->len,
				 "pc=%" PRIx64 " va=%" PRIx64 " pa=%" PRIx64 " op=%u:%u ev=%" PRIx64
				 " src=%u ctx=%u lat=%u ts=%" PRIu64 " has=%x\n",
				 r->pc, r->va, r->pa, r->op_class, r->op, r->events, r->source,
				 r->context, r->total, r->time, r->has);
	cr_assert_lt(l->len, sizeof(l->text));
}

static struct damon_spe_tally decode(const uint8_t *p, size_t n, size_t piece, struct lines *l)
{
	struct damon_spe_decoder d = {0};

	*l = (struct lines){0};
	for (size_t at = 0; at < n; at += piece)
		damon_spe_decode(&d, at, p + at, MIN(piece, n - at), add_line, l);
	return d.tally;
}

/* The order of packets within a record is free; those of no use here are taken over. */
Test(spe_trace, a_record_ends_at_its_time_or_its_end)
{
	struct spe_bytes b = {0};
	struct lines l;

	spe_time(&b, 5); /* of a record without anything else */
	spe_end(&b);
	spe_load(&b);
	spe_va(&b, 0x1000);
	spe_pa(&b, 0x2000);
	spe_add(&b, 0x9a, 2, 3); /* translation */
	spe_events(&b, 0x16);
	spe_pc(&b, 0x400);
	spe_add(&b, 0x99, 2, 4); /* issue */
	spe_total(&b, 12);
	spe_add(&b, 0x43, 1, 8);
	spe_context(&b, 77);
	spe_time(&b, 1000);
	spe_pad(&b);
	spe_pc(&b, 0x404);
	spe_add(&b, 0x4a, 1, 1);
	spe_add(&b, 0xb1, 8, 0x500);
	spe_end(&b);
	spe_pc(&b, 0x408); /* cut off by the end of the trace */
	decode(b.bytes, b.len, b.len, &l);
	cr_expect_str_eq(l.text, "pc=400 va=1000 pa=2000 op=1:0 ev=16 src=8 ctx=77 lat=12 ts=1000 "
				 "has=3ff\n"
				 "pc=404 va=0 pa=0 op=2:1 ev=0 src=0 ctx=0 lat=0 ts=0 has=209\n");
}

static void some_records(struct spe_bytes *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		spe_pc(b, SPE_EL0 | (0x400000 + 4 * i));
		if (i % 3 == 0)
			spe_context(b, 100 + i);
		spe_add(b, 0x49, 1, i & 1);
		spe_events(b, (uint16_t)(0x16 + 0x100 * i));
		spe_total(b, (uint16_t)(10 * i));
		spe_va(b, 0x7f0000000000 + 64 * i);
		if (i % 4 == 0)
			spe_add(b, 0x20, 1, 0); /* an alignment to 2 */
		while (i % 4 == 0 && b->len & 1)
			spe_add(b, 0, 0, 0);
		if (i % 5 == 0)
			spe_add(b, 0x21, 3, 0x0403 << 8 | 0x98); /* an extended counter */
		if (i % 2)
			spe_time(b, 1000 + i);
		else
			spe_end(b);
		if (i % 3 == 1)
			spe_pad(b);
	}
}

/* Wherever pieces end, what comes out is the same. */
Test(spe_trace, pieces_cut_it_anywhere)
{
	struct spe_bytes b = {0};
	struct damon_spe_tally t;
	struct lines whole, l;

	some_records(&b, 20);
	t = decode(b.bytes, b.len, b.len, &whole);
	cr_assert_eq(whole.nr, 20);
	cr_assert_eq(t.broken + t.skipped, 0);
	for (size_t piece = 1; piece < b.len; piece++) {
		t = decode(b.bytes, b.len, piece, &l);
		cr_assert_str_eq(l.text, whole.text, "pieces of %zu bytes", piece);
		cr_assert_eq(t.broken + t.skipped, 0, "pieces of %zu bytes", piece);
	}
}

/* Also from copies that end where the piece does, and with empty ones between. */
Test(spe_trace, two_pieces_cut_at_each_byte)
{
	struct spe_bytes b = {0};
	struct lines whole, l;

	some_records(&b, 6);
	decode(b.bytes, b.len, b.len, &whole);
	for (size_t cut = 0; cut <= b.len; cut++) {
		_cleanup_(freep) uint8_t *first = malloc(cut + 1),
					 *second = malloc(b.len - cut + 1);
		struct damon_spe_decoder d = {0};

		memcpy(first, b.bytes, cut);
		memcpy(second, b.bytes + cut, b.len - cut);
		l = (struct lines){0};
		damon_spe_decode(&d, 0, first, cut, add_line, &l);
		damon_spe_decode(&d, cut, first, 0, add_line, &l);
		damon_spe_decode(&d, cut, second, b.len - cut, add_line, &l);
		cr_assert_str_eq(l.text, whole.text, "cut at %zu", cut);
		cr_assert_eq(d.tally.broken + d.tally.skipped, 0);
	}
}

/* Of a virtual machine's thread both are told: its own system's (level 1) and the host's. */
Test(spe_trace, the_context_of_the_host_counts)
{
	for (int host_first = 0; host_first < 2; host_first++) {
		struct spe_bytes b = {0};
		struct lines l;

		spe_add(&b, host_first ? 0x65 : 0x64, 4, host_first ? 22 : 11);
		spe_add(&b, host_first ? 0x64 : 0x65, 4, host_first ? 11 : 22);
		spe_end(&b);
		decode(b.bytes, b.len, b.len, &l);
		cr_expect(strstr(l.text, "ctx=22 "), "%s", l.text);
	}
}

/* Bytes are missing between two pieces: what waited for them is dropped and counted. */
Test(spe_trace, what_waits_across_a_gap_is_dropped)
{
	struct spe_bytes b = {0};
	size_t first;

	spe_pc(&b, 0x400);
	spe_load(&b);
	spe_va(&b, 0x1000);
	spe_time(&b, 1);
	first = b.len;
	spe_pc(&b, 0x404);
	spe_load(&b);
	spe_va(&b, 0x2000);
	spe_time(&b, 2);
	for (size_t cut = 0; cut <= first; cut++) {
		struct damon_spe_decoder d = {0};
		struct lines l = {0};

		damon_spe_decode(&d, 4096, b.bytes, cut, add_line, &l);
		damon_spe_decode(&d, 8192, b.bytes + first, b.len - first, add_line, &l);
		cr_expect_eq(l.nr, cut == first ? 2 : 1, "cut at %zu: %u", cut, l.nr);
		cr_expect_eq(d.tally.broken, cut > 0 && cut < first, "cut at %zu", cut);
		cr_expect_eq(d.tally.skipped, 0);
		cr_expect(strstr(l.text, "pc=404 va=2000"), "%s", l.text);
	}
}

/* A byte that is no packet, anywhere: the record with it in it is left out, the next one is not. */
Test(spe_trace, goes_on_after_garbage)
{
	struct spe_bytes a = {0};
	uint8_t p[256];

	spe_pc(&a, 0x400);
	spe_load(&a);
	spe_va(&a, 0x1000);
	spe_events(&a, 0x16);
	for (size_t packets = 0; packets < 4; packets++) {
		static const size_t ends[] = {0, 9, 11, 20};
		struct damon_spe_tally t;
		struct spe_bytes b;
		struct lines l;

		memcpy(p, a.bytes, ends[packets]);
		memcpy(p + ends[packets], "\xff\x80\x13", 3);
		memcpy(p + ends[packets] + 3, a.bytes + ends[packets], a.len - ends[packets]);
		b.len = 0;
		spe_time(&b, 1);
		some_records(&b, 2);
		memcpy(p + a.len + 3, b.bytes, b.len);
		t = decode(p, a.len + 3 + b.len, 1000, &l);
		cr_expect_eq(t.skipped, 3, "after %zu packets: %d", packets, (int)t.skipped);
		cr_expect_eq(t.broken, 1, "after %zu packets: %d", packets, (int)t.broken);
		cr_expect_eq(l.nr, 2, "after %zu packets: %u", packets, l.nr);
		cr_expect(!strstr(l.text, "va=1000"), "%s", l.text);
	}
}

/* A record that lost its end is not glued to the next one. */
Test(spe_trace, a_second_one_of_a_kind_begins_the_next_record)
{
	static const struct {
		const char *name, *text;
		uint8_t first[4]; /* headers of the one that lost its end, of the whole one */
	} rows[] = {
		{"program counter", "pc=2 va=0 pa=0 op=1:0", {0xb0, 0}},
		{"operation and program counter", "pc=2 va=0 pa=0 op=1:0", {0xb0, 0x49, 0}},
		{"data address", "pc=2 va=0 pa=0 op=1:0", {0xb2, 0xb0, 0}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spe_bytes b = {0};
		struct damon_spe_tally t;
		struct lines l;

		for (const uint8_t *h = rows[i].first; *h; h++)
			spe_add(&b, *h, *h == 0x49 ? 1 : 8, 1);
		spe_pc(&b, 2);
		spe_load(&b);
		spe_end(&b);
		t = decode(b.bytes, b.len, b.len, &l);
		cr_expect_eq(l.nr, 1, "%s: %u", rows[i].name, l.nr);
		cr_expect_eq(t.broken, 1, "%s", rows[i].name);
		cr_expect(!strncmp(l.text, rows[i].text, strlen(rows[i].text)), "%s: %s",
			  rows[i].name, l.text);
	}
}

/* Nothing that bytes may say leads out of them; the same comes out whole and in pieces. */
Test(spe_trace, any_bytes_will_do)
{
	static const uint8_t headers[] = {0,	0,    0x01, 0x20, 0x23, 0x42, 0x49,
					  0x52, 0x64, 0x71, 0x98, 0xb0, 0xb2, 0xb3};
	struct rng rng = {.s = {1, 2}};

	for (int round = 0; round < 300; round++) {
		struct damon_spe_tally whole, pieces;
		struct lines a, b;
		uint8_t p[512];

		for (size_t i = 0; i < sizeof(p); i++) {
			uint64_t r = rng_next(&rng);

			p[i] = (uint8_t)(r & 0x300 ? headers[r % ARRAY_SIZE(headers)] : r >> 32);
		}
		whole = decode(p, sizeof(p), sizeof(p), &a);
		pieces = decode(p, sizeof(p), 1 + (size_t)round % 40, &b);
		cr_assert_str_eq(a.text, b.text, "round %d", round);
		cr_assert_eq(whole.skipped, pieces.skipped, "round %d", round);
		cr_assert_eq(whole.broken, pieces.broken, "round %d", round);
	}
}
