/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/find.h"
#include "cli/follow.h"
#include "cli/options/hardware.h"
#include "cli/mark_socket.h"
#include "cli/record_line.h"
#include "cli/progress.h"
#include "cli/raw.h"
#include "cli/options/record_options.h"
#include "cli/replay.h"
#include "cli/say.h"
#include "cli/options/target_options.h"
#include "cli/signals.h"
#include "cli/options/tuning.h"
#include "damon.h"
#include "report/losses.h"

static const struct command_pair examples[] = {
	{"damon-perf record -- sort big.txt",
	 "run a command and record it, at 1 percent overhead, to damon-perf.data"},
	{"damon-perf report", "then read the summary, and 'damon-perf report heatmap' the picture"},
	{"damon-perf record -p 1234 --duration 30s", "30 seconds of a process that runs"},
	{"damon-perf record -p $(pgrep -d, nginx) -o nginx.data",
	 "several processes, another file"},
	{"damon-perf record --cgroup system.slice/nginx.service --duration 1min",
	 "all processes of a service"},
	{"damon-perf record --ops paddr --duration 10s",
	 "the physical memory that all processes access, as root"},
	{"damon-perf record --rate 1000 -- make -j8",
	 "1000 samples per second of CPU time: finer, and dearer"},
	{"damon-perf record --resolution 1%/1s --overhead 5 -- ./a.out",
	 "see what has 1 percent of the accesses in a second, for 5 percent at most"},
	{"damon-perf record --intervals-goal auto -p 1234",
	 "no intervals to choose: nr_accesses that tell hot from cold"},
	{"damon-perf record --replay perf.data --aggr 1s -o slow.data",
	 "what a recording of 'perf mem record' would show with longer intervals"},
	{"damon-perf record --raw -- ./a.out", "what a PMU tells, to send to who can decode it"},
	{"damon-perf record --monitoring_intervals 5ms 100ms 1s -- ./a.out",
	 "with the option names of damo, DAMON's own tool"},
	{"damon-perf check", "what to do where recording is refused"},
	{0},
};

static const struct command_pair statuses[] = {
	{"COMMAND's", "the command ended with it, or with 128 + N, killed by signal N"},
	{"0", "the recording of processes (-p) is complete"},
	{"125", "damon-perf itself failed, or was called wrongly"},
	{"126", "COMMAND cannot be executed"},
	{"127", "COMMAND was not found"},
	{0},
};

/* ---- the recording ---- */

struct recording {
	const struct record_options *options;
	struct damon_ctx *ctx;
	struct record_line live;
	struct progress progress; /* of a replay, instead of 'live' */
	struct mark_socket marks;
	uint64_t end_ns; /* of --duration; UINT64_MAX: none */
	struct follow follow;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static int set_up(struct recording *r, char **command)
{
	const struct record_options *o = r->options;
	int err = sampling_set(&o->how, r->ctx);

