/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole picture: the model as a view has it, on a grid of the view's size. Nothing is asked of
 * the world, so that pictures can be tested. What does not fit is left out: the least important
 * pane first, down to a line of the hottest process.
 */
#ifndef LIVE_SCREEN_H
#define LIVE_SCREEN_H

#include "live/grid.h"
#include "live/view.h"

/* Fills 'g'; 'v' keeps what it takes to draw the same again at little cost. 0 or -ENOMEM. */
int live_screen_draw(struct grid *g, const struct live_model *m, struct live_view *v);

#endif
