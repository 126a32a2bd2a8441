/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/raw.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "lib/ctx.h"
#include "os/pmu.h"
#include "perf/file_write.h"

/* Records that perf adds to the kernel's, and what two of them hold: tools/lib/perf. */
enum { TYPE_AUXTRACE_INFO = 70, TYPE_EVENT_UPDATE = 78, TYPE_TIME_CONV = 79 };
enum { AUXTRACE_SPE = 4, UPDATE_NAME = 2, MAX_PMUS = 512 };

struct raw {
	struct damon_perf_writer *out;
	struct damon_place place;
	struct raw_counts counts;
	uint64_t next_flush_ns, in_round;
	/* What the file tells; of use until it is complete. */
	struct damon_perf_event events[CTX_MAX_EVENTS];
	size_t nr_events;
	char names[CTX_MAX_EVENTS][64];
	uint64_t *ids[CTX_MAX_EVENTS];
	struct damon_pmu *pmus;
	const char *pmu_names[MAX_PMUS];
	uint32_t pmu_types[MAX_PMUS];
	size_t nr_pmus;
	struct damon_meta meta;
	char version[48], cpu[128], cpuid[64];
	struct utsname machine;
};

int raw_check(struct damon_ctx *ctx)
{
	if (!ctx->source->events || ctx->source->sees & DAMON_SEES_FIRST_TOUCH) {
		damon_fail(&ctx->fail, EINVAL, "source '%s' has no samples to record unseen",
			   ctx->source->name);
		damon_fail_remedy(&ctx->fail, "choose another one: 'damon-perf check' lists them");
		return -EINVAL;
	}
	if (strcmp(ctx->sampling.check, "none"))
		return damon_fail(&ctx->fail, EINVAL,
				  "accessed bits are looked at for a record, and a raw recording "
				  "is asked for");
	if (ctx->members.nr_groups) {
		damon_fail(&ctx->fail, EINVAL,
			   "processes that join a cgroup later would have neither names nor "
			   "mappings in a raw recording");
		damon_fail_remedy(&ctx->fail, "leave out '--raw', or name its processes with '-p'");
		return -EINVAL;
	}
	return 0;
}

static void free_raw(struct raw *raw)
{
	for (size_t i = 0; i < raw->nr_events; i++)
		free(raw->ids[i]);
	free(raw->pmus);
	free(raw);
}

void raw_discard(struct raw *raw)
{
	if (!raw)
		return;
	damon_perf_writer_close(raw->out);
	damon_place_discard(&raw->place);
	free_raw(raw);
}

static int explain(struct damon_ctx *ctx, int err)
{
	return damon_place_explain(&ctx->fail, -err, ctx->raw_path);
}

/* ---- what the file tells of the machine ---- */

static bool is_dummy(const struct perf_event_attr *a)
{
	return a->type == PERF_TYPE_SOFTWARE && a->config == PERF_COUNT_SW_DUMMY;
}

/* As perf would name it, where the source has no name for it. */
static void name_event(const struct damon_event *e, char name[64])
{
	if (e->name[0])
		snprintf(name, 64, "%s", e->name);
	else if (is_dummy(&e->attr))
		snprintf(name, 64, "dummy:u");
	else if (e->attr.type == PERF_TYPE_SOFTWARE && e->attr.config == PERF_COUNT_SW_TASK_CLOCK)
		snprintf(name, 64, "task-clock:u");
	else if (e->attr.type == PERF_TYPE_SOFTWARE && e->attr.config == PERF_COUNT_SW_CPU_CLOCK)
		snprintf(name, 64, "cpu-clock/period=%llu/u",
			 (unsigned long long)e->attr.sample_period);
	else
		snprintf(name, 64, "type=%u,config=0x%llx", e->attr.type,
			 (unsigned long long)e->attr.config);
}

/* An event that only leads the others' group, or counts, never samples. It is said to have what
 * they have: perf shows no field that one of the events lacks. */
static void level_fields(struct raw *raw)
{
	const uint64_t shown = PERF_SAMPLE_IP | PERF_SAMPLE_ADDR | PERF_SAMPLE_PERIOD |
			       PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT |
			       PERF_SAMPLE_DATA_SRC | PERF_SAMPLE_PHYS_ADDR;
	uint64_t all = 0;

	for (size_t i = 0; i < raw->nr_events; i++)
		all |= raw->events[i].attr.sample_type & shown;
	for (size_t i = 0; i < raw->nr_events; i++) {
		struct perf_event_attr *a = &raw->events[i].attr;

		if (!a->sample_period && !is_dummy(a))
			a->sample_type |= all;
	}
}

