/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/util.h"
#include "perf/record.h"
#include "tests/kit/fake_perf.h"

static struct fake_perf *fake(const struct damon_sys *s)
{
	return s->priv;
}

static struct fake_event *event(struct fake_perf *f, int fd)
{
	if (fd < FAKE_FD || fd >= FAKE_FD + FAKE_FDS || !f->event[fd - FAKE_FD].open)
		return NULL;
	return &f->event[fd - FAKE_FD];
}

static uint64_t fake_clock(const struct damon_sys *s)
{
	return fake(s)->now_ns;
}

static int fake_open(const struct damon_sys *s, struct perf_event_attr *a, int pid, int cpu,
		     int group, unsigned long flags)
{
	struct fake_perf *f = fake(s);
	int fd = 0, nr = 0, err = f->on_open ? f->on_open(f, a, pid, cpu) : 0;

	if (err)
		return err;
	cr_assert(flags & PERF_FLAG_FD_CLOEXEC, "descriptors must not reach the command");
	if (group >= 0) { /* as the kernel has it */
		struct fake_event *leader = event(f, group);

		if (!leader || leader->group >= 0 || leader->cpu != cpu || leader->pid != pid)
			return -EINVAL;
	}
	/* perf_event_alloc(): children cannot be in what a group reads or samples */
	if (a->inherit && (a->read_format & PERF_FORMAT_GROUP || a->sample_type & PERF_SAMPLE_READ))
		return -EINVAL;
	if (pid == -1 && (cpu < 0 || a->enable_on_exec))
		return -EINVAL;
	if (a->read_format & DAMON_PERF_FORMAT_LOST && f->before_6_0)
		return -EINVAL;
	for (int i = 0; i < FAKE_FDS; i++)
		nr += f->event[i].open;
	if (f->max_open && nr >= f->max_open)
		return -EMFILE;
	while (fd < FAKE_FDS && f->event[fd].open)
		fd++;
	cr_assert_lt(fd, FAKE_FDS);
	f->event[fd] = (struct fake_event){.open = true,
					   .attr = *a,
					   .pid = pid,
					   .cpu = cpu,
					   .group = group,
					   .on = !a->disabled};
	f->event[fd].id = (uint64_t)(9000 - ++f->nr_opened * 7); /* not in ascending order */
	return FAKE_FD + fd;
}

/* Memory of the fake kernel, or NULL with errno. */
static void *lock_memory(struct fake_perf *f, size_t len)
{
	bool too_much = f->locked_max && f->locked + len > f->locked_max;
	void *p;

	if (too_much || (f->mmap_max && len > f->mmap_max)) {
		errno = too_much ? EPERM : f->mmap_err;
		return NULL;
	}
	p = aligned_alloc((size_t)sysconf(_SC_PAGESIZE), len);
	cr_assert(p);
	memset(p, 0, len);
	f->locked += len;
	return p;
}

/* The area of a trace: behind the ring, where the control page says, a power of two of pages. */
static void *map_aux(struct fake_perf *f, struct fake_event *e, size_t len, uint64_t off)
{
	const struct perf_event_mmap_page *p = e->map;

	if (off != p->aux_offset || len != p->aux_size || off < e->map_len || (len & (len - 1)) ||
	    len % (size_t)sysconf(_SC_PAGESIZE) || e->aux) {
		errno = EINVAL;
		return NULL;
	}
	e->aux = lock_memory(f, len);
	e->aux_len = e->aux ? len : 0;
	return e->aux;
}

static void *fake_mmap(const struct damon_sys *s, size_t len, int prot, int flags, int fd,
		       off_t off)
{
	struct fake_perf *f = fake(s);
	struct fake_event *e = event(f, fd);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct perf_event_mmap_page *p;

	cr_assert(e && !!e->map == !!off);
	cr_assert_eq(len % page, 0);
	if (off)
		return map_aux(f, e, len, (uint64_t)off);
	p = lock_memory(f, len);
	if (!p)
		return NULL;
	p->data_offset = page;
	p->data_size = len - page;
	p->cap_user_time = p->cap_user_time_zero = f->time_mult > 0;
	p->time_mult = f->time_mult;
	p->time_shift = f->time_shift;
	p->time_zero = f->time_zero;
	e->map_len = len;
	return e->map = p;
}

static int fake_munmap(const struct damon_sys *s, void *p, size_t len)
{
	struct fake_perf *f = fake(s);

	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &f->event[i];

		if (e->map != p && e->aux != p)
			continue;
		cr_expect_eq(e->map == p ? e->map_len : e->aux_len, len);
		cr_expect(e->map != p || !e->aux, "the ring goes before its trace");
		*(e->map == p ? &e->map : (void **)&e->aux) = NULL;
		f->locked -= len;
		free(p);
		return 0;
	}
	cr_assert_fail("munmap of what was not mapped");
	return -EINVAL;
}

