/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/util.h"
#include "pmu/spe/packet.h"

/* Each form that the manual has; 'bytes' end where the packet does. */
static const struct {
	const char *name, *bytes;
	size_t len;
	uint8_t kind, index;
	uint64_t payload;
} packets[] = {
	{"padding", "\x00", 1, DAMON_SPE_PAD, 0, 0},
	{"end", "\x01", 1, DAMON_SPE_END, 0, 0},
	{"timestamp", "\x71\x01\x02\x03\x04\x05\x06\x07\x88", 9, DAMON_SPE_TIMESTAMP, 0,
	 0x8807060504030201},
	{"events, 1 byte", "\x42\x16", 2, DAMON_SPE_EVENTS, 0, 0x16},
	{"events, 2 bytes", "\x52\x1e\x03", 3, DAMON_SPE_EVENTS, 0, 0x31e},
	{"events, 4 bytes", "\x62\x06\x00\x20\x80", 5, DAMON_SPE_EVENTS, 0, 0x80200006},
	{"events, 8 bytes", "\x72\x02\0\0\0\0\0\x01\0", 9, DAMON_SPE_EVENTS, 0, 0x1000000000002},
	{"data source, 1 byte", "\x43\x0c", 2, DAMON_SPE_SOURCE, 0, 12},
	{"data source, 2 bytes", "\x53\x0e\x01", 3, DAMON_SPE_SOURCE, 0, 0x10e},
	{"context of level 1", "\x64\x34\x12\x00\x00", 5, DAMON_SPE_CONTEXT, 0, 0x1234},
	{"context of level 2", "\x65\x80\x5f\x00\x80", 5, DAMON_SPE_CONTEXT, 1, 0x80005f80},
	{"another operation", "\x48\x00", 2, DAMON_SPE_OP, DAMON_SPE_OP_OTHER, 0},
	{"load", "\x49\x00", 2, DAMON_SPE_OP, DAMON_SPE_OP_MEMORY, 0},
	{"store of a vector", "\x49\x05", 2, DAMON_SPE_OP, DAMON_SPE_OP_MEMORY, 5},
	{"branch", "\x4a\x01", 2, DAMON_SPE_OP, DAMON_SPE_OP_BRANCH, 1},
	{"operation of no class", "\x4b\x07", 2, DAMON_SPE_OP, 3, 7},
	{"program counter", "\xb0\x10\x32\x54\x76\x98\xba\x00\x80", 9, DAMON_SPE_ADDRESS,
	 DAMON_SPE_PC, 0x8000ba9876543210},
	{"target", "\xb1\0\0\0\0\0\0\0\0", 9, DAMON_SPE_ADDRESS, DAMON_SPE_TARGET, 0},
	{"data address", "\xb2\x01\0\0\0\0\0\xff\x5a", 9, DAMON_SPE_ADDRESS, DAMON_SPE_VA,
	 0x5aff000000000001},
	{"physical address", "\xb3\0\0\0\0\x01\0\0\x80", 9, DAMON_SPE_ADDRESS, DAMON_SPE_PA,
	 0x8000000100000000},
	{"previous target", "\xb4\x08\0\0\0\0\0\0\0", 9, DAMON_SPE_ADDRESS, 4, 8},
	{"total latency", "\x98\xf5\x01", 3, DAMON_SPE_COUNTER, DAMON_SPE_TOTAL, 501},
	{"issue latency", "\x99\x51\x01", 3, DAMON_SPE_COUNTER, DAMON_SPE_ISSUE, 337},
	{"translation latency", "\x9a\x01\x00", 3, DAMON_SPE_COUNTER, DAMON_SPE_TRANSLATION, 1},
	{"extended counter", "\x21\x9a\x07\x00", 4, DAMON_SPE_COUNTER, 10, 7},
	{"extended address", "\x23\xb7\x01\0\0\0\0\0\0\x02", 10, DAMON_SPE_ADDRESS, 31,
	 0x0200000000000001},
};

static struct damon_spe_packet untouched(void)
{
	return (struct damon_spe_packet){.payload = 99, .kind = 99, .index = 99};
}

