/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The source 'spe': events and state. What the kernel takes and refuses: its
 * drivers/perf/arm_spe_pmu.c, and perf-arm-spe(1).
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/features.h"
#include "os/pmu.h"
#include "perf/explain.h"
#include "pmu/memory.h"
#include "pmu/spe/spe.h"
#include "pmu/spe/trace.h"

/* A core in full work makes about this many accesses a second. Only a rate that is asked for
 * becomes a period by it: weights are the real periods. */
#define ACCESSES_HZ    1e9
#define PERIOD_DEFAULT 131072
#define PERIOD_STEP    256ull
#define PERIOD_MAX     0xffffff00ull

#define AUX_BYTES (4u << 20)

/* As many as a kernel has CPUs, or nearly so: more than this many buffers take turns. */
#define MAX_BUFFERS 1024

struct buffer {
	uint32_t number;
	struct damon_spe_decoder decoder;
};

struct spe {
	uint64_t period; /* of the events; until they are known, what was asked for */
	uint32_t latency_cycles;
	uint8_t wanted;	 /* enum damon_access_flags */
	bool is_partial; /* what is fast, or of no interest to whom recorded it, is not there */
	struct buffer *buffers;
	size_t nr, cap, last, next_victim;
	struct damon_source_stats stats;
};

/* ---- is it here? ---- */

static int explain_missing(const struct damon_sys *sys, struct damon_fail *why)
{
	char text[4096];
	ssize_t n = sys->read_file(sys, "/proc/cpuinfo", text, sizeof(text) - 1);

	text[MAX(n, 0)] = '\0';
	if (!strstr(text, "CPU implementer")) {
		damon_fail(why, ENODEV, "arm_spe_0 is in Arm's processors only");
		return -ENODEV;
	}
	damon_fail(why, ENODEV, "arm_spe_0 is not in sysfs, although this is an Arm processor");
	damon_fail_remedy(why, "try 'modprobe arm_spe_pmu'; if 'dmesg | grep spe' asks for it, "
			       "boot with 'kpti=off'; or use '--source soft'");
	return -ENODEV;
}

/* A machine of different cores has a PMU for each kind: one that is there and cannot be used would
 * leave its cores unseen. Returns how many, or -errno. */
static int find_pmus(const struct damon_sys *sys, struct damon_pmu p[DAMON_SOURCE_MAX_EVENTS],
		     struct damon_fail *why)
{
	char name[16];
	int n = 0;

	for (int i = 0; i < DAMON_SOURCE_MAX_EVENTS; i++) {
		int err;

		snprintf(name, sizeof(name), "arm_spe_%d", i);
		err = damon_pmu_find(sys, name, &p[n]);
		if (err && err != -ENOENT) {
			damon_fail(why, -err, "%s in sysfs cannot be used: %s", name,
				   strerror(-err));
			return err;
		}
		n += !err;
	}
	return n ? n : explain_missing(sys, why);
}

/* ---- the events ---- */

uint64_t damon_spe_period(const struct damon_source_options *o, uint64_t least)
{
	uint64_t period = o->period;

	if (!period && o->rate_hz > 0)
		period = (uint64_t)MIN(ACCESSES_HZ / o->rate_hz, (double)PERIOD_MAX);
	else if (!period)
		period = PERIOD_DEFAULT;
	least = (MAX(least, PERIOD_STEP) + PERIOD_STEP - 1) & ~(PERIOD_STEP - 1);
	return MIN(MAX(period & ~(PERIOD_STEP - 1), least), PERIOD_MAX);
}

/*
 * Of a trace for one CPU. Users may lock perf_event_mlock_kb for each, the ring included; it must
 * be a power of two of pages, and two of them at least.
 */