	if (!err && o->replay)
		err = damon_set_replay(r->ctx, o->replay);
	if (!err)
		err = target_options_apply(&o->targets, r->ctx);
	if (!err && *command)
		err = damon_set_command(r->ctx, command);
	if (!err)
		err = o->raw ? damon_set_raw(r->ctx, o->output)
			     : damon_set_record(r->ctx, o->output);
	return err;
}

static void take_marks(struct recording *r)
{
	uint64_t time_ns;

	while ((time_ns = signals_next_mark()))
		damon_mark(r->ctx, NULL, time_ns);
}

static void listen_for_marks(struct recording *r)
{
	int err = r->options->raw || r->options->replay ? 0 : mark_socket_listen(&r->marks);

	if (err && !r->options->quiet)
		say("'damon-perf mark' will not find this recording: %s", strerror(-err));
}

/* Until the targets are gone, the time is over or the user says so. Returns 0 or -errno. */
static int run(struct recording *r)
{
	for (;;) {
		uint64_t now = now_ns(), left = r->end_ns - MIN(now, r->end_ns);
		int more;

		take_marks(r);
		if (!left || follow_signals(&r->follow))
			return 0;
		left = (left + NS_PER_MS - 1) / NS_PER_MS;
		more = damon_dispatch(r->ctx, (int)MIN(left, (uint64_t)1000));
		if (more == -EINTR)
			continue;
		if (more <= 0)
			return more;
		record_line_draw(&r->live, r->ctx, now_ns());
	}
}

/* While attaching there is nothing yet that would have to be completed. */
static int stop_asked(void *priv)
{
	return signals_pending();
}

/* To stop is to keep what was read until then, as of any recording. */
static int replay_progress(void *priv, uint64_t done, uint64_t total)
{
	struct recording *r = priv;

	progress_draw(&r->progress, done, total);
	return 0;
}

/* "'a b'" if the shell needs it. */
static void shell_word(char *buf, size_t size, const char *word)
{
	bool plain = !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_./+,:@%-")];
	size_t n = 0;

	if (plain) {
		snprintf(buf, size, "%s", word);
		return;
	}
	n += (size_t)snprintf(buf, size, "'");
	for (; *word && n + 6 < size; word++)
		n += (size_t)snprintf(buf + n, size - n, *word == '\'' ? "'\\''" : "%c", *word);
	snprintf(buf + n, size - n, "'");
}

/* "; see them with: damon-perf report -i FILE" */
static void next_step(char *buf, size_t size, const char *output)
{
	char word[600];

	shell_word(word, sizeof(word), output);
	if (!strcmp(output, RECORD_OUTPUT))
		snprintf(buf, size, "; see them with: damon-perf report");
	else if (!strcmp(output, "-"))
		buf[0] = '\0';
	else
		snprintf(buf, size, "; see them with: damon-perf report -i %s", word);
}

#define FOREIGN "32-bit code, which is not decoded; '--source faults' sees at least its page faults"

/* What the command, if there was one, and its children used in user mode. */
static double command_user_ns(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_CHILDREN, &u))
		return 0;
	return (double)u.ru_utime.tv_sec * NS_PER_SEC + (double)u.ru_utime.tv_usec * NS_PER_US;
}

/* Why a recording has no access: what most of the samples met. */
static void say_nothing_seen(const struct recording *r, const struct damon_stats *s)
{
	const struct {
		uint64_t n;
		const char *met;
	} all[] = {
		{s->foreign, "were of " FOREIGN},
		{s->kernel_ticks, "were in the kernel, working for the command; '--source faults' "
				  "sees what is touched there for the first time"},
		{losses_count(s), "were lost; lower '--rate'"},
		{s->no_code, "found no code to decode: it is neither in a file that can be read, "
			     "nor readable in memory"},
		{s->no_region + s->no_target, "met no mapping that is known"},
		{s->no_address + s->filtered, "were no accesses of memory; record for longer"},
	};
	const uint64_t few = 3; /* of which nothing can be said */
	bool to_its_end = !r->options->duration_ns && !r->follow.nr_interrupts;
	double used_ns = to_its_end ? command_user_ns() : 0;
	char count[DAMON_UNITS_MAX];
	size_t most = 0;

	for (size_t i = 1; i < ARRAY_SIZE(all); i++)
		most = all[i].n > all[most].n ? i : most;
	if (all[most].n > few)
		say("no access was seen: %s samples %s",
		    damon_print_count(count, (double)all[most].n), all[most].met);
	else if (used_ns * s->rate_hz / NS_PER_SEC > 20)
		say("no access was seen in %s of CPU time: the kernel closed the program to this "
		    "user, as it does where privileges are raised; run as root",
		    damon_print_time(count, used_ns));
	else if (s->period)
		say("no access was seen: fewer than one in %llu was to be; record for longer, or "
		    "with a lower '--period'",
		    (unsigned long long)s->period);
	else if (s->rate_hz > 0)
		say("no access was seen: too little CPU time was used; record for longer, or with "
		    "a higher '--rate'");
	else
		say("no access was seen: nothing was touched for the first time; '--source soft' "
		    "sees all accesses");
}

