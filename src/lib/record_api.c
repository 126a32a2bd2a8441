/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public face of reading a record. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "damon.h"
#include "damos.h"
#include "lib/convert/copy.h"
#include "lib/ctx.h"
#include "lib/out.h"
#include "lib/record.h"
#include "lib/convert/to_perf.h"
#include "perf/file.h"
#include "record/reader.h"

static __thread struct damon_fail open_fail;

static const struct damon_target *find_target(const void *owner, uint32_t id)
{
	return damon_reader_target(((const struct damon_record *)owner)->reader, id);
}

static const struct damon_space *find_space(const void *owner, uint32_t id)
{
	return damon_reader_space(((const struct damon_record *)owner)->reader, id);
}

/* ---- recordings of perf ---- */

/* The first bytes of what is open, which stay there: of a pipe they are doubled. */
static size_t glance(int fd, uint8_t *bytes, size_t n)
{
	struct stat st;
	ssize_t got = -1;
	int ends[2];

	if (fstat(fd, &st))
		return 0;
	if (S_ISREG(st.st_mode)) {
		got = pread(fd, bytes, n, lseek(fd, 0, SEEK_CUR));
	} else if (S_ISFIFO(st.st_mode) && !pipe2(ends, O_CLOEXEC)) {
		got = tee(fd, ends[1], n, 0); /* waits for the first ones */
		got = got > 0 ? read(ends[0], bytes, (size_t)got) : got;
		close(ends[0]);
		close(ends[1]);
	}
	return got > 0 ? (size_t)got : 0;
}

/* The same of a folder that perf made: of its first file. */
static size_t glance_folder(int folder, uint8_t *bytes, size_t n)
{
	_cleanup_(closep) int fd = openat(folder, "data", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	return fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) ? glance(fd, bytes, n) : 0;
}

/* 'fd' is to stay open until the file was opened to be read: a named pipe would break between. */
static bool is_perf_file(const char *path, int *fd)
{
	uint8_t bytes[8];
	struct stat st;

	*fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
				: fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (*fd < 0 || fstat(*fd, &st))
		return false;
	return damon_perf_file_is(bytes, S_ISDIR(st.st_mode)
						 ? glance_folder(*fd, bytes, sizeof(bytes))
						 : glance(*fd, bytes, sizeof(bytes)));
}

/* A file that nobody else sees. */
static int open_temporary(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : memfd_create("damon-perf", MFD_CLOEXEC);
}

static int replay_into(struct damon_ctx *ctx, const char *path, int fd, damon_progress_fn fn,
		       void *priv)
{
	int err = damon_set_replay(ctx, path), closed;

	ctx->record_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	damon_set_progress(ctx, fn, priv);
	if (!err && ctx->record_fd < 0)
		err = damon_fail(&ctx->fail, errno, "cannot keep what is read: %s",
				 strerror(errno));
	if (!err)
		err = damon_open(ctx);
	while (!err) {
		int got = damon_dispatch(ctx, -1);

		if (!got)
			break;
		err = got < 0 ? got : 0;
	}
	closed = damon_close(ctx);
	return err ? err : closed;
}

/* Turns a recording of perf into a record, which is open then. */
static int convert(const char *path, damon_progress_fn fn, void *priv, struct damon_record *r)
{
	int fd = open_temporary(), err;
	struct damon_ctx *ctx;

	if (fd < 0)
		return damon_fail(&open_fail, errno, "cannot make a temporary file: %s",
				  strerror(errno));
	err = damon_ctx_new(&ctx);
	if (!err) {
		err = replay_into(ctx, path, fd, fn, priv);
		open_fail = ctx->fail;
		damon_ctx_free(ctx);
	}
	if (err || lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return err;
	}
	return damon_reader_open_fd(fd, path, &r->reader, &open_fail);
}

/* ---- open and close ---- */

int damon_record_open(const char *path, struct damon_record **out)
{
	return damon_record_open_watched(path, NULL, NULL, out);
}

int damon_record_open_watched(const char *path, damon_progress_fn fn, void *priv,
			      struct damon_record **out)
{
	struct damon_record *r = calloc(1, sizeof(*r));
	_cleanup_(closep) int held = -1;
	const struct damon_meta *m;
	struct stat st;
	int err;

