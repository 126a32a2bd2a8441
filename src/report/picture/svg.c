/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/util.h"
#include "report/picture/svg.h"

static void put_escaped(FILE *out, const char *text)
{
	static const struct {
		char c;
		const char *as;
	} reserved[] = {
		{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

	for (; *text; text++) {
		const char *as = NULL;

		for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
			if (*text == reserved[i].c)
				as = reserved[i].as;
		if (as)
			fputs(as, out);
		else
			fputc(*text, out);
	}
}

void svg_begin(FILE *out, unsigned width, unsigned height, const char *title)
{
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" "
		"xmlns:xlink=\"http://www.w3.org/1999/xlink\" role=\"img\"\n"
		" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" "
		"font-family=\"DejaVu Sans, Verdana, sans-serif\">\n<title>",
		width, height, width, height);
	put_escaped(out, title);
	fputs("</title>\n", out);
}

void svg_end(FILE *out)
{
	fputs("</svg>\n", out);
}

/* A hundredth of a pixel is enough, and no locale writes it in another way. */
static void put_number(FILE *out, double v)
{
	long long n = (long long)(v * 100 + (v < 0 ? -.5 : .5));
	long long part = n < 0 ? -(n % 100) : n % 100;

	fprintf(out, "%s%lld", n < 0 && n > -100 ? "-" : "", n / 100);
	if (part)
		fprintf(out, part % 10 ? ".%02lld" : ".%lld", part % 10 ? part : part / 10);
}

static void put_attribute(FILE *out, const char *name, double v)
{
	fprintf(out, " %s=\"", name);
	put_number(out, v);
	fputc('"', out);
}

static void put_box(FILE *out, const char *element, struct point from, struct point to)
{
	fprintf(out, "<%s", element);
	put_attribute(out, "x", from.x);
	put_attribute(out, "y", from.y);
	put_attribute(out, "width", to.x - from.x);
	put_attribute(out, "height", to.y - from.y);
}

void svg_rect(FILE *out, struct point from, struct point to, uint32_t color)
{
	put_box(out, "rect", from, to);
	fprintf(out, " fill=\"#%06x\"/>\n", color);
}

static void put_points(FILE *out, const struct point *p, size_t n)
{
	fputs(" points=\"", out);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? " " : "", out);
		put_number(out, p[i].x);
		fputc(',', out);
		put_number(out, p[i].y);
	}
	fputc('"', out);
}

void svg_area(FILE *out, const struct point *p, size_t n, uint32_t color, double opacity)
{
	fputs("<polygon", out);
	put_points(out, p, n);
	fprintf(out, " fill=\"#%06x\"", color);
	if (opacity < 1)
		put_attribute(out, "fill-opacity", opacity);
	fputs("/>\n", out);
}

void svg_line(FILE *out, const struct point *p, size_t n, const struct stroke *s)
{
	fputs("<polyline", out);
	put_points(out, p, n);
	fprintf(out, " fill=\"none\" stroke=\"#%06x\" stroke-linejoin=\"round\"", s->color);
	put_attribute(out, "stroke-width", s->width);
	if (s->dashed)
		put_attribute(out, "stroke-dasharray", 3 * s->width);
	fputs("/>\n", out);
}

void svg_text(FILE *out, struct point at, const struct letters *l, double width, const char *text)
{
	static const char *const anchors[] = {"", " text-anchor=\"middle\"",
					      " text-anchor=\"end\""};

	if (!*text)
		return;
	fputs("<text", out);
	put_attribute(out, "x", at.x);
	put_attribute(out, "y", at.y);
	put_attribute(out, "font-size", l->size);
	put_attribute(out, "textLength", width);
	fprintf(out,
		" lengthAdjust=\"spacingAndGlyphs\" fill=\"#%06x\"%s%s xml:space=\"preserve\">",
		l->color, anchors[l->anchor], l->bold ? " font-weight=\"bold\"" : "");
	put_escaped(out, text);
	fputs("</text>\n", out);
}

void svg_image_begin(FILE *out, struct point from, struct point to)
{
	put_box(out, "image", from, to);
	fputs(" preserveAspectRatio=\"none\" image-rendering=\"pixelated\""
	      " xlink:href=\"data:image/png;base64,",
	      out);
}

void svg_image_end(FILE *out)
{
	fputs("\"/>\n", out);
}

static void put_digits(struct svg_base64 *b, unsigned digits)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned i = 0; i < 4; i++)
		fputc(i < digits ? alphabet[b->bits >> (18 - 6 * i) & 63] : '=', b->out);
	b->bits = b->nr_held = 0;
}

void svg_base64_add(struct svg_base64 *b, const unsigned char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		b->bits |= (uint32_t)data[i] << (16 - 8 * b->nr_held);
		if (++b->nr_held == 3)
			put_digits(b, 4);
	}
}

void svg_base64_end(struct svg_base64 *b)
{
	if (b->nr_held)
		put_digits(b, b->nr_held + 1);
}
