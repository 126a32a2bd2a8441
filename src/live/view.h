/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What someone looks at: which process, which part of its memory, how far back; and what keys do to
 * that. */
#ifndef LIVE_VIEW_H
#define LIVE_VIEW_H

#include "live/model.h"
#include "live/raster.h"
#include "report/report.h"

enum live_sort { LIVE_BY_SHARE, LIVE_BY_WSS, LIVE_BY_RSS, LIVE_BY_CPU, LIVE_BY_PID, LIVE_NR_SORTS };

/* Keys that have no character. */
enum live_key {
	LIVE_KEY_UP = 0x110000,
	LIVE_KEY_DOWN,
	LIVE_KEY_LEFT,
	LIVE_KEY_RIGHT,
	LIVE_KEY_HOME,
};

enum live_asked { LIVE_NOTHING, LIVE_REDRAW, LIVE_QUIT, LIVE_SWITCH };

struct live_view {
	/* The terminal. */
	int width, height;
	bool utf8;
	enum report_color color;

	uint32_t chosen; /* target; UINT32_MAX: there is none */
	bool by_hand;	 /* it was chosen, else it is the hottest */
	enum live_sort sort;
	bool paused, help, no_heat, no_wss, no_regions;
	unsigned level;		       /* of the history */
	uint64_t zoom_start, zoom_end; /* end 0: all */
	size_t scheme;		       /* of LIVE_SWITCH */
	bool switch_on;

	/* The most lines that lists of regions and reasons ever had for this process: a picture
	 * whose parts grow and shrink cannot be read. */
	int list_lines, reason_lines;
	const char *note; /* a line about the whole, such as why this source; NULL: none */
	struct raster raster;
	const struct live_proc **order; /* processes as they are shown, */
	size_t nr_order, cap_order;	/* after live_view_update() */
};

void live_view_init(struct live_view *v);
void live_view_release(struct live_view *v);

/* Sorts the processes, and chooses the hottest if none was chosen by hand. 0 or -ENOMEM. */
int live_view_update(struct live_view *v, const struct live_model *m);

/* 'key' is a character or an enum live_key. */
enum live_asked live_view_key(struct live_view *v, const struct live_model *m, uint32_t key);

const char *live_sort_name(enum live_sort s);

/* A line of help: what is pressed and what it does; 'name' NULL at the end. */
struct live_help {
	const char *keys, *text;
	const char *brief; /* for the line at the bottom; NULL: not there */
};
extern const struct live_help live_help[];

#endif
