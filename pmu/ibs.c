/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The source 'ibs'. What the kernel takes and refuses: its arch/x86/events/amd/ibs.c, and
 * perf-amd-ibs(1).
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/features.h"
#include "os/pmu.h"
#include "perf/explain.h"
#include "pmu/ibs.h"
#include "pmu/memory.h"

/* A core in full work makes about this many accesses a second. Only a rate that is asked for
 * becomes a period by it: weights are the real periods. */
#define ACCESSES_HZ    1e9
#define PERIOD_DEFAULT 250000
/* The counter has 27 bits at most; the kernel counts on beyond it in software. */
#define PERIOD_MAX (1ull << 40)

/* Of config and config1, as recordings have them: ops are counted; filters of Zen 4, of Zen 5. */
#define CNT_CTL	     (1ull << 19)
#define L3_MISS_ONLY (1ull << 16)
#define LDLAT	     0xfffull

#define SAMPLE_TYPE                                                                                \
	(PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR |                  \
	 PERF_SAMPLE_PERIOD | PERF_SAMPLE_DATA_SRC | PERF_SAMPLE_WEIGHT | PERF_SAMPLE_RAW)

/* How an event samples, as far as it matters here. */
struct event {
	uint64_t period; /* 0: it varies */
	bool is_partial; /* it does not sample every access alike */
};

struct ibs {
	struct event *events; /* [0, nr_events), as begin() told */
	size_t nr_events, cap_events;
	uint64_t period;  /* where nothing else tells it */
	uint8_t left_out; /* enum damon_access_flags */
	struct damon_source_stats stats;
};

/* ---- is it here? ---- */

/* The value after 'key' in the first lines of /proc/cpuinfo, or "". */
static void cpuinfo(const struct damon_sys *sys, const char *key, char *out, size_t cap)
{
	char text[4096], *p;
	ssize_t n = sys->read_file(sys, "/proc/cpuinfo", text, sizeof(text) - 1);

	*out = '\0';
	text[MAX(n, 0)] = '\0';
	p = strstr(text, key);
	if (p)
		p = strchr(p, ':');
	if (p)
		snprintf(out, cap, "%.*s", (int)strcspn(p + 1, "\n"), p + 1);
}

/* Why there is no ibs_op, as far as it can be seen from here; as a clause (damon_source_auto()). */
static int explain_missing(const struct damon_sys *sys, struct damon_fail *why)
{
	char vendor[64], flags[4096];

	cpuinfo(sys, "vendor_id", vendor, sizeof(vendor));
	cpuinfo(sys, "\nflags", flags, sizeof(flags));
	if (!strstr(vendor, "AuthenticAMD") && !strstr(vendor, "HygonGenuine"))
		return damon_fail(why, ENODEV, "ibs_op is in AMD's processors only");
	if (strstr(flags, " hypervisor")) {
		damon_fail(why, ENODEV, "ibs_op is not given to this virtual machine");
		damon_fail_remedy(why, "run on the host, or use '--source soft'");
		return -ENODEV;
	}
	damon_fail(why, ENODEV, "ibs_op is not in sysfs, although this is an AMD processor");
	damon_fail_remedy(why, "see 'dmesg | grep IBS': firmware may have disabled it; or use "
			       "'--source soft'");
	return -ENODEV;
}

static int some_cpu(const struct damon_sys *sys)
{
	int n = sys->nr_cpus(sys);

	for (int cpu = 0; cpu < n; cpu++)
		if (sys->cpu_online(sys, cpu))
			return cpu;
	return 0;
}

static int explain_whole_cpus(const struct damon_sys *sys, int err, struct damon_fail *why)
{
	long long level = 2;

	damon_sys_read_int(sys, "/proc/sys/kernel/perf_event_paranoid", &level);
	damon_fail(why, -err,
		   "cannot sample with IBS: before Linux 6.2 it is for whole CPUs only, which "
		   "takes privileges (perf_event_paranoid is %lld)",
		   level);
	damon_fail_remedy(why, "run as root, or 'sysctl kernel.perf_event_paranoid=0', or 'setcap "
			       "cap_perfmon+ep' on the program, or use '--source soft'");
	return err;
}

