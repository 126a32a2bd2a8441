/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdbool.h>

#include "base/util.h"
#include "report/color.h"

static const char ascii_ramp[] = ":-=+*#%@";

/* Of xterm's 256, lightness rising (CIE L* 9 to 97), from blue over grey to yellow. */
static const unsigned char xterm_ramp[] = {17, 18, 24, 60, 66, 102, 143, 179, 185, 227};
#define XTERM_UNUSED 236
#define GREY_UNUSED  48

void painter_init(struct painter *p, FILE *out, enum report_color mode)
{
	*p = (struct painter){.out = out, .mode = mode, .fg = COLOR_UNMAPPED, .bg = COLOR_UNMAPPED};
}

unsigned painter_cells_per_line(const struct painter *p)
{
	return p->mode == REPORT_ASCII ? 1 : 2;
}

static int to_srgb(double linear)
{
	double v = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;

	return (int)lrint(255 * fmin(fmax(v, 0), 1));
}

/* OKLab to sRGB: the matrices are those of its definition. */
static void ramp_rgb(int level, int rgb[3])
{
	double x = level / (double)(COLOR_LEVELS - 1);
	double light = 0.30 + 0.66 * x, a = -0.01 - 0.03 * x, b = -0.13 + 0.30 * x;
	double l = pow(light + 0.3963377774 * a + 0.2158037573 * b, 3);
	double m = pow(light - 0.1055613458 * a - 0.0638541728 * b, 3);
	double s = pow(light - 0.0894841775 * a - 1.2914855480 * b, 3);

	rgb[0] = to_srgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
	rgb[1] = to_srgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
	rgb[2] = to_srgb(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
}

uint32_t color_of(int level)
{
	int rgb[3];

	ramp_rgb(level, rgb);
	return (uint32_t)(rgb[0] << 16 | rgb[1] << 8 | rgb[2]);
}

static int xterm_step(int level)
{
	return level * (int)ARRAY_SIZE(xterm_ramp) / COLOR_LEVELS;
}

/* Levels that look the same are the same, so that no colour is set twice. */
static int visible_level(const struct painter *p, int level)
{
	return level < 0 || p->mode != REPORT_256 ? level : xterm_step(level);
}

void color_rgb(int level, int rgb[3])
{
	if (level >= 0)
		ramp_rgb(level, rgb);
	else
		rgb[0] = rgb[1] = rgb[2] = GREY_UNUSED;
}

int color_xterm(int level)
{
	return level < 0 ? XTERM_UNUSED : xterm_ramp[xterm_step(level)];
}

static void set_color(struct painter *p, int *now, int level, int ground)
{
	int rgb[3];

	if (*now == level)
		return;
	*now = level;
	if (level == COLOR_UNMAPPED) {
		fprintf(p->out, "\033[%dm", ground + 1);
	} else if (p->mode == REPORT_256) {
		fprintf(p->out, "\033[%d;5;%dm", ground,
			level == COLOR_UNUSED ? XTERM_UNUSED : xterm_ramp[level]);
	} else {
		color_rgb(level, rgb);
		fprintf(p->out, "\033[%d;2;%d;%d;%dm", ground, rgb[0], rgb[1], rgb[2]);
	}
}

#define FOREGROUND 38
#define BACKGROUND 48

static void flush_blanks(struct painter *p)
{
	if (p->nr_blank)
		set_color(p, &p->bg, COLOR_UNMAPPED, BACKGROUND);
	for (; p->nr_blank; p->nr_blank--)
		fputc(' ', p->out);
}

static bool is_unsure(int level)
{
	return level >= 0 && level & COLOR_UNSURE;
}

static int sure(int level)
{
	return level >= 0 ? level & ~COLOR_UNSURE : level;
}

char color_letter(int level)
{
	int n = sizeof(ascii_ramp) - 1, step = sure(level) * n / COLOR_LEVELS;

	if (level < 0)
		return level == COLOR_UNUSED ? '.' : ' ';
	return is_unsure(level) ? (char)('1' + step) : ascii_ramp[step];
}

static void put_ascii(struct painter *p, int level)
{
	fputc(color_letter(level), p->out);
}

/* The upper half in the foreground; what is unsure has a quarter of its half in the other colour.
 */
static const char *half_block(bool upper_unsure, bool lower_unsure)
{
	return upper_unsure ? "▘" : lower_unsure ? "▜" : "▀";
}

void painter_put(struct painter *p, int upper, int lower)
{
	if (upper == COLOR_UNMAPPED && (p->mode == REPORT_ASCII || lower == COLOR_UNMAPPED)) {
		p->nr_blank++;
		return;
	}
	flush_blanks(p);
	if (p->mode == REPORT_ASCII) {
		put_ascii(p, upper);
		return;
	}
	if (upper == COLOR_UNMAPPED) {
		set_color(p, &p->fg, visible_level(p, sure(lower)), FOREGROUND);
		set_color(p, &p->bg, COLOR_UNMAPPED, BACKGROUND);
		fputs(is_unsure(lower) ? "▗" : "▄", p->out);
	} else if (is_unsure(upper) && is_unsure(lower)) {
		int mean = (sure(upper) + sure(lower)) / 2;

		set_color(p, &p->fg, visible_level(p, mean), FOREGROUND);
		set_color(p, &p->bg, COLOR_UNUSED, BACKGROUND);
		fputs("▚", p->out);
	} else {
		set_color(p, &p->fg, visible_level(p, sure(upper)), FOREGROUND);
		set_color(p, &p->bg, visible_level(p, sure(lower)), BACKGROUND);
		fputs(half_block(is_unsure(upper), is_unsure(lower)), p->out);
	}
}

void painter_reset(struct painter *p)
{
	p->nr_blank = 0;
	if (p->fg != COLOR_UNMAPPED || p->bg != COLOR_UNMAPPED)
		fputs("\033[0m", p->out);
	p->fg = p->bg = COLOR_UNMAPPED;
}
