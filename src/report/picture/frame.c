/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/known.h"
#include "report/notes.h"
#include "report/picture/frame.h"
#include "report/print.h"
#include "report/select.h"

#define MIN_WIDTH  (FRAME_WIDTH / 2) /* smaller letters cannot be read */
#define MIN_HEIGHT (FRAME_HEIGHT / 2)
#define MAX_SIDE   16384
#define MAX_PIXELS (64u << 20)

static const struct theme light = {
	.page = 0xffffff,
	.ink = 0x16191d,
	.dim = 0x59626d,
	.line = 0xc3c9d0,
	.unmapped = 0xe3e7ec,
	.unused = 0x303030,
	.accent = 0x1f5fae,
	.mark = 0xc0392b,
};
static const struct theme dark = {
	.page = 0x14171b,
	.ink = 0xe8ebee,
	.dim = 0x9aa4af,
	.line = 0x3c434c,
	.unmapped = 0x1d2127,
	.unused = 0x3a3a3a,
	.accent = 0x6fa8f5,
	.mark = 0xff7b6b,
};

int picture_check_size(uint64_t width, uint64_t height, struct damon_fail *fail)
{
	bool small = width < MIN_WIDTH || height < MIN_HEIGHT;

	if (!width && !height)
		return 0;
	if (!small && width <= MAX_SIDE && height <= MAX_SIDE && width * height <= MAX_PIXELS)
		return 0;
	damon_fail(fail, EINVAL, "a picture of %llux%llu pixels is too %s",
		   (unsigned long long)width, (unsigned long long)height,
		   small ? "small" : "large");
	if (small)
		damon_fail_remedy(fail, "give at least %dx%d", MIN_WIDTH, MIN_HEIGHT);
	else
		damon_fail_remedy(fail, "give at most %d each way and %u million in all", MAX_SIDE,
				  MAX_PIXELS >> 20);
	return -EINVAL;
}

int frame_size(struct frame *f, struct report_args *a)
{
	const struct theme *theme = a->dark ? &dark : &light;
	int err = picture_check_size(a->pixels[0], a->pixels[1], &a->fail);

	if (err)
		return err;
	*f = (struct frame){.theme = theme,
			    .is_svg = a->format == REPORT_SVG,
			    .width = a->pixels[0] ? a->pixels[0] : FRAME_WIDTH,
			    .height = a->pixels[1] ? a->pixels[1] : FRAME_HEIGHT};
	f->scale = fmin((double)f->width / FRAME_WIDTH, (double)f->height / FRAME_HEIGHT);
	f->margin = 24 * f->scale;
	f->top = f->margin;
	f->bottom = f->height - .7 * f->margin;
	f->axis = (struct letters){.size = 15 * f->scale, .color = theme->ink};
	f->small = (struct letters){.size = 14 * f->scale, .color = theme->dim};
	return 0;
}

int frame_init(struct frame *f, struct report_args *a, const char *title)
{
	int err = frame_size(f, a);

	if (err)
		return err;
	err = canvas_new(a->format, a->out, f->width, f->height, f->theme->page, title, &f->canvas);
	return err ? damon_fail(&a->fail, -err, "cannot draw: %s", strerror(-err)) : 0;
}

int frame_end(struct frame *f, struct report_args *a, int err)
{
	if (!err && !canvas_has_font(f->canvas) && !f->is_svg)
		a->remark = "no font is installed: letters are drawn plainly, and those beyond "
			    "ASCII are missing (install fonts-dejavu-core, say)";
	if (!err) {
		err = canvas_finish(f->canvas);
		if (err)
			damon_fail(&a->fail, -err, "cannot draw: %s", strerror(-err));
	}
	canvas_free(f->canvas);
	free(f->marks);
	*f = (struct frame){0};
	return err;
}

static void put_line(struct frame *f, const struct letters *l, const char *text, double step)
{
	char fits[CANVAS_TEXT_MAX];

	canvas_fit(f->canvas, l, fits, sizeof(fits), text, f->width - 2 * f->margin);
	f->top += step;
	canvas_text(f->canvas, (struct point){f->margin, f->top}, l, fits);
}

void frame_title(struct frame *f, const char *title, const char *command, const char *source)
{
	struct letters head = {.size = 22 * f->scale, .color = f->theme->ink, .bold = true};
	struct letters below = {.size = 15 * f->scale, .color = f->theme->dim};

	put_line(f, &head, title, 18 * f->scale);
	if (*command)
		put_line(f, &below, command, 25 * f->scale);
	if (*source)
		put_line(f, &below, source, 20 * f->scale);
	f->top += 12 * f->scale;
}