static int fake_ioctl(const struct damon_sys *s, int fd, unsigned long req, unsigned long arg)
{
	struct fake_event *e = event(fake(s), fd);

	if (!e)
		return -EBADF;
	switch (req) {
	case PERF_EVENT_IOC_ID:
		*(uint64_t *)arg = e->id;
		return 0;
	case PERF_EVENT_IOC_SET_OUTPUT: {
		struct fake_event *to = event(fake(s), (int)arg);

		if (!to || !to->map || to->cpu != e->cpu) /* as the kernel has it */
			return -EINVAL;
		if (to->aux && to->attr.type != e->attr.type)
			return -EINVAL;
		e->output = (int)arg;
		return 0;
	}
	case PERF_EVENT_IOC_ENABLE:
		e->enables++;
		e->on = true;
		return 0;
	case PERF_EVENT_IOC_DISABLE:
		e->disables++;
		e->on = false;
		return 0;
	}
	return -ENOTTY;
}

static int fake_close(const struct damon_sys *s, int fd)
{
	struct fake_event *e = event(fake(s), fd);

	cr_assert(e, "close of %d, which is not open", fd);
	e->open = false;
	return 0;
}

static ssize_t fake_read(const struct damon_sys *s, int fd, void *buf, size_t len)
{
	struct fake_event *e = event(fake(s), fd);
	uint64_t words[4];
	size_t n = 0;

	if (!e)
		return -EBADF;
	words[n++] = e->count;
	if (e->attr.read_format & PERF_FORMAT_TOTAL_TIME_ENABLED)
		words[n++] = e->enabled_ns;
	if (e->attr.read_format & PERF_FORMAT_TOTAL_TIME_RUNNING)
		words[n++] = e->running_ns;
	if (e->attr.read_format & DAMON_PERF_FORMAT_LOST)
		words[n++] = e->lost;
	fake(s)->nr_reads++;
	if (len < n * sizeof(*words)) /* event->read_size in kernel/events/core.c */
		return -ENOSPC;
	memcpy(buf, words, n * sizeof(*words));
	return (ssize_t)(n * sizeof(*words));
}

static ssize_t read_machine(const struct fake_file *file, const char *path, void *buf, size_t cap)
{
	for (; file && file->path; file++) {
		size_t n;

		if (strcmp(file->path, path))
			continue;
		n = MIN(cap, strlen(file->text));
		memcpy(buf, file->text, n);
		return (ssize_t)n;
	}
	return -ENOENT;
}

static ssize_t fake_read_file(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	struct fake_perf *f = fake(s);

	for (int i = 0; i < FAKE_FILES && f->file[i].path; i++) {
		struct fake_perf_file *file = &f->file[i];
		const char *text;

		if (strcmp(file->path, path))
			continue;
		text = file->turn[MIN(file->reads, FAKE_TURNS - 1)];
		file->reads++;
		if (!text)
			return -ENOENT;
		memcpy(buf, text, MIN(cap, strlen(text)));
		return (ssize_t)MIN(cap, strlen(text));
	}
	return read_machine(f->machine, path, buf, cap);
}

static ssize_t fake_read_mem(const struct damon_sys *s, int pid, uint64_t addr, void *buf,
			     size_t len)
{
	return -ESRCH;
}

static int fake_nr_cpus(const struct damon_sys *s)
{
	return fake(s)->nr_cpus;
}

static int fake_cpu_online(const struct damon_sys *s, int cpu)
{
	return !fake(s)->offline[cpu];
}

void fake_perf_init(struct fake_perf *f, int nr_cpus)
{
	*f = (struct fake_perf){
		.nr_cpus = nr_cpus,
		.mmap_err = EPERM,
		.sys =
			{
				.priv = f,
				.clock_ns = fake_clock,
				.realtime_ns = fake_clock,
				.own_cpu_ns = fake_clock,
				.perf_event_open = fake_open,
				.mmap = fake_mmap,
				.munmap = fake_munmap,
				.ioctl = fake_ioctl,
				.close = fake_close,
				.read_file = fake_read_file,
				.read_mem = fake_read_mem,
				.nr_cpus = fake_nr_cpus,
				.cpu_online = fake_cpu_online,
				.read = fake_read,
				.pidfd_open = damon_sys_real.pidfd_open,
			},
	};
}

void fake_perf_release(struct fake_perf *f)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		cr_expect_not(f->event[i].open, "an event on process %d is left open",
			      f->event[i].pid);
		cr_expect_null(f->event[i].map, "a ring is left mapped");
		cr_expect_null(f->event[i].aux, "a trace is left mapped");
	}
}

