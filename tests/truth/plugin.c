/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plugin of QEMU's user-mode emulation that writes every data access of a program to a trace.
 *	qemu-x86_64 -plugin plugin.so,out=FILE,skip=N,max=N,all=on PROGRAM ARGUMENT...
 * README.md says what counts as an access.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/truth/qemu_plugin.h"
#include "tests/truth/trace.h"

int qemu_plugin_version = 1;

#define PAGE_SHIFT	12
#define RUNS_PER_UPDATE 1024 /* of the count of instructions */

static struct {
	struct trace_run run; /* the current one */
	uint64_t left;	      /* accesses until the state changes */
	uint64_t instructions;
	unsigned int runs; /* since instructions were written */
	enum { SKIPPING, TRACING, ENDED } state;
	uint64_t max;
	bool all; /* threads, not just the first */
	struct trace_writer *out;
	pthread_mutex_t lock; /* if 'all' */
} t = {.run = {.page = UINT64_MAX}, .max = UINT64_MAX, .lock = PTHREAD_MUTEX_INITIALIZER};

/* Ends the program at once: what it would still do is not wanted. */
static void end(int err)
{
	if (err)
		fprintf(stderr, "truth: the trace could not be written: %s\n", strerror(-err));
	_exit(err != 0);
}

static void write_run(void)
{
	int err = trace_add(t.out, t.run.page, t.run.count, t.run.stores);

	if (err)
		end(err);
	if (++t.runs < RUNS_PER_UPDATE)
		return;
	trace_add_instructions(t.out, t.instructions);
	t.instructions = 0;
	t.runs = 0;
}

static int finish(void)
{
	int err = 0;

	if (t.state == TRACING) {
		write_run();
		trace_add_instructions(t.out, t.instructions);
	}
	if (t.state != ENDED)
		err = trace_finish(t.out);
	t.state = ENDED;
	return err;
}

static void change_state(void)
{
	if (t.state != SKIPPING)
		end(finish());
	t.state = TRACING;
	t.left = t.max;
	t.run.count = t.run.stores = 0;
	t.instructions = 0;
}

static inline void count(uint64_t addr, bool store)
{
	uint64_t page = addr >> PAGE_SHIFT;

	if (t.run.page != page) {
		if (t.run.count && t.state == TRACING)
			write_run();
		t.run = (struct trace_run){.page = page};
	}
	t.run.count++;
	t.run.stores += store;
	if (--t.left == 0)
		change_state();
}

static void on_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t addr, void *data)
{
	if (t.state == ENDED || (vcpu && !t.all))
		return;
	if (t.all)
		pthread_mutex_lock(&t.lock);
	count(addr, qemu_plugin_mem_is_store(info));
	if (t.all)
		pthread_mutex_unlock(&t.lock);
}

static void on_block(unsigned int vcpu, void *instructions)
{
	if (t.all)
		__atomic_fetch_add(&t.instructions, (uintptr_t)instructions, __ATOMIC_RELAXED);
	else if (!vcpu)
		t.instructions += (uintptr_t)instructions;
}

static void on_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS,
					     (void *)(uintptr_t)n);
	for (size_t i = 0; i < n; i++)
		qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, i), on_access,
						 QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
}

static void on_end(qemu_plugin_id_t id, void *data)
{
	int err = finish();

	if (err)
		end(err);
}

/* The trace is the parent's. */
static void on_fork(void)
{
	t.state = ENDED;
}

static bool set_number(const char *arg, const char *name, uint64_t *n)
{
	size_t length = strlen(name);
	char *rest;

	if (strncmp(arg, name, length) || arg[length] != '=')
		return false;
	*n = strtoull(arg + length + 1, &rest, 10);
	return rest != arg + length + 1 && !*rest;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	const char *out = NULL;
	uint64_t skip = 0;
	int err;

	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4)) {
			out = argv[i] + 4;
		} else if (!strcmp(argv[i], "all=on")) {
			t.all = true;
		} else if (!set_number(argv[i], "skip", &skip) &&
			   !set_number(argv[i], "max", &t.max)) {
			fprintf(stderr, "truth: bad option '%s'\n", argv[i]);
			return -1;
		}
	}
	err = out && t.max ? trace_create(out, PAGE_SHIFT, &t.out) : -EINVAL;
	if (err) {
		fprintf(stderr, "truth: out=FILE: %s\n", strerror(-err));
		return -1;
	}
	t.state = skip ? SKIPPING : TRACING;
	t.left = skip ? skip : t.max;
	pthread_atfork(NULL, NULL, on_fork);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