/* What becomes of a trace is not the kernel's: perf makes samples with these fields of it, if the
 * event is said to have them. */
static void say_traced(struct perf_event_attr *a)
{
	a->sample_type |= PERF_SAMPLE_IP | PERF_SAMPLE_ADDR | PERF_SAMPLE_PERIOD |
			  PERF_SAMPLE_WEIGHT | PERF_SAMPLE_DATA_SRC;
}

static int tell_events(struct damon_ctx *ctx, struct raw *raw)
{
	const struct damon_event *e;

	for (size_t i = 0; (e = damon_session_event(ctx->session, i)); i++) {
		size_t n = damon_session_ids(ctx->session, i, NULL, 0);

		raw->ids[i] = calloc(MAX(n, (size_t)1), sizeof(uint64_t));
		if (!raw->ids[i])
			return -ENOMEM;
		raw->nr_events = i + 1;
		damon_session_ids(ctx->session, i, raw->ids[i], n);
		name_event(e, raw->names[i]);
		raw->events[i] = (struct damon_perf_event){
			.attr = e->attr,
			.ids = raw->ids[i],
			.nr_ids = n,
			.name = raw->names[i],
			.pmu = "",
		};
		if (e->aux_bytes)
			say_traced(&raw->events[i].attr);
	}
	level_fields(raw);
	return 0;
}

static int tell_pmus(struct damon_ctx *ctx, struct raw *raw)
{
	int n;

	raw->pmus = calloc(MAX_PMUS, sizeof(*raw->pmus));
	if (!raw->pmus)
		return -ENOMEM;
	n = damon_pmu_list(ctx->sys, raw->pmus, MAX_PMUS);
	for (int i = 0; i < n; i++) {
		raw->pmu_names[i] = raw->pmus[i].name;
		raw->pmu_types[i] = raw->pmus[i].type;
	}
	raw->nr_pmus = (size_t)MAX(n, 0);
	return 0;
}

/* "key : value" of the first processor; "" if it is not told. */
static void cpuinfo(const char *text, const char *key, char *to, size_t room)
{
	size_t len = strlen(key);

	to[0] = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *value;

		line += *line == '\n';
		value = strncmp(line, key, len) ? NULL : line + len + strspn(line + len, " \t");
		if (!value || *value != ':')
			continue;
		value += 1 + strspn(value + 1, " \t");
		snprintf(to, room, "%.*s", (int)strcspn(value, "\n"), value);
		return;
	}
}

/* In perf's form: "GenuineIntel,6,85,7"; of Arm the register that tells it. */
static void tell_cpu(struct damon_ctx *ctx, struct raw *raw)
{
	char text[4096], vendor[16], family[8], model[8], stepping[8];
	ssize_t n = ctx->sys->read_file(ctx->sys, "/proc/cpuinfo", text, sizeof(text) - 1);

	text[MAX(n, (ssize_t)0)] = '\0';
	cpuinfo(text, "model name", raw->cpu, sizeof(raw->cpu));
	cpuinfo(text, "vendor_id", vendor, sizeof(vendor));
	cpuinfo(text, "cpu family", family, sizeof(family));
	cpuinfo(text, "model", model, sizeof(model));
	cpuinfo(text, "stepping", stepping, sizeof(stepping));
	if (vendor[0] && family[0])
		snprintf(raw->cpuid, sizeof(raw->cpuid), "%s,%s,%s,%s", vendor, family, model,
			 stepping);
	for (int cpu = 0; cpu < ctx->nr_midr && !raw->cpuid[0]; cpu++)
		if (ctx->midr[cpu])
			snprintf(raw->cpuid, sizeof(raw->cpuid), "0x%016llx",
				 (unsigned long long)ctx->midr[cpu]);
}

static int make_writer(struct damon_ctx *ctx, struct raw *raw)
{
	struct damon_perf_writer_options o = {
		.command = raw->meta.command,
		.hostname = raw->machine.nodename,
		.release = raw->machine.release,
		.version = raw->version,
		.arch = raw->machine.machine,
		.cpu = raw->cpu,
		.cpuid = raw->cpuid,
		.pmu_names = raw->pmu_names,
		.pmu_types = raw->pmu_types,
		.nr_pmus = raw->nr_pmus,
		.clockid = CLOCK_MONOTONIC,
	};

	if (raw->events[0].attr.use_clockid)
		o.epoch_offset_ns = ctx->epoch_offset_ns;
	return damon_perf_writer_new(raw->place.fd, raw->events, raw->nr_events, &o, &raw->out,
				     &ctx->fail);
}