/* What recording cost, and whether that is what was asked for. */
static void say_cost(const struct recording *r, const struct damon_stats *s)
{
	const double enough_ns = .5 * NS_PER_SEC; /* of CPU time: below, it is all start and end */
	double asked = s->overhead_asked_percent;
	const char *whose = damon_command_pid(r->ctx) ? "the command's" : "the processes'";

	if (s->rate_asked_hz > s->rate_hz)
		say("the rate was %.4g Hz, as kernel.perf_event_max_sample_rate allows no more",
		    s->rate_hz);
	if (s->unseen_cpus)
		say("%u CPU%s came online after the start: what ran there was not seen",
		    s->unseen_cpus, s->unseen_cpus > 1 ? "s" : "");
	if (!(asked > 0) || s->overhead_percent < 0 || s->target_cpu_ns < enough_ns)
		return;
	say("cost: %.2g %% of %s CPU time, %.2g %% by interruptions%s and %.2g %% by own work "
	    "(%.3g %% asked for)",
	    s->overhead_percent, whose, s->slowdown_percent,
	    s->tick_cost_assumed ? ", estimated," : "", s->overhead_percent - s->slowdown_percent,
	    asked);
	if (s->overhead_percent <= 1.2 * asked || hardware_says_why(s))
		return;
	if (s->own_other_percent > s->own_cpu_percent / 2)
		say("most of it was to start and to end, which costs the same whatever is "
		    "recorded: in a longer recording it counts for less");
	else
		say("less is out of reach: too little CPU time was used for the work of intervals; "
		    "a longer '--aggr' makes it less");
}

static void say_summary(struct recording *r)
{
	char bytes[DAMON_UNITS_MAX], obs[DAMON_UNITS_MAX], lost[LOSSES_TEXT_MAX], next[700];
	struct damon_stats stats = {.size = sizeof(stats)};
	const char *output = r->options->output;

	if (r->options->quiet || damon_ctx_stats(r->ctx, &stats) < 0)
		return;
	if (r->options->raw) {
		raw_say(&stats, output);
		say_cost(r, &stats);
		return;
	}
	next_step(next, sizeof(next), output);
	say("%llu snapshot%s of %s %s%s, %s in '%.200s'%s", (unsigned long long)stats.nr_snapshots,
	    stats.nr_snapshots == 1 ? "" : "s",
	    damon_print_count(obs, (double)(replayed_checks(&stats) ? stats.checks : stats.obs)),
	    replayed_checks(&stats) ? "checks" : "samples", losses_text(lost, &stats),
	    damon_print_bytes(bytes, (double)stats.record_bytes), output, next);
	say_cost(r, &stats);
	if (r->options->replay)
		replay_say(&stats);
	else if (!stats.obs)
		say_nothing_seen(r, &stats);
	else if (stats.foreign > stats.obs / 10)
		say("%s more samples were of " FOREIGN,
		    damon_print_count(obs, (double)stats.foreign));
	target_options_say_closed(&stats);
	if (stats.check_failed)
		say("%llu check%s failed: %s", (unsigned long long)stats.check_failed,
		    stats.check_failed == 1 ? "" : "s", stats.check_reason);
	if (damon_command_pid(r->ctx) && stats.nr_alive)
		say("the command ended; %llu process%s that it started still ran, and %s no longer "
		    "recorded",
		    (unsigned long long)stats.nr_alive, stats.nr_alive > 1 ? "es" : "",
		    stats.nr_alive > 1 ? "are" : "is");
}

/* After a failure: what there is of a record. */
static void say_rest(struct recording *r)
{
	struct damon_stats stats = {.size = sizeof(stats)};

	if (!r->options->quiet && !damon_ctx_stats(r->ctx, &stats) && stats.record_bytes &&
	    strcmp(r->options->output, "-") != 0)
		say("'%.200s' holds what was recorded until then", r->options->output);
}

