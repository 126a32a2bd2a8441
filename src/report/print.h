/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small pieces of text that reports share, beyond base/units.h. Each returns 'buf'. */
#ifndef REPORT_PRINT_H
#define REPORT_PRINT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/units.h"
#include "base/util.h"

typedef char *(*print_fn)(char *buf, double v);

/* "12.3 %", "1.23 %"; 'ratio' 1 is 100 %. */
char *print_percent(char *buf, double ratio);
/* "12 %", of percents that are estimates: two digits. */
char *print_estimate(char *buf, double percent);
/* "359", "44.7": per second, without the unit; three digits at least. */
char *print_rate(char *buf, double hz);

/* A position in time for an axis whose ticks are 'step_ns' apart: "1.5 s". */
char *print_tick(char *buf, uint64_t ns, uint64_t step_ns);
/* A time that was counted in steps: "1.8 s", with no digit below a step. */
char *print_steps(char *buf, uint64_t n, uint64_t step_ns);
/* A round step (1, 2 or 5 times a power of ten, then whole minutes and hours) of at least 'ns'. */
uint64_t print_round_step(uint64_t ns);

/* Text from a record, safe for a terminal: control bytes and bad UTF-8 become '?'. */
char *print_clean(char *buf, size_t size, const char *s);
/* Columns that 's' takes: its code points. */
size_t print_width(const char *s);
/* Cuts 's' to 'width' columns. */
char *print_cut(char *s, size_t width);

/* Writes a sentence in lines of at most 'width' columns (never less than 40), broken between words,
 * and within those that are longer than a line; all but the first are indented. A word that begins
 * with '%' stays with the one before. */
void print_line(FILE *out, unsigned width, unsigned indent, const char *fmt, ...) _printf_(4, 5);

/* The same from column 'at' on. */
void print_wrapped(FILE *out, const char *text, unsigned width, size_t at, unsigned indent);

#endif