/*
 * Physical addresses take the privilege that sampling the kernel does. Which is asked for before
 * anything of the PMU: whether the kernel is an older one, which will ask for more, is not known
 * yet.
 */
static int explain_open(const struct damon_sys *sys, const struct perf_event_attr *attr, int err,
			struct damon_fail *why)
{
	struct perf_event_attr a = *attr;
	long long level = 2;

	if (a.sample_type & PERF_SAMPLE_PHYS_ADDR)
		a.exclude_kernel = 0;
	damon_perf_explain_open(sys, &a, 0, 0, -err, why);
	damon_sys_read_int(sys, "/proc/sys/kernel/perf_event_paranoid", &level);
	if (err == -EACCES && level == 2 && !attr->exclude_kernel &&
	    !damon_has_cap(sys, CAP_PERFMON) && !damon_has_cap(sys, CAP_SYS_ADMIN))
		damon_fail_remedy(why, "run as root, or 'sysctl kernel.perf_event_paranoid=1' (=0 "
				       "before Linux 6.2), or 'setcap cap_perfmon+ep' on the "
				       "program");
	return err;
}

/* ---- the event ---- */

uint64_t damon_ibs_period(const struct damon_source_options *o)
{
	uint64_t period = o->period;

	if (!period && o->rate_hz > 0)
		period = (uint64_t)MIN(ACCESSES_HZ / o->rate_hz, (double)PERIOD_MAX);
	else if (!period)
		period = PERIOD_DEFAULT;
	return MIN(MAX(period, DAMON_IBS_PERIOD_MIN), PERIOD_MAX) & ~15ull;
}

static int refuse_options(const struct damon_source_options *o, struct damon_fail *why)
{
	if (o->event) {
		damon_fail(why, EINVAL, "source 'ibs' has one event, there is no '%s'", o->event);
		damon_fail_remedy(why, "leave the event out");
		return -EINVAL;
	}
	if (o->latency_cycles) {
		damon_fail(why, EINVAL,
			   "source 'ibs' takes no latency threshold: with one the hardware leaves "
			   "out all that was served from a cache, so that what is used most would "
			   "look unused");
		damon_fail_remedy(why, "leave it out: latencies are recorded anyway");
		return -EINVAL;
	}
	return 0;
}

/*
 * Ops are counted, not cycles: an op that stalls is tagged no more often than another one. Without
 * 'swfilt' the kernel refuses to be excluded, and idle, guest and host always.
 */
static int make_attr(const struct damon_pmu *pmu, const struct damon_source_options *o,
		     struct perf_event_attr *a, struct damon_fail *why)
{
	*a = (struct perf_event_attr){
		.size = sizeof(*a),
		.sample_period = damon_ibs_period(o),
		.sample_type = SAMPLE_TYPE | (o->phys ? PERF_SAMPLE_PHYS_ADDR : 0),
		.disabled = 1,
	};
	if (damon_pmu_set(pmu, "cnt_ctl", 1, a)) {
		damon_fail(why, ENODEV, "ibs_op counts cycles only here: it samples what stalls");
		damon_fail_remedy(why, "use '--source soft'");
		return -ENODEV;
	}
	if (damon_pmu_has_format(pmu, "swfilt") && !damon_pmu_set(pmu, "swfilt", 1, a))
		a->exclude_kernel = 1;
	return 0;
}

static int ibs_events(const struct damon_sys *sys, const struct damon_source_options *o,
		      struct damon_event e[DAMON_SOURCE_MAX_EVENTS], struct damon_fail *why)
{
	struct damon_event one = {.leader = 0};
	struct damon_pmu pmu;
	int err = refuse_options(o, why);

