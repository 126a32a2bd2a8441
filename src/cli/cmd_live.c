/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/find.h"
#include "cli/follow.h"
#include "cli/output.h"
#include "cli/sampling.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/tuning.h"
#include "damos.h"
#include "live/lines.h"
#include "live/rss.h"
#include "live/screen.h"
#include "live/tail.h"
#include "live/terminal.h"

#define COLUMN_NS (500 * NS_PER_MS) /* of the picture, at its finest */
#define DRAW_NS	  (250 * NS_PER_MS) /* from one picture to the next, at least */

enum { FORMAT_SCREEN, FORMAT_TEXT, FORMAT_JSON }; /* of the option: without a screen */

struct live_options {
	struct option_pids pids;
	const char *record;
	uint64_t duration_ns;
	int format;
	struct sampling_options how;
	bool dry_run, plain;
};

#define AT(field) offsetof(struct live_options, field)

static const struct option_row options[] = {
	{
		.section = "What to watch",
		.name = "pid",
		.letter = 'p',
		.type = OPT_PIDS,
		.offset = AT(pids),
		.arg = "PID[,PID...]",
		.aliases = "target-pid",
		.help = "attach to running processes, with all their threads and the children they "
			"will have, instead of running a command",
	},
	{
		.name = "duration",
		.type = OPT_TIME,
		.offset = AT(duration_ns),
		.arg = "TIME",
		.range = "1 ms..365 d",
		.base_ns = NS_PER_SEC,
		.help = "end after this time; a command that is still running goes on, and is "
			"waited for; a bare number is seconds",
	},
	{
		.section = "How to show it",
		.name = "plain",
		.type = OPT_FLAG,
		.offset = AT(plain),
		.help = "a line for each aggregation instead of a full screen; so it is, too, "
			"where standard output is no terminal",
	},
	{
		.name = "format",
		.type = OPT_CHOICE,
		.offset = AT(format),
		.arg = "FORMAT",
		.def = "auto",
		.choices = "auto text json",
		.help = "'text' is --plain, 'json' an object for each aggregation, one in a line; "
			"'auto' is the screen where there is a terminal",
	},
	{
		.name = "output",
		.letter = 'o',
		.type = OPT_STR,
		.offset = AT(record),
		.arg = "FILE",
		.aliases = "out",
		.help = "write a record as well, for 'damon-perf report'; one that is there "
			"becomes FILE.old",
	},
	{
		.section = "What to do about it",
		.name = "dry-run",
		.type = OPT_FLAG,
		.offset = AT(dry_run),
		.help = "schemes are planned and counted, and nothing is done to any memory",
	},
	SAMPLING_ROWS(AT(how)),
	{0},
};

static const struct command_pair examples[] = {
	{"damon-perf live -p 1234", "watch a process that runs: q quits, ? tells of other keys"},
	{"damon-perf live -- sort big.txt", "run a command and watch it"},
	{"damon-perf live -p $(pgrep -d, nginx) -o nginx.data",
	 "several processes, and a record for later"},
	{"damon-perf live --plain --aggr 1s -p 1234 | tee log", "a line a second, for a log"},
	{"damon-perf live --format json --duration 10s -p 1234 | jq '.targets[].wss.bytes'",
	 "figures for programs"},
	{0},
};

static const struct command_pair statuses[] = {
	{"COMMAND's", "the command ended with it, or with 128 + N, killed by signal N"},
	{"0", "processes (-p) were watched until they ended, or the user did"},
	{"125", "damon-perf itself failed, or was called wrongly"},
	{"126", "COMMAND cannot be executed"},
	{"127", "COMMAND was not found"},
	{0},
};

/* ---- what was asked for ---- */

static int check_what(const struct live_options *o, const struct option_line *line,
		      struct damon_fail *fail)
{
	if (!o->pids.nr && !line->nr_operands) {
		damon_fail(fail, EINVAL, "nothing to watch");
		damon_fail_remedy(fail, "give a command, or processes with '-p'; examples are in "
					"'damon-perf live --help'");
		return -EINVAL;
	}
	if (o->pids.nr && line->nr_operands) {
		damon_fail(fail, EINVAL, "'-p' and a command exclude each other");
		damon_fail_remedy(fail, "give one of them");
		return -EINVAL;
	}
	if (line->nr_operands && !*line->operands[0]) {
		damon_fail(fail, EINVAL, "the command is an empty word");
		damon_fail_remedy(fail, "give the name of a program");
		return -EINVAL;
	}
	return 0;
}

