/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A context from the inside. ctx.c sets it up and takes it down, source.c chooses where accesses
 * come from, command.c starts the command, replay.c reads a recording of perf instead, raw.c makes
 * one, events.c turns perf records into observations and address spaces, monitor.c runs the
 * intervals, rate.c rations the interruptions, dispatch.c waits and works (also in a thread),
 * stats.c sums up, marks.c keeps moments that were named, build_ids.c tells files by what they
 * hold, checks.c runs the checkers beside all that, ops.c says which addresses count (ops.h),
 * members.c keeps to who is in a cgroup.
 */
#ifndef LIB_CTX_H
#define LIB_CTX_H

#include <pthread.h>
#include <stdbool.h>

#include "base/fail.h"
#include "core/budget.h"
#include "core/core.h"
#include "core/tuning.h"
#include "damon.h"
#include "lib/checks/checker.h"
#include "lib/ops.h"
#include "lib/raw.h"
#include "lib/schemes/schemes.h"
#include "lib/view.h"
#include "os/cgroup.h"
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

/* Spending: what is on, and what it came to. rate.c keeps it. */
struct ctx_rate {
	bool by_accesses; /* hardware: what is counted are accesses, 10^9 of them stand for the
			     second in 'hz', 'first_hz' and 'before_hz' */
	double hz;	  /* now; per second of the targets' CPU time, 0: neither */
	double first_hz;  /* what the source was told, */
	enum damon_bound bound; /* and what it was bounded by */
	double tick_cost_ns;	/* to the target; 0: not known */
	bool tick_cost_assumed; /* and not measured */
	double read_cost_ns;	/* of a read of the targets' memory, to us */
	bool ladder;		/* 'budget' rules */
	struct damon_budget budget;
	uint64_t since_ns;		 /* when 'hz' began, */
	uint64_t busy_ns;		 /* all processes: CPU time of theirs when looked at last */
	double before_hz;		 /* and what it was before */
	double rung_cpu_ns[DAMON_RUNGS]; /* CPU time of the targets under each rung, */
	double rung_ns[DAMON_RUNGS];	 /* and wall time, without the current stay */
	double rung_samples[DAMON_RUNGS]; /* by_accesses: whoever's they were, */
	double accesses;		  /* and what they stood for */
	uint64_t seen_lost, seen_throttled, cpu_base_ns;
	uint64_t ticks;	       /* so far, as counted last */
	bool left_behind;      /* some children may be, by the last step */
	uint64_t next_ns;      /* the next look at the budget */
	uint64_t own_start_ns; /* own CPU time at the start */
	enum damon_work work;  /* at hand, */
	uint64_t work_from_ns; /* since this own CPU time */
	double work_ns[DAMON_NR_WORKS];
};

/* A cgroup whose processes are monitored. */
struct ctx_cgroup {
	char *path;		     /* as it was given */
	char dir[DAMON_CGROUP_PATH]; /* its folder */
	bool gone;
};

/* Who is in them. members.c keeps it. */
struct ctx_members {
	struct ctx_cgroup *groups;
	size_t nr_groups, cap_groups;
	struct damon_pids now;	  /* of the group at hand */
	struct damon_pids closed; /* that cannot be attached to: sorted */
	uint64_t next_ns;	  /* the next look */
};

#define CTX_MAX_CHECKERS 4
/* What tells of tasks, and the source's events on each rung. */
#define CTX_MAX_EVENTS (1 + DAMON_RUNGS * DAMON_SOURCE_MAX_EVENTS)

/* A checker that was asked for. */
struct ctx_checker {
	struct checker *checker;
	const struct damon_checker_ops *ops;
	struct checker_seen *seen; /* taken from it, and not yet due */
	size_t nr_seen, cap_seen;
	size_t pos;	/* of the next process, or target, to look at */
	uint64_t stale; /* seen of processes that went, or executed another program */
};

/* Marks that are not written yet. */
struct ctx_marks {
	pthread_mutex_t lock;
	bool open;	   /* there is a record that they go to */
	uint64_t start_ns; /* of it */
	struct damon_mark *v;
	size_t nr, cap, nr_all;
	uint32_t unnamed;
	uint64_t refused;
};

struct damon_ctx {
	const struct damon_sys *sys;
	struct damon_fail fail;
	enum ctx_state state;

	/* what was asked for */
	struct damon_attrs attrs;
	struct damon_sampling sampling;
	struct damon_goal goal;
	char *source_name, *check_names, *event_name;
	char *record_path, *replay_path, *raw_path;
	int record_fd; /* what to write to instead of the path, -1: the path */
	struct ctx_pid *pids;
	size_t nr_pids, cap_pids;
	struct ctx_command cmd;
	struct ctx_members members;
	bool all;    /* all processes, */
	int own_pid; /* but this one */
	struct ctx_ops ops;
	damon_snapshot_fn callback;
	void *callback_priv;
	damon_stop_fn stop_asked; /* while attaching */
	void *stop_priv;
	damon_progress_fn progress; /* of a replay */
	void *progress_priv;

