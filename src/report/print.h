/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small pieces of text that reports share, beyond base/units.h. Each returns 'buf'. */
#ifndef REPORT_PRINT_H
#define REPORT_PRINT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/units.h"
#include "base/util.h"

#define PRINT_BOUNDS_MAX (3 * DAMON_UNITS_MAX)

typedef char *(*print_fn)(char *buf, double v);

/* "12.3 %", "1.23 %"; 'ratio' 1 is 100 %. */
char *print_percent(char *buf, double ratio);
/* "12.3": three digits, powers of 1000 as k, M, ...; below 0.001: "<0.001". */
char *print_heat(char *buf, double v);

/* The digits that are known: "12 k". */
char *print_value(char *buf, double v, double lo, double hi, print_fn print);
/* "[11.8, 12.9 k]"; "" if the bounds tell nothing beyond the value (lo == hi). */
char *print_bounds(char *buf, double lo, double hi, print_fn print);

/* A position in time for an axis whose ticks are 'step_ns' apart: "1.5 s". */
char *print_tick(char *buf, uint64_t ns, uint64_t step_ns);
/* A round step (1, 2 or 5 times a power of ten, then whole minutes and hours) of at least 'ns'. */
uint64_t print_round_step(uint64_t ns);

/* Text from a record, safe for a terminal: control bytes and bad UTF-8 become '?'. */
char *print_clean(char *buf, size_t size, const char *s);
/* Columns that 's' takes: its code points. */
size_t print_width(const char *s);
/* Cuts 's' to 'width' columns. */
char *print_cut(char *s, size_t width);

/* Writes a sentence in lines of at most 'width' columns (never less than 40), broken between words;
 * all but the first are indented. A word that begins with '%' stays with the one before. */
void print_line(FILE *out, unsigned width, unsigned indent, const char *fmt, ...) _printf_(4, 5);

/* The same from column 'at' on. */
void print_wrapped(FILE *out, const char *text, unsigned width, size_t at, unsigned indent);

#endif
