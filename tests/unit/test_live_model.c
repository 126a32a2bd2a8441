/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What live knows, and the lines it writes, of a context in a fake world: the synthetic source. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/ctx.h"
#include "live/lines.h"
#include "live/model.h"
#include "tests/kit/fake_sys.h"

#define MIB 0x100000ull

/* Where the synthetic source's default ranges lie: 70, 20 and 10 % of the accesses. The last
 * mapping is never touched. */
static const char maps_text[] = "10000000-10400000 rw-p 00000000 00:00 0 \n"
				"20000000-21000000 rw-p 00000000 00:00 0 \n"
				"30000000-34000000 rw-p 00000000 00:00 0 \n"
				"40000000-48000000 rw-p 00000000 00:00 0 [heap]\n";

struct world {
	struct fake_sys fake;
	struct fake_file files[4];
	char maps[64], comm[64];
	struct damon_ctx *ctx;
	struct live_model m;
	struct live_lines lines;
	int nr_snapshots, stop_after, nr_columns, skip_from, skip_to;
	uint32_t chosen;
};

static uint64_t fake_rss(int pid)
{
	return pid == getpid() ? 85 * MIB : 0;
}

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct world *w = priv;
	int got = 0;

	w->nr_snapshots++;
	live_model_choose(&w->m, w->chosen);
	if (w->nr_snapshots < w->skip_from || w->nr_snapshots >= w->skip_to)
		got = live_model_snapshot(&w->m, s);
	cr_assert_geq(got, 0);
	w->nr_columns += got;
	if (w->lines.out && w->nr_snapshots == w->stop_after) {
		live_lines_text(&w->lines, s);
		live_lines_json(&w->lines, s);
	}
	return w->nr_snapshots == w->stop_after;
}

static void world_init(struct world *w, int stop_after)
{
	struct damon_sampling s;

	*w = (struct world){.stop_after = stop_after};
	snprintf(w->maps, sizeof(w->maps), "/proc/%d/maps", getpid());
	snprintf(w->comm, sizeof(w->comm), "/proc/%d/comm", getpid());
	w->files[0] = (struct fake_file){w->maps, maps_text, 0};
	w->files[1] = (struct fake_file){w->comm, "t\033y\n", 0};
	fake_sys_init(&w->fake, w->files);
	w->fake.clock_ns = 5 * NS_PER_SEC;
	w->fake.realtime_ns = 1700000000 * NS_PER_SEC;
	w->fake.sys.poll = fake_sys_poll;
	cr_assert_eq(damon_ctx_new(&w->ctx), 0);
	w->ctx->sys = &w->fake.sys;
	cr_assert_eq(live_model_init(&w->m, NS_PER_SEC / 2), 0);
	w->m.rss_of = fake_rss;
	damon_set_callback(w->ctx, on_snapshot, w);
	damon_sampling_init(&s);
	s.source = "synth";
	cr_assert_eq(damon_set_sampling(w->ctx, &s), 0);
	cr_assert_eq(damon_add_pid(w->ctx, getpid()), 0);
}

static void run(struct world *w)
{
	int rc, rounds = 0;

	cr_assert_eq(damon_open(w->ctx), 0, "%s", damon_error(w->ctx));
	while ((rc = damon_dispatch(w->ctx, -1)) == 1)
		cr_assert_lt(rounds++, 1000, "it ends");
	cr_assert_eq(rc, 0, "%s", damon_error(w->ctx));
}

static void world_release(struct world *w)
{
	damon_ctx_free(w->ctx);
	live_model_release(&w->m);
}

