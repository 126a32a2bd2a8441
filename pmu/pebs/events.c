/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which events there are comes from sysfs alone: mem-loads and mem-stores of the PMU 'cpu', or of
 * each kind of core of hybrid processors, with mem-loads-aux in front of mem-loads where it exists
 * (there the kernel refuses loads without it). What the kernel accepts is tried: how precise, with
 * which weights. libpfm4 is asked for names that sysfs does not have, and where sysfs has none.
 *
 * The period is fixed. A frequency would let the kernel adapt it for each event, thread and CPU on
 * its own, from 1 upwards: samples of one recording would stand for thousands of different numbers
 * of accesses, and a change of pace would look like a change of place. With a fixed period every
 * sample weighs the same; what bounds their rate is the kernel's throttle
 * (perf_event_max_sample_rate), whose losses are counted.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/pmu.h"
#include "perf/explain.h"
#include "pmu/pebs/pebs.h"
#include "pmu/pebs/pfm.h"

/* The lowest threshold there is: loads of four cycles, L1 hits, are above it. A working set is what
 * was touched, however quickly. */
#define LEAST_LATENCY 3

#define ACCESSES_PER_SEC 1e9

/* Where sysfs names no event. MEM_TRANS_RETIRED has different unit masks over the years. */
static const char *const pfm_loads[] = {
	"MEM_TRANS_RETIRED:LOAD_LATENCY:ldlat=%u",
	"MEM_TRANS_RETIRED:LATENCY_ABOVE_THRESHOLD:ldlat=%u",
	"MEM_INST_RETIRED:ALL_LOADS",
	"MEM_UOPS_RETIRED:ALL_LOADS",
};
static const char *const pfm_stores[] = {
	"MEM_TRANS_RETIRED:PRECISE_STORE",
	"MEM_INST_RETIRED:ALL_STORES",
	"MEM_UOPS_RETIRED:ALL_STORES",
};

/* The events to open while they are put together. */
struct plan {
	const struct damon_sys *sys;
	const struct damon_source_options *o;
	struct damon_event *e;
	struct damon_fail *why;
	uint64_t period;
	int n;
	bool by_pfm; /* sysfs has none: libpfm4's guess */
};

const char *const damon_pebs_pmus[DAMON_PEBS_PMUS] = {"cpu", "cpu_core", "cpu_atom",
						      "cpu_lowpower"};

/* ---- what to open ---- */

static bool is_prime(uint64_t n)
{
	for (uint64_t d = 3; d * d <= n; d += 2) {
		if (n % d == 0)
			return false;
	}
	return n & 1;
}

uint64_t damon_pebs_period(double rate_hz)
{
	double wanted = ACCESSES_PER_SEC / (rate_hz > 1 ? rate_hz : 1);
	uint64_t n = MAX((uint64_t)wanted, 1000ull) | 1;

	while (!is_prime(n))
		n += 2;
	return n;
}

/* Attrs without type and config: of events that only count, and of those that are sampled. */
static struct perf_event_attr counting_attr(void)
{
	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr),
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.exclude_guest = 1,
	};
}

static struct perf_event_attr sampling_attr(const struct plan *p)
{
	struct perf_event_attr a = counting_attr();

	a.sample_period = p->period;
	a.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR |
			PERF_SAMPLE_DATA_SRC | (p->o->phys ? PERF_SAMPLE_PHYS_ADDR : 0);
	return a;
}

static int add(struct plan *p, const struct perf_event_attr *a, const char *name, const char *cpus)
{
	struct damon_event *e = &p->e[p->n];

	if (p->n == DAMON_SOURCE_MAX_EVENTS)
		return damon_fail(p->why, E2BIG, "more than %d events", DAMON_SOURCE_MAX_EVENTS);
	*e = (struct damon_event){.attr = *a};
	snprintf(e->name, sizeof(e->name), "%s", name);
	snprintf(e->cpus, sizeof(e->cpus), "%s", cpus);
	p->n++;
	return 0;
}

