/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "perf/order.h"

/* What was delivered, as text: "3 5 7". */
struct seen {
	char text[4096];
	size_t len;
	uint64_t last_ns;
	int stop_after;
};

static int note(void *priv, const struct damon_perf_record *r)
{
	struct seen *s = priv;

	s->len += (size_t)snprintf(s->text + s->len, sizeof(s->text) - s->len, "%s%llu",
				   s->len ? " " : "", (unsigned long long)r->time_ns);
	s->last_ns = r->time_ns;
	return s->stop_after && --s->stop_after == 0 ? -5 : 0;
}

static struct damon_perf_record sample_at(uint64_t time_ns)
{
	return (struct damon_perf_record){
		.type = PERF_RECORD_SAMPLE,
		.time_ns = time_ns,
		.sample = {.time_ns = time_ns, .addr = time_ns * 16, .tid = 7},
	};
}

/* Numbers are samples, 'm' is made up for what was there before, '|' ends a round, '>' shows what
 * came out so far. */
static const struct {
	const char *name, *in, *out;
	uint64_t late;
} rounds[] = {
	{"nothing", "", "", 0},
	{"as they came", "1 2 3", "1 2 3", 0},
	{"two buffers in one round", "1 4 6 2 3 5", "1 2 3 4 5 6", 0},
	{"backwards", "6 5 4 3 2 1", "1 2 3 4 5 6", 0},
	{"a round waits for the next one", "1 4 2 | 3 6 5 | > 8 7", "1 2 3 4 > 5 6 7 8", 0},
	{"one round delivers nothing", "3 1 2 | >", " > 1 2 3", 0},
	{"too late is told", "5 | 6 | > 2 | 7", "5 > 2 6 7", 1},
	{"without a time: with the latest", "3 0 1", "1 3 3", 0},
	{"what was there before: first", "3 1 m 2", "0 1 2 3", 0},
	{"in a later round, too", "3 1 | m", "0 1 3", 0},
	{"once something went out: with the latest", "1 | 2 | > m 3", "1 > 2 0 3", 0},
};

static void play(struct damon_order *o, struct seen *seen, const char *in)
{
	for (const char *p = in; *p; p++) {
		struct damon_perf_record r;

		if (*p == '|')
			cr_assert_eq(damon_order_round(o), 0);
		else if (*p == '>')
			seen->len += (size_t)sprintf(seen->text + seen->len, " >");
		if (*p == 'm')
			r = (struct damon_perf_record){.type = PERF_RECORD_FORK, .was_there = true};
		else if (*p >= '0' && *p <= '9')
			r = sample_at((uint64_t)(*p - '0'));
		else
			continue;
		cr_assert_eq(damon_order_add(o, &r), 0);
	}
	cr_assert_eq(damon_order_flush(o), 0);
}

Test(order, rounds_put_records_in_order)
{
	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++) {
		struct damon_order_options options = {0};
		struct damon_order_stats stats;
		struct seen seen = {0};
		struct damon_order *o;

		cr_assert_eq(damon_order_new(&options, note, &seen, &o), 0);
		play(o, &seen, rounds[i].in);
		damon_order_stats(o, &stats);
		cr_expect_str_eq(seen.text, rounds[i].out, "%s: '%s'", rounds[i].name, seen.text);
		cr_expect_eq(stats.late, rounds[i].late, "%s: %llu late", rounds[i].name,
			     (unsigned long long)stats.late);
		damon_order_free(o);
	}
}

static int check_content(void *priv, const struct damon_perf_record *r)
{
	static const uint64_t regs[] = {11, 22, 33};
	unsigned int *seen = priv;

	switch (r->type) {
	case PERF_RECORD_SAMPLE:
		if (!r->sample.regs) {
			cr_expect_eq(r->sample.addr, 0x1234);
			cr_expect_eq(r->sample.data_src, 5);
			break;
		}
		cr_expect_eq(memcmp(r->sample.regs, regs, sizeof(regs)), 0);
		cr_expect_eq(memcmp(r->sample.stack, "stack", 5), 0);
		cr_expect_eq(memcmp(r->sample.raw, "rawer", 5), 0);
		break;
	case PERF_RECORD_MMAP2:
		cr_expect_str_eq(r->mmap.name, "/a/file");
		break;
	case PERF_RECORD_COMM:
		cr_expect_str_eq(r->comm.comm, "program");
		break;
	case PERF_RECORD_FORK:
		cr_expect_eq(r->task.ppid, 3);
		break;
	}
	++*seen;
	return 0;
}

