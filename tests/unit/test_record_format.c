/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes themselves: docs/FORMAT.md is held against them. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/target.h"
#include "record/chunk.h"
#include "tests/kit/record_kit.h"

TestSuite(record_format, .fini = kit_remove);

/* The record of the example in docs/FORMAT.md: a process with one mapping, two snapshots of two
 * regions, one entry in the log. */
static void write_example(const char *path)
{
	static const struct damon_meta meta = {
		.start_ns = 1000,
		.epoch_offset_ns = 5000,
		.sample_ns = 5000000,
		.aggr_ns = 100000000,
		.update_ns = 1000000000,
		.min_nr_regions = 10,
		.max_nr_regions = 1000,
		.scale = {1, 1, 1},
		.sees = 3,
		.rate_hz = 1000,
		.nr_cpus = 2,
		.source = "synth",
		.version = "0.1.0",
		.kernel = "6.1",
		.command = "a.out",
		.ops = "vaddr",
	};
	struct damon_region r[] = {
		{.start = 0x10000,
		 .end = 0x14000,
		 .span_aggrs = 1,
		 .evenness = 1,
		 .nr_obs = 3,
		 .nr_ticks = 3,
		 .weight = 3,
		 .store_weight = 3},
		{.start = 0x14000, .end = 0x20000, .span_aggrs = 1, .evenness = 1, .idle_aggrs = 1},
	};
	struct damon_target_snapshot t = {
		.nr_obs = 3, .weight = 3, .burst = 1, .clumping = 1, .regions = r, .nr_regions = 2};
	struct damon_snapshot s = {.start_ns = 1000,
				   .end_ns = 100001000,
				   .rate_hz = 1000,
				   .counts = {.obs = 3, .accesses = 3},
				   .targets = &t,
				   .nr_targets = 1};
	struct damon_mapping m = {.start = 0x10000,
				  .end = 0x20000,
				  .prot = DAMON_PROT_READ | DAMON_PROT_WRITE,
				  .name = "[heap]"};
	struct damon_log_entry e = {.time_ns = 50001000,
				    .addr = 0x10008,
				    .ip = 0x401000,
				    .pid = 7,
				    .tid = 7,
				    .weight = 3,
				    .size = 8,
				    .flags = DAMON_ACCESS_STORE};
	struct damon_totals totals = {
		.counts = {.obs = 5, .accesses = 5}, .nr_snapshots = 2, .duration_ns = 200000000};
	struct damon_targets *ts = damon_targets_new(1);
	struct damon_proc *p = damon_targets_add(ts, 7, "a.out", 1000);
	struct damon_writer *w;

	p->space->id = 0; /* the running number of the process elsewhere */
	cr_assert_eq(damon_space_map(p->space, &m, 1000), 0);
	cr_assert_eq(damon_writer_open(path, &meta, &w, NULL), 0);
	cr_assert_eq(damon_writer_targets(w, ts), 0);
	cr_assert_eq(damon_writer_snapshot(w, &s), 0);
	s.start_ns = s.end_ns;
	s.end_ns += 100000000;
	s.counts.obs = s.counts.accesses = t.nr_obs = 2;
	for (int i = 0; i < 2; i++) {
		r[i].age_aggrs++;
		r[i].span_aggrs++;
	}
	r[0].nr_obs = r[0].nr_ticks = 5; /* all else as predicted */
	r[0].weight = r[0].store_weight = 5;
	r[1].idle_aggrs = 2;
	cr_assert_eq(damon_writer_snapshot(w, &s), 0);
	cr_assert_eq(damon_writer_log(w, &e, 1), 0);
	cr_assert_eq(damon_writer_close(w, &totals), 0);
	damon_targets_free(ts);
}

/* Lines such as "001c  44 43  text": offset, two spaces, bytes, two spaces. Returns the bytes on
 * it, 0 if it is another line. */
static size_t parse_line(const char *line, size_t *offset, uint8_t *bytes)
{
	unsigned int at, byte;
	size_t n = 0;
	int used = 0;

	if (sscanf(line, "%4x%n", &at, &used) != 1 || used != 4 || strncmp(line + 4, "  ", 2))
		return 0;
	*offset = at;
	for (line += 6; n < 32 && isxdigit(line[0]) && isxdigit(line[1]); line += 3) {
		sscanf(line, "%2x", &byte);
		bytes[n++] = (uint8_t)byte;
		if (line[2] != ' ')
			break;
	}
	return n;
}

Test(record_format, example_of_the_manual_is_true)
{
	FILE *f = fopen("docs/FORMAT.md", "r");
	struct kit_bytes b;
	char line[256];
	size_t at = 0;

	cr_assert(f, "run in the root of the source");
	write_example(kit_path("example"));
	b = kit_slurp(kit_path("example"));
	while (fgets(line, sizeof(line), f)) {
		uint8_t bytes[32];
		size_t offset, n = parse_line(line, &offset, bytes);

		if (!n)
			continue;
		cr_assert_eq(offset, at, "%s", line);
		cr_assert_leq(at + n, b.n, "%s", line);
		cr_assert(!memcmp(b.data + at, bytes, n), "%s", line);
		at += n;
	}
	cr_expect_eq(at, b.n, "the manual shows %zu of %zu bytes", at, b.n);
	fclose(f);
	free(b.data);
}

