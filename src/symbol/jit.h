/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /tmp/perf-PID.map: lines of "start size name", in hex, that programs write which make code at run
 * time (the kernel's tools/perf/Documentation/jit-interface.txt). Internal to the symbol layer.
 */
#ifndef SYMBOL_JIT_H
#define SYMBOL_JIT_H

#include "symbol/strings.h"
#include "symbol/table.h"

/* Reads the map of a process; one that is not there, or is not its own user's or ours, is empty.
 * 0 or -ENOMEM. */
int symbol_jit_read(struct symbol_table *t, int pid, struct strings *names);

/* The same of text. */
int symbol_jit_parse(struct symbol_table *t, char *text, struct strings *names);

#endif
