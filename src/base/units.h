/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers with units, read and written the way damo (DAMON's Python tool) reads and writes them.
 *
 * Read: commas are ignored ("1,000"); several fields of a time are added ("1 m 10.3 s"); 'min' is 0
 * and 'max' is 2^64 - 1, or 1.0 of a ratio. A bare number is in the key's base unit.
 *	bytes	B K KB KiB M MB MiB ... E EB EiB, all powers of 1024; base unit B
 *	time	ns us ms s m h d; the base unit is the caller's
 *	ratio	'%', 'bp' (1/10000), 'permil', or plain (0.04)
 * All parsers take the whole string or return -EINVAL; -ERANGE: does not fit. The output is
 * untouched then.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int damon_parse_bytes(const char *s, uint64_t *bytes);
int damon_parse_time(const char *s, uint64_t base_ns, uint64_t *ns);
int damon_parse_ratio(const char *s, double *ratio); /* 1.0 is 100 % */
int damon_parse_u64(const char *s, uint64_t *n);     /* also 0x... */
int damon_parse_double(const char *s, double *d);    /* finite */
int damon_parse_bool(const char *s, bool *b);	     /* y/n, yes/no, true/false, on/off, 1/0 */

/* Written: each returns 'buf', which has room for DAMON_UNITS_MAX bytes. Three significant digits.
 */
#define DAMON_UNITS_MAX 40
char *damon_print_bytes(char *buf, double bytes);	  /* "4.00 KiB" */
char *damon_print_time(char *buf, double ns);		  /* "100 ms", "1.50 s" */
char *damon_print_count(char *buf, double n);		  /* "12.3 k", "4.56 M" */
char *damon_print_exact_bytes(char *buf, uint64_t bytes); /* "4.000 KiB" as damo's files have it */

#endif
