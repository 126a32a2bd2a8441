/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plugin of QEMU's user-mode emulation: virtual PMUs watch an unmodified program.
 *	qemu-x86_64 -plugin plugin.so,out=LIST,trace=TRACE,max=N,all=on,pebs=P,ibs=P... PROGRAM ...
 * PMUs are told as vpmus_add() takes them, any number of each kind. TRACE is the exact trace of the
 * same run (tests/truth). 'all' watches every thread instead of the first one; its children
 * are not watched.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "tests/truth/qemu_plugin.h"
#include "tests/truth/trace.h"
#include "tests/vpmu/cache.h"
#include "tests/vpmu/maps.h"
#include "tests/vpmu/pmus.h"

int qemu_plugin_version = 1;

enum { PAGE_SHIFT = 12, MAX_THREADS = 256, PID = 1000, RUNS_PER_UPDATE = 1024 };

struct thread {
	struct vpmu_thread at;
	struct vpmu_core *core;
	struct vpmu_call call; /* under way */
};

static struct {
	struct vpmus pmus;
	struct vpmu_writer *list;
	struct trace_writer *trace; /* NULL: none */
	struct trace_run run;	    /* the current one */
	uint64_t instructions;	    /* told to the trace */
	unsigned int runs;	    /* since then */
	struct vpmu_maps maps;
	struct vpmu_shared shared;
	struct thread threads[MAX_THREADS];
	uint64_t max;
	bool all, started, ended;
	pthread_mutex_t lock; /* if 'all' */
} v = {.max = UINT64_MAX, .lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- what goes out ---- */

static void emit_sample(void *priv, const struct vpmu_sample *s)
{
	vpmu_list_sample(v.list, s);
}

static void emit_event(struct vpmu_event e, unsigned int vcpu, uint64_t time_ns)
{
	e.time_ns = time_ns;
	e.access = time_ns > VPMU_START_NS ? v.pmus.head.accesses : 0;
	e.pid = PID;
	e.tid = PID + (int)vcpu;
	e.cpu = (uint16_t)vpmu_cpu(e.tid, time_ns);
	vpmu_list_event(v.list, &e);
}

static uint64_t now_ns(void)
{
	return vpmus_time(v.pmus.head.instructions);
}

static void emit_map(void *priv, struct vpmu_event *e)
{
	const unsigned int *vcpu = priv;

	emit_event(*e, vcpu ? *vcpu : 0, vcpu ? now_ns() : VPMU_START_NS);
}

static void write_run(void)
{
	int err = v.run.count ? trace_add(v.trace, v.run.page, v.run.count, v.run.stores) : 0;

	if (err) {
		fprintf(stderr, "vpmu: the trace could not be written: %s\n", strerror(-err));
		_exit(1);
	}
	v.run.count = 0;
	if (++v.runs < RUNS_PER_UPDATE)
		return;
	trace_add_instructions(v.trace, v.pmus.head.instructions - v.instructions);
	v.instructions = v.pmus.head.instructions;
	v.runs = 0;
}

static void count(uint64_t addr, bool store)
{
	uint64_t page = addr >> PAGE_SHIFT;

	if (v.run.page != page || !v.run.count) {
		write_run();
		v.run = (struct trace_run){.page = page};
	}
	v.run.count++;
	v.run.stores += store;
}

/* ---- the end ---- */

static int finish_trace(void)
{
	if (!v.trace)
		return 0;
	write_run();
	trace_add_instructions(v.trace, v.pmus.head.instructions - v.instructions);
	return trace_finish(v.trace);
}

static void finish(void)
{
	int err;

	if (v.ended)
		return;
	for (unsigned int i = 0; i < MAX_THREADS; i++) {
		if (v.threads[i].core)
			vpmus_leave(&v.pmus, &v.threads[i].at);
	}
	v.maps.priv = NULL;
	vpmu_maps_finish(&v.maps);
	emit_event((struct vpmu_event){.type = VPMU_EXIT, .ppid = 1, .ptid = 1}, 0, now_ns() + 1);
	v.ended = true;
	err = finish_trace();
	if (!err)
		err = vpmu_list_finish(v.list, &v.pmus.head);
	if (!err)
		return;
	fprintf(stderr, "vpmu: the run could not be written: %s\n", strerror(-err));
	_exit(1);
}

static void on_end(qemu_plugin_id_t id, void *data)
{
	finish();
}

/* What is written is the parent's. */
static void before_fork(void)
{
	if (!v.ended)
		vpmu_list_flush(v.list);
}

static void on_fork(void)
{
	v.ended = true;
}

/* ---- the run ---- */

/* The thread if it is watched, locked; else NULL. */
static struct thread *enter(unsigned int vcpu)
{
	if (v.ended || vcpu >= MAX_THREADS || (vcpu && !v.all))
		return NULL;
	if (v.all)
		pthread_mutex_lock(&v.lock);
	return &v.threads[vcpu];
}

static void leave(void)
{
	if (v.all)
		pthread_mutex_unlock(&v.lock);
}

static void on_block(unsigned int vcpu, void *block)
{
	struct thread *t = enter(vcpu);

	if (!t)
		return;
	vpmus_block(&v.pmus, &t->at, block);
	leave();
}

static void on_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t addr, void *insn)
{
	struct vpmu_access a = {.addr = addr,
				.index = ((const struct vpmu_insn *)insn)->index,
				.size = (uint8_t)(1u << qemu_plugin_mem_size_shift(info)),
				.store = qemu_plugin_mem_is_store(info)};
	struct thread *t = enter(vcpu);

	if (!t)
		return;
	a.service = vpmu_core_access(t->core, addr, t->at.base + a.index);
	if (a.service.flags & VPMU_TLB1_MISS)
		vpmu_maps_touch(&v.maps, addr, false);
	vpmus_access(&v.pmus, &t->at, &a);
	if (v.trace)
		count(addr, a.store);
	if (v.pmus.head.accesses == v.max) {
		finish();
		_exit(0); /* what the program would still do is not wanted */
	}
	leave();
}

