/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record as damo (DAMON's Python tool) keeps it in JSON: a list of one object per target, each
 * with its snapshots. Ours carry more per region, which damo passes over: heat, lo, hi (accesses
 * per page and second), writes (share of its accesses).
 */
#ifndef REPORT_RECJSON_H
#define REPORT_RECJSON_H

#include "report/scan.h"

/* Writes the record to 'out': all targets, or the one that the user named. Reads it once per target
 * and keeps nothing. */
int recjson_write(struct report_args *a, FILE *out);

#endif