Test(spe_packet, reads_each_form)
{
	for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
		struct damon_spe_packet k = untouched();
		const uint8_t *p = (const uint8_t *)packets[i].bytes;

		cr_expect_eq(damon_spe_packet(p, packets[i].len, 0, &k), packets[i].len, "%s",
			     packets[i].name);
		cr_expect_eq(k.kind, packets[i].kind, "%s: kind %u", packets[i].name, k.kind);
		cr_expect_eq(k.index, packets[i].index, "%s: index %u", packets[i].name, k.index);
		cr_expect_eq(k.payload, packets[i].payload, "%s: %#llx", packets[i].name,
			     (unsigned long long)k.payload);
	}
}

/* From copies of their exact length: sanitizers see each byte too many. */
Test(spe_packet, asks_for_the_bytes_that_it_lacks)
{
	for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
		for (size_t n = 1; n < packets[i].len; n++) {
			_cleanup_(freep) uint8_t *p = malloc(n);
			struct damon_spe_packet k;

			memcpy(p, packets[i].bytes, n);
			cr_expect_eq(damon_spe_packet(p, n, 0, &k), 0, "%s, %zu bytes",
				     packets[i].name, n);
		}
	}
}

/* An extended header and a 0: on to the next multiple of 2, 4, 8, 16. */
Test(spe_packet, aligns_by_the_place_in_the_trace)
{
	static const struct {
		uint8_t header;
		uint64_t pos;
		size_t len;
	} rows[] = {{0x20, 0, 2},    {0x20, 7, 1},     {0x21, 1, 3}, {0x22, 8, 8},
		    {0x23, 100, 12}, {0x23, 4096, 16}, {0x23, 15, 1}};
	struct damon_spe_packet k;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t p[16] = {rows[i].header};
		size_t len = damon_spe_packet(p, sizeof(p), rows[i].pos, &k);

		cr_expect_eq(len, rows[i].len, "row %zu: %zu", i, len);
		cr_expect_eq(k.kind, DAMON_SPE_PAD);
		if (len > 2)
			cr_expect_eq(damon_spe_packet(p, len - 1, rows[i].pos, &k), 0);
	}
}

/* Of the 256 header bytes, these begin a packet; the others are gone over one by one. */
static bool is_header(unsigned int h)
{
	static const uint8_t ranges[][2] = {
		{0x00, 0x01}, {0x20, 0x23}, {0x42, 0x43}, {0x48, 0x4b}, {0x52, 0x53},
		{0x62, 0x67}, {0x71, 0x73}, {0x98, 0x9f}, {0xb0, 0xb7},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (h >= ranges[i][0] && h <= ranges[i][1])
			return true;
	return false;
}

Test(spe_packet, goes_over_what_is_no_packet)
{
	struct damon_spe_packet k;

	for (unsigned int h = 0; h < 256; h++) {
		uint8_t p[DAMON_SPE_PACKET_MAX] = {(uint8_t)h, 0x98};
		size_t len = damon_spe_packet(p, sizeof(p), 0, &k);

		cr_expect_eq(k.kind != DAMON_SPE_BAD, is_header(h), "%#x", h);
		cr_expect(len >= 1 && len <= DAMON_SPE_PACKET_MAX, "%#x: %zu", h, len);
		cr_expect(k.kind != DAMON_SPE_BAD || len == 1, "%#x: %zu", h, len);
	}
}

/* Only counters and addresses have extended headers. */
Test(spe_packet, takes_no_other_extended_header)
{
	struct damon_spe_packet k;

	for (unsigned int h = 1; h < 256; h++) {
		uint8_t p[DAMON_SPE_PACKET_MAX] = {0x20, (uint8_t)h};
		bool fine = (h & 0xf8) == 0xb0 || (h & 0xf8) == 0x98;
		size_t len = damon_spe_packet(p, sizeof(p), 0, &k);

		cr_expect_eq(k.kind == DAMON_SPE_BAD, !fine, "%#x", h);
		cr_expect(fine || len == 1, "%#x: %zu", h, len);
	}
}