/* On hybrid processors no event of theirs is on all CPUs: this one tells of tasks and mappings. */
static int add_dummy(struct plan *p)
{
	struct perf_event_attr a = counting_attr();

	a.type = PERF_TYPE_SOFTWARE;
	a.config = PERF_COUNT_SW_DUMMY;
	a.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
	a.exclude_guest = 0;
	return add(p, &a, "dummy:HG", "");
}

/* The threshold of loads in 'a', where the event has one. */
static int set_latency(struct plan *p, const struct damon_pmu *pmu, struct perf_event_attr *a)
{
	uint32_t cycles = p->o->latency_cycles;
	int err = damon_pmu_set(pmu, "ldlat", MAX(cycles, (uint32_t)LEAST_LATENCY), a);

	if (!err || (!cycles && err == -ENOENT))
		return 0;
	if (err == -ERANGE)
		return damon_fail(p->why, EINVAL, "a latency threshold of %u cycles is too high",
				  cycles);
	if (err == -ENOENT)
		return damon_fail(p->why, EOPNOTSUPP, "PMU '%s' has no latency threshold (ldlat)",
				  pmu->name);
	return damon_fail(p->why, -err, "cannot read format/ldlat of PMU '%s'", pmu->name);
}

/* Event 'alias' of a PMU, if it has it: 1, else 0. */
static int add_alias(struct plan *p, const struct damon_pmu *pmu, const char *alias, bool counts)
{
	struct perf_event_attr a = counts ? counting_attr() : sampling_attr(p);
	char name[sizeof(p->e->name)];
	int err;

	if (!damon_pmu_has_event(pmu, alias))
		return 0;
	err = damon_pmu_event(pmu, alias, &a);
	if (err)
		return damon_fail(p->why, -err, "events/%s of PMU '%s' makes no sense", alias,
				  pmu->name);
	if (strcmp(alias, "mem-loads") == 0) {
		err = set_latency(p, pmu, &a);
		if (err)
			return err;
	}
	snprintf(name, sizeof(name), "%.24s/%.32s/", pmu->name, alias);
	err = add(p, &a, name, pmu->cpus);
	return err ? err : 1;
}

/* mem-loads, in the group of what must lead it. */
static int add_loads(struct plan *p, const struct damon_pmu *pmu)
{
	int leader = 0, err;

	if (!damon_pmu_has_event(pmu, "mem-loads"))
		return 0;
	err = add_alias(p, pmu, "mem-loads-aux", true);
	if (err < 0)
		return err;
	if (err)
		leader = p->n; /* its index + 1 */
	err = add_alias(p, pmu, "mem-loads", false);
	if (err > 0)
		p->e[p->n - 1].leader = leader;
	return err;
}

/* The alias asked for, or loads and stores, of a PMU. */
static int add_pmu(struct plan *p, const struct damon_pmu *pmu)
{
	const char *event = p->o->event;
	int err = 0;

	if (event && strcmp(event, "mem-loads") != 0)
		return add_alias(p, pmu, event, false);
	if (!p->o->no_loads)
		err = add_loads(p, pmu);
	if (err >= 0 && !p->o->no_stores && !event)
		err = add_alias(p, pmu, "mem-stores", false);
	return err;
}

/* What sysfs names, of every kind of core. */
static int add_from_sysfs(struct plan *p, size_t *nr_pmus)
{
	struct damon_pmu pmu;
	int err = 0;

	*nr_pmus = 0;
	for (size_t i = 0; i < DAMON_PEBS_PMUS && err >= 0; i++) {
		err = damon_pmu_find(p->sys, damon_pebs_pmus[i], &pmu);
		if (err == -ENOENT) {
			err = 0;
			continue;
		}
		if (err)
			return damon_fail(p->why, -err, "cannot read PMU '%s' in sysfs",
					  damon_pebs_pmus[i]);
		++*nr_pmus;
		if (pmu.cpus[0] && !p->n)
			err = add_dummy(p);
		if (err >= 0)
			err = add_pmu(p, &pmu);
	}
	if (p->n == 1 && p->e[0].attr.type == PERF_TYPE_SOFTWARE)
		p->n = 0; /* a dummy alone */
	return MIN(err, 0);
}

