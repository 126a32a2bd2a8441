/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The source 'pebs': loads and stores sampled by Intel's processors, with their addresses.
 *
 * What is seen. Its own event of loads counts those that the processor picks at random to follow,
 * one at a time, and that take longer than the threshold: a small part of all loads, in proportion
 * to time rather than to their number (Intel SDM volume 3, "Load Latency Performance Monitoring
 * Facility"). So weights of loads are relative. Its events of stores count all of them. Who needs
 * loads and stores in one measure asks for an event that counts all loads by name
 * (MEM_INST_RETIRED:ALL_LOADS): it has addresses, but neither level nor latency.
 * Stores have no latency before Sapphire Rapids, and no level but L1 hit or miss.
 */
#ifndef PMU_PEBS_PEBS_H
#define PMU_PEBS_PEBS_H

#include "perf/file.h"
#include "pmu/source.h"

/* What samples of an event are. */
enum damon_pebs_kind {
	DAMON_PEBS_OTHER, /* DATA_SRC says what they did, if anything does */
	DAMON_PEBS_LOADS, /* picked by the processor: few of all */
	DAMON_PEBS_ALL_LOADS,
	DAMON_PEBS_STORES,
	DAMON_PEBS_AUX, /* only there to make the loads' event work; its samples are none */
};

/* By its name, else by its number. */
enum damon_pebs_kind damon_pebs_kind_of(const struct damon_perf_event *e);

/* The PMUs of cores: of all of them, or of each kind of hybrid processors. */
#define DAMON_PEBS_PMUS 4
extern const char *const damon_pebs_pmus[DAMON_PEBS_PMUS];

/* The source's events(): see events.c. */
int damon_pebs_events(const struct damon_sys *sys, const struct damon_source_options *o,
		      struct damon_event e[DAMON_SOURCE_MAX_EVENTS], struct damon_fail *why);

/* The period that yields about 'rate_hz' samples a second of a program that makes a thousand
 * million accesses a second: a prime, so that no loop keeps step with it. */
uint64_t damon_pebs_period(double rate_hz);

#endif
