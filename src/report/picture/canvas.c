/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <cairo/cairo.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "report/picture/canvas.h"
#include "report/picture/png.h"
#include "report/picture/svg.h"
#include "report/print.h"

struct canvas {
	FILE *out;
	cairo_surface_t *surface; /* of an SVG a single pixel, to measure text by */
	cairo_t *cr;
	bool is_svg;
	int err; /* the first that met an SVG */
};

static int error_of(cairo_status_t status)
{
	return status == CAIRO_STATUS_SUCCESS	  ? 0
	       : status == CAIRO_STATUS_NO_MEMORY ? -ENOMEM
						  : -EINVAL;
}

static void set_color(struct canvas *c, uint32_t color, double opacity)
{
	cairo_set_source_rgba(c->cr, (color >> 16 & 255) / 255.0, (color >> 8 & 255) / 255.0,
			      (color & 255) / 255.0, opacity);
}

/* Letters look the same, and are as wide, whatever the machine's screen is set to. */
static void choose_letters(cairo_t *cr)
{
	cairo_font_options_t *o = cairo_font_options_create();

	cairo_font_options_set_antialias(o, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_SLIGHT);
	cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
	cairo_set_font_options(cr, o);
	cairo_font_options_destroy(o);
}

int canvas_new(enum report_format format, FILE *out, unsigned width, unsigned height, uint32_t page,
	       const char *title, struct canvas **canvas)
{
	struct canvas *c = calloc(1, sizeof(*c));
	char clean[CANVAS_TEXT_MAX];
	int err;

	if (!c)
		return -ENOMEM;
	c->out = out;
	c->is_svg = format == REPORT_SVG;
	c->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, c->is_svg ? 1 : (int)width,
						c->is_svg ? 1 : (int)height);
	c->cr = cairo_create(c->surface);
	choose_letters(c->cr);
	err = error_of(cairo_status(c->cr));
	if (err) {
		canvas_free(c);
		return err;
	}
	if (c->is_svg) {
		svg_begin(out, width, height, print_clean(clean, sizeof(clean), title));
		svg_rect(out, (struct point){0, 0}, (struct point){width, height}, page);
	} else {
		set_color(c, page, 1);
		cairo_paint(c->cr);
	}
	*canvas = c;
	return 0;
}

void canvas_free(struct canvas *c)
{
	if (!c)
		return;
	cairo_destroy(c->cr);
	cairo_surface_destroy(c->surface);
	free(c);
}

static void put_bytes(void *priv, const unsigned char *data, size_t n)
{
	fwrite(data, 1, n, priv);
}

/* Lines of 32-bit pixels have no padding in Cairo. */
static int write_png(struct canvas *c)
{
	cairo_surface_flush(c->surface);
	return png_write((const uint32_t *)cairo_image_surface_get_data(c->surface),
			 (unsigned)cairo_image_surface_get_width(c->surface),
			 (unsigned)cairo_image_surface_get_height(c->surface), put_bytes, c->out);
}

int canvas_finish(struct canvas *c)
{
	int err = c->err ? c->err : error_of(cairo_status(c->cr));

	if (!err && c->is_svg)
		svg_end(c->out);
	else if (!err)
		err = write_png(c);
	return !err && ferror(c->out) ? -EIO : err;
}

static void trace(struct canvas *c, const struct point *p, size_t n)
{
	cairo_new_path(c->cr);
	for (size_t i = 0; i < n; i++)
		cairo_line_to(c->cr, p[i].x, p[i].y);
}

void canvas_area(struct canvas *c, const struct point *p, size_t n, uint32_t color, double opacity)
{
	if (c->is_svg) {
		svg_area(c->out, p, n, color, opacity);
		return;
	}
	trace(c, p, n);
	set_color(c, color, opacity);
	cairo_fill(c->cr);
}

void canvas_rect(struct canvas *c, struct point from, struct point to, uint32_t color)
{
	if (c->is_svg) {
		svg_rect(c->out, from, to, color);
		return;
	}
	cairo_rectangle(c->cr, from.x, from.y, to.x - from.x, to.y - from.y);
	set_color(c, color, 1);
	cairo_fill(c->cr);
}