static void on_call(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, uint64_t a1,
		    uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7,
		    uint64_t a8)
{
	if (vcpu < MAX_THREADS)
		v.threads[vcpu].call = (struct vpmu_call){number, {a1, a2, a3, a4, a5, a6}};
}

/* Mappings belong to the process, whether the thread is watched or not. */
static void on_return(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, int64_t value)
{
	if (vcpu >= MAX_THREADS || v.ended || v.threads[vcpu].call.number != number)
		return;
	if (v.all)
		pthread_mutex_lock(&v.lock);
	v.maps.priv = &vcpu;
	vpmu_maps_call(&v.maps, &v.threads[vcpu].call, value);
	v.maps.priv = NULL;
	leave();
}

static void on_thread(qemu_plugin_id_t id, unsigned int vcpu)
{
	struct thread *t = enter(vcpu);

	if (!t)
		return;
	t->at = (struct vpmu_thread){.pid = PID, .tid = PID + (int)vcpu};
	t->core = calloc(1, sizeof(*t->core));
	if (!t->core)
		abort();
	t->core->shared = &v.shared;
	if (vcpu)
		emit_event((struct vpmu_event){.type = VPMU_FORK, .ppid = PID, .ptid = PID}, vcpu,
			   now_ns());
	leave();
}

static void on_thread_end(qemu_plugin_id_t id, unsigned int vcpu)
{
	struct thread *t = vcpu ? enter(vcpu) : NULL;

	if (!t)
		return;
	vpmus_leave(&v.pmus, &t->at);
	emit_event((struct vpmu_event){.type = VPMU_EXIT, .ppid = PID, .ptid = PID}, vcpu,
		   now_ns());
	leave();
}

/* The program is loaded, and about to run. */
static void start(void)
{
	const char *path = qemu_plugin_path_to_binary(), *slash = path ? strrchr(path, '/') : NULL;
	struct vpmu_event comm = {.type = VPMU_COMM};

	v.started = true;
	snprintf(comm.name, 16, "%s", slash ? slash + 1 : path ? path : "program");
	emit_event((struct vpmu_event){.type = VPMU_FORK, .ppid = 1, .ptid = 1}, 0, VPMU_START_NS);
	emit_event(comm, 0, VPMU_START_NS);
	if (vpmu_maps_init(&v.maps))
		abort();
}

static void on_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	struct vpmu_block *b = malloc(sizeof(*b) + n * sizeof(b->insns[0]));

	if (!b)
		abort();
	if (v.all)
		pthread_mutex_lock(&v.lock);
	if (!v.started)
		start();
	b->nr = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		b->insns[i] = (struct vpmu_insn){qemu_plugin_insn_vaddr(insn), (uint32_t)i};
		vpmu_maps_touch(&v.maps, b->insns[i].ip, true);
		qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, &b->insns[i]);
	}
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, b);
	leave();
}

/* ---- set-up ---- */

static int open_outputs(const char *list, const char *trace)
{
	int err = list ? vpmu_list_create(list, &v.list) : -EINVAL;

	if (!err && trace)
		err = trace_create(trace, PAGE_SHIFT, &v.trace);
	if (err)
		fprintf(stderr, "vpmu: out=LIST, trace=TRACE: %s\n", strerror(-err));
	return err;
}

static int parse(const char *arg, const char **list, const char **trace)
{
	char *rest;

	if (!strncmp(arg, "out=", 4))
		*list = arg + 4;
	else if (!strncmp(arg, "trace=", 6))
		*trace = arg + 6;
	else if (!strcmp(arg, "all=on"))
		v.all = true;
	else if (strncmp(arg, "max=", 4))
		return vpmus_add(&v.pmus, arg);
	else
		v.max = strtoull(arg + 4, &rest, 10);
	return v.max && (strncmp(arg, "max=", 4) || !*rest) ? 0 : -EINVAL;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	const char *list = NULL, *trace = NULL;

	for (int i = 0; i < argc; i++) {
		if (parse(argv[i], &list, &trace)) {
			fprintf(stderr, "vpmu: bad option '%s'\n", argv[i]);
			return -1;
		}
	}
	if (open_outputs(list, trace))
		return -1;
	v.pmus.emit = emit_sample;
	vpmus_start(&v.pmus, 1);
	v.maps.emit = emit_map;
	pthread_atfork(before_fork, NULL, on_fork);
	qemu_plugin_register_vcpu_init_cb(id, on_thread);
	qemu_plugin_register_vcpu_exit_cb(id, on_thread_end);
	qemu_plugin_register_vcpu_syscall_cb(id, on_call);
	qemu_plugin_register_vcpu_syscall_ret_cb(id, on_return);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