/* The CPUs of the kind of core that 'type' belongs to. */
static void cpus_of(const struct damon_sys *sys, uint32_t type, char *cpus, size_t size)
{
	struct damon_pmu pmu;

	cpus[0] = '\0';
	for (size_t i = 0; i < DAMON_PEBS_PMUS; i++) {
		if (!damon_pmu_find(sys, damon_pebs_pmus[i], &pmu) && pmu.type == type)
			snprintf(cpus, size, "%s", pmu.cpus);
	}
}

static int add_pfm(struct plan *p, const char *name)
{
	struct perf_event_attr a = sampling_attr(p);
	char cpus[sizeof(p->e->cpus)];
	int err = damon_pfm_event(name, &a, p->why);

	if (err)
		return err;
	cpus_of(p->sys, a.type, cpus, sizeof(cpus));
	if (cpus[0] && !p->n) {
		err = add_dummy(p);
		if (err)
			return err;
	}
	return add(p, &a, name, cpus);
}

/* The first of some names that this CPU has, if any. */
static int add_first(struct plan *p, const char *const *names, size_t n)
{
	uint32_t cycles = MAX(p->o->latency_cycles, (uint32_t)LEAST_LATENCY);
	int err = -ENOENT;

	for (size_t i = 0; i < n && err == -ENOENT; i++) {
		const char *threshold = strstr(names[i], "%u");
		char name[sizeof(p->e->name)];

		if (p->o->latency_cycles && names == pfm_loads && !threshold)
			break;
		if (threshold)
			snprintf(name, sizeof(name), "%.*s%u", (int)(threshold - names[i]),
				 names[i], cycles);
		else
			snprintf(name, sizeof(name), "%s", names[i]);
		err = add_pfm(p, name);
	}
	return err == -ENOENT ? 0 : err;
}

static int add_from_pfm(struct plan *p)
{
	int err = 0;

	p->by_pfm = true;
	if (!p->o->no_loads)
		err = add_first(p, pfm_loads, ARRAY_SIZE(pfm_loads));
	if (!err && !p->o->no_stores)
		err = add_first(p, pfm_stores, ARRAY_SIZE(pfm_stores));
	return err;
}

static int refuse_terms(struct plan *p, const char *pmu, const char *terms, int err)
{
	if (err == -ENOENT)
		return damon_fail(p->why, ENOENT, "PMU '%.40s' does not have all terms of '%.80s'",
				  pmu, terms);
	if (err == -ERANGE)
		return damon_fail(p->why, EINVAL, "a value of '%.80s' has more bits than its term",
				  terms);
	return damon_fail(p->why, -err, "'%.80s' are no terms of PMU '%.40s'", terms, pmu);
}

/* "mem-loads,ldlat=30" of a PMU, called 'event' by the user. */
static int add_terms(struct plan *p, const char *event, const char *pmu_name, const char *terms)
{
	struct perf_event_attr a = sampling_attr(p);
	struct damon_pmu pmu;
	int err = damon_pmu_find(p->sys, pmu_name, &pmu);

	if (err)
		return damon_fail(p->why, -err, "there is no PMU '%.40s'", pmu_name);
	err = damon_pmu_terms(&pmu, terms, &a);
	if (err)
		return refuse_terms(p, pmu_name, terms, err);
	if (pmu.cpus[0])
		err = add_dummy(p);
	return err ? err : add(p, &a, event, pmu.cpus);
}

/* "cpu/mem-loads,ldlat=30/P". Letters behind the end may ask for precision, which is tried anyway,
 * and for user mode, which is all that is sampled. */