static int check_options(struct live_options *o, const struct option_line *line,
			 struct damon_fail *fail)
{
	if (check_what(o, line, fail) || sampling_check(&o->how, options, line, fail))
		return -EINVAL;
	if (o->record && !strcmp(o->record, "-")) {
		damon_fail(fail, EINVAL,
			   "standard output shows what happens, the record would mix "
			   "with it");
		damon_fail_remedy(fail, "name a file with '-o'");
		return -EINVAL;
	}
	if (o->plain && o->format == FORMAT_JSON) {
		damon_fail(fail, EINVAL, "'--plain' and '--format json' exclude each other");
		damon_fail_remedy(fail, "give one of them");
		return -EINVAL;
	}
	if (o->plain)
		o->format = FORMAT_TEXT;
	if (o->format == FORMAT_SCREEN && !isatty(STDOUT_FILENO))
		o->format = FORMAT_TEXT;
	return 0;
}

/* ---- watching ---- */

struct live {
	const struct live_options *options;
	struct damon_ctx *ctx;
	struct follow follow;
	uint64_t end_ns; /* of --duration; UINT64_MAX: none */
	struct live_lines lines;
	/* Of the screen. */
	struct live_model model;
	struct live_view view;
	struct grid grid;
	struct tail tail; /* of what the command prints */
	struct damon_stats stats;
	char note[256];
	int tty_fd;
	uint64_t drawn_ns;
	bool due;    /* what is shown is not what is known */
	bool quit;   /* by key */
	bool broken; /* nobody reads the lines */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static bool on_screen(const struct live *l)
{
	return l->options->format == FORMAT_SCREEN;
}

static int set_up(struct live *l, char **command)
{
	const struct live_options *o = l->options;
	int err = sampling_set(&o->how, l->ctx);

	for (size_t i = 0; !err && i < o->pids.nr; i++)
		err = damon_add_pid(l->ctx, o->pids.pids[i]);
	if (!err && *command)
		err = damon_set_command(l->ctx, command);
	if (!err && o->record)
		err = damon_set_record(l->ctx, o->record);
	if (!err && o->dry_run)
		err = damon_set_dry_run(l->ctx, 1);
	return err;
}

/* ---- lines ---- */

static int write_line(void *priv, const struct damon_snapshot *s)
{
	struct live *l = priv;

	if (l->options->format == FORMAT_JSON)
		live_lines_json(&l->lines, s);
	else
		live_lines_text(&l->lines, s);
	l->broken = ferror(l->lines.out);
	return l->broken;
}

/* ---- the screen ---- */

static int show_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct live *l = priv;
	int got;

	if (l->view.paused || l->tty_fd < 0) /* the last one comes after the screen */
		return 0;
	live_model_choose(&l->model, l->view.chosen);
	got = live_model_snapshot(&l->model, s);
	if (got > 0)
		l->due = true;
	return got < 0;
}

static void take_figures(struct live *l)
{
	size_t n = damon_nr_schemes(l->ctx);

	l->stats.size = sizeof(l->stats);
	if (!damon_ctx_stats(l->ctx, &l->stats))
		live_model_stats(&l->model, &l->stats);
	for (size_t i = 0; i < n; i++) {
		struct damos_stats s = {.size = sizeof(s)};

		if (!damon_scheme_stats(l->ctx, i, &s))
			live_model_scheme(&l->model, i, n, &s);
	}
}

/* The command's last words, or why this source. */
static void take_note(struct live *l)
{
	char last[200];

	if (l->tail.nr)
		snprintf(l->note, sizeof(l->note), "output: %s",
			 tail_last(&l->tail, last, sizeof(last)));
	else if (l->stats.source_reason[0] && l->model.now_ns - l->model.start_ns < 20 * NS_PER_SEC)
		snprintf(l->note, sizeof(l->note), "source %s, as %.200s", l->stats.source,
			 l->stats.source_reason);
	else
		l->note[0] = '\0';
	l->view.note = l->note[0] ? l->note : NULL;
}

/* At most so often, and only if there is something new. */
static int draw(struct live *l)
{
	uint64_t now = now_ns();
	int err;

	if (terminal_changed())
		l->due = true;
	if (!l->due || now - l->drawn_ns < DRAW_NS)
		return 0;
	if (!l->view.paused)
		take_figures(l);
	take_note(l);
	terminal_size(&l->view.width, &l->view.height);
	err = live_screen_draw(&l->grid, &l->model, &l->view);
	if (err)
		return err;
	terminal_show(&l->grid);
	l->drawn_ns = now;
	l->due = false;
	return 0;
}

