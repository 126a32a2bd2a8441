/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of sources whose samples are made by hardware. */
#ifndef CLI_HARDWARE_H
#define CLI_HARDWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/options/option.h"
#include "damon.h"

struct hardware_options {
	uint64_t period, latency_cycles;
	const char *event;
	bool loads, stores, phys;
};

/*
 * Their rows, for a struct hardware_options at offset 'at'. Groups: 'rate', that a period excludes;
 * 'kind', of which one says what is sampled; 'latency', of loads only.
 */
#define HARDWARE_ROWS(at, rate, kind, latency)                                                     \
	{                                                                                          \
		.section = "Samples made by hardware (other sources refuse these)",                \
		.name = "period",                                                                  \
		.type = OPT_COUNT,                                                                 \
		.offset = (at) + offsetof(struct hardware_options, period),                        \
		.arg = "N",                                                                        \
		.range = "100..1000000000000",                                                     \
		.group = (rate),                                                                   \
		.help = "one sample of N accesses; if not given, it is changed as --overhead "     \
			"allows (source spe: chosen once, by a guess), or as --rate is for a "     \
			"program of 10^9 accesses a second",                                       \
	},                                                                                         \
		{                                                                                  \
			.name = "latency-threshold",                                               \
			.type = OPT_COUNT,                                                         \
			.offset = (at) + offsetof(struct hardware_options, latency_cycles),        \
			.arg = "CYCLES",                                                           \
			.range = "1..65535",                                                       \
			.group = (latency),                                                        \
			.aliases = "ldlat",                                                        \
			.help = "leave out loads that take less; for a working set every load "    \
				"counts, so "                                                      \
				"the default is the least that the hardware has",                  \
		},                                                                                 \
		{                                                                                  \
			.name = "loads",                                                           \
			.type = OPT_FLAG,                                                          \
			.offset = (at) + offsetof(struct hardware_options, loads),                 \
			.group = (kind),                                                           \
			.help = "loads only",                                                      \
		},                                                                                 \
		{                                                                                  \
			.name = "stores",                                                          \
			.type = OPT_FLAG,                                                          \
			.offset = (at) + offsetof(struct hardware_options, stores),                \
			.group = (kind) | (latency),                                               \
			.help = "stores only",                                                     \
		},                                                                                 \
		{                                                                                  \
			.name = "phys",                                                            \
			.type = OPT_FLAG,                                                          \
			.offset = (at) + offsetof(struct hardware_options, phys),                  \
			.help = "physical addresses, too; for root, or where "                     \
				"perf_event_paranoid is 1 or less",                                \
		},                                                                                 \
	{                                                                                          \
		.name = "event", .type = OPT_STR,                                                  \
		.offset = (at) + offsetof(struct hardware_options, event), .arg = "NAME",          \
		.group = (kind) | (latency),                                                       \
		.help = "this event of the processor instead of the source's own: a name that "    \
			"sysfs has ('mem-stores'), its terms ('cpu/event=0xd0,umask=0x81/'), or "  \
			"one of libpfm4 ('MEM_INST_RETIRED:ALL_LOADS')",                           \
	}

void hardware_apply(const struct hardware_options *o, struct damon_sampling *s);

/* One line about the source that was chosen, where a better one was passed over. */
void hardware_say_source(const struct damon_ctx *ctx);

/* Of a recording that cost more than was asked for: one line, where that is due to its source. */
bool hardware_says_why(const struct damon_stats *s);

#endif