	/* what does it */
	const struct damon_source_ops *source;
	void *source_state;
	struct damon_fail source_reason; /* "auto": why not a better one */
	uint64_t period;		 /* of its samples at the start; 0: none */
	struct damon_peek peek;
	struct damon_session *session;
	struct replay *replay;	      /* instead of a session */
	struct raw *raw;	      /* instead of the core's work */
	struct raw_counts raw_counts; /* of one that was closed */
	uint32_t first_event;	      /* of the source's in the session */
	double counter_percent;	      /* struct damon_stats */
	double uncovered_percent;     /* likewise */
	bool whole_cpus;	      /* samples of processes that are nobody's come, too */
	uint64_t *midr;		      /* by CPU, where the source reads traces; 0: not told */
	int nr_midr;
	struct damon_core *core;
	struct damon_writer *writer;
	struct ctx_checker checkers[CTX_MAX_CHECKERS];
	size_t nr_checkers;
	struct view view;
	struct damon_pace pace;	  /* of this machine, for sources that ask for it */
	struct damon_scale scale; /* of the source, on this machine */
	struct ctx_rate rate;
	struct damon_tuner tuner;
	struct pollfd *pollfds;
	size_t nr_pollfds;
	int epoll_fd, timer_fd; /* for damon_fd() */
	uint64_t timer_ns;	/* what the timer was set to */
	uint64_t latency_ns;	/* as asked for */
	pthread_t thread;
	bool threaded, stop; /* 'stop' is atomic */
	int thread_err;

	/* time */
	int64_t epoch_offset_ns;
	uint64_t start_ns;	/* of the recording */
	uint64_t aggr_start_ns; /* of the current aggregation */
	uint64_t next_update_ns, next_flush_ns;
	bool maps_move; /* reading them before their time may help */

	/* the process of the record at hand, for the emit callback */
	struct damon_proc *proc;
	struct damon_counts
		counts;	   /* of the current aggregation, what the core does not count itself */
	double *target_ns; /* CPU time per target slot in the current aggregation */
	uint64_t user_ticks, seen_lost, seen_throttled, seen_malformed,
		seen_stalled;			/* session's counts at the last aggregation */
	uint64_t seen_truncated, seen_collided; /* likewise */
	uint64_t kernel_ticks;			/* in all */
	uint64_t strangers;   /* samples of processes that are nobody's, of whole CPUs */
	double target_cpu_ns; /* in all, user and kernel */
	struct damon_totals totals;
	struct ctx_marks marks;
	uint64_t record_bytes; /* of a record that was closed */
	bool ended;	       /* the callback wants no more */
	uint64_t nr_closed;    /* processes that could not be looked into; why the first one */
	struct damon_fail closed_reason;

	bool dry_run;
	bool by_hand;		 /* the worker of schemes has no thread: tests do its steps */
	struct schemes *schemes; /* NULL: none were set */
};

/* ctx.c, for replay.c */
int ctx_open_core(struct damon_ctx *ctx); /* once there is a source */
int ctx_open_record(struct damon_ctx *ctx);
static inline const char *record_name(const struct damon_ctx *ctx) /* for messages */
{
	return ctx->record_path ? ctx->record_path : "a temporary file";
}

/* ctx.c, for members.c: a process that runs, with its events, its target and its mappings. -errno
 * with the reason; -ESRCH: it is gone. */
int ctx_attach(struct damon_ctx *ctx, int pid);

/* members.c: processes of cgroups, while there is one */
int members_open(struct damon_ctx *ctx);   /* finds the cgroups; -errno with the reason */
int members_attach(struct damon_ctx *ctx); /* who is in them now; likewise */
/* Once an update interval, between two reads of the rings: who came since. */
void members_update(struct damon_ctx *ctx);
bool members_gone(const struct damon_ctx *ctx); /* all cgroups were removed */
void members_release(struct damon_ctx *ctx);

/* command.c */
int command_start(struct damon_ctx *ctx);    /* forks, held back before its exec */
int command_go(struct damon_ctx *ctx);	     /* lets it exec; -errno of the exec with the reason */
void command_abandon(struct damon_ctx *ctx); /* a held-back command ends without exec */
void command_poll(struct damon_ctx *ctx);    /* notes its end */
/* -ESRCH: gone; -ENOSYS: the kernel has none (before 5.3), pid_is_gone() must do; or -errno */
int pidfd_open_of(const struct damon_sys *sys, int pid);
bool pid_is_gone(int pid);

/* source.c */
bool source_is_hardware(const struct damon_source_ops *s); /* it samples what hardware counts */
int source_choose(struct damon_ctx *ctx); /* as asked for, if it can do what was asked of it */
struct damon_source_options source_options(const struct damon_ctx *ctx);
/* Tells the source which events it will decode samples of. */
int source_begin(struct damon_ctx *ctx, const struct damon_event *e, int n);
int source_read_cpus(struct damon_ctx *ctx); /* which models they are; Arm */