/* What records point to is gone when they come out. */
Test(order, keeps_what_records_point_to)
{
	struct damon_order_options options = {0};
	unsigned int seen = 0;
	struct damon_order *o;

	cr_assert_eq(damon_order_new(&options, check_content, &seen, &o), 0);
	for (uint64_t t = 1; t <= 5; t++) {
		uint64_t regs[] = {11, 22, 33};
		uint8_t stack[] = "stack", raw[] = "rawer";
		char name[] = "/a/file", comm[] = "program";
		struct damon_perf_record r[] = {
			{.type = PERF_RECORD_SAMPLE, .sample = {.addr = 0x1234, .data_src = 5}},
			{.type = PERF_RECORD_SAMPLE,
			 .sample = {.regs = regs,
				    .nr_regs = 3,
				    .regs_abi = 2,
				    .stack = stack,
				    .stack_len = 5,
				    .raw = raw,
				    .raw_len = 5}},
			{.type = PERF_RECORD_MMAP2, .mmap = {.name = name}},
			{.type = PERF_RECORD_COMM, .comm = {.comm = comm}},
			{.type = PERF_RECORD_FORK, .task = {.pid = 4, .ppid = 3}},
		};

		r[t - 1].time_ns = 10 - t;
		cr_assert_eq(damon_order_add(o, &r[t - 1]), 0);
		memset(regs, 0xee, sizeof(regs));
		memset(stack, 0xee, sizeof(stack));
		memset(raw, 0xee, sizeof(raw));
		memset(name, 'x', sizeof(name) - 1);
		memset(comm, 'x', sizeof(comm) - 1);
	}
	cr_assert_eq(damon_order_flush(o), 0);
	cr_expect_eq(seen, 5);
	damon_order_free(o);
}

struct counted {
	uint64_t nr, last_ns, backwards;
};

static int count(void *priv, const struct damon_perf_record *r)
{
	struct counted *c = priv;

	c->nr++;
	c->backwards += r->time_ns < c->last_ns;
	c->last_ns = r->time_ns;
	return 0;
}

/* More than the room holds goes out early, all of it, in order where that was possible. */
Test(order, room_is_bounded)
{
	struct damon_order_options options = {.max_bytes = 256 << 10};
	struct damon_order_stats stats;
	struct counted c = {0};
	struct damon_order *o;

	cr_assert_eq(damon_order_new(&options, count, &c, &o), 0);
	for (uint64_t i = 0; i < 100000; i++) {
		struct damon_perf_record r = sample_at(1 + (i ^ 7)); /* a little out of order */

		cr_assert_eq(damon_order_add(o, &r), 0);
	}
	cr_assert_eq(damon_order_flush(o), 0);
	damon_order_stats(o, &stats);
	cr_expect_eq(c.nr, 100000);
	cr_expect_eq(c.backwards, 0);
	cr_expect_eq(stats.late, 0);
	cr_expect_leq(stats.peak_bytes, options.max_bytes);
	damon_order_free(o);
}

/* A record is delivered once, also when the callback stopped the way. */
Test(order, stopping_loses_and_repeats_nothing)
{
	struct seen seen = {.stop_after = 2};
	struct damon_order_options options = {0};
	struct damon_order *o;

	cr_assert_eq(damon_order_new(&options, note, &seen, &o), 0);
	for (uint64_t t = 1; t <= 4; t++) {
		struct damon_perf_record r = sample_at(t);

		cr_assert_eq(damon_order_add(o, &r), 0);
	}
	cr_expect_eq(damon_order_flush(o), -5);
	cr_expect_eq(damon_order_flush(o), 0);
	cr_expect_str_eq(seen.text, "1 2 3 4");
	damon_order_free(o);
}
