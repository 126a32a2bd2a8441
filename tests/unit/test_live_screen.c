/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of live. Golden ones are in tests/data/live: UPDATE=1 writes them; read the diff. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "live/pane.h"
#include "tests/kit/live_kit.h"

static void slurp(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(buf, 1, size - 1, f) : 0;

	buf[n] = '\0';
	if (f)
		fclose(f);
}

static void expect_picture(const char *name, const char *text)
{
	static char want[1 << 17];
	char path[128];

	snprintf(path, sizeof(path), "tests/data/live/%s", name);
	if (getenv("UPDATE")) {
		FILE *f = fopen(path, "w");

		cr_assert(f, "%s", path);
		fputs(text, f);
		fclose(f);
	}
	slurp(path, want, sizeof(want));
	cr_expect(!strcmp(want, text), "%s is not\n%s\nbut\n%s", name, want, text);
}

Test(live_screen, pictures)
{
	static const struct {
		const char *name;
		int width, height;
		bool utf8, schemes, help, zoom;
		enum report_color color;
	} rows[] = {
		{"80x24", 80, 24, .utf8 = true, .color = REPORT_256},
		{"80x24-schemes", 80, 24, .utf8 = true, .schemes = true, .color = REPORT_256},
		{"80x24-ascii", 80, 24, .schemes = true},
		{"80x24-ascii-colours", 80, 24, .color = REPORT_256},
		{"80x24-help", 80, 24, .utf8 = true, .help = true, .color = REPORT_256},
		{"100x30-zoom", 100, 30, .utf8 = true, .zoom = true, .color = REPORT_256},
		{"200x50", 200, 50, .utf8 = true, .schemes = true, .color = REPORT_TRUECOLOR},
		{"40x12", 40, 12, .utf8 = true, .schemes = true, .color = REPORT_256},
		{"10x3", 10, 3, .utf8 = true, .schemes = true, .color = REPORT_256},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit_live k;

		kit_live_init(&k);
		if (rows[i].schemes)
			kit_live_schemes(&k);
		k.v.utf8 = rows[i].utf8;
		k.v.color = rows[i].color;
		k.v.help = rows[i].help;
		if (rows[i].zoom) {
			k.v.zoom_start = 0x555500400000;
			k.v.zoom_end = 0x555500c00000;
			k.v.note = "output: 4000 rows";
		}
		expect_picture(rows[i].name, kit_live_text(&k, rows[i].width, rows[i].height));
		kit_live_release(&k);
	}
}

