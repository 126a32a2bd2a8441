/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all pictures have around their plot: a page of some size with a margin, a title and where
 * its figures come from, an axis of time with marks, a footer that says how sure it is. Everything
 * grows with the page, so that a larger picture is the same picture, sharper.
 */
#ifndef REPORT_PICTURE_FRAME_H
#define REPORT_PICTURE_FRAME_H

#include "report/marks.h"
#include "report/picture/axis.h"
#include "report/picture/canvas.h"
#include "report/picture/picture.h"
#include "report/scan.h"

/* Of a picture whose scale is 1. Another one is at least as wide and high, in its own scale. */
#define FRAME_WIDTH  1200
#define FRAME_HEIGHT 760

struct theme {
	uint32_t page, ink, dim, line; /* paper, text, smaller text, grids and frames */
	uint32_t unmapped, unused;     /* as COLOR_UNMAPPED and COLOR_UNUSED */
	uint32_t accent, mark;
};

struct frame {
	struct canvas *canvas;
	const struct theme *theme;
	bool is_svg;
	unsigned width, height;
	double scale; /* pixels for each of a picture of FRAME_WIDTH x FRAME_HEIGHT */
	double margin;
	double top, bottom;	   /* what the title and the footer leave */
	struct point from, to;	   /* of the plot: set by what draws it */
	uint64_t start_ns, end_ns; /* of the plot's axis of time, since the start of the record */
	uint64_t origin_ns;	   /* which is this moment */
	struct mark *marks;	   /* within the axis; frame_end() frees them */
	size_t nr_marks;
	struct letters axis, small;
};

/* The page that 'a' asks for, without anything on it. Returns 0, or -EINVAL with a->fail set. */
int frame_size(struct frame *f, struct report_args *a);
/* Begins the picture that 'a' asks for. Returns 0 or -errno with a->fail set. */
int frame_init(struct frame *f, struct report_args *a, const char *title);
/* Completes it, if 'err' is none, and releases everything. Returns 'err' or what went wrong. */
int frame_end(struct frame *f, struct report_args *a, int err);

/* The title, the command that was recorded, and how. */
void frame_title(struct frame *f, const char *title, const char *command, const char *source);
void frame_footer(struct frame *f, const char *text);
/* One sentence instead of a plot. */
void frame_say(struct frame *f, const char *text);

/* "'sort big' on 2026-01-31 at 12:00 UTC"; "soft, 2000 observations per second of CPU time, 45
 * snapshots of 100 ms": the lines of a title. Each returns 'buf'. */
char *frame_command(char *buf, size_t size, const struct scan *sc);
char *frame_source(char *buf, size_t size, struct report_args *a, const struct scan *sc);
/* "heat of sqlite3 (pid 12)" */
char *frame_subject(char *buf, size_t size, const char *what, const struct scan_target *t);
/* "the hottest of 3 processes, with 99.7 % of all accesses; 3.24 k observations of it; ": how a
 * footer begins. Returns its length. */
size_t frame_begin_footer(char *buf, size_t size, struct report_args *a, const struct scan *sc,
			  const struct scan_target *t);
/* How it ends, or nothing: that there are marks without room for their names, as far as the plot's
 * width tells. */
void frame_end_footer(char *buf, size_t size, struct frame *f);

/* Where a time is, on the axis. */
double frame_x(const struct frame *f, double ns);
/* Ticks and their labels below the plot; where 'grid', lines across it. */
void frame_time_axis(struct frame *f, bool grid);
/* The axis of time is [start_ns, end_ns] as snapshots have it, of the record of 'sc': the marks
 * within are taken along. Returns 0, or -ENOMEM with a->fail set. */
int frame_set_time(struct frame *f, struct report_args *a, const struct scan *sc, uint64_t start_ns,
		   uint64_t end_ns);
/* Lines across the plot, names above it where they have room. */
void frame_marks(struct frame *f);
/* What names of marks take above the plot. */
double frame_marks_height(const struct frame *f);

#endif
