/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The source 'faults': the exact address of the first touch of each page, from page faults.
 *
 * Everybody may count PERF_COUNT_SW_PAGE_FAULTS with addresses on own processes. Those who may read
 * tracepoints get exceptions:page_fault_user instead, which also tells writes from reads. Both see
 * faults of user mode only. Nothing makes a page fault twice but reclaim, fork and NUMA balancing,
 * so this tells what was touched and when first, never how often.
 */
#include <errno.h>
#include <traceevent/event-parse.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "perf/explain.h"
#include "pmu/faults.h"

/* Bit 1 of x86's error code: a write (Intel SDM volume 3, "Page-Fault Exceptions"). Of the causes
 * that RISC-V puts there, 15 (store) has it, 12 and 13 (fetch, load) do not. */
#define ERROR_CODE_WRITE 2

struct faults {
	struct damon_faults_layout layout; /* all zero: no tracepoint here */
	struct damon_source_stats stats;
};

static int field_of(struct tep_event *e, const char *name, struct damon_faults_field *out)
{
	struct tep_format_field *f = tep_find_field(e, name);

	if (!f || f->offset < 0 || (f->size != 4 && f->size != 8))
		return -EBADMSG;
	*out = (struct damon_faults_field){(uint32_t)f->offset, (uint32_t)f->size};
	return 0;
}

int damon_faults_layout_parse(const char *format, size_t len, struct damon_faults_layout *out)
{
	struct tep_handle *tep = tep_alloc();
	struct tep_event *e = NULL;
	struct damon_faults_layout l;
	int err = -EBADMSG;

	if (!tep)
		return -ENOMEM;
	tep_set_loglevel(TEP_LOG_NONE); /* a library does not print */
	if (!tep_parse_event(tep, format, len, "exceptions"))
		e = tep_find_event_by_name(tep, "exceptions", "page_fault_user");
	if (e && !field_of(e, "address", &l.address) && !field_of(e, "ip", &l.ip) &&
	    !field_of(e, "error_code", &l.error_code))
		err = 0;
	tep_free(tep);
	if (!err)
		*out = l;
	return err;
}

/* The tracepoint's number and layout, wherever its file system is mounted. */
static int find_tracepoint(const struct damon_sys *sys, long long *id,
			   struct damon_faults_layout *l)
{
	static const char *const dirs[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	int err = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(dirs) && err; i++) {
		_cleanup_(freep) char *format = NULL;
		char path[96];
		size_t len;

		snprintf(path, sizeof(path), "%s/events/exceptions/page_fault_user/id", dirs[i]);
		err = damon_sys_read_int(sys, path, id);
		if (err)
			continue;
		snprintf(path, sizeof(path), "%s/events/exceptions/page_fault_user/format",
			 dirs[i]);
		err = damon_sys_slurp(sys, path, &format, &len);
		if (!err)
			err = damon_faults_layout_parse(format, len, l);
	}
	return err;
}

static struct perf_event_attr software_attr(void)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.size = sizeof(struct perf_event_attr),
		.sample_period = 1,
		.sample_type =
			PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
}

/* Not with exclude_kernel: the kernel itself is at the tracepoint, and it would stay silent. */
static struct perf_event_attr tracepoint_attr(long long id)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_TRACEPOINT,
		.config = (uint64_t)id,
		.size = sizeof(struct perf_event_attr),
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.disabled = 1,
	};
}

static int faults_probe(const struct damon_sys *sys, struct damon_fail *why)
{
	struct perf_event_attr a = software_attr();
	int err = damon_perf_try(sys, &a, 0, -1);

	return err ? damon_perf_explain_open(sys, &a, 0, 0, -err, why) : 0;
}

static int faults_events(const struct damon_sys *sys, const struct damon_source_options *o,
			 struct damon_event e[DAMON_SOURCE_MAX_EVENTS], struct damon_fail *why)
{
	struct damon_faults_layout l;
	long long id;