Test(live_model, processes_and_columns)
{
	const struct history_target *t;
	const struct live_proc *p;
	struct world w;

	world_init(&w, 40);
	run(&w);
	cr_expect_eq(w.nr_columns, 8, "a column is five aggregations");
	cr_assert_eq(w.m.nr_procs, 1);
	p = &w.m.procs[0];
	cr_expect_eq(p->pid, getpid());
	cr_expect_str_eq(p->comm, "t?y");
	cr_expect_float_eq(p->share.v, 1, 1e-9);
	cr_expect_gt(p->share.lo, .99);
	cr_expect(p->wss.lo <= p->wss.v && p->wss.v <= p->wss.hi);
	cr_expect(p->wss.v > 4 * MIB && p->wss.v < 84 * MIB, "%g", p->wss.v);
	cr_expect_eq(p->rss_bytes, 85 * MIB);
	cr_expect_float_eq(w.m.rate_hz, 1000, 20, "%g", w.m.rate_hz);
	t = history_target(history_column(&w.m.history, 0, 0), p->id);
	cr_assert(t);
	cr_expect_float_eq(t->wss.v, p->wss.v, p->wss.v / 4);
	cr_expect_eq(w.m.now_ns - w.m.start_ns, 4 * NS_PER_SEC);
	world_release(&w);
}

Test(live_model, regions_of_the_chosen_process)
{
	const struct live_mapping *map;
	struct world w;
	uint64_t idle = 0;

	world_init(&w, 60);
	run(&w);
	cr_assert_gt(w.m.nr_hottest, 0, "the only process has id 0");
	cr_expect(w.m.hottest[0].start >= 0x10000000 && w.m.hottest[0].end <= 0x10400000, "%lx",
		  w.m.hottest[0].start);
	cr_expect_str_eq(w.m.hottest[0].name, "anon 4M");
	for (size_t i = 1; i < w.m.nr_hottest; i++)
		cr_expect_leq(w.m.hottest[i].heat.lo, w.m.hottest[i - 1].heat.lo, "sorted");
	for (size_t i = 0; i < w.m.nr_coldest; i++)
		if (!strcmp(w.m.coldest[i].name, "[heap]"))
			idle += w.m.coldest[i].end - w.m.coldest[i].start;
	cr_expect_eq(idle, 128 * MIB, "cold neighbours are one");
	cr_expect_str_eq(w.m.coldest[0].name, "[heap]");
	cr_expect_geq(w.m.coldest[0].idle_ns, 5 * NS_PER_SEC);
	cr_expect_eq(w.m.mapped_bytes, (4 + 16 + 64 + 128) * MIB);
	cr_expect_leq(w.m.touched_bytes, (4 + 16 + 64) * MIB);
	cr_expect_eq(w.m.nr_mappings, 4);
	map = live_model_mapping(&w.m, 0x33000000, 0x48000000);
	cr_assert(map);
	cr_expect_str_eq(map->name, "[heap]", "it has most of the range");
	cr_expect_null(live_model_mapping(&w.m, 0x50000000, 0x60000000));
	live_model_choose(&w.m, 77);
	cr_expect_eq(w.m.nr_hottest + w.m.nr_coldest + w.m.nr_mappings, 0);
	world_release(&w);
}

/* While a picture is stopped nothing is taken in; what comes then begins a column of its own. */
Test(live_model, pause)
{
	const struct history_column *c, *before;
	struct world w;

	world_init(&w, 60);
	w.skip_from = 23;
	w.skip_to = 43;
	run(&w);
	c = history_column(&w.m.history, 0, 2);
	before = history_column(&w.m.history, 0, 3);
	cr_assert(c && before);
	cr_expect_eq(c->end_ns - c->start_ns, NS_PER_SEC / 2);
	cr_expect_eq(c->start_ns - before->end_ns, 22 * NS_PER_SEC / 10,
		     "the pause and the two before it");
	world_release(&w);
}

Test(live_model, schemes)
{
	struct live_model m;
	struct damos_stats s = {.action = "stat", .sz_tried = 5};

	cr_assert(!live_model_init(&m, NS_PER_SEC));
	for (size_t i = 0; i < LIVE_MAX_SCHEMES + 9; i++)
		live_model_scheme(&m, i, LIVE_MAX_SCHEMES + 9, &s, NULL);
	cr_expect_eq(m.nr_schemes, LIVE_MAX_SCHEMES);
	live_model_scheme(&m, 0, 1, &s, NULL);
	cr_expect_eq(m.nr_schemes, 1, "they were replaced");
	live_model_release(&m);
}