static size_t aux_bytes(const struct damon_sys *sys)
{
	size_t bytes = AUX_BYTES, least = 2 * (size_t)sysconf(_SC_PAGESIZE);
	long long kb = 516, paranoid = 2;

	damon_sys_read_int(sys, "/proc/sys/kernel/perf_event_paranoid", &paranoid);
	if (paranoid < 0 || damon_has_cap(sys, CAP_IPC_LOCK))
		return MAX(bytes, least);
	damon_sys_read_int(sys, "/proc/sys/kernel/perf_event_mlock_kb", &kb);
	while (bytes > least && bytes / 1024 > (size_t)MAX(kb, 0) / 2)
		bytes /= 2;
	return MAX(bytes, least);
}

static int refuse_options(const struct damon_source_options *o, struct damon_fail *why)
{
	if (o->event) {
		damon_fail(why, EINVAL, "source 'spe' has one event, there is no '%s'", o->event);
		damon_fail_remedy(why, "leave the event out");
		return -EINVAL;
	}
	if (o->no_loads && o->no_stores) {
		damon_fail(why, EINVAL, "neither loads nor stores: nothing is left to sample");
		return -EINVAL;
	}
	return 0;
}

/* Physical addresses take a privilege, since Linux 6.12 (and its stable predecessors) the one that
 * sampling the kernel does. Any other refusal is told when the events are opened. */
static int refuse_phys(const struct damon_sys *sys, const struct damon_event *e,
		       struct damon_fail *why)
{
	int err = damon_perf_try(sys, &e->attr, 0, -1);

	if (err != -EACCES && err != -EPERM)
		return 0;
	damon_fail(why, -err, "users may not sample physical addresses");
	damon_fail_remedy(why,
			  "run as root, or 'sysctl kernel.perf_event_paranoid=1' (enough since "
			  "Linux 6.12), or 'setcap cap_perfmon+ep' on the program, or leave "
			  "them out");
	return err;
}

/* A term of the event; those that this kernel lacks are done without. */
static int set_term(const struct damon_pmu *p, const char *term, uint64_t value,
		    struct perf_event_attr *attr)
{
	int err = value ? damon_pmu_set(p, term, value, attr) : 0;

	return err == -ENOENT ? 0 : err;
}

/* A least latency holds for stores, too. So it is the hardware's only where there are none. */
static int set_terms(const struct damon_pmu *p, const struct damon_source_options *o,
		     struct perf_event_attr *attr, struct damon_fail *why)
{
	int err = damon_pmu_set(p, "ts_enable", 1, attr);

	if (!err && o->phys)
		err = damon_pmu_set(p, "pa_enable", 1, attr);
	if (!err)
		err = set_term(p, "jitter", 1, attr);
	if (!err)
		err = set_term(p, "load_filter", !o->no_loads, attr);
	if (!err)
		err = set_term(p, "store_filter", !o->no_stores, attr);
	if (err) {
		damon_fail(why, -err, "the kernel describes the PMU '%s' in an unknown way",
			   p->name);
		return err;
	}
	err = set_term(p, "min_latency", o->no_stores ? o->latency_cycles : 0, attr);
	if (err)
		damon_fail(why, -err, "'%s' takes no least latency of %u cycles", p->name,
			   o->latency_cycles);
	return err;
}

static int event_of(const struct damon_pmu *p, const struct damon_source_options *o,
		    struct damon_event *e, struct damon_fail *why)
{
	long long least = 0;

	if (damon_pmu_cap(p, "min_interval", &least))
		least = 0;
	*e = (struct damon_event){
		.attr =
			{
				.type = p->type,
				.size = sizeof(struct perf_event_attr),
				.sample_period = damon_spe_period(o, (uint64_t)MAX(least, 0)),
				.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU,
				.disabled = 1,
				.exclude_kernel = 1,
				.exclude_hv = 1,
			},
		.aux_bytes = aux_bytes(p->sys),
	};
	snprintf(e->cpus, sizeof(e->cpus), "%s", p->cpus);
	snprintf(e->name, sizeof(e->name), "%.60s//", p->name);
	return set_terms(p, o, &e->attr, why);
}