/* Each way of losing has its place in the first line, which is narrower without throttling. */
Test(live_screen, losses)
{
	static const struct {
		uint64_t lost, truncated, throttled;
		const char *has, *has_not;
	} rows[] = {
		{0, 0, 0, "  lost 0  ", "throttled"},
		{12, 0, 0, "  lost 12  ", "throttled"},
		{12, 3, 0, "  lost 15  ", "throttled"},
		{0, 3, 2, "  lost 3  throttled 2  ", "lost 5"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit_live k;
		char first[100];

		kit_live_init(&k);
		k.m.stats.lost = rows[i].lost;
		k.m.stats.traces_truncated = rows[i].truncated;
		k.m.stats.throttled = rows[i].throttled;
		snprintf(first, sizeof(first), "%s", kit_live_text(&k, 90, 24));
		cr_expect(strstr(first, rows[i].has), "%zu: %s", i, first);
		cr_expect_not(strstr(first, rows[i].has_not), "%zu: %s", i, first);
		kit_live_release(&k);
	}
}

Test(live_screen, any_size_and_any_panes)
{
	struct kit_live k;

	kit_live_init(&k);
	for (int width = 0; width < 130; width += width < 24 ? 1 : 7) {
		for (int height = 0; height < 60; height += height < 12 ? 1 : 9) {
			for (int panes = 0; panes < 16; panes++) {
				k.v.no_heat = panes & 1;
				k.v.no_wss = panes & 2;
				k.v.no_regions = panes & 4;
				k.v.help = panes & 8;
				kit_live_text(&k, width, height);
				cr_assert(k.g.width == width && k.g.height == height);
			}
		}
	}
	kit_live_release(&k);
}

Test(live_screen, nothing_to_show)
{
	struct kit_live k = {.v.utf8 = true};

	cr_assert(!live_model_init(&k.m, NS_PER_SEC));
	live_view_init(&k.v);
	cr_expect(strstr(kit_live_text(&k, 80, 24), "nothing was seen yet"));
	kit_live_text(&k, 10, 3);
	kit_live_release(&k);
}

/* Whatever a process calls itself, a character stays a column, and nothing steers a terminal. */
Test(live_screen, names_are_not_ours)
{
	static const struct {
		const char *name, *shown;
	} rows[] = {
		{"\033[2Jx", "?[2Jx"},
		{"a\xff\xfez", "a??z"},
		{"\u65e5\u672c", "??"},
		{"a\u0301b", "a?b"},
		{"\u00e9t\u00e9", "\u00e9t\u00e9"},
		{"\u202ex", "?x"},
		{"a\xc2\x9bz", "a"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit_live k;

		kit_live_init(&k);
		snprintf(k.m.procs[0].comm, sizeof(k.m.procs[0].comm), "%s", rows[i].name);
		cr_expect(strstr(kit_live_text(&k, 100, 30), rows[i].shown), "row %zu: %s", i,
			  kit_live_text(&k, 100, 30));
		cr_expect(!strchr(kit_live_text(&k, 100, 30), '\033'));
		kit_live_release(&k);
	}
}

/* The ground of the cell at (x, y), which is blank: one colour in both of its halves. */
static int ground_at(const struct kit_live *k, int x, int y)
{
	return k->g.cells[y * k->g.width + x].style.ground;
}

/* The line that begins with, or holds, a text. */
static int line_of(const char *picture, const char *text)
{
	const char *at = strstr(picture, text);
	int line = 0;

	if (!at)
		return -1;
	for (const char *p = picture; p < at; p++)
		line += *p == '\n';
	return line;
}

Test(live_screen, heat_has_its_place_and_colour)
{
	struct kit_live k;
	int heap, first, n;

	kit_live_init(&k);
	heap = line_of(kit_live_text(&k, 100, 40), "555500000000 [heap]");
	cr_assert(heap > 0);
	n = pane_columns(&k.v, &first);
	cr_assert(n > 40);
	/* The latest column: 14 of 16 parts are cold, the hot one is 4 MiB before the end. */
	cr_expect_eq(ground_at(&k, first + n - 1, heap), INK_UNUSED);
	cr_expect_gt(k.v.raster.scale_hi, k.v.raster.scale_lo + 8);
	k.v.zoom_start = 0x555500000000 + 14 * (4 << 20);
	k.v.zoom_end = k.v.zoom_start + (4 << 20);
	kit_live_text(&k, 100, 40);
	cr_expect_geq(ground_at(&k, first + n - 1, heap + 3), 200);
	cr_expect_eq(ground_at(&k, first + n - 20, heap + 3), INK_UNUSED);
	kit_live_release(&k);
}

/* What was drawn once is not moved by what comes later. */
Test(live_screen, rows_stay_where_they_are)
{
	struct kit_live k;
	struct heat_layout before;

	kit_live_init(&k);
	kit_live_text(&k, 100, 40);
	before = k.v.raster.lay;
	for (unsigned i = 0; i < 40; i++) {
		kit_live_column(&k, 7 + i / 8);
		kit_live_text(&k, 100, 40);
		cr_expect_eq(k.v.raster.lay.rows, before.rows, "laid out anew after %u columns", i);
	}
	kit_live_release(&k);
}

Test(live_screen, reasons)
{
	struct kit_live k;
	const char *text;

	kit_live_init(&k);
	kit_live_schemes(&k);
	k.v.note = "source soft";
	text = kit_live_text(&k, 120, 40);
	cr_expect(strstr(text, "source soft"));
	cr_expect(strstr(text, "2 cold, paused: 38 % of what it touched came back"));
	cr_expect(strstr(text, "2 cold failed for 1.00 MiB: not permitted"));
	cr_expect_eq(pane_reasons_lines(&k.m, &k.v), 3);
	kit_live_release(&k);
}