	memset(&open_fail, 0, sizeof(open_fail));
	if (!r)
		return damon_fail(&open_fail, ENOMEM, "out of memory");
	if (is_perf_file(path, &held))
		err = convert(path, fn, priv, r);
	else
		err = damon_reader_open(path, &r->reader, &open_fail);
	if (err) {
		free(r);
		return err;
	}
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		r->file_bytes = (uint64_t)st.st_size;
	m = damon_reader_meta(r->reader);
	r->view.units = (struct damon_view){
		.sample_ns = m->sample_ns,
		.aggr_ns = m->aggr_ns,
		.scale = m->scale,
	};
	r->view.epoch_offset_ns = m->epoch_offset_ns;
	r->view.target = find_target;
	r->view.space = find_space;
	r->view.owner = r;
	*out = r;
	return 0;
}

void damon_record_close(struct damon_record *r)
{
	if (!r)
		return;
	damon_reader_close(r->reader);
	view_release(&r->view);
	free(r->seen);
	free(r);
}

const char *damon_record_error(const struct damon_record *r)
{
	return r ? r->fail.text : open_fail.text;
}

const char *damon_record_remedy(const struct damon_record *r)
{
	return r ? r->fail.remedy : open_fail.remedy;
}

static int note_target(struct damon_record *r, const struct damon_target_snapshot *t)
{
	struct record_seen *s;
	size_t old = r->nr_seen;

	if (t->target_id >= r->nr_seen) {
		if (t->target_id > 1u << 24)
			return -EBADMSG;
		if (vec_reserve(&r->seen, &r->cap_seen, (size_t)t->target_id + 1, sizeof(*s)))
			return -ENOMEM;
		r->nr_seen = (size_t)t->target_id + 1;
		memset(r->seen + old, 0, (r->nr_seen - old) * sizeof(*s));
	}
	s = &r->seen[t->target_id];
	s->obs += t->nr_obs;
	s->weight += t->weight;
	s->cpu_ns += t->cpu_ns;
	s->nr_regions = t->nr_regions;
	r->weight += t->weight;
	return 0;
}

static int on_snapshot(struct damon_record *r, const struct damon_snapshot *s)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->nr_targets; i++)
		err = note_target(r, &s->targets[i]);
	counts_add(&r->counts, &s->counts);
	r->nr_snapshots++;
	r->last_end_ns = s->end_ns;
	return err ? err : view_set(&r->view, s);
}

int damon_record_next(struct damon_record *r, const struct damon_snapshot **out)
{
	struct damon_item item;
	int err;

	r->begun = true;
	for (;;) {
		err = damon_reader_next(r->reader, &item);
		if (err <= 0)
			break;
		if (item.type == DAMON_ITEM_TOTALS) {
			r->totals = *item.totals;
			r->has_totals = true;
		}
		if (item.type == DAMON_ITEM_DAMAGED)
			r->damaged_bytes += item.skipped;
		if (item.type == DAMON_ITEM_LOG && record_show_log(r, &item))
			return -EINTR;
		if (item.type != DAMON_ITEM_SNAPSHOT)
			continue;
		err = on_snapshot(r, item.snapshot);
		if (err)
			break;
		*out = &r->view.snap;
		return 1;
	}
	if (err < 0)
		damon_fail(&r->fail, -err, "cannot read the record: %s", strerror(-err));
	return err;
}

int damon_record_rewind(struct damon_record *r)
{
	int err = damon_reader_rewind(r->reader);

	if (err)
		return damon_fail(&r->fail, -err,
				  "the record comes from a pipe and can be read once only");
	memset(&r->counts, 0, sizeof(r->counts));
	if (r->nr_seen)
		memset(r->seen, 0, r->nr_seen * sizeof(*r->seen));
	r->nr_snapshots = r->damaged_bytes = r->last_end_ns = 0;
	r->weight = 0;
	return 0;
}

int damon_record_to_perf(struct damon_record *r, int fd)
{
	int err = r->begun ? damon_record_rewind(r) : 0;

	r->begun = true;
	return err ? err : to_perf(r->reader, fd, &r->fail);
}

int damon_record_copy(struct damon_record *r, int fd, int anonymous)
{
	int err = r->begun ? damon_record_rewind(r) : 0;

	r->begun = true;
	return err ? err : copy_record(r->reader, fd, anonymous, &r->fail);
}

static void fill_origin(const struct damon_origin *o, struct damon_record_info *i)
{
	memcpy(i->origin, o->kind, sizeof(i->origin));
	memcpy(i->host, o->host, sizeof(i->host));
	memcpy(i->perf_version, o->perf_version, sizeof(i->perf_version));
	memcpy(i->cpu, o->cpu, sizeof(i->cpu));
	memcpy(i->events, o->events, sizeof(i->events));
	i->sample_assumed = (int)o->assumed;
}