/* The end of the longest beginning of 'text' that ends with a word and fits; at least one word. */
static size_t line_of(struct frame *f, const char *text)
{
	double room = f->width - 2 * f->margin;
	char part[CANVAS_TEXT_MAX];
	size_t len = 0;

	while (text[len]) {
		size_t next = len + strspn(text + len, " ");

		next += strcspn(text + next, " ");
		if (next >= sizeof(part))
			break;
		memcpy(part, text, next);
		part[next] = '\0';
		if (len && canvas_text_width(f->canvas, &f->small, part) > room)
			break;
		len = next;
	}
	return len ? len : strlen(text);
}

#define MAX_FOOTER 6 /* lines */

void frame_footer(struct frame *f, const char *text)
{
	double step = 18 * f->scale;
	char part[CANVAS_TEXT_MAX];
	size_t ends[MAX_FOOTER], n = 0, at = 0;

	for (; text[at] && n < MAX_FOOTER; n++) {
		at += strspn(text + at, " ");
		at += line_of(f, text + at);
		ends[n] = at;
	}
	f->bottom -= (double)n * step;
	at = 0;
	for (size_t i = 0; i < n; i++) {
		at += strspn(text + at, " ");
		snprintf(part, sizeof(part), "%.*s", (int)(ends[i] - at), text + at);
		at = ends[i];
		canvas_text(f->canvas,
			    (struct point){f->margin,
					   f->bottom + (double)(i + 1) * step - 4 * f->scale},
			    &f->small, part);
	}
	f->bottom -= 8 * f->scale;
}

void frame_say(struct frame *f, const char *text)
{
	struct letters l = f->axis;
	char fits[CANVAS_TEXT_MAX];

	l.anchor = ANCHOR_MIDDLE;
	l.color = f->theme->dim;
	canvas_fit(f->canvas, &l, fits, sizeof(fits), text, f->width - 2 * f->margin);
	canvas_text(f->canvas, (struct point){f->width / 2.0, (f->top + f->bottom) / 2}, &l, fits);
}

char *frame_command(char *buf, size_t size, const struct scan *sc)
{
	time_t at = (time_t)(((int64_t)sc->info.start_ns + sc->info.epoch_offset_ns) /
			     (int64_t)NS_PER_SEC);
	struct tm tm;
	char day[64] = "";

	/* a recording of perf need not tell the time of day */
	if (sc->info.start_ns && sc->info.epoch_offset_ns && gmtime_r(&at, &tm))
		strftime(day, sizeof(day), "recorded on %Y-%m-%d at %H:%M UTC", &tm);
	if (!sc->info.command[0])
		snprintf(buf, size, "%s", day);
	else /* what is long is cut at the end: the day comes first */
		snprintf(buf, size, "%s%s%s", day, *day ? ": " : "", sc->info.command);
	return buf;
}

char *frame_source(char *buf, size_t size, struct report_args *a, const struct scan *sc)
{
	struct damon_stats st = {.size = sizeof(st)};
	char snaps[DAMON_UNITS_MAX], aggr[DAMON_UNITS_MAX], source[400] = "";

	if (damon_record_stats(a->rec, &st) >= 0)
		notes_source_text(source, sizeof(source), sc, &st);
	damon_print_count(snaps, (double)sc->nr_snapshots);
	if (sc->nr_snapshots < 1000)
		snprintf(snaps, sizeof(snaps), "%u", (unsigned)sc->nr_snapshots);
	snprintf(buf, size, "%s%s%s snapshot%s of %s", source, *source ? "; " : "", snaps,
		 sc->nr_snapshots == 1 ? "" : "s",
		 print_steps(aggr, 1, MAX(sc->info.attrs.aggr_ns, (uint64_t)1)));
	return buf;
}

char *frame_subject(char *buf, size_t size, const char *what, const struct scan_target *t)
{
	char name[64], like[48] = "";

	print_clean(name, sizeof(name), t->info.comm);
	if (t->info.nr_procs > 1)
		snprintf(like, sizeof(like), " and %u more like it", t->info.nr_procs - 1);
	snprintf(buf, size, "%s of %s (pid %d)%s", what, name, t->info.pid, like);
	return buf;
}

