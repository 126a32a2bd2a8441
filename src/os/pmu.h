/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PMUs of this machine, as the kernel describes them in /sys/bus/event_source/devices: which
 * number perf_event_open(2) knows them by, on which CPUs they are, what their events are called,
 * and which bits of perf_event_attr a term such as 'ldlat' is put into
 * (Documentation/ABI/testing/sysfs-bus-event_source-devices-format and -events). So no list of CPU
 * models is needed.
 *
 * The texts are not believed: names, numbers and ranges of bits are checked.
 */
#ifndef OS_PMU_H
#define OS_PMU_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/sys.h"

struct damon_pmu {
	const struct damon_sys *sys; /* that it was found by; outlives it */
	char name[64];
	uint32_t type; /* perf_event_attr.type */
	char cpus[64]; /* "0-7,16": those that it is on, of 'cpus' or 'cpumask'; "": all */
};

/* The PMU called 'name'. Returns 0, -ENOENT if there is none or all of its CPUs are offline,
 * -EINVAL if it is not a name or its files are unreadable, -E2BIG if its CPUs are a longer list
 * than 'cpus' holds. */
int damon_pmu_find(const struct damon_sys *sys, const char *name, struct damon_pmu *out);

/* All of them, as sysfs lists them: fills at most 'cap', returns how many it filled, or -errno.
 * Those that cannot be read are left out. */
int damon_pmu_list(const struct damon_sys *sys, struct damon_pmu *out, size_t cap);

/* Has it an event of this name ("mem-loads"), a format for this term ("ldlat")? */
bool damon_pmu_has_event(const struct damon_pmu *p, const char *name);
bool damon_pmu_has_format(const struct damon_pmu *p, const char *term);

/* A number below caps/ ("max_precise", "min_latency"). Returns 0 or -errno. */
int damon_pmu_cap(const struct damon_pmu *p, const char *name, long long *value);

/*
 * Puts 'value' into the bits of config, config1, config2 or config3 that format/'term' says, lowest
 * bits first; 'type' is set, too. A term 'config', 'config1', .. without such a file is all of that
 * field. Returns 0, -ENOENT if there is no such term, -ERANGE if it has fewer bits than the value,
 * -EINVAL if its file makes no sense, -ENOTSUP if it is put where this build has no field.
 */
int damon_pmu_set(const struct damon_pmu *p, const char *term, uint64_t value,
		  struct perf_event_attr *attr);

/* The value that the term has in 'attr'. The same errors but -ERANGE. */
int damon_pmu_get(const struct damon_pmu *p, const char *term, const struct perf_event_attr *attr,
		  uint64_t *value);

/*
 * Sets all of a text such as "event=0xcd,umask=0x1,ldlat=3": terms with their values (none is 1),
 * or names of events, which stand for their terms; later ones count. Fields that no term names
 * stay. Returns 0, or the first error: -EINVAL also for what is not such a text. 'attr' is
 * untouched then.
 */
int damon_pmu_terms(const struct damon_pmu *p, const char *text, struct perf_event_attr *attr);

/* The event 'name' of events/: its terms set in 'attr', type too. Returns 0, -ENOENT if there is
 * none, or as damon_pmu_terms(). */
int damon_pmu_event(const struct damon_pmu *p, const char *name, struct perf_event_attr *attr);

#endif