static void take_keys(struct live *l)
{
	uint32_t key;

	while ((key = terminal_key())) {
		enum live_asked asked = live_view_key(&l->view, &l->model, key);

		l->due |= asked != LIVE_NOTHING;
		l->quit |= asked == LIVE_QUIT;
		if (asked == LIVE_SWITCH)
			damon_scheme_switch(l->ctx, l->view.scheme, l->view.switch_on);
		if (asked != LIVE_NOTHING)
			l->drawn_ns = 0; /* an answer comes at once */
	}
}

/* A picture that was stopped stays until a key is pressed, though all has ended. */
static void keep_picture(struct live *l)
{
	struct pollfd fd = {.fd = l->tty_fd, .events = POLLIN};

	while (l->view.paused && !l->quit && !follow_signals(&l->follow) && !draw(l)) {
		if (poll(&fd, 1, 250) > 0 && fd.revents & ~POLLIN)
			return;
		take_keys(l);
	}
}

static int open_screen(struct live *l, struct damon_fail *fail)
{
	struct live_model *m = &l->model;
	uint64_t aggr_ns = l->options->how.intervals_ns[1];
	enum report_color color = output_color(STDOUT_FILENO);
	int err;

	live_view_init(&l->view);
	l->view.utf8 = terminal_has_utf8();
	l->view.color = color;
	err = live_model_init(m, MAX((COLUMN_NS + aggr_ns - 1) / aggr_ns * aggr_ns, aggr_ns));
	if (err)
		return damon_fail(fail, ENOMEM, "out of memory");
	m->rss_of = live_rss;
	m->dry_run = l->options->dry_run;
	l->due = true;
	return terminal_open(color, &l->tty_fd, fail);
}

static void close_screen(struct live *l)
{
	terminal_close();
	live_model_release(&l->model);
	live_view_release(&l->view);
	grid_release(&l->grid);
	l->tty_fd = -1;
}

/* ---- the loop ---- */

enum { FD_LIBRARY, FD_TERMINAL, FD_TAIL, NR_FDS };