static int add_spelled(struct plan *p, const char *event)
{
	const char *start = strchr(event, '/'), *end = strrchr(event, '/');
	_cleanup_(freep) char *pmu = strndup(event, (size_t)(start - event));
	_cleanup_(freep) char *terms = strndup(start + 1, (size_t)(MAX(end - start, 1) - 1));

	if (!pmu || !terms)
		return damon_fail(p->why, ENOMEM, "out of memory");
	if (end != start && !end[1 + strspn(end + 1, "pPu")])
		return add_terms(p, event, pmu, terms);
	damon_fail(p->why, EINVAL, "'%.80s' is no event", event);
	damon_fail_remedy(p->why, "give PMU/TERM=VALUE,.../, such as 'cpu/mem-stores/'");
	return -EINVAL;
}

/* ---- what the kernel takes ---- */

/* The event whose group event 'i' is tried in: its own leader's, or, if all of a PMU are to be one
 * group, that of the PMU's first one. -1: none. */
static int leader_of(const struct plan *p, int i, bool together)
{
	int first = 0;

	while (together && p->e[first].attr.type != p->e[i].attr.type)
		first++;
	return together ? (first < i ? first : -1) : p->e[i].leader - 1;
}

/*
 * Opens all events on this process, and closes them again. 'together': those of a PMU as one group,
 * which the kernel refuses if it has not enough counters for them at a time. Where it refuses that
 * they would take turns.
 */
static int try_all(const struct plan *p, bool together)
{
	int fds[DAMON_SOURCE_MAX_EVENTS], n = 0, err = 0;

	for (; n < p->n; n++) {
		struct perf_event_attr a = p->e[n].attr;
		int leader = leader_of(p, n, together), group = leader < 0 ? -1 : fds[leader];

		fds[n] = p->sys->perf_event_open(p->sys, &a, 0, -1, group, PERF_FLAG_FD_CLOEXEC);
		if (fds[n] < 0) {
			err = fds[n];
			break;
		}
	}
	while (n > 0)
		p->sys->close(p->sys, fds[--n]);
	return err;
}

static void set_sampled(struct plan *p, uint64_t add_type, uint64_t remove_type, uint32_t precise)
{
	for (int i = 0; i < p->n; i++) {
		struct perf_event_attr *a = &p->e[i].attr;

		if (!a->sample_period)
			continue;
		a->sample_type = (a->sample_type & ~remove_type) | add_type;
		a->precise_ip = precise & 3;
	}
}

/* The most precise level that is taken, with what weights there are. Older kernels refuse
 * WEIGHT_STRUCT (before 5.12), processors the levels that they lack. */
static int negotiate_as(struct plan *p, bool together)
{
	static const uint64_t weights[] = {PERF_SAMPLE_WEIGHT_STRUCT, PERF_SAMPLE_WEIGHT};
	int err = -EINVAL;

	for (size_t w = 0; w < ARRAY_SIZE(weights); w++) {
		for (uint32_t precise = 3; precise; precise--) {
			set_sampled(p, weights[w], PERF_SAMPLE_WEIGHT_TYPE, precise);
			err = try_all(p, together);
			if (err != -EINVAL && err != -EOPNOTSUPP)
				return err;
		}
		if (err == -EOPNOTSUPP) /* no question of weights */
			return err;
	}
	return err;
}

/*
 * Better less precise than by turns: the highest level is on one counter of efficient cores and of
 * newer ones (tnt_ and spr_get_event_constraints() in arch/x86/events/intel/core.c), where loads
 * and stores would each be sampled half of the time. Some have one counter for both at any level;
 * then turns it is.
 */
static int negotiate(struct plan *p)
{
	int err = negotiate_as(p, true);

	return err == -EINVAL ? negotiate_as(p, false) : err;
}