/* Every type in the table has a section in the manual. */
Test(record_format, every_chunk_is_in_the_manual)
{
	struct kit_bytes b = kit_slurp("docs/FORMAT.md");

	b.data[b.n] = '\0';
	for (const struct chunk_kind *const *k = damon_chunk_kinds; *k; k++) {
		char row[64];

		snprintf(row, sizeof(row), "### %u %s", (*k)->type, (*k)->name);
		cr_expect(strstr((char *)b.data, row), "%s", row);
		cr_expect_eq(damon_chunk_kind((*k)->type), *k, "types are unique");
	}
	free(b.data);
}

Test(record_format, varints)
{
	static const struct {
		const char *name;
		uint8_t bytes[12];
		size_t n;
		int err;
		uint64_t value;
	} rows[] = {
		{"zero", {0}, 1, 0, 0},
		{"one byte", {0x7f}, 1, 0, 127},
		{"two bytes", {0x80, 1}, 2, 0, 128},
		{"more zeros than needed", {0x81, 0x80, 0}, 3, 0, 1},
		{"largest", {255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, 10, 0, UINT64_MAX},
		{"65 bits", {255, 255, 255, 255, 255, 255, 255, 255, 255, 2}, 10, -EBADMSG, 0},
		{"too long",
		 {128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 0},
		 11,
		 -EBADMSG,
		 0},
		{"cut off", {0x80}, 1, -EBADMSG, 0},
		{"nothing", {0}, 0, -EBADMSG, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_pack p = PACK_READER((uint8_t *)rows[i].bytes, rows[i].n);

		cr_expect_eq(pack_var(&p, 0), rows[i].value, "%s", rows[i].name);
		cr_expect_eq(p.err, rows[i].err, "%s", rows[i].name);
	}
}

Test(record_format, deltas_wrap)
{
	static const uint64_t v[] = {0, 1, 5, 1ull << 63, UINT64_MAX, UINT64_MAX - 1, 1ull << 52};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		for (size_t j = 0; j < ARRAY_SIZE(v); j++) {
			_cleanup_(damon_pack_release) struct damon_pack out = PACK_WRITER;
			struct damon_pack in;

			pack_delta(&out, v[i], v[j]);
			in = PACK_READER(out.data, out.len);
			cr_expect_eq(pack_delta(&in, 0, v[j]), v[i]);
			cr_expect_eq(pack_left(&in), 0);
		}
	cr_expect_eq(zigzag((uint64_t)-1), 1);
	cr_expect_eq(zigzag(1), 2);
}

Test(record_format, floats_are_quantised)
{
	static const unsigned int bits[] = {4, 5, 7, 8, 10, 23};

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		double worst = ldexp(1, -(int)bits[i] - 1), before = 0;

		for (double v = 1e-30; v < 1e30; v *= 1.00317) {
			double q = unquant(quant(v, bits[i]), bits[i]);

			cr_assert_leq(fabs(q - v), worst * v * 1.0001 + v * 1e-7, "%g, %u bits", v,
				      bits[i]);
			cr_assert_geq(q, before, "ordered");
			cr_assert_eq(quant(q, bits[i]), quant(v, bits[i]), "final");
			before = q;
		}
		for (uint32_t n = 0; n <= 2u << bits[i]; n += 1 + (n >> 10))
			cr_assert_eq(unquant(quant(n, bits[i]), bits[i]), n, "whole numbers");
		cr_expect_eq(quant(-1, bits[i]), 0);
		cr_expect_eq(quant(NAN, bits[i]), 0);
		cr_expect(isfinite(unquant(quant(INFINITY, bits[i]), bits[i])));
		cr_expect(isfinite(unquant(quant(3.4e38, bits[i]), bits[i])));
	}
}

/* As records of the first versions have it: nine streams, without flags of hardware. */
Test(record_format, log_without_its_latest_stream)
{
	static const uint8_t bytes[] = {1,    9,    4,	  1,	4,    1,    4,	  3,	3,
					3,    2,    0xd0, 0xd1, 0xd7, 0x2f, 0,	  0x80, 0xc0,
					0x80, 4,    0,	  0x0e, 0,    0,    0,	  0x90, 0x80,
					8,    0x10, 4,	  0,	0x80, 0x88, 0x10, 77,	6};
	struct damon_pack whole = PACK_READER((uint8_t *)bytes, sizeof(bytes));
	struct damon_pack less = PACK_READER((uint8_t *)bytes, sizeof(bytes) - 1);
	struct record_in in = {0};
	struct damon_item item;

	cr_assert_eq(damon_chunk_log.decode(&in, &whole, true, &item), 1);
	cr_assert_eq(item.log.n, 1);
	cr_expect_eq(item.log.entries[0].addr, 0x10008);
	cr_expect_eq(item.log.entries[0].latency, 77);
	cr_expect_eq(item.log.entries[0].level, DAMON_LEVEL_DRAM);
	cr_expect_eq(item.log.entries[0].hw_flags, 0);
	cr_expect_lt(damon_chunk_log.decode(&in, &less, true, &item), 0);
	damon_in_release(&in);
}