/* Returns the exit status. */
static int record(struct recording *r, const struct option_line *line)
{
	char **command = line->operands;
	int closed, pid, status, err = set_up(r, command);

	if (!err) {
		signals_catch();
		record_line_init(&r->live, r->options->quiet, now_ns());
		progress_init(&r->progress, r->options->quiet, "replaying");
		r->live.on = r->live.on && !r->options->replay && !r->options->raw;
		damon_set_progress(r->ctx, replay_progress, r);
		if (r->live.on)
			damon_set_callback(r->ctx, record_line_snapshot, &r->live);
		damon_set_stop(r->ctx, stop_asked, NULL);
		listen_for_marks(r);
		err = damon_open(r->ctx);
	}
	progress_erase(&r->progress);
	if (err < 0) {
		mark_socket_stop(&r->marks);
		say_ctx(r->ctx, err);
		return err == -ENOEXEC ? NOT_EXECUTABLE : OWN_FAILURE;
	}
	if (!r->options->quiet)
		hardware_say_source(r->ctx);
	if (!r->options->quiet)
		tuning_say_rate(r->ctx, &r->options->how.sampling);
	if (r->options->replay && !r->options->quiet)
		replay_say_unused(r->ctx, record_rows, line);
	if (r->options->duration_ns)
		r->end_ns = now_ns() + r->options->duration_ns;
	mark_socket_start(&r->marks, r->ctx);
	err = run(r);
	mark_socket_stop(&r->marks);
	take_marks(r);
	record_line_erase(&r->live);
	progress_erase(&r->progress);
	if (err < 0)
		say_ctx(r->ctx, err);
	closed = damon_close(r->ctx);
	if (closed < 0 && !err)
		say_ctx(r->ctx, closed);
	pid = follow_running(r->ctx);
	if (pid > 0 && !r->options->quiet)
		say("the recording ended; waiting for '%.200s', process %d", command[0], pid);
	status = follow_wait(&r->follow);
	if (err < 0 || closed < 0) {
		say_rest(r);
		return OWN_FAILURE;
	}
	say_summary(r);
	return status;
}

static int cmd_record(char **argv)
{
	struct record_options o = {0};
	struct recording r = {.options = &o, .end_ns = UINT64_MAX, .marks = MARK_SOCKET_NONE};
	struct damon_fail fail = {0};
	struct option_line line;
	int missing, status = command_parse(&command_record, &o, argv, true, &line);

	if (status < 0 && record_check_options(&o, &line, &fail))
		status = command_usage(&command_record, &fail);
	if (status < 0 && line.nr_operands && (missing = find_command(line.operands[0])))
		status = missing;
	if (status < 0) {
		int err = damon_ctx_new(&r.ctx);

		r.follow.ctx = r.ctx;
		if (err)
			say_ctx(NULL, err);
		status = err ? OWN_FAILURE : record(&r, &line);
		if (!err)
			damon_ctx_free(r.ctx);
	}
	target_options_release(&o.targets);
	return status;
}

const struct command command_record = {
	.name = "record",
	.summary = "record the memory accesses of a command or of running processes",
	.synopsis = "[OPTION...] [--] COMMAND [ARGUMENT...]\n[OPTION...] -p PID[,PID...] | "
		    "--cgroup PATH | -a\n"
		    "[OPTION...] --replay FILE",
	.about = "Runs COMMAND, or attaches to running processes, and records which parts of their "
		 "memory are accessed, how often and by whom, until they end. Threads and child "
		 "processes are recorded too. No PMU is needed, and no root for one's own "
		 "processes where perf_event_paranoid is 2 or less.\n\n"
		 "The command keeps its terminal and its signals. Ctrl-C reaches it as always; if "
		 "it goes on, a second Ctrl-C ends the recording. SIGTERM and SIGHUP are passed on "
		 "to it and end the recording. The file is complete in each case; after a crash it "
		 "holds all but the last second.",
	.options = record_rows,
	.examples = examples,
	.statuses = statuses,
	.usage_status = OWN_FAILURE,
	.run = cmd_record,
};