	e[0] = (struct damon_event){.attr = software_attr()};
	if (!find_tracepoint(sys, &id, &l)) {
		struct perf_event_attr a = tracepoint_attr(id);

		if (!damon_perf_try(sys, &a, 0, -1))
			e[0].attr = a;
	}
	return 1;
}

/* The tracepoint's payload is of another kernel: it is not decoded. */
static bool faults_claims(const struct damon_perf_event *e)
{
	const struct perf_event_attr *a = &e->attr;

	return a->type == PERF_TYPE_SOFTWARE && (a->sample_type & PERF_SAMPLE_ADDR) &&
	       (a->config == PERF_COUNT_SW_PAGE_FAULTS ||
		a->config == PERF_COUNT_SW_PAGE_FAULTS_MIN ||
		a->config == PERF_COUNT_SW_PAGE_FAULTS_MAJ);
}

static int faults_open(const struct damon_source_options *o, const struct damon_peek *r,
		       void **state)
{
	struct faults *f = calloc(1, sizeof(*f));
	long long id;

	if (!f)
		return -ENOMEM;
	find_tracepoint(&damon_sys_real, &id, &f->layout);
	*state = f;
	return 0;
}

static void faults_close(void *state)
{
	free(state);
}

void damon_faults_layout_set(void *state, const struct damon_faults_layout *l)
{
	struct faults *f = state;

	f->layout = *l;
}

static bool raw_field(const struct damon_perf_sample *s, const struct damon_faults_field *f,
		      uint64_t *out)
{
	uint32_t v;

	if (!f->size || f->offset > s->raw_len || f->size > s->raw_len - f->offset)
		return false;
	if (f->size == 8) {
		memcpy(out, s->raw + f->offset, 8);
	} else {
		memcpy(&v, s->raw + f->offset, 4);
		*out = v;
	}
	return true;
}

/* What was touched: by the sample itself or, where it does not tell, by the tracepoint's payload.
 * Recordings may have a payload of something else beside the address ('perf record -d -R'). */
static bool fault_of(const struct faults *f, const struct damon_perf_sample *s,
		     struct damon_access *a)
{
	uint64_t error;

	if (s->addr || !s->raw) {
		*a = (struct damon_access){.addr = s->addr, .ip = s->ip};
		return s->addr != 0;
	}
	if (!raw_field(s, &f->layout.address, &a->addr) || !raw_field(s, &f->layout.ip, &a->ip) ||
	    !raw_field(s, &f->layout.error_code, &error))
		return false;
	a->flags = error & ERROR_CODE_WRITE ? DAMON_ACCESS_STORE : DAMON_ACCESS_LOAD;
	return a->addr != 0;
}

static int faults_decode(void *state, const struct damon_perf_sample *s, struct damon_space *space,
			 damon_emit_fn emit, void *priv)
{
	struct faults *f = state;
	struct damon_obs o = {
		.time_ns = s->time_ns,
		.pid = s->pid,
		.tid = s->tid,
		.weight = 1,
	};

	f->stats.samples++;
	if (fault_of(f, s, &o.access[0])) {
		o.nr = 1;
		f->stats.accesses++;
	} else {
		o.nr_unknown = 1;
		f->stats.no_address++;
		f->stats.unknown++;
	}
	o.ip = o.nr ? o.access[0].ip : s->ip;
	emit(priv, &o);
	return 1;
}

static void faults_stats(const void *state, struct damon_source_stats *out)
{
	const struct faults *f = state;

	*out = f->stats;
}

const struct damon_source_ops damon_faults_source = {
	.name = "faults",
	.summary = "page faults: the exact address of the first touch of each page",
	.sees = DAMON_SEES_FIRST_TOUCH,
	.scale = {1, 1, 1},
	.probe = faults_probe,
	.events = faults_events,
	.claims = faults_claims,
	.open = faults_open,
	.close = faults_close,
	.decode = faults_decode,
	.stats = faults_stats,
};