	if (err)
		return err;
	err = damon_pmu_find(sys, "ibs_op", &pmu);
	if (err == -ENOENT)
		return explain_missing(sys, why);
	if (err)
		return damon_fail(why, -err, "cannot read what sysfs says of ibs_op: %s",
				  strerror(-err));
	err = make_attr(&pmu, o, &one.attr, why);
	if (err)
		return err;
	snprintf(one.name, sizeof(one.name), "ibs_op/cnt_ctl=1%s/",
		 one.attr.exclude_kernel ? ",swfilt=1" : "");
	memcpy(one.cpus, pmu.cpus, sizeof(one.cpus));
	err = damon_perf_try(sys, &one.attr, 0, -1);
	if (err == -EINVAL) { /* before Linux 6.2 */
		one.whole_cpus = true;
		err = damon_perf_try(sys, &one.attr, -1, some_cpu(sys));
		if (err == -EACCES || err == -EPERM)
			return explain_whole_cpus(sys, err, why);
	}
	if (err)
		return explain_open(sys, &one.attr, err, why);
	e[0] = one;
	return 1;
}

static int ibs_probe(const struct damon_sys *sys, struct damon_fail *why)
{
	static const struct damon_source_options none = {0};
	struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
	int n = ibs_events(sys, &none, e, why);

	return MIN(n, 0);
}

static bool ibs_claims(const struct damon_perf_event *e)
{
	static const char pmu[] = "ibs_op";
	size_t n = sizeof(pmu) - 1;

	return !strcmp(e->pmu, pmu) ||
	       (!strncmp(e->name, pmu, n) && (!e->name[n] || strchr("/:", e->name[n])));
}

/* ---- samples ---- */

static int ibs_open(const struct damon_source_options *o, const struct damon_peek *r, void **state)
{
	struct ibs *ibs = calloc(1, sizeof(*ibs));

	if (!ibs)
		return -ENOMEM;
	ibs->period = damon_ibs_period(o);
	ibs->left_out =
		(o->no_loads ? DAMON_ACCESS_LOAD : 0) | (o->no_stores ? DAMON_ACCESS_STORE : 0);
	*state = ibs;
	return 0;
}

static void ibs_close(void *state)
{
	struct ibs *ibs = state;

	if (ibs)
		free(ibs->events);
	free(ibs);
}

static int ibs_begin(void *state, const struct damon_perf_event *e, size_t n)
{
	struct ibs *ibs = state;

	if (vec_reserve(&ibs->events, &ibs->cap_events, n, sizeof(*ibs->events)))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct perf_event_attr *a = &e[i].attr;

		ibs->events[i].period = a->freq ? 0 : a->sample_period;
		ibs->events[i].is_partial =
			ibs_claims(&e[i]) &&
			(!(a->config & CNT_CTL) || a->config & L3_MISS_ONLY || a->config1 & LDLAT);
	}
	ibs->nr_events = n;
	return 0;
}

/*
 * Of all ops every period-th is sampled, so a sampled access stands for as many accesses as the
 * period has ops: the ops between are what the other samples stand for, most of which are no
 * accesses. Recordings may be of cycles (perf's own choice), which samples what waits to be
 * dispatched, or of misses alone: then only shares are left, of waiting or of misses.
 */
static void ibs_scale_of(const void *state, struct damon_scale *out)
{
	const struct ibs *ibs = state;

	*out = damon_ibs_source.scale;
	for (size_t i = 0; i < ibs->nr_events; i++)
		if (ibs->events[i].is_partial)
			*out = (struct damon_scale){1, 0.001, 1000};
}

/* What a sample tells, by whichever way. */
struct told {
	bool is_access;	       /* of memory, as far as known */
	uint64_t addr, period; /* 0: not told */
	uint8_t flags;	       /* enum damon_access_flags */
	uint16_t bytes;
	struct damon_hw hw;
};

static void told_by_registers(const struct damon_ibs_op *op, struct told *t)
{
	*t = (struct told){
		.is_access = op->load || op->store,
		.addr = op->addr_valid ? op->addr : 0,
		.period = op->period,
		.flags = (op->load ? DAMON_ACCESS_LOAD : 0) | (op->store ? DAMON_ACCESS_STORE : 0),
		.bytes = op->bytes,
	};
	if (t->is_access) /* most are none */
		damon_ibs_hw(op, &t->hw);
}

