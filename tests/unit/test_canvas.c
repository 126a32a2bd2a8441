/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "report/picture/canvas.h"
#include "report/picture/png.h"
#include "report/picture/svg.h"
#include "report/print.h"

static const struct letters letters = {.size = 12, .color = 0x102030};

static struct canvas *begin(FILE *out, enum report_format format, const char *title)
{
	struct canvas *c = NULL;

	cr_assert_eq(canvas_new(format, out, 600, 400, 0xffffff, title, &c), 0);
	return c;
}

/* What an SVG of one text holds. */
static char *svg_of(const char *text)
{
	char *data = NULL;
	size_t size;
	FILE *out = open_memstream(&data, &size);
	struct canvas *c = begin(out, REPORT_SVG, text);

	canvas_text(c, (struct point){1.5, -.25}, &letters, text);
	cr_assert_eq(canvas_finish(c), 0);
	canvas_free(c);
	fclose(out);
	return data;
}

Test(canvas, text_of_an_svg_is_text)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{"plain", "[heap]", ">[heap]</text>"},
		{"reserved", "<&>\"'", ">&lt;&amp;&gt;&quot;&#39;</text>"},
		{"ends its element", "]]></text>", ">]]&gt;&lt;/text&gt;</text>"},
		{"control bytes", "a\033[2J\nb\x7f", ">a?[2J?b?</text>"},
		{"no UTF-8", "\xff\xc3(", ">\?\?(</text>"},
		{"written too long", "\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf",
		 ">\?\?\?\?\?\?\?\?\?</text>"},
		{"half of UTF-16", "\xed\xa0\x80", ">\?\?\?</text>"},
		{"no character", "\xef\xbf\xbf", ">\?\?\?</text>"},
		{"beyond Unicode", "\xf4\x90\x80\x80", ">\?\?\?\?</text>"},
		{"no character in the middle", "\xef\xb7\x90 \xef\xb7\xaf \xef\xb7\xb0",
		 ">\?\?\? \?\?\? \xef\xb7\xb0</text>"},
		{"no character of another plane", "\xf0\x9f\xbf\xbe", ">\?\?\?\?</text>"},
		{"the last characters", "\xee\x80\x80\xef\xbf\xbd\xf4\x8f\xbf\xbd",
		 ">\xee\x80\x80\xef\xbf\xbd\xf4\x8f\xbf\xbd</text>"},
		{"coordinates", "x", "x=\"1.5\" y=\"-0.25\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(freep) char *svg = svg_of(rows[i].text);

		cr_assert(strstr(svg, rows[i].want), "%s: %s", rows[i].name, svg);
		cr_assert(strstr(svg, "</title>"), "%s", rows[i].name);
	}
}

Test(canvas, text_is_cut_to_a_width)
{
	static const char *const texts[] = {
		"", "a", "abc", "a long sentence that has no room at all in a narrow column",
		"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"};
	FILE *out = fopen("/dev/null", "w");
	struct canvas *c = begin(out, REPORT_PNG, "");
	double dots = canvas_text_width(c, &letters, "...");

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		double whole = canvas_text_width(c, &letters, texts[i]);

		for (double width = 0; width < 420; width += 7) {
			char fits[CANVAS_TEXT_MAX];
			double got;

			canvas_fit(c, &letters, fits, sizeof(fits), texts[i], width);
			got = canvas_text_width(c, &letters, fits);
			cr_assert(got <= width || !strcmp(fits, "...") || got <= dots, "%g: '%s'",
				  width, fits);
			cr_assert(whole > width || !strcmp(fits, texts[i]), "%g: '%s'", width,
				  fits);
		}
	}
	canvas_free(c);
	fclose(out);
}

Test(canvas, what_is_too_long_for_its_place_is_cut)
{
	FILE *out = fopen("/dev/null", "w");
	struct canvas *c = begin(out, REPORT_SVG, "");
	char text[3 * CANVAS_TEXT_MAX], fits[CANVAS_TEXT_MAX], few[8];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	canvas_text(c, (struct point){0, 0}, &letters, text);
	cr_assert_lt(strlen(canvas_fit(c, &letters, fits, sizeof(fits), text, 1e9)), sizeof(fits));
	cr_assert_lt(strlen(canvas_fit(c, &letters, few, sizeof(few), text, 1)), sizeof(few));
	cr_assert_eq(canvas_finish(c), 0);
	canvas_free(c);
	fclose(out);
}

/* A disk that is full. */
Test(canvas, an_output_that_cannot_be_written_is_told)
{
	static const enum report_format formats[] = {REPORT_PNG, REPORT_SVG};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		FILE *out = fopen("/dev/full", "w");
		struct canvas *c;

		setvbuf(out, NULL, _IONBF, 0);
		c = begin(out, formats[i], "");
		cr_assert_lt(canvas_finish(c), 0);
		canvas_free(c);
		fclose(out);
	}
}

static void keep(void *priv, const unsigned char *data, size_t n)
{
	fwrite(data, 1, n, priv);
}

/* The type of colour of a PNG is at a fixed place. */
static int type_of(size_t nr_colors)
{
	static uint32_t pixels[40 * 20];
	char *data = NULL;
	size_t size;
	FILE *out = open_memstream(&data, &size);
	int type;

	for (size_t i = 0; i < ARRAY_SIZE(pixels); i++) /* what is above the colour is ignored */
		pixels[i] = (uint32_t)(0xaa000000 + i % nr_colors * 0x010307);
	cr_assert_eq(png_write(pixels, 40, 20, keep, out), 0);
	fclose(out);
	type = data[25];
	free(data);
	return type;
}

Test(canvas, few_colours_make_a_palette)
{
	cr_assert_eq(type_of(1), 3);
	cr_assert_eq(type_of(256), 3);
	cr_assert_eq(type_of(257), 2);
}

Test(canvas, base64)
{
	static const char *const rows[][2] = {{"", ""},
					      {"f", "Zg=="},
					      {"fo", "Zm8="},
					      {"foo", "Zm9v"},
					      {"foob", "Zm9vYg=="},
					      {"fooba", "Zm9vYmE="},
					      {"\xff\xfe\xfd", "//79"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *data = NULL;
		size_t size;
		struct svg_base64 b = {.out = open_memstream(&data, &size)};

		for (const char *c = rows[i][0]; *c; c++)
			svg_base64_add(&b, (const unsigned char *)c, 1);
		svg_base64_end(&b);
		fclose(b.out);
		cr_assert_str_eq(data, rows[i][1]);
		free(data);
	}
}