void canvas_line(struct canvas *c, const struct point *p, size_t n, const struct stroke *s)
{
	double dash[] = {3 * s->width, 3 * s->width};

	if (c->is_svg) {
		svg_line(c->out, p, n, s);
		return;
	}
	trace(c, p, n);
	set_color(c, s->color, 1);
	cairo_set_line_width(c->cr, s->width);
	cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
	cairo_set_dash(c->cr, dash, s->dashed ? 2 : 0, 0);
	cairo_stroke(c->cr);
}

static void paint(struct canvas *c, struct point from, struct point to, const struct cells *cells)
{
	cairo_surface_t *image = cairo_image_surface_create_for_data(
		(unsigned char *)cells->colors, CAIRO_FORMAT_RGB24, (int)cells->cols,
		(int)cells->rows, 4 * (int)cells->cols);

	cairo_save(c->cr);
	cairo_translate(c->cr, from.x, from.y);
	cairo_scale(c->cr, (to.x - from.x) / cells->cols, (to.y - from.y) / cells->rows);
	cairo_set_source_surface(c->cr, image, 0, 0);
	cairo_pattern_set_filter(cairo_get_source(c->cr), CAIRO_FILTER_NEAREST);
	cairo_rectangle(c->cr, 0, 0, cells->cols, cells->rows);
	cairo_fill(c->cr);
	cairo_restore(c->cr);
	cairo_surface_destroy(image);
}

static void put_base64(void *priv, const unsigned char *data, size_t n)
{
	svg_base64_add(priv, data, n);
}

void canvas_cells(struct canvas *c, struct point from, struct point to, const struct cells *cells)
{
	struct svg_base64 code = {.out = c->out};
	int err;

	if (!c->is_svg) {
		paint(c, from, to, cells);
		return;
	}
	svg_image_begin(c->out, from, to);
	err = png_write(cells->colors, cells->cols, cells->rows, put_base64, &code);
	svg_base64_end(&code);
	svg_image_end(c->out);
	c->err = c->err ? c->err : err;
}

static void set_font(struct canvas *c, const struct letters *l)
{
	cairo_select_font_face(c->cr, "sans", CAIRO_FONT_SLANT_NORMAL,
			       l->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(c->cr, l->size);
}

double canvas_text_width(struct canvas *c, const struct letters *l, const char *text)
{
	cairo_text_extents_t e;
	char clean[CANVAS_TEXT_MAX];

	set_font(c, l);
	cairo_text_extents(c->cr, print_clean(clean, sizeof(clean), text), &e);
	return e.x_advance;
}

void canvas_text(struct canvas *c, struct point at, const struct letters *l, const char *text)
{
	double width = canvas_text_width(c, l, text);
	char clean[CANVAS_TEXT_MAX];

	print_clean(clean, sizeof(clean), text);
	if (c->is_svg) {
		svg_text(c->out, at, l, width, clean);
		return;
	}
	if (l->anchor == ANCHOR_MIDDLE)
		at.x -= width / 2;
	else if (l->anchor == ANCHOR_RIGHT)
		at.x -= width;
	set_font(c, l);
	set_color(c, l->color, 1);
	cairo_move_to(c->cr, at.x, at.y);
	cairo_show_text(c->cr, clean);
}

/* 'text' cut to 'n' characters, with dots for what is missing. */
static char *shorten(char *buf, size_t size, const char *text, size_t n)
{
	print_cut(print_clean(buf, size - 3, text), n);
	return strcat(buf, "...");
}

char *canvas_fit(struct canvas *c, const struct letters *l, char *buf, size_t size,
		 const char *text, double width)
{
	size_t fits = 0, too_many;

	print_clean(buf, size, text);
	if (canvas_text_width(c, l, buf) <= width)
		return buf;
	too_many = print_width(buf);
	while (fits + 1 < too_many) {
		size_t n = (fits + too_many) / 2;

		if (canvas_text_width(c, l, shorten(buf, size, text, n)) <= width)
			fits = n;
		else
			too_many = n;
	}
	return shorten(buf, size, text, fits);
}

bool canvas_has_font(struct canvas *c)
{
	set_font(c, &(struct letters){.size = 10});
	return cairo_scaled_font_get_type(cairo_get_scaled_font(c->cr)) != CAIRO_FONT_TYPE_USER;
}
