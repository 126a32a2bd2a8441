/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A model of live as after a minute of watching, made by hand: what is drawn of it depends on
 * nothing else. */
#ifndef KIT_LIVE_KIT_H
#define KIT_LIVE_KIT_H

#include "live/screen.h"

enum { KIT_LIVE_COLUMNS = 120 };

struct kit_live {
	struct live_model m;
	struct live_view v;
	struct grid g;
};

/* Two processes: a database whose hot part moves through its heap, and a shell that idles. */
void kit_live_init(struct kit_live *k);
void kit_live_release(struct kit_live *k);

/* Adds a column: 'hot' is the 4 MiB of 64 MiB that are in use. */
void kit_live_column(struct kit_live *k, unsigned hot);

/* Three schemes: one that works, one that is paused, one that is switched off. */
void kit_live_schemes(struct kit_live *k);

/* The picture as text; UTF-8, lines without trailing blanks. Static. */
const char *kit_live_text(struct kit_live *k, int width, int height);

#endif