/* Waits for work and does it. Returns 1 to go on, 0 at the end, or -errno. */
static int step(struct live *l, int timeout_ms)
{
	struct pollfd fds[NR_FDS] = {
		[FD_LIBRARY] = {.fd = damon_fd(l->ctx), .events = POLLIN},
		[FD_TERMINAL] = {.fd = l->tty_fd, .events = POLLIN},
		[FD_TAIL] = {.fd = l->tail.read_fd, .events = POLLIN},
	};
	int more;

	if (fds[FD_LIBRARY].fd < 0)
		return fds[FD_LIBRARY].fd;
	if (poll(fds, NR_FDS, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	if (fds[FD_TERMINAL].revents & ~POLLIN)
		return 0; /* it is gone */
	if (fds[FD_TAIL].revents)
		tail_read(&l->tail);
	more = damon_dispatch(l->ctx, 0);
	if (more == -EINTR)
		more = 1;
	if (l->tty_fd >= 0 && fds[FD_TERMINAL].revents)
		take_keys(l);
	return more;
}

/* Until the targets are gone, the time is over or the user says so. Returns 0 or -errno. */
static int run(struct live *l)
{
	for (;;) {
		uint64_t now = now_ns(), left = l->end_ns - MIN(now, l->end_ns);
		int more, err;

		if (!left || l->quit || follow_signals(&l->follow))
			return 0;
		left = (left + NS_PER_MS - 1) / NS_PER_MS;
		more = step(l, (int)MIN(left, l->due ? DRAW_NS / NS_PER_MS : 1000));
		if (more < 0)
			return more;
		if (!on_screen(l)) {
			if (!more)
				return 0;
			continue;
		}
		err = draw(l);
		if (err)
			return err;
		if (!more) {
			keep_picture(l);
			return 0;
		}
	}
}

static int stop_asked(void *priv)
{
	return signals_pending();
}

/* The command inherits what the screen leaves it of the terminal; or, where lines are written, has
 * standard error for all that it says. */
static int open_context(struct live *l)
{
	int err, out = -1;

	if (on_screen(l)) {
		err = tail_begin(&l->tail);
		if (err)
			return err;
	} else {
		out = dup(STDOUT_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
	}
	err = damon_open(l->ctx);
	tail_end(&l->tail);
	if (out >= 0) {
		dup2(out, STDOUT_FILENO);
		close(out);
	}
	return err;
}

/* While it goes on, what a command says goes on as well. */
static int wait_command(struct live *l)
{
	while (l->tail.read_fd >= 0 && follow_running(l->ctx)) {
		struct pollfd fd = {.fd = l->tail.read_fd, .events = POLLIN};

		tail_write(&l->tail);
		poll(&fd, 1, 200);
		tail_read(&l->tail);
		follow_signals(&l->follow);
	}
	while (tail_read(&l->tail) && l->tail.nr)
		tail_write(&l->tail);
	tail_write(&l->tail);
	return follow_wait(&l->follow);
}

static void say_summary(struct live *l)
{
	char obs[DAMON_UNITS_MAX], bytes[DAMON_UNITS_MAX];
	struct damon_stats s = {.size = sizeof(s)};

	if (damon_ctx_stats(l->ctx, &s) < 0 || !l->options->record)
		return;
	say("%llu snapshots of %s samples, %s in '%.200s'", (unsigned long long)s.nr_snapshots,
	    damon_print_count(obs, (double)s.obs), damon_print_bytes(bytes, (double)s.record_bytes),
	    l->options->record);
}

static int fail_status(struct live *l, int err)
{
	say_ctx(l->ctx, err);
	return err == -ENOEXEC ? NOT_EXECUTABLE : OWN_FAILURE;
}

/* Returns the exit status. */
static int watch(struct live *l, const struct option_line *line)
{
	struct damon_fail fail = {0};
	int closed, pid, status, err = set_up(l, line->operands);

	if (err)
		return fail_status(l, err);
	signals_catch();
	damon_set_callback(l->ctx, on_screen(l) ? show_snapshot : write_line, l);
	damon_set_stop(l->ctx, stop_asked, NULL);
	err = open_context(l);
	if (err < 0)
		return fail_status(l, err);
	if (l->options->duration_ns)
		l->end_ns = now_ns() + l->options->duration_ns;
	err = on_screen(l) ? open_screen(l, &fail) : 0;
	if (!err)
		err = run(l);
	close_screen(l);
	if (fail.text[0])
		say_fail(&fail);
	else if (err < 0)
		say_ctx(l->ctx, err);
	closed = damon_close(l->ctx);
	if (closed < 0 && !err)
		say_ctx(l->ctx, closed);
	pid = follow_running(l->ctx);
	if (pid > 0)
		say("watching ended; waiting for '%.200s', process %d", line->operands[0], pid);
	status = wait_command(l);
	if (err < 0 || closed < 0)
		return OWN_FAILURE;
	say_summary(l);
	return l->broken && output_finish_stdout() ? OWN_FAILURE : status;
}

static int cmd_live(char **argv)
{
	struct live_options o = {0};
	struct live l = {.options = &o, .end_ns = UINT64_MAX, .tty_fd = -1};
	struct damon_fail fail = {0};
	struct option_line line;
	int missing, status = command_parse(&command_live, &o, argv, true, &line);

	tail_init(&l.tail);
	if (status < 0 && check_options(&o, &line, &fail))
		status = command_usage(&command_live, &fail);
	if (status < 0 && line.nr_operands && (missing = find_command(line.operands[0])))
		status = missing;
	if (status < 0) {
		int err = damon_ctx_new(&l.ctx);

		if (err)
			say_ctx(NULL, err);
		l.follow.ctx = l.ctx;
		l.lines.ctx = l.ctx;
		l.lines.out = stdout;
		l.lines.rss_of = live_rss;
		status = err ? OWN_FAILURE : watch(&l, &line);
		if (!err)
			damon_ctx_free(l.ctx);
	}
	tail_release(&l.tail);
	option_pids_release(&o.pids);
	return status;
}

const struct command command_live = {
	.name = "live",
	.summary = "watch the memory accesses of a command or of running processes",
	.synopsis = "[OPTION...] [--] COMMAND [ARGUMENT...]\n[OPTION...] -p PID[,PID...]",
	.about = "Runs COMMAND, or attaches to running processes, and shows on a full screen which "
		 "of them access memory, which parts of it are hot and cold, how that changes, and "
		 "how large their working sets are. Figures come with their bounds.\n\n"
		 "Keys: q quits, ? tells of the others. While the screen is shown, what a command "
		 "writes to the terminal is kept, the last 64 KiB of it, and comes out afterwards; "
		 "it has no keyboard. Where lines are written instead, its standard output is our "
		 "standard error.\n\n"
		 "Ctrl-C reaches the command as always; if it goes on, a second Ctrl-C ends the "
		 "watching. SIGTERM and SIGHUP are passed on to it and end the watching. A command "
		 "that is still running then goes on, and is waited for.",
	.options = options,
	.examples = examples,
	.statuses = statuses,
	.usage_status = OWN_FAILURE,
	.run = cmd_live,
};