/* events.c */
int events_on_record(void *priv, const struct damon_perf_record *r);
void events_on_trace(void *priv, const struct damon_session_trace *t);
void events_emit(void *priv, const struct damon_obs *o);
/* -EACCES: it is closed to us, and keeps what it had. */
int events_read_maps(struct damon_ctx *ctx, struct damon_proc *p, uint64_t now_ns);
/* Notes that a process cannot be looked into, and why. */
void events_closed(struct damon_ctx *ctx, const struct damon_fail *why);
void events_hidden(struct damon_ctx *ctx, int pid, const char *comm); /* its mappings are */

/* monitor.c */
int monitor_until(struct damon_ctx *ctx,
		  uint64_t time_ns); /* ends the intervals that end at or before it */
int monitor_cut(struct damon_ctx *ctx, uint64_t now_ns); /* the one at hand ends here */
int monitor_finish(struct damon_ctx *ctx);		 /* the last, shorter one */
void monitor_cpus(struct damon_ctx *ctx);		 /* asks for CPUs that are not seen */
void monitor_count(struct damon_ctx *ctx); /* at the end: ticks, what was lost, CPUs not seen */
/* Writes and shows a snapshot that ends then. Returns 0 or -errno with the reason. */
int monitor_show(struct damon_ctx *ctx, const struct damon_snapshot *s, uint64_t end_ns);

/* checks.c */
int checks_open(struct damon_ctx *ctx);	 /* those asked for; -errno with the reason */
int checks_start(struct damon_ctx *ctx); /* their threads */
void checks_stop(struct damon_ctx *ctx); /* what they saw stays to be taken */
void checks_feed(struct damon_ctx *ctx); /* what to look at next */
int checks_take(struct damon_ctx *ctx,
		uint64_t until_ns); /* gives the core what was seen by then */
void checks_totals(const struct damon_ctx *ctx, struct damon_check_totals *t);
void checks_release(struct damon_ctx *ctx);

/* build_ids.c: those of files that targets have mapped since the last time, for the record; and of
 * the file that is mapped from its beginning at 'm', as damon_build_id_read() */
void build_ids_read(struct damon_ctx *ctx);
ssize_t build_ids_of(struct damon_ctx *ctx, int pid, const struct damon_mapping *m,
		     uint8_t id[DAMON_BUILD_ID_MAX]);

/* marks.c */
void marks_init(struct ctx_marks *m);
void marks_open(struct ctx_marks *m, uint64_t start_ns);
/* Hands them to the writer; after the 'last' time there are no more. */
int marks_write(struct ctx_marks *m, struct damon_writer *w, bool last);
void marks_release(struct ctx_marks *m);

/* rate.c */
/* Sets 'rate', from its tick_cost_ns. 'fixed': the source's events allow no ladder. */
void rate_choose(struct damon_ctx *ctx, bool fixed);
/* The events of the source at the rates that were chosen: fills 'e', which has room for
 * CTX_MAX_EVENTS. Returns their number or -errno. */
int rate_events(struct damon_ctx *ctx, const struct damon_source_options *o, struct damon_event *e);
void rate_start(struct damon_ctx *ctx);
/* A sample of anybody was taken: what it cost is counted. */
void rate_sampled(struct damon_ctx *ctx, const struct damon_perf_sample *s);
/* CPU time that a sample stands for, in ns; the core weighs it. 0: it stands for accesses. */
double rate_sample_ns(struct damon_ctx *ctx, const struct damon_perf_sample *s);
double rate_mean(const struct damon_ctx *ctx, uint64_t start_ns, uint64_t end_ns);
/* Reads the targets' CPU time. Returns the ticks so far, those in the kernel included; 0: unknown,
 * or there are none. */
uint64_t rate_count(struct damon_ctx *ctx);
/* The same as of the latest look that the ladder needed anyway. */
uint64_t rate_counted(struct damon_ctx *ctx);
void rate_resume(struct damon_ctx *ctx); /* what was spent while nothing was sampled is left out */
int rate_step(struct damon_ctx *ctx);	 /* keeps to the budget; to be called at every wake-up */
/* Fills in what own work and rungs came to. */
void rate_totals(struct damon_ctx *ctx, struct damon_totals *t);
/* Own CPU time goes into 'w' from now on. Returns what it went into until now. */
enum damon_work rate_work(struct damon_ctx *ctx, enum damon_work w);

/* stats.c */
void counts_add(struct damon_counts *sum, const struct damon_counts *c);
void stats_totals(struct damon_ctx *ctx); /* brings ctx->totals up to date */
/* 'm' needs its source and rates only. */
void stats_fill(const struct damon_totals *t, const struct damon_meta *m, struct damon_stats *s);
void meta_fill(const struct damon_ctx *ctx, struct damon_meta *m);
void tuning_fill(const struct damon_ctx *ctx, struct damon_tuning *t);
void stats_tuning(const struct damon_tuning *t, struct damon_stats *s); /* what bounds the rate */

#endif
