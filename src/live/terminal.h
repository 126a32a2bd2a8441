/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts grids on a terminal, and reads its keys. There is one at a time. Whatever ends the program,
 * short of SIGKILL, the terminal is as it was: leaving in order, exit(), and signals that kill.
 */
#ifndef LIVE_TERMINAL_H
#define LIVE_TERMINAL_H

#include "base/fail.h"
#include "live/grid.h"
#include "report/report.h"

/* Can characters beyond ASCII be shown? By the locale; sets LC_CTYPE from the environment. */
bool terminal_has_utf8(void);

/*
 * Takes the controlling terminal over. Returns 0; -ENOTTY, -ENXIO: there is none; -ENOTSUP: it
 * cannot place the cursor; -errno. '*fd' is readable when there are keys, and hung up when the
 * terminal is gone.
 */
int terminal_open(enum report_color color, int *fd, struct damon_fail *fail);
/* Gives it back. Idempotent. */
void terminal_close(void);

/* Its size, as it is now. */
void terminal_size(int *width, int *height);

/* True once after each event that needs all to be drawn anew: its size changed, or the program was
 * stopped and went on. If it is to stop (Ctrl-Z), it does so in here. */
bool terminal_changed(void);

/* Writes what is not there yet. A terminal that takes nothing now (Ctrl-S) is passed over. */
void terminal_show(const struct grid *g);

/* The next key, a character or an enum live_key; 0: there is none. */
uint32_t terminal_key(void);

#endif
