/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIVE_RSS_H
#define LIVE_RSS_H

#include <stdint.h>

/* Memory of a process, by /proc/PID/statm; 0: not known. */
uint64_t live_rss(int pid);

#endif