void damon_record_info(const struct damon_record *r, struct damon_record_info *out)
{
	const struct damon_meta *m = damon_reader_meta(r->reader);
	const struct damon_tuning *tuning = damon_reader_tuning(r->reader);
	struct damon_record_info i = {
		.attrs =
			{
				.size = sizeof(i.attrs),
				.sample_ns = m->sample_ns,
				.aggr_ns = m->aggr_ns,
				.update_ns = m->update_ns,
				.min_nr_regions = m->min_nr_regions,
				.max_nr_regions = m->max_nr_regions,
			},
		.start_ns = m->start_ns,
		.epoch_offset_ns = m->epoch_offset_ns,
		.scale = m->scale.accesses,
		.scale_lo = m->scale.lo,
		.scale_hi = m->scale.hi,
		.overhead_asked = m->overhead_asked,
		.damaged_bytes = r->damaged_bytes,
		.goal =
			{
				.size = sizeof(i.goal),
				.access_bp = tuning->goal.access_bp,
				.aggrs = tuning->goal.aggrs,
				.min_sample_ns = tuning->goal.min_sample_ns,
				.max_sample_ns = tuning->goal.max_sample_ns,
			},
		.resolution_share = tuning->resolution_share,
		.resolution_ns = tuning->resolution_ns,
		.marks_refused = damon_reader_marks_refused(r->reader),
	};

	fill_origin(&r->totals.origin, &i);
	memcpy(i.source, m->source, sizeof(i.source));
	memcpy(i.version, m->version, sizeof(i.version));
	memcpy(i.kernel, m->kernel, sizeof(i.kernel));
	memcpy(i.command, m->command, sizeof(i.command));
	snprintf(i.ops, sizeof(i.ops), "%s", m->ops[0] ? m->ops : "vaddr");
	memcpy(i.addresses, m->addresses, sizeof(i.addresses));
	memcpy(i.scope, m->scope, sizeof(i.scope));
	out_copy(out, i);
}

int damon_record_stats(const struct damon_record *r, struct damon_stats *out)
{
	const struct damon_meta *m = damon_reader_meta(r->reader);
	const struct damon_tuning *tuning = damon_reader_tuning(r->reader);
	struct damon_totals t = r->totals;
	struct damon_stats s;

	if (!r->has_totals) { /* cut off before the first flush */
		t.counts = r->counts;
		t.nr_snapshots = r->nr_snapshots;
		t.duration_ns = r->last_end_ns > m->start_ns ? r->last_end_ns - m->start_ns : 0;
	}
	stats_fill(&t, m, &s);
	stats_tuning(tuning, &s);
	if (!s.rate_bound && m->overhead_asked > 0) /* told by META alone */
		s.rate_bound = DAMON_RATE_OVERHEAD;
	s.record_bytes = r->file_bytes;
	out_copy(out, s);
	return 0;
}

int damon_record_scheme(const struct damon_record *r, size_t i, struct damos *s,
			struct damos_stats *stats)
{
	const struct damon_scheme_totals *t = &r->totals.schemes;

	if (i >= t->n)
		return -ENOENT;
	if (s) {
		struct damos own = t->s[i];

		out_copy(s, own);
	}
	if (stats) {
		struct damos_stats own = t->stats[i];

		out_copy(stats, own);
	}
	return 0;
}

int damon_record_target(const struct damon_record *r, size_t i, struct damon_target_info *out)
{
	size_t left = i;

	for (size_t id = 0; id < r->nr_seen; id++) {
		const struct damon_target *t = damon_reader_target(r->reader, (uint32_t)id);
		const struct record_seen *s = &r->seen[id];
		struct damon_target_info info = {
			.id = (uint32_t)id,
			.nr_regions = s->nr_regions,
			.obs = s->obs,
			.share = r->weight > 0 ? s->weight / r->weight : 0,
			.cpu_ns = s->cpu_ns,
		};

		if (!t || left--)
			continue;
		info.pid = t->pid;
		info.nr_procs = t->nr_procs_total;
		memcpy(info.comm, t->comm, sizeof(info.comm));
		out_copy(out, info);
		return 0;
	}
	return -ENOENT;
}

int damon_record_mapping(const struct damon_record *r, uint32_t id, size_t i,
			 struct damon_mapping_info *out)
{
	const struct damon_target *t = damon_reader_target(r->reader, id);
	const struct damon_space *s = t ? t->space : NULL;

	if (!s || i >= s->nr_live + s->nr_dead)
		return -ENOENT;
	mapping_info(out, i < s->nr_live ? &s->live[i] : &s->dead[i - s->nr_live]);
	return 0;
}

int damon_record_mark(const struct damon_record *r, size_t i, uint64_t *time_ns, const char **name)
{
	return damon_reader_mark(r->reader, i, time_ns, name) ? 0 : -ENOENT;
}