/* ---- what was there before ---- */

/* They stand at the end of the file as well, which one that was not completed lacks. */
static int put_names(struct raw *raw)
{
	struct {
		uint64_t what, id;
		char name[64];
	} update = {.what = UPDATE_NAME};
	int err = 0;

	for (size_t i = 0; i < raw->nr_events && !err; i++) {
		if (!raw->events[i].nr_ids)
			continue;
		update.id = raw->ids[i][0];
		memcpy(update.name, raw->names[i], sizeof(update.name));
		err = damon_perf_writer_record(raw->out, TYPE_EVENT_UPDATE, 0, &update,
					       sizeof(update));
	}
	return err;
}

static int put_traces(struct damon_ctx *ctx, struct raw *raw)
{
	struct damon_perf_time_conv c;
	struct {
		uint32_t kind, reserved;
		uint64_t pmu, per_cpu;
	} info = {AUXTRACE_SPE, 0, 0, 1};
	uint64_t conv[6];
	int err = 0;

	if (!ctx->source->decode_trace)
		return 0;
	info.pmu = raw->events[ctx->first_event].attr.type;
	if (damon_session_time_conv(ctx->session, &c)) {
		memcpy(conv, (uint64_t[6]){c.shift, c.mult, c.zero, c.cycles, c.mask, c.is_capped},
		       sizeof(conv));
		err = damon_perf_writer_record(raw->out, TYPE_TIME_CONV, 0, conv, sizeof(conv));
	}
	return err ? err
		   : damon_perf_writer_record(raw->out, TYPE_AUXTRACE_INFO, 0, &info, sizeof(info));
}

/* Of a file's mappings the first is read, which has its beginning; the others follow it. */
static void set_build_id(struct damon_ctx *ctx, int pid, struct damon_mapping *m,
			 struct damon_mapping *last)
{
	ssize_t n;

	if (!m->inode)
		return;
	if (m->dev != last->dev || m->inode != last->inode) {
		n = m->offset ? 0 : build_ids_of(ctx, pid, m, m->build_id);
		m->build_id_len = (uint8_t)MAX(n, (ssize_t)0);
		*last = *m;
	}
	memcpy(m->build_id, last->build_id, sizeof(m->build_id));
	m->build_id_len = last->build_id_len;
}

static int put_mappings(struct damon_ctx *ctx, struct raw *raw, int pid)
{
	struct damon_mapping last = {0};
	struct damon_maps maps = {0};
	char comm[DAMON_COMM_MAX] = "?";
	int err = damon_maps_read(ctx->sys, pid, &maps);

	if (err == -EACCES || err == -EPERM) {
		damon_proc_comm(ctx->sys, pid, comm);
		events_hidden(ctx, pid, comm);
	}
	if (err == -ESRCH || err == -ENOENT || err == -EACCES || err == -EPERM)
		return 0;
	for (size_t i = 0; i < maps.nr && !err; i++) {
		set_build_id(ctx, pid, &maps.m[i], &last);
		err = damon_perf_writer_mapping(raw->out, pid, &maps.m[i], 0);
	}
	damon_maps_release(&maps);
	return err;
}

/* A thread's own name; that of its process where it cannot be read. */
static void read_comm(struct damon_ctx *ctx, int pid, int tid, char comm[DAMON_COMM_MAX])
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	n = ctx->sys->read_file(ctx->sys, path, comm, DAMON_COMM_MAX - 1);
	if (n <= 0 && damon_proc_comm(ctx->sys, pid, comm))
		snprintf(comm, DAMON_COMM_MAX, "?");
	if (n > 0)
		comm[n] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
}

/* Without times: perf, too, takes such as older than all. */
static int put_process(struct damon_ctx *ctx, struct raw *raw, int pid)
{
	_cleanup_(freep) int *tids = NULL;
	int n = damon_proc_tids(ctx->sys, pid, &tids), err = 0;
	char comm[DAMON_COMM_MAX];

	for (int i = 0; i < n && !err; i++) {
		const struct damon_perf_comm c = {.pid = pid, .tid = tids[i], .comm = comm};

		read_comm(ctx, pid, tids[i], comm);
		err = damon_perf_writer_comm(raw->out, &c, 0);
	}
	return err ? err : put_mappings(ctx, raw, pid);
}

