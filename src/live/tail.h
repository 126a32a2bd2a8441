/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command writes to a terminal while the screen is on it: the end of it is kept, and comes
 * out when the screen is gone. What does not go to a terminal goes where it always went.
 */
#ifndef LIVE_TAIL_H
#define LIVE_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAIL_BYTES 65536

struct tail {
	int read_fd;  /* readable when there is something to take in; -1: there is nothing */
	int saved[3]; /* this program's own standard input, output and error, meanwhile */
	char *text;   /* a ring of TAIL_BYTES */
	uint64_t nr;  /* bytes that came in so far */
};

void tail_init(struct tail *t);
void tail_release(struct tail *t);

/* Between these a command is started, which inherits what they arrange: standard output and error
 * are ours if they are terminals, standard input is empty if it is one. Nothing is to be printed
 * meanwhile. 0 or -errno. */
int tail_begin(struct tail *t);
void tail_end(struct tail *t);

/* Takes in what there is, a part of it if it is much. Returns false at the end. */
bool tail_read(struct tail *t);

/* The last line that came in, as much of it as there is room for: 'buf'. */
const char *tail_last(const struct tail *t, char *buf, size_t size);

/* Writes what was kept to standard output, and keeps it no longer. */
void tail_write(struct tail *t);

#endif
