/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keys do to the view. */
#include <criterion/criterion.h>

#include "base/util.h"
#include "tests/kit/live_kit.h"

#define HEAP 0x555500000000ull
#define MIB  (1ull << 20)

static enum live_asked press(struct kit_live *k, uint32_t key)
{
	enum live_asked asked = live_view_key(&k->v, &k->m, key);

	kit_live_text(k, 100, 40);
	return asked;
}

Test(live_view, process_is_the_hottest_until_chosen)
{
	struct kit_live k;

	kit_live_init(&k);
	kit_live_text(&k, 100, 40);
	cr_expect_eq(k.v.chosen, 7);
	/* not surely hotter: stays */
	k.m.procs[0].share = (struct known){.5, .4, .6};
	k.m.procs[1].share = (struct known){.55, .45, .65};
	kit_live_text(&k, 100, 40);
	cr_expect_eq(k.v.chosen, 7);
	k.m.procs[1].share = (struct known){.9, .85, .95};
	kit_live_text(&k, 100, 40);
	cr_expect_eq(k.v.chosen, 9);
	press(&k, LIVE_KEY_DOWN);
	cr_expect_eq(k.v.chosen, 7, "from the first of two to the second");
	kit_live_text(&k, 100, 40);
	cr_expect_eq(k.v.chosen, 7, "a choice stays");
	press(&k, '\t');
	cr_expect_eq(k.v.chosen, 9, "around");
	press(&k, LIVE_KEY_UP);
	cr_expect_eq(k.v.chosen, 7);
	k.m.procs[0] = k.m.procs[1];
	k.m.nr_procs = 1;
	kit_live_text(&k, 100, 40);
	cr_expect_eq(k.v.chosen, 9, "what was chosen has ended");
	kit_live_release(&k);
}

Test(live_view, order)
{
	static const struct {
		enum live_sort sort;
		uint32_t first;
	} rows[] = {{LIVE_BY_SHARE, 7},
		    {LIVE_BY_WSS, 9},
		    {LIVE_BY_RSS, 7},
		    {LIVE_BY_CPU, 7},
		    {LIVE_BY_PID, 9}};
	struct kit_live k;

	kit_live_init(&k);
	k.m.procs[1].wss.v = 1e12;
	kit_live_text(&k, 80, 24);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_expect_eq(k.v.sort, rows[i].sort);
		cr_expect_eq(k.v.order[0]->id, rows[i].first, "%s", live_sort_name(rows[i].sort));
		press(&k, 's');
	}
	cr_expect_eq(k.v.sort, LIVE_BY_SHARE, "around");
	kit_live_release(&k);
}

Test(live_view, zoom)
{
	struct kit_live k;
	uint64_t bytes, half;

	kit_live_init(&k);
	kit_live_text(&k, 100, 40);
	press(&k, '-');
	press(&k, LIVE_KEY_LEFT);
	cr_expect_eq(k.v.zoom_end, 0, "there is nothing wider than all");
	press(&k, '+');
	cr_assert(k.v.zoom_end, "the middle half");
	bytes = k.v.zoom_end - k.v.zoom_start;
	cr_expect(bytes > 16 * MIB && bytes < 48 * MIB, "%llu", (unsigned long long)bytes);
	press(&k, '+');
	half = bytes - bytes / 4 / 4096 * 4096 * 2; /* whole pages */
	cr_expect_eq(k.v.zoom_end - k.v.zoom_start, half);
	for (int i = 0; i < 40; i++)
		press(&k, LIVE_KEY_LEFT);
	cr_expect_eq(k.v.zoom_start, HEAP, "the first byte that is mapped");
	cr_expect_eq(k.v.zoom_end - k.v.zoom_start, half, "as wide as before");
	for (int i = 0; i < 40; i++)
		press(&k, LIVE_KEY_RIGHT);
	cr_expect_eq(k.v.zoom_end, 0x7ffd12340000 + 132 * 1024, "the last");
	for (int i = 0; i < 8 && k.v.zoom_end; i++)
		press(&k, '-');
	cr_expect_eq(k.v.zoom_end, 0, "and out again");
	for (int i = 0; i < 64; i++)
		press(&k, '+');
	cr_expect_geq(k.v.zoom_end - k.v.zoom_start, 4096, "a page is left");
	press(&k, LIVE_KEY_HOME);
	cr_expect_eq(k.v.zoom_end, 0);
	press(&k, 'z');
	cr_expect(k.v.zoom_start < 0x7ffd12340000 && k.v.zoom_end >= 0x7ffd12340000 + 132 * 1024,
		  "the stack is the hottest: %llx-%llx", (unsigned long long)k.v.zoom_start,
		  (unsigned long long)k.v.zoom_end);
	press(&k, LIVE_KEY_DOWN);
	cr_expect_eq(k.v.zoom_end, 0, "another process, all of it");
	kit_live_release(&k);
}

Test(live_view, keys)
{
	struct kit_live k;

	kit_live_init(&k);
	kit_live_text(&k, 100, 40);
	cr_expect_eq(press(&k, 'q'), LIVE_QUIT);
	cr_expect_eq(press(&k, '?'), LIVE_REDRAW);
	cr_expect(k.v.help);
	cr_expect_eq(press(&k, 'q'), LIVE_REDRAW, "it ends the help");
	cr_expect(!k.v.help);
	cr_expect_eq(press(&k, 'y'), LIVE_NOTHING);
	press(&k, ' ');
	cr_expect(k.v.paused);
	press(&k, ' ');
	cr_expect(!k.v.paused);
	press(&k, '[');
	cr_expect_eq(k.v.level, 0);
	for (int i = 0; i < 9; i++)
		press(&k, ']');
	cr_expect_eq(k.v.level, HISTORY_LEVELS - 1);
	press(&k, 'h');
	press(&k, 'w');
	press(&k, 'r');
	cr_expect(k.v.no_heat && k.v.no_wss && k.v.no_regions);
	kit_live_release(&k);
}

Test(live_view, schemes)
{
	struct kit_live k;

	kit_live_init(&k);
	cr_expect_eq(press(&k, '1'), LIVE_NOTHING, "there are none");
	kit_live_schemes(&k);
	cr_expect_eq(press(&k, '1'), LIVE_SWITCH);
	cr_expect(k.v.scheme == 0 && !k.v.switch_on);
	cr_expect_eq(press(&k, '3'), LIVE_SWITCH);
	cr_expect(k.v.scheme == 2 && k.v.switch_on);
	cr_expect_eq(press(&k, '4'), LIVE_NOTHING);
	kit_live_release(&k);
}
