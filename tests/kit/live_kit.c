/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "tests/kit/live_kit.h"

#define MIB   (1ull << 20)
#define HEAP  0x555500000000ull
#define STACK 0x7ffd12340000ull

static void add(struct kit_live *k, uint64_t start, uint64_t bytes, double heat, double factor)
{
	struct history_region r = {start, start + bytes, (float)heat, (float)(heat / factor),
				   (float)(heat * factor)};

	history_maker_region(&k->m.maker, &r);
}

void kit_live_column(struct kit_live *k, unsigned hot)
{
	struct live_model *m = &k->m;
	uint64_t start_ns = m->now_ns;
	struct history_target db = {.id = 7, .share = .9f}, sh = {.id = 9, .share = .1f};

	db.wss = (struct known){(8. + hot % 4) * MIB, 6. * MIB, 14. * MIB};
	history_maker_target(&m->maker, &db);
	for (unsigned i = 0; i < 16; i++)
		add(k, HEAP + i * 4 * MIB, 4 * MIB,
		    i == hot % 16	   ? 5e5
		    : i == (hot + 15) % 16 ? 2e3
					   : 0,
		    i == hot % 16 ? 1.2 : 5);
	add(k, STACK, 132 * 1024, 2e6, 1.1);
	sh.wss = (struct known){300e3, 100e3, 900e3};
	history_maker_target(&m->maker, &sh);
	add(k, HEAP, MIB, 90, 2);
	m->now_ns += m->column_ns;
	history_add(&m->history, history_maker_column(&m->maker, start_ns, m->now_ns));
	m->nr_columns++;
}

static struct live_region region(uint64_t start, uint64_t bytes, struct known heat, double share,
				 double idle_s, const char *name)
{
	struct live_region r = {
		.start = start,
		.end = start + bytes,
		.heat = heat,
		.share = {share, share * .8, share * 1.2},
		.write_share = .25,
		.age_ns = 42 * NS_PER_SEC,
		.idle_ns = (uint64_t)(idle_s * NS_PER_SEC),
	};

	snprintf(r.name, sizeof(r.name), "%s", name);
	return r;
}

static void fill_lists(struct live_model *m)
{
	m->chosen = 7;
	m->mappings[0] = (struct live_mapping){HEAP, HEAP + 64 * MIB, "[heap]"};
	m->mappings[1] = (struct live_mapping){STACK, STACK + 132 * 1024, "[stack]"};
	m->nr_mappings = 2;
	m->touched_bytes = 9 * MIB;
	m->mapped_bytes = 64 * MIB;
	m->hottest[0] =
		region(STACK, 132 * 1024, (struct known){2e6, 1.9e6, 2.1e6}, .3, 0, "[stack]");
	m->hottest[1] = region(HEAP, 4 * MIB, (struct known){5e5, 4.1e5, 6.1e5}, .6, 0, "[heap]");
	m->nr_hottest = 2;
	m->coldest[0] =
		region(HEAP + 12 * MIB, 52 * MIB, (struct known){0, 0, 300}, 0, 58, "[heap]");
	m->coldest[1] =
		region(0x7f0000000000, 2 * MIB, (struct known){0, 0, 800}, 0, 60, "libsqlite3.so");
	m->nr_coldest = 2;
}

void kit_live_init(struct kit_live *k)
{
	static const struct live_proc procs[] = {
		{.id = 7,
		 .pid = 4711,
		 .nr_procs = 1,
		 .comm = "sqlite3",
		 .share = {.9, .87, .93},
		 .wss = {9. * MIB, 6. * MIB, 14. * MIB},
		 .cpus = .83,
		 .rss_bytes = 70 * MIB,
		 .here = true},
		{.id = 9,
		 .pid = 4702,
		 .nr_procs = 3,
		 .comm = "sh",
		 .share = {.1, .07, .13},
		 .wss = {300e3, 100e3, 900e3},
		 .cpus = -1,
		 .here = true},
	};

	*k = (struct kit_live){0};
	live_model_init(&k->m, NS_PER_SEC / 2);
	live_view_init(&k->v);
	k->v.utf8 = true;
	k->v.color = REPORT_256;
	k->m.start_ns = k->m.now_ns = 100 * NS_PER_SEC;
	k->m.nr_targets = k->m.nr_procs = ARRAY_SIZE(procs);
	memcpy(k->m.procs, procs, sizeof(procs));
	fill_lists(&k->m);
	for (unsigned i = 0; i < KIT_LIVE_COLUMNS; i++)
		kit_live_column(k, i / 8);
	k->m.stats = (struct damon_stats){.size = sizeof(k->m.stats),
					  .source = "soft",
					  .rate_hz = 450,
					  .overhead_percent = .97,
					  .slowdown_percent = .4,
					  .lost = 12};
	k->m.rate_hz = 448;
}

void kit_live_release(struct kit_live *k)
{
	live_model_release(&k->m);
	live_view_release(&k->v);
	grid_release(&k->g);
}

void kit_live_schemes(struct kit_live *k)
{
	struct damos_stats on = {.action = "pageout",
				 .nr_tried = 40,
				 .sz_tried = 52 * MIB,
				 .sz_applied = 48 * MIB,
				 .qt_exceeds = 3,
				 .quota_bytes = 128 * MIB,
				 .quota_used = 52 * MIB,
				 .sz_now = 54 * MIB,
				 .refault_bp = 20};
	struct damos_stats paused = {.action = "cold",
				     .state = DAMOS_PAUSED,
				     .state_reason =
					     "38 % of what it touched came back within 10 s",
				     .sz_failed = MIB,
				     .reason = "not permitted",
				     .quota_bytes = UINT64_MAX,
				     .refault_bp = 3800};
	struct damos_stats off = {.action = "stat",
				  .state = DAMOS_SWITCHED_OFF,
				  .quota_bytes = UINT64_MAX,
				  .refault_bp = -1};
	struct damos asked = {.quota = {.nr_goals = 1}};

	asked.quota.goals[0] =
		(struct damos_goal){.metric = DAMOS_GOAL_TARGET_RSS, .target = 40 * MIB};
	on.goal_current[0] = 70 * MIB;
	live_model_scheme(&k->m, 0, 3, &on, &asked);
	live_model_scheme(&k->m, 1, 3, &paused, NULL);
	live_model_scheme(&k->m, 2, 3, &off, NULL);
}

static size_t put_utf8(char *buf, uint32_t ch)
{
	if (ch < 0x80) {
		buf[0] = (char)ch;
		return 1;
	}
	if (ch < 0x800) {
		buf[0] = (char)(0xc0 | ch >> 6);
		buf[1] = (char)(0x80 | (ch & 0x3f));
		return 2;
	}
	buf[0] = (char)(0xe0 | ch >> 12);
	buf[1] = (char)(0x80 | (ch >> 6 & 0x3f));
	buf[2] = (char)(0x80 | (ch & 0x3f));
	return 3;
}

const char *kit_live_text(struct kit_live *k, int width, int height)
{
	static char text[1 << 17];
	size_t n = 0;

	k->v.width = width;
	k->v.height = height;
	if (live_screen_draw(&k->g, &k->m, &k->v))
		return "no memory";
	for (int y = 0; y < k->g.height; y++) {
		for (int x = 0; x < k->g.width && n + 8 < sizeof(text); x++)
			n += put_utf8(text + n, k->g.cells[y * k->g.width + x].ch);
		while (n && text[n - 1] == ' ')
			n--;
		text[n++] = '\n';
	}
	text[n] = '\0';
	return text;
}