static int put_all_processes(struct damon_ctx *ctx, struct raw *raw)
{
	_cleanup_(freep) int *pids = NULL;
	int n = damon_proc_all(ctx->sys, &pids), err = n < 0 ? n : 0;

	for (int i = 0; i < n && !err; i++)
		if (!damon_proc_is_kernel(ctx->sys, pids[i]))
			err = put_process(ctx, raw, pids[i]);
	return err;
}

static int put_before(struct damon_ctx *ctx, struct raw *raw)
{
	int err = put_names(raw);

	if (!err)
		err = put_traces(ctx, raw);
	for (size_t i = 0; i < ctx->nr_pids && !err; i++)
		err = put_process(ctx, raw, ctx->pids[i].pid);
	if (!err && ctx->all)
		err = put_all_processes(ctx, raw);
	if (!err)
		err = damon_perf_writer_flush(raw->out);
	return err ? explain(ctx, err) : 0;
}

int raw_open(struct damon_ctx *ctx)
{
	struct raw *raw = calloc(1, sizeof(*raw));
	int err;

	if (!raw)
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	ctx->raw = raw;
	raw->place = DAMON_PLACE_NONE;
	raw->next_flush_ns = ctx->start_ns + NS_PER_SEC;
	meta_fill(ctx, &raw->meta);
	uname(&raw->machine);
	snprintf(raw->version, sizeof(raw->version), "damon-perf %s", damon_version());
	tell_cpu(ctx, raw);
	if (tell_events(ctx, raw) || tell_pmus(ctx, raw))
		return damon_fail(&ctx->fail, ENOMEM, "out of memory");
	err = damon_place_open(&raw->place, ctx->raw_path, true, &ctx->fail);
	if (!err)
		err = make_writer(ctx, raw);
	return err ? err : put_before(ctx, raw);
}

/* ---- what happens ---- */

static int on_record(void *priv, const struct perf_event_header *h)
{
	struct raw *raw = priv;

	raw->counts.records++;
	raw->counts.samples += h->type == PERF_RECORD_SAMPLE;
	raw->in_round++;
	return damon_perf_writer_record(raw->out, h->type, h->misc, h + 1, h->size - sizeof(*h));
}

static int on_piece(void *priv, const struct damon_session_piece *p)
{
	const struct damon_perf_part part[2] = {{p->bytes[0], p->len[0]}, {p->bytes[1], p->len[1]}};
	struct raw *raw = priv;

	raw->counts.trace_bytes += p->len[0] + p->len[1];
	return damon_perf_writer_aux_parts(raw->out, p->buffer, -1, p->cpu, p->offset, part);
}

int raw_read(struct damon_ctx *ctx)
{
	struct raw *raw = ctx->raw;
	const struct damon_session_raw to = {on_record, on_piece, raw};
	uint64_t now_ns;
	int err = damon_session_read_raw(ctx->session, &to);

	now_ns = ctx->sys->clock_ns(ctx->sys);
	ctx->aggr_start_ns = now_ns; /* there are no intervals: what waits for their end goes on */
	if (err >= 0 && raw->in_round)
		err = damon_perf_writer_round(raw->out);
	raw->in_round = 0;
	if (err >= 0 && now_ns >= raw->next_flush_ns) {
		raw->next_flush_ns = now_ns + NS_PER_SEC;
		monitor_cpus(ctx);
		err = damon_perf_writer_flush(raw->out);
	}
	return err < 0 ? explain(ctx, err) : 0;
}

void raw_counts(const struct raw *raw, struct raw_counts *out)
{
	*out = raw->counts;
	if (raw->out)
		out->file_bytes = damon_perf_writer_bytes(raw->out);
}

int raw_close(struct damon_ctx *ctx)
{
	struct raw *raw = steal(&ctx->raw);
	struct stat st;
	int err, closed;

	if (!raw)
		return 0;
	err = damon_perf_writer_close(raw->out);
	if (!fstat(raw->place.fd, &st) && S_ISREG(st.st_mode))
		raw->counts.file_bytes = (uint64_t)st.st_size;
	raw->out = NULL;
	raw_counts(raw, &ctx->raw_counts);
	closed = damon_place_release(&raw->place);
	free_raw(raw);
	err = err ? err : closed;
	return err ? explain(ctx, err) : 0;
}