/*
 * The kernel's words, for what they say; the registers for all else: before Linux 6.1 the words say
 * "not available" of everything, and they call what loads and stores a load. A sample with neither
 * may have been an access.
 */
static void told_by_sample(const struct damon_perf_sample *s, struct told *t)
{
	struct damon_hw hw = {0};
	struct damon_ibs_op op;
	uint8_t flags = 0;

	if (s->raw && !damon_ibs_raw(s->raw, s->raw_len, &op))
		told_by_registers(&op, t);
	else
		*t = (struct told){.is_access = !s->data_src || s->addr};
	if (s->data_src)
		damon_data_src_decode(s->data_src, &flags, &hw);
	if (flags) {
		t->is_access = true;
		t->flags |= flags;
		t->hw.level = hw.level;
		t->hw.flags = hw.flags;
	}
	if (s->addr)
		t->addr = s->addr;
	if (s->phys_addr)
		t->hw.phys = s->phys_addr;
	if (s->weight)
		t->hw.latency_cycles = (uint32_t)s->weight;
}

static bool in_user_mode(const struct damon_perf_sample *s)
{
	unsigned int mode = s->misc & PERF_RECORD_MISC_CPUMODE_MASK;

	return mode == PERF_RECORD_MISC_USER || mode == PERF_RECORD_MISC_CPUMODE_UNKNOWN;
}

static float weight_of(const struct ibs *ibs, const struct damon_perf_sample *s,
		       const struct told *t)
{
	uint64_t fixed = s->event < ibs->nr_events ? ibs->events[s->event].period : 0;

	if (s->period)
		return (float)s->period;
	if (fixed)
		return (float)fixed;
	return (float)(t->period ? t->period : ibs->period);
}

static int leave_out(struct ibs *ibs, uint64_t *why)
{
	ibs->stats.filtered++;
	++*why;
	return 0;
}

static int ibs_decode(void *state, const struct damon_perf_sample *s, struct damon_space *space,
		      damon_emit_fn emit, void *priv)
{
	struct ibs *ibs = state;
	struct damon_perf_sample m = {
		.ip = s->ip, .time_ns = s->time_ns, .pid = s->pid, .tid = s->tid};
	struct damon_obs o;
	struct told t;

	ibs->stats.samples++;
	if (!in_user_mode(s))
		return leave_out(ibs, &ibs->stats.in_kernel);
	told_by_sample(s, &t);
	if (!t.is_access)
		return leave_out(ibs, &ibs->stats.no_access);
	if (t.flags && !(t.flags & ~ibs->left_out))
		return leave_out(ibs, &ibs->stats.unwanted);
	m.addr = t.addr;
	if (damon_memory_obs(&m, t.flags, weight_of(ibs, s, &t), &o)) {
		o.access[0].size = t.bytes;
		o.hw = t.hw;
		ibs->stats.accesses++;
	} else {
		ibs->stats.no_address++;
		ibs->stats.unknown++;
	}
	emit(priv, &o);
	return 1;
}

static void ibs_stats(const void *state, struct damon_source_stats *out)
{
	const struct ibs *ibs = state;

	*out = ibs->stats;
}

const struct damon_source_ops damon_ibs_source = {
	.name = "ibs",
	.summary = "AMD's Instruction-Based Sampling: exact addresses of every so many accesses",
	.sees = DAMON_SEES_LOADS | DAMON_SEES_STORES | DAMON_SEES_LATENCY | DAMON_SEES_LEVEL |
		DAMON_SEES_PHYS,
	.scale = {1, 1, 1},
	.probe = ibs_probe,
	.events = ibs_events,
	.claims = ibs_claims,
	.open = ibs_open,
	.close = ibs_close,
	.begin = ibs_begin,
	.decode = ibs_decode,
	.stats = ibs_stats,
	.scale_of = ibs_scale_of,
};
