/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A context from the inside. ctx.c sets it up and takes it down, command.c starts the command,
 * events.c turns perf records into observations and address spaces, monitor.c runs the intervals,
 * rate.c rations the interruptions, dispatch.c waits and works (also in a thread), stats.c sums up.
 */
#ifndef LIB_CTX_H
#define LIB_CTX_H

#include <pthread.h>
#include <stdbool.h>

#include "base/fail.h"
#include "core/core.h"
#include "damon.h"
#include "lib/view.h"
#include "os/peek.h"
#include "os/proc.h"
#include "os/sys.h"
#include "perf/session.h"
#include "pmu/source.h"
#include "record/writer.h"

enum ctx_state { CTX_SETUP, CTX_OPEN, CTX_CLOSED };

struct ctx_command {
	char **argv; /* NULL: none */
	int pid;     /* 0: not started */
	int go_fd;   /* closing it lets the command go without executing; a byte starts it */
	int hold_fd; /* its other end: no SIGPIPE for us if the command is killed before */
	int err_fd;  /* errno of a failed exec */
	int pid_fd;  /* readable when it ended */
	bool ended;
	int status;
};

struct ctx_pid {
	int pid, pid_fd;
	bool gone;
};

struct damon_ctx {
	const struct damon_sys *sys;
	struct damon_fail fail;
	enum ctx_state state;

	/* what was asked for */
	struct damon_attrs attrs;
	struct damon_sampling sampling;
	char *source_name;
	char *record_path;
	struct ctx_pid *pids;
	size_t nr_pids, cap_pids;
	struct ctx_command cmd;
	damon_snapshot_fn callback;
	void *callback_priv;

	/* what does it */
	const struct damon_source_ops *source;
	void *source_state;
	struct damon_peek peek;
	struct damon_session *session;
	struct damon_core *core;
	struct damon_writer *writer;
	struct view view;
	struct damon_pace pace;	  /* of this machine, for sources that ask for it */
	struct damon_scale scale; /* of the source, on this machine */
	double rate_hz, tick_cost_ns;
	struct pollfd *pollfds;
	size_t nr_pollfds;
	int epoll_fd, timer_fd; /* for damon_fd() */
	pthread_t thread;
	bool threaded, stop; /* 'stop' is atomic */
	int thread_err;

	/* time */
	int64_t epoch_offset_ns;
	uint64_t start_ns;	/* of the recording */
	uint64_t aggr_start_ns; /* of the current aggregation */
	uint64_t next_update_ns, next_flush_ns;
	bool maps_move; /* reading them before their time may help */
	uint64_t own_cpu_start_ns;

	/* the process of the record at hand, for the emit callback */
	struct damon_proc *proc;
	struct damon_counts
		counts;	   /* of the current aggregation, what the core does not count itself */
	double *target_ns; /* CPU time per target slot in the current aggregation */
	uint64_t user_ticks, seen_lost,
		seen_throttled; /* session's counts at the last aggregation */
	uint64_t kernel_ticks;	/* in all */
	double target_cpu_ns;	/* in all, user and kernel */
	struct damon_totals totals;
	uint64_t record_bytes; /* of a record that was closed */
	bool ended;	       /* the callback wants no more */
};

/* command.c */
int command_start(struct damon_ctx *ctx);    /* forks, held back before its exec */
int command_go(struct damon_ctx *ctx);	     /* lets it exec; -errno of the exec with the reason */
void command_abandon(struct damon_ctx *ctx); /* a held-back command ends without exec */
void command_poll(struct damon_ctx *ctx);    /* notes its end */
/* -ESRCH: gone; -ENOSYS: the kernel has none (before 5.3), pid_is_gone() must do; or -errno */
int pidfd_open_of(int pid);
bool pid_is_gone(int pid);

/* events.c */
int events_on_record(void *priv, const struct damon_perf_record *r);
void events_emit(void *priv, const struct damon_obs *o);
int events_read_maps(struct damon_ctx *ctx, struct damon_proc *p, uint64_t now_ns);

/* monitor.c */
int monitor_until(struct damon_ctx *ctx,
		  uint64_t time_ns);	   /* ends the intervals that end at or before it */
int monitor_finish(struct damon_ctx *ctx); /* the last, shorter one */

/* rate.c */
void rate_choose(struct damon_ctx *ctx); /* sets rate_hz, from tick_cost_ns */

/* stats.c */
void counts_add(struct damon_counts *sum, const struct damon_counts *c);
void stats_totals(struct damon_ctx *ctx); /* brings ctx->totals up to date */
void stats_fill(const struct damon_totals *t, const char *source, double rate_hz,
		double tick_cost_ns, struct damon_stats *s);
void meta_fill(const struct damon_ctx *ctx, struct damon_meta *m);

#endif
