/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that was not accessed for some time, with its bounds. */
#ifndef REPORT_IDLE_H
#define REPORT_IDLE_H

#include "report/ending.h"

/*
 * Bytes that were not accessed for 'ns' before the end of the snapshot. What regions tell (bytes of
 * those in which no access was seen for so long) lies within what working sets tell: memory that is
 * idle for 30 s is at least all but the working set of 60 s, and at most all but that of 10 s.
 * Their bounds are pages that nothing was seen of and that may have been touched all the same.
 */
struct known idle_bytes(const struct ending *e, uint64_t ns);

/* Of regions alone: what a scheme with that age and no accesses would act upon. */
uint64_t idle_region_bytes(const struct ending *e, uint64_t ns);

#endif