/* Whatever a source loses by, the line at the top warns while it does. */
Test(live_model, losses)
{
	static const struct {
		const char *name;
		struct damon_stats s;
		uint64_t recent;
	} rows[] = {
		{"nothing", {0}, 0},
		{"samples", {.lost = 3}, 3},
		{"traces as well", {.lost = 3, .traces_truncated = 2}, 2},
		{"throttled", {.lost = 3, .traces_truncated = 2, .throttled = 1}, 1},
		{"no more", {.lost = 3, .traces_truncated = 2, .throttled = 1}, 0},
	};
	struct live_model m;

	cr_assert(!live_model_init(&m, NS_PER_SEC));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		live_model_stats(&m, &rows[i].s);
		cr_expect_eq(m.recent_lost, rows[i].recent, "%s", rows[i].name);
	}
	live_model_release(&m);
}

static void check_json(const char *line)
{
	json_error_t err;
	json_t *j = json_loads(line, 0, &err), *t, *r;

	cr_assert(j, "%s: %s", err.text, line);
	cr_expect_eq(json_integer_value(json_object_get(j, "time")), 1700000003 * NS_PER_SEC);
	cr_expect_eq(json_integer_value(json_object_get(j, "aggr_ns")), 100 * NS_PER_MS);
	cr_assert_eq(json_array_size(json_object_get(j, "targets")), 1);
	cr_expect_eq(json_array_size(json_object_get(j, "schemes")), 0);
	cr_expect_eq(json_integer_value(json_object_get(json_object_get(j, "losses"), "lost")), 0);
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(j, "overhead"), "source")),
		"synth");
	t = json_array_get(json_object_get(j, "targets"), 0);
	cr_expect_eq(json_integer_value(json_object_get(t, "pid")), getpid());
	cr_expect_eq(json_integer_value(json_object_get(t, "rss_bytes")), (json_int_t)(85 * MIB));
	cr_expect_float_eq(json_number_value(json_object_get(t, "share")), 1, 1e-9);
	cr_expect_gt(json_number_value(json_object_get(json_object_get(t, "wss"), "hi")),
		     json_number_value(json_object_get(json_object_get(t, "wss"), "lo")));
	r = json_object_get(t, "regions");
	cr_expect_eq(json_integer_value(json_object_get(r, "bytes")),
		     (json_int_t)((4 + 16 + 64 + 128) * MIB));
	cr_expect_geq(json_integer_value(json_object_get(r, "idle_1s_bytes")),
		      (json_int_t)(128 * MIB));
	cr_expect_eq(json_integer_value(json_object_get(r, "idle_5s_bytes")), 0);
	cr_expect_eq(json_integer_value(json_object_get(json_object_get(r, "hottest"), "start")) &
			     ~0x3fffff,
		     0x10000000);
	json_decref(j);
}

Test(live_model, lines)
{
	char *text = NULL, *json;
	struct world w;
	size_t size;

	world_init(&w, 30);
	w.lines = (struct live_lines){
		.out = open_memstream(&text, &size), .ctx = w.ctx, .rss_of = fake_rss};
	run(&w);
	fclose(w.lines.out);
	json = strchr(text, '\n') + 1;
	check_json(json);
	cr_expect_eq(json[strlen(json) - 1], '\n');
	cr_expect_eq(strchr(json, '\n'), json + strlen(json) - 1, "one line");
	json[-1] = '\0';
	cr_expect(strstr(text, "0.1 s  100 samples  t?y "), "%s", text);
	cr_expect(strstr(text, " wss ") && strstr(text, " rss 85.0 MiB"), "%s", text);
	free(text);
	world_release(&w);
}
