/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of build/tests/vpmu/damon-perf, which is linked with --wrap=damon_sys_real. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "tests/kit/machines.h"
#include "tests/vpmu/play.h"

#define STEP_NS (5 * NS_PER_MS) /* after which a reader may be woken */

struct damon_sys __wrap_damon_sys_real;		     /* NOLINT: the linker's name */
extern const struct damon_sys __real_damon_sys_real; /* NOLINT */

static struct vpmu_machine machine;
static struct vpmu_play *play;

static char mlock_kb[32] = "516\n"; /* for each CPU */
static const struct fake_file rights[] = {
	{"/proc/sys/kernel/perf_event_paranoid", "1\n", 0},
	{"/proc/sys/kernel/perf_event_mlock_kb", mlock_kb, 0},
	{"/proc/sys/kernel/perf_event_max_sample_rate", "100000\n", 0},
	{"/proc/self/status", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n",
	 0},
	{0}};
static const struct fake_file zen[] = {{PMU_DIR, "ibs_op\nsoftware\n", 0},
				       {PMU_DIR "/ibs_op/type", "11\n", 0},
				       {PMU_DIR "/ibs_op/format/cnt_ctl", "config:19\n", 0},
				       {0}};
static const struct fake_file neoverse[] = {
	{PMU_DIR, "arm_spe_0\n", 0},
	{PMU_DIR "/arm_spe_0/type", "12\n", 0},
	{PMU_DIR "/arm_spe_0/cpumask", "0-3\n", 0},
	{PMU_DIR "/arm_spe_0/caps/min_interval", "256\n", 0},
	{PMU_DIR "/arm_spe_0/format/ts_enable", "config:0\n", 0},
	{PMU_DIR "/arm_spe_0/format/jitter", "config:16\n", 0},
	{PMU_DIR "/arm_spe_0/format/load_filter", "config:33\n", 0},
	{PMU_DIR "/arm_spe_0/format/store_filter", "config:34\n", 0},
	{"/sys/devices/system/cpu/cpu0/regs/identification/midr_el1", "0x00000000413fd0c1\n", 0},
	{0}};

static const struct {
	const char *source;
	const struct fake_file *files;
	uint32_t type;
} kinds[] = {{"pebs", machine_skylake, 4}, {"ibs", zen, 11}, {"spe", neoverse, 12}};

/* ---- files ---- */

static ssize_t give(const char *text, void *buf, size_t cap)
{
	size_t n = MIN(strlen(text), cap);

	memcpy(buf, text, n);
	return (ssize_t)n;
}

/* /proc/PID/maps, as proc(5) has it. */
static ssize_t give_maps(void *buf, size_t cap)
{
	const struct damon_space *s = machine.space;
	size_t at = 0;

	for (size_t i = 0; i < s->nr_live; i++) {
		const struct damon_mapping *m = &s->live[i];
		char line[512];
		int n = snprintf(line, sizeof(line), "%llx-%llx %c%c%cp %llx %x:%x %llu %s\n",
				 (unsigned long long)m->start, (unsigned long long)m->end,
				 m->prot & PROT_READ ? 'r' : '-', m->prot & PROT_WRITE ? 'w' : '-',
				 m->prot & PROT_EXEC ? 'x' : '-', (unsigned long long)m->offset,
				 (unsigned)(m->dev >> 32), (unsigned)m->dev,
				 (unsigned long long)m->inode,
				 strcmp(m->name, "//anon") ? m->name : "");

		if (at + (size_t)n > cap)
			return (ssize_t)cap;
		memcpy((char *)buf + at, line, (size_t)n);
		at += (size_t)n;
	}
	return (ssize_t)at;
}

static ssize_t find(const struct fake_file *f, const char *path, void *buf, size_t cap)
{
	for (; f->path; f++)
		if (!strcmp(f->path, path))
			return give(f->text, buf, cap);
	return -ENOENT;
}

static bool begins(const char *path, const char *with)
{
	return !strncmp(path, with, strlen(with));
}

static ssize_t read_file(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	char own[64];
	ssize_t n;

	snprintf(own, sizeof(own), "/proc/%d/maps", machine.pid);
	if (!strcmp(path, own))
		return give_maps(buf, cap);
	snprintf(own, sizeof(own), "/proc/%d/comm", machine.pid);
	if (!strcmp(path, own)) {
		snprintf(own, sizeof(own), "%s\n", machine.comm);
		return give(own, buf, cap);
	}
	n = find(rights, path, buf, cap);
	if (n < 0)
		n = find(machine.perf.machine, path, buf, cap);
	if (n >= 0 || begins(path, PMU_DIR) || begins(path, "/sys/devices/system/cpu"))
		return n;
	return __real_damon_sys_real.read_file(s, path, buf, cap);
}

/* ---- descriptors, memory, time ---- */

static bool is_event(int fd)
{
	return fd >= FAKE_FD && fd < FAKE_FD + FAKE_FDS && machine.perf.event[fd - FAKE_FD].open;
}