static int spe_events(const struct damon_sys *sys, const struct damon_source_options *o,
		      struct damon_event e[DAMON_SOURCE_MAX_EVENTS], struct damon_fail *why)
{
	struct damon_pmu p[DAMON_SOURCE_MAX_EVENTS];
	int n = refuse_options(o, why), err;

	if (!n)
		n = find_pmus(sys, p, why);
	for (int i = 0; i < n; i++) {
		err = event_of(&p[i], o, &e[i], why);
		if (err)
			return err;
	}
	err = n > 0 && o->phys ? refuse_phys(sys, e, why) : 0;
	return err ? err : n;
}

static int spe_probe(const struct damon_sys *sys, struct damon_fail *why)
{
	struct damon_event e[DAMON_SOURCE_MAX_EVENTS];
	int n = spe_events(sys, &(struct damon_source_options){0}, e, why), err;

	if (n < 0)
		return n;
	err = damon_perf_try(sys, &e[0].attr, 0, -1);
	return err ? damon_perf_explain_open(sys, &e[0].attr, 0, 0, -err, why) : 0;
}

static bool spe_claims(const struct damon_perf_event *e)
{
	static const char mine[] = "arm_spe";

	return !strncmp(e->pmu, mine, sizeof(mine) - 1) ||
	       !strncmp(e->name, mine, sizeof(mine) - 1);
}

/* ---- traces ---- */

static int spe_open(const struct damon_source_options *o, const struct damon_peek *r, void **state)
{
	struct spe *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->period = damon_spe_period(o, 0);
	s->latency_cycles = o->latency_cycles;
	s->is_partial = o->latency_cycles > 0;
	s->wanted = (uint8_t)((o->no_loads ? 0 : DAMON_ACCESS_LOAD) |
			      (o->no_stores ? 0 : DAMON_ACCESS_STORE));
	*state = s;
	return 0;
}

static int spe_begin(void *state, const struct damon_perf_event *e, size_t n)
{
	struct spe *s = state;

	for (size_t i = 0; i < n; i++) {
		if (!spe_claims(&e[i]))
			continue;
		if (!e[i].attr.freq && e[i].attr.sample_period)
			s->period = e[i].attr.sample_period;
		s->is_partial |= e[i].attr.config1 || e[i].attr.config2;
	}
	return 0;
}

/* Of all operations every period-th is sampled. With a filter by events (config1) or latency
 * (config2) only shares of what has passed it are left. */
static void spe_scale_of(const void *state, struct damon_scale *out)
{
	const struct spe *s = state;

	*out = s->is_partial ? (struct damon_scale){1, 0.001, 1000} : damon_spe_source.scale;
}

static void spe_close(void *state)
{
	struct spe *s = state;

	if (s)
		free(s->buffers);
	free(s);
}

static void count_losses(struct spe *s, struct damon_spe_decoder *d)
{
	s->stats.broken += d->tally.broken;
	s->stats.skipped += d->tally.skipped;
	d->tally = (struct damon_spe_tally){0};
}

/* A place for a new buffer: if there are too many, that of another one, whose unfinished record is
 * lost. */
static struct buffer *new_buffer(struct spe *s, uint32_t number)
{
	bool has_room = s->nr < MAX_BUFFERS &&
			!vec_reserve(&s->buffers, &s->cap, s->nr + 1, sizeof(*s->buffers));

	if (!has_room && !s->nr)
		return NULL;
	s->last = has_room ? s->nr++ : s->next_victim++ % s->nr;
	if (!has_room) {
		damon_spe_drop(&s->buffers[s->last].decoder);
		count_losses(s, &s->buffers[s->last].decoder);
	}
	s->buffers[s->last] = (struct buffer){.number = number};
	return &s->buffers[s->last];
}

