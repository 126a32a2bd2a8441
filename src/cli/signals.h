/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals of the program. While recording, those that ask to end are counted instead of followed,
 * so that the file is completed. A command that is run never inherits an ignored signal from here.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <stdint.h>

/* For every command: a closed pipe is an error of write(), not the program's death. */
void signals_init(void);

/* Removes 'path' if the program is ended by a signal; NULL: no more. The string is the caller's. */
void signals_unlink(const char *path);

/* From here on SIGINT, SIGQUIT, SIGTERM and SIGHUP are counted, and times of SIGUSR1 kept; those
 * that were ignored stay so. */
void signals_catch(void);

/* The next signal that came in and was not told yet, or 0. '*sent': by a process to this one; else
 * it came from the terminal, to the command as well. */
int signals_next(int *sent);

/* When SIGUSR1 came in and was not told yet (CLOCK_MONOTONIC), or 0. */
uint64_t signals_next_mark(void);

/* Is there any that was not told yet? */
int signals_pending(void);

#endif