static int close_any(const struct damon_sys *s, int fd)
{
	return is_event(fd) ? machine.perf.sys.close(s, fd) : __real_damon_sys_real.close(s, fd);
}

static ssize_t read_any(const struct damon_sys *s, int fd, void *buf, size_t len)
{
	return is_event(fd) ? machine.perf.sys.read(s, fd, buf, len)
			    : __real_damon_sys_real.read(s, fd, buf, len);
}

/* The program that is played is in no memory. */
static ssize_t read_no_memory(const struct damon_sys *s, int pid, uint64_t addr, void *buf,
			      size_t len)
{
	return -EFAULT;
}

static uint64_t no_time(const struct damon_sys *s)
{
	return 0;
}

/* Half full: the kernel wakes readers then. */
static bool is_pressing(const struct fake_event *e)
{
	const struct perf_event_mmap_page *p = e->map;

	return e->open && p &&
	       (2 * (p->data_head - p->data_tail) >= p->data_size ||
		(e->aux && 2 * (e->aux_head - p->aux_tail) >= e->aux_len));
}

static int wake(struct pollfd *fds, size_t n)
{
	int nr = 0;

	for (size_t i = 0; i < n; i++) {
		bool mine = is_event(fds[i].fd);

		fds[i].revents =
			mine && is_pressing(&machine.perf.event[fds[i].fd - FAKE_FD]) ? POLLIN : 0;
		nr += fds[i].revents != 0;
	}
	return nr;
}

/* The program keeps one CPU busy. */
static void pass_time(uint64_t ns)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_event *e = &machine.perf.event[i];

		if (!e->open || !e->on)
			continue;
		e->enabled_ns += ns;
		e->running_ns += e->cpu ? 0 : ns;
		e->count += e->cpu || e->attr.type != PERF_TYPE_SOFTWARE ? 0 : ns;
	}
}

/* Time goes on here alone. */
static int poll_machine(const struct damon_sys *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	uint64_t *now = &machine.perf.now_ns, end = *now;
	int nr = 0;

	end += timeout_ms < 0 ? NS_PER_SEC : (uint64_t)timeout_ms * NS_PER_MS;
	while (*now < end && !nr) {
		uint64_t step = MIN(end - *now, STEP_NS);

		if (machine.stall_ns && *now >= machine.stall_at_ns) {
			step = machine.stall_ns;
			machine.stall_ns = 0;
		}
		*now += step;
		pass_time(step);
		if (!vpmu_play_on(play, &machine)) {
			raise(SIGTERM);
			return -EINTR;
		}
		nr = wake(fds, n);
	}
	return nr;
}

/* ---- the beginning ---- */

static const char *wanted(const char *variable)
{
	const char *value = getenv(variable);

	if (value && *value)
		return value;
	fprintf(stderr, "virtual machine: %s is not set (tests/vpmu/machine.h)\n", variable);
	exit(2);
}

static void set_stall(const char *text)
{
	uint64_t at_ms, for_ms;

	if (!text || !*text)
		return;
	if (sscanf(text, "%lu,%lu", &at_ms, &for_ms) != 2) {
		fprintf(stderr, "virtual machine: VPMU_STALL is AT,FOR in ms\n");
		exit(2);
	}
	machine.stall_at_ns = machine.perf.now_ns + at_ms * NS_PER_MS;
	machine.stall_ns = for_ms * NS_PER_MS;
}

/* What users may lock, of which all rings and areas are. */
static void set_locked(const char *kib)
{
	size_t n = kib ? (size_t)atoi(kib) : 516 * VPMU_MACHINE_CPUS;

	machine.perf.locked_max = n << 10;
	snprintf(mlock_kb, sizeof(mlock_kb), "%zu\n", n / VPMU_MACHINE_CPUS);
}

__attribute__((constructor)) static void begin(void)
{
	struct damon_sys *s = &__wrap_damon_sys_real;

	fake_perf_init(&machine.perf, VPMU_MACHINE_CPUS);
	machine.space = damon_space_new();
	machine.pid = atoi(wanted("VPMU_PID"));
	play = vpmu_play_open(&machine, wanted("VPMU_FILE"));
	set_stall(getenv("VPMU_STALL"));
	set_locked(getenv("VPMU_LOCKED"));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].source, machine.source))
			continue;
		machine.perf.machine = kinds[i].files;
		machine.type = kinds[i].type;
	}
	*s = __real_damon_sys_real;
	s->priv = &machine.perf;
	s->clock_ns = machine.perf.sys.clock_ns;
	s->own_cpu_ns = s->thread_cpu_ns = no_time;
	s->perf_event_open = machine.perf.sys.perf_event_open;
	s->mmap = machine.perf.sys.mmap;
	s->munmap = machine.perf.sys.munmap;
	s->ioctl = machine.perf.sys.ioctl;
	s->poll = poll_machine;
	s->close = close_any;
	s->read = read_any;
	s->read_file = read_file;
	s->read_mem = read_no_memory;
	s->nr_cpus = machine.perf.sys.nr_cpus;
	s->cpu_online = machine.perf.sys.cpu_online;
}