struct fake_perf_file *fake_perf_file(struct fake_perf *f, const char *path, const char *text)
{
	for (int i = 0; i < FAKE_FILES; i++)
		if (!f->file[i].path || !strcmp(f->file[i].path, path)) {
			f->file[i] = (struct fake_perf_file){.path = path};
			for (int t = 0; t < FAKE_TURNS; t++)
				f->file[i].turn[t] = text;
			return &f->file[i];
		}
	cr_assert_fail("too many fake files");
	return NULL;
}

static struct fake_event *ring_of(struct fake_perf *f, int cpu)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &f->event[i];

		if (e->open && e->map && !e->aux && e->cpu == cpu)
			return e;
	}
	return NULL;
}

static bool write_record(struct fake_event *e, const struct perf_event_header *h)
{
	struct perf_event_mmap_page *p = e->map;
	uint8_t *data = (uint8_t *)p + p->data_offset;

	if (p->data_head + h->size - p->data_tail > p->data_size)
		return false;
	for (size_t i = 0; i < h->size; i++)
		data[(p->data_head + i) % p->data_size] = ((const uint8_t *)h)[i];
	p->data_head += h->size;
	return true;
}

bool fake_perf_write(struct fake_perf *f, int cpu, const struct perf_event_header *h)
{
	struct fake_event *e = ring_of(f, cpu);

	cr_assert(e, "CPU %d has no ring", cpu);
	return write_record(e, h);
}

struct fake_event *fake_perf_area(struct fake_perf *f, int cpu, uint64_t config)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &f->event[i];

		if (e->open && e->aux && e->cpu == cpu && e->attr.config == config)
			return e;
	}
	return NULL;
}

/* Which event writes records with this id, or NULL. */
static struct fake_event *by_id(struct fake_perf *f, uint64_t id)
{
	for (int i = 0; i < FAKE_FDS && id; i++)
		if (f->event[i].open && f->event[i].id == id)
			return &f->event[i];
	return NULL;
}

/* Whose piece was truncated, or who finds no room for the next one, is disabled by the kernel, and
 * is its reader's to enable (perf_aux_output_end() and perf_aux_output_begin() in
 * kernel/events/ring_buffer.c). */
static void stop_writer(struct fake_perf *f, const struct fake_event *area,
			const struct fake_trace *t)
{
	const struct perf_event_mmap_page *p = area->map;
	uint64_t left = area->aux_len - (area->aux_head - p->aux_tail);
	struct fake_event *e = by_id(f, t->id);

	if (e && (t->flags & PERF_AUX_FLAG_TRUNCATED || left < (uint64_t)sysconf(_SC_PAGESIZE)))
		e->on = false;
}

bool fake_perf_trace(struct fake_perf *f, const struct fake_trace *t)
{
	struct fake_event *e = fake_perf_area(f, t->cpu, t->config);
	struct perf_event_mmap_page *p;
	uint64_t at;
	struct {
		struct perf_event_header h;
		uint64_t offset, size, flags;
		uint32_t pid, tid;
		uint64_t time, last[2];
	} r = {.h = {.type = PERF_RECORD_AUX}};
	size_t n = 0;

	cr_assert(e, "CPU %d has no area", t->cpu);
	p = e->map;
	at = e->aux_head + t->skip;
	if (at + t->len - p->aux_tail > e->aux_len)
		return false;
	for (size_t i = 0; i < t->len; i++)
		e->aux[(at + i) % e->aux_len] = ((const uint8_t *)t->bytes)[i];
	e->aux_head = p->aux_head = at + t->len;
	r.offset = at;
	r.size = t->len + t->lie;
	r.flags = t->flags;
	r.pid = r.tid = (uint32_t)t->tid;
	r.time = t->time;
	if (e->attr.sample_type & PERF_SAMPLE_CPU)
		r.last[n++] = (uint64_t)t->cpu;
	if (t->id)
		r.last[n++] = t->id;
	r.h.size = (uint16_t)(sizeof(r) - (2 - n) * sizeof(r.last[0]));
	stop_writer(f, e, t);
	if (t->unannounced)
		return true;
	return write_record(e, &r.h);
}

int fake_perf_nr_open(const struct fake_perf *f, int pid)
{
	int n = 0;

	for (int i = 0; i < FAKE_FDS; i++)
		n += f->event[i].open && !f->event[i].map && f->event[i].pid == pid;
	return n;
}

struct fake_event *fake_perf_event(struct fake_perf *f, int pid, int cpu, uint64_t config)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &f->event[i];

		if (e->open && !e->map && e->pid == pid && e->cpu == cpu &&
		    e->attr.config == config)
			return e;
	}
	return NULL;
}