size_t frame_begin_footer(char *buf, size_t size, struct report_args *a, const struct scan *sc,
			  const struct scan_target *t)
{
	struct known share = select_share(sc, t);
	char text[KNOWN_TEXT_MAX], obs[DAMON_UNITS_MAX];
	int n = 0;

	*buf = '\0';
	if (!select_is_named(a) && sc->nr_targets > 1)
		n = snprintf(buf, size, "%s of %zu processes, with %s of all accesses; ",
			     select_is_hottest(sc, t) ? "the hottest" : "one of the hottest",
			     sc->nr_targets, known_text(text, &share, KNOWN_PERCENT));
	if (sc->info.scale > 0)
		n += snprintf(buf + n, size - (size_t)n, "%s observations of it; ",
			      damon_print_count(obs, (double)t->info.obs));
	return (size_t)n;
}

/* ---- time ---- */

double frame_x(const struct frame *f, double ns)
{
	double span = (double)(f->end_ns - f->start_ns);

	return f->from.x + (ns - (double)f->start_ns) / span * (f->to.x - f->from.x);
}

void frame_time_axis(struct frame *f, bool grid)
{
	struct stroke tick = {.width = f->scale, .color = f->theme->dim};
	struct stroke across = {.width = f->scale, .color = f->theme->line};
	struct letters l = f->axis;
	struct axis_tick ticks[AXIS_MAX_TICKS];
	size_t n = axis_time(ticks, f->start_ns, f->end_ns,
			     (size_t)((f->to.x - f->from.x) / (85 * f->scale)));
	double end = 0, y = f->to.y, room = f->width - f->margin / 3;

	l.anchor = ANCHOR_MIDDLE;
	for (size_t i = 0; i < n; i++) {
		double x = frame_x(f, ticks[i].at);
		double half = canvas_text_width(f->canvas, &l, ticks[i].text) / 2;
		struct point line[] = {{x, y}, {x, y + 6 * f->scale}};
		struct point whole[] = {{x, f->from.y}, {x, y}};

		if (grid)
			canvas_line(f->canvas, whole, 2, &across);
		canvas_line(f->canvas, line, 2, &tick);
		if (x + half > room || (i && x - half < end))
			continue;
		canvas_text(f->canvas, (struct point){x, y + 22 * f->scale}, &l, ticks[i].text);
		end = x + half + 8 * f->scale;
	}
}

int frame_set_time(struct frame *f, struct report_args *a, const struct scan *sc, uint64_t start_ns,
		   uint64_t end_ns)
{
	int n = marks_list(a, start_ns, end_ns, &f->marks);

	if (n < 0)
		return damon_fail(&a->fail, ENOMEM, "out of memory");
	f->origin_ns = sc->info.start_ns;
	f->start_ns = start_ns - f->origin_ns;
	f->end_ns = end_ns - f->origin_ns;
	f->nr_marks = (size_t)n;
	return 0;
}

double frame_marks_height(const struct frame *f)
{
	return f->nr_marks ? 20 * f->scale : 0;
}

/* Returns how many have no room for their names, and draws all, or not. */
static size_t place_marks(struct frame *f, bool draw)
{
	struct stroke s = {.width = 1.5 * f->scale, .color = f->theme->mark, .dashed = true};
	struct letters l = f->small;
	double end = f->from.x;
	size_t unnamed = 0;

	l.color = f->theme->mark;
	for (size_t i = 0; i < f->nr_marks; i++) {
		const struct mark *m = &f->marks[i];
		double x = frame_x(f, (double)(m->time_ns - f->origin_ns)), width;
		struct point line[] = {{x, f->from.y - 4 * f->scale}, {x, f->to.y}};

		if (draw)
			canvas_line(f->canvas, line, 2, &s);
		width = canvas_text_width(f->canvas, &l, m->name);
		l.anchor = x + width > f->to.x ? ANCHOR_RIGHT : ANCHOR_LEFT;
		if (l.anchor == ANCHOR_RIGHT ? x - width < end : x < end) {
			unnamed++;
			continue;
		}
		end = (l.anchor == ANCHOR_RIGHT ? x : x + width) + 10 * f->scale;
		if (draw)
			canvas_text(f->canvas, (struct point){x, f->from.y - 7 * f->scale}, &l,
				    m->name);
	}
	return unnamed;
}

void frame_marks(struct frame *f)
{
	place_marks(f, true);
}

void frame_end_footer(char *buf, size_t size, struct frame *f)
{
	size_t n = place_marks(f, false);

	*buf = '\0';
	if (n)
		snprintf(buf, size, "; %zu mark%s no room for %s", n, n > 1 ? "s have" : " has",
			 n > 1 ? "their names" : "its name");
}