/* Physical addresses are asked for and refused, while the rest would be taken: says so. */
static int explain_phys(struct plan *p, int err)
{
	set_sampled(p, 0, PERF_SAMPLE_PHYS_ADDR, 1);
	if (negotiate(p))
		return 0;
	if (err == -EACCES || err == -EPERM) {
		damon_fail(p->why, -err, "users are not told physical addresses");
		damon_fail_remedy(p->why, "run as root, or 'sysctl kernel.perf_event_paranoid=1', "
					  "or leave them out");
		return err;
	}
	damon_fail(p->why, -err, "the kernel does not tell physical addresses");
	damon_fail_remedy(p->why, "it needs Linux 4.14; leave them out");
	return err;
}

static int explain(struct plan *p, int err)
{
	static const struct {
		int err;
		bool named; /* of an event that was asked for by name; else of our own */
		const char *text, *remedy;
	} rows[] = {
		{-ENODATA, true, "the kernel refuses loads without mem-loads-aux",
		 "use event 'mem-loads', which brings it along"},
		{-ENODATA, false, "the kernel refuses loads without mem-loads-aux",
		 "use '--stores', or '--source soft'"},
		{-EOPNOTSUPP, true, "the event cannot be sampled with addresses",
		 "choose one that the processor samples precisely (PEBS)"},
		{-EOPNOTSUPP, false, "loads and stores cannot be sampled: there is no PEBS",
		 "virtual machines rarely have it, nor kernels older than the processor ('dmesg | "
		 "grep PEBS'): use '--source soft'"},
		/* x86_pmu_extra_regs() in arch/x86/events/core.c, mostly in guests */
		{-ENXIO, false,
		 "loads cannot be sampled: the register of their threshold is out of reach",
		 "virtual machines rarely have it: try '--event MEM_INST_RETIRED:ALL_LOADS', or "
		 "use '--source soft'"},
	};

	if (p->o->phys && explain_phys(p, err))
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].err != err || rows[i].named != (p->o->event != NULL))
			continue;
		damon_fail(p->why, -err, "%s", rows[i].text);
		damon_fail_remedy(p->why, "%s", rows[i].remedy);
		return err;
	}
	return damon_perf_explain_open(p->sys, &p->e[p->n - 1].attr, 0, 0, -err, p->why);
}

static int not_there(struct plan *p, size_t nr_pmus)
{
	damon_fail(p->why, ENODEV, "cpu/mem-%s is not in sysfs",
		   p->o->no_loads ? "stores" : "loads");
	if (nr_pmus)
		damon_fail_remedy(p->why, "virtual machines rarely have it: use '--source soft'");
	else
		damon_fail_remedy(p->why, "use '--source soft'");
	return -ENODEV;
}

static int gather(struct plan *p, size_t *nr_pmus)
{
	const char *event = p->o->event;
	int err;

	*nr_pmus = 0;
	if (event && strchr(event, '/'))
		return add_spelled(p, event);
	err = add_from_sysfs(p, nr_pmus);
	if (err || p->n)
		return err;
	if (event)
		return add_pfm(p, event);
	return *nr_pmus ? add_from_pfm(p) : 0;
}

int damon_pebs_events(const struct damon_sys *sys, const struct damon_source_options *o,
		      struct damon_event e[DAMON_SOURCE_MAX_EVENTS], struct damon_fail *why)
{
	struct plan p = {
		.sys = sys,
		.o = o,
		.e = e,
		.why = why,
		.period = o->period ? o->period : damon_pebs_period(o->rate_hz),
	};
	size_t nr_pmus;
	int err;

	if (o->no_loads && o->no_stores)
		return damon_fail(why, EINVAL, "neither loads nor stores are asked for");
	err = gather(&p, &nr_pmus);
	if (err)
		return err;
	if (!p.n)
		return not_there(&p, nr_pmus);
	err = negotiate(&p);
	/* libpfm4 knows what the processor has, not what a virtual machine lets through. */
	if (p.by_pfm && (err == -EOPNOTSUPP || err == -EINVAL || err == -ENOENT))
		return not_there(&p, nr_pmus);
	return err ? explain(&p, err) : p.n;
}