static struct buffer *buffer_of(struct spe *s, uint32_t number)
{
	if (s->last < s->nr && s->buffers[s->last].number == number)
		return &s->buffers[s->last];
	for (size_t i = 0; i < s->nr; i++) {
		if (s->buffers[i].number == number) {
			s->last = i;
			return &s->buffers[i];
		}
	}
	return new_buffer(s, number);
}

/* The way of a piece's records. */
struct piece {
	struct spe *spe;
	struct damon_spe_origin from;
	damon_sample_fn fn;
	void *priv;
	size_t nr;
};

/* Loads or stores that are not, and loads that are too quick. */
static bool is_asked_for(const struct spe *s, const struct damon_spe_record *r)
{
	uint8_t access = damon_spe_access(r);

	if (access && !(access & s->wanted))
		return false;
	return access != DAMON_ACCESS_LOAD || r->total >= s->latency_cycles;
}

static void leave_out(struct spe *s, uint64_t *why)
{
	s->stats.filtered++;
	++*why;
}

static void take_record(void *priv, const struct damon_spe_record *r)
{
	struct piece *p = priv;
	struct damon_perf_sample s;

	if (!damon_spe_is_memory(r)) {
		leave_out(p->spe, &p->spe->stats.no_access);
		return;
	}
	if (!is_asked_for(p->spe, r)) {
		leave_out(p->spe, &p->spe->stats.unwanted);
		return;
	}
	damon_spe_sample(r, &p->from, &s);
	p->fn(p->priv, &s);
	p->nr++;
}

static size_t spe_decode_trace(void *state, const struct damon_trace *t, damon_sample_fn fn,
			       void *priv)
{
	struct spe *s = state;
	struct buffer *b = buffer_of(s, t->buffer);
	struct piece p = {
		.spe = s,
		.from = {.cpu = t->cpu,
			 .pid = t->pid,
			 .tid = t->tid,
			 .time_ns = t->time_ns,
			 .period = s->period,
			 .midr = t->midr,
			 .conv = t->conv},
		.fn = fn,
		.priv = priv,
	};

	s->stats.truncated += t->truncated;
	s->stats.collided += t->collided;
	if (!b) {
		s->stats.skipped += t->len;
		return 0;
	}
	damon_spe_decode(&b->decoder, t->offset, t->bytes, t->len, take_record, &p);
	if (t->truncated)
		damon_spe_drop(&b->decoder);
	count_losses(s, &b->decoder);
	return p.nr;
}

static int spe_decode(void *state, const struct damon_perf_sample *s, struct damon_space *space,
		      damon_emit_fn emit, void *priv)
{
	struct spe *spe = state;
	struct damon_obs o;

	spe->stats.samples++;
	if ((s->misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL) {
		leave_out(spe, &spe->stats.in_kernel);
		return 0;
	}
	if (damon_memory_obs(s, 0, (float)(s->period ? s->period : spe->period), &o)) {
		spe->stats.accesses++;
	} else {
		spe->stats.no_address++;
		spe->stats.unknown++;
	}
	emit(priv, &o);
	return 1;
}

static void spe_stats(const void *state, struct damon_source_stats *out)
{
	const struct spe *s = state;

	*out = s->stats;
}

const struct damon_source_ops damon_spe_source = {
	.name = "spe",
	.summary = "Arm SPE: sampled loads and stores, with latency and where data came from",
	.sees = DAMON_SEES_LOADS | DAMON_SEES_STORES | DAMON_SEES_LATENCY | DAMON_SEES_LEVEL |
		DAMON_SEES_PHYS,
	.scale = {1, 1, 1},
	.probe = spe_probe,
	.events = spe_events,
	.claims = spe_claims,
	.open = spe_open,
	.close = spe_close,
	.begin = spe_begin,
	.decode = spe_decode,
	.decode_trace = spe_decode_trace,
	.stats = spe_stats,
	.scale_of = spe_scale_of,
};
