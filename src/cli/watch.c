/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/find.h"
#include "cli/follow.h"
#include "cli/options/target_options.h"
#include "cli/output.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/watch.h"
#include "damos.h"
#include "live/lines.h"
#include "live/metrics.h"
#include "live/rss.h"
#include "live/screen.h"
#include "live/tail.h"
#include "live/terminal.h"
#include "report/losses.h"

#define COLUMN_NS (500 * NS_PER_MS) /* of the picture, at its finest */
#define DRAW_NS	  (250 * NS_PER_MS) /* from one picture to the next, at least */

struct watch {
	const struct watch_options *options;
	struct damon_ctx *ctx;
	struct follow follow;
	uint64_t end_ns; /* of --duration; UINT64_MAX: none */
	struct live_lines lines;
	struct metrics *metrics; /* NULL: none are served */
	/* Of the screen. */
	struct live_model model;
	struct live_view view;
	struct grid grid;
	struct tail tail; /* of what the command prints */
	struct damon_stats stats;
	char note[400], news[400]; /* a line of the screen; what happened that must be told */
	int tty_fd;
	uint64_t drawn_ns;
	bool due;      /* what is shown is not what is known */
	bool quit;     /* by key */
	int write_err; /* of lines, -errno */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static bool on_screen(const struct watch *w)
{
	return w->options->format == WATCH_SCREEN;
}

/* ---- lines ---- */

static int write_line(struct watch *w, const struct damon_snapshot *s)
{
	const struct watch_lines *other = w->options->lines;
	bool json = w->options->format == WATCH_JSON;

	if (w->write_err)
		return 1;
	if (other)
		w->write_err = other->take(other->priv, s, json);
	else
		w->write_err = json ? live_lines_json(&w->lines, s) : live_lines_text(&w->lines, s);
	return w->write_err < 0;
}

static void finish_lines(struct watch *w)
{
	const struct watch_lines *other = w->options->lines;

	if (other && !w->write_err)
		w->write_err = other->finish(other->priv, w->options->format == WATCH_JSON);
}

/* ---- the screen ---- */

static int show_snapshot(struct watch *w, const struct damon_snapshot *s)
{
	int got;

	if (w->view.paused || w->tty_fd < 0) /* the last one comes after the screen */
		return 0;
	live_model_choose(&w->model, w->view.chosen);
	got = live_model_snapshot(&w->model, s);
	if (got > 0)
		w->due = true;
	return got < 0;
}

static int on_snapshot(void *priv, const struct damon_snapshot *s)
{
	struct watch *w = priv;

	metrics_take(w->metrics, s);
	return on_screen(w) ? show_snapshot(w, s) : write_line(w, s);
}

static void take_figures(struct watch *w)
{
	const struct config *known = w->options->schemes;
	size_t n = damon_nr_schemes(w->ctx);

	w->stats.size = sizeof(w->stats);
	if (w->model.nr_snapshots && !damon_ctx_stats(w->ctx, &w->stats))
		live_model_stats(&w->model, &w->stats);
	for (size_t i = 0; i < n; i++) {
		struct damos_stats s = {.size = sizeof(s)};

		if (!damon_scheme_stats(w->ctx, i, &s))
			live_model_scheme(&w->model, i, n, &s,
					  known && i < known->nr_schemes ? &known->schemes[i]
									 : NULL);
	}
}

/* The latest news, the command's last words, or why this source. */
static void take_note(struct watch *w)
{
	char last[200];

	if (w->news[0])
		snprintf(w->note, sizeof(w->note), "%s", w->news);
	else if (w->tail.nr)
		snprintf(w->note, sizeof(w->note), "output: %s",
			 tail_last(&w->tail, last, sizeof(last)));
	else if (w->stats.source_reason[0] && w->model.now_ns - w->model.start_ns < 20 * NS_PER_SEC)
		snprintf(w->note, sizeof(w->note), "source %s, as %.200s", w->stats.source,
			 w->stats.source_reason);
	else
		w->note[0] = '\0';
	w->view.note = w->note[0] ? w->note : NULL;
}

/* At most so often, and only if there is something new. */
static int draw(struct watch *w)
{
	uint64_t now = now_ns();
	int err;

	if (terminal_changed())
		w->due = true;
	if (!w->due || now - w->drawn_ns < DRAW_NS)
		return 0;
	if (!w->view.paused)
		take_figures(w);
	take_note(w);
	terminal_size(&w->view.width, &w->view.height);
	err = live_screen_draw(&w->grid, &w->model, &w->view);
	if (err)
		return err;
	terminal_show(&w->grid);
	w->drawn_ns = now;
	w->due = false;
	return 0;
}

static void take_keys(struct watch *w)
{
	uint32_t key;

	while ((key = terminal_key())) {
		enum live_asked asked;

		w->news[0] = '\0'; /* it was read */
		asked = live_view_key(&w->view, &w->model, key);

		w->due |= asked != LIVE_NOTHING;
		w->quit |= asked == LIVE_QUIT;
		if (asked == LIVE_SWITCH)
			damon_scheme_switch(w->ctx, w->view.scheme, w->view.switch_on);
		if (asked != LIVE_NOTHING)
			w->drawn_ns = 0; /* an answer comes at once */
	}
}

/* A picture that was stopped stays until a key is pressed, though all has ended. */
static void keep_picture(struct watch *w)
{
	struct pollfd fd = {.fd = w->tty_fd, .events = POLLIN};

	while (w->view.paused && !w->quit && !follow_signals(&w->follow) && !draw(w)) {
		if (poll(&fd, 1, 250) > 0 && fd.revents & ~POLLIN)
			return;
		take_keys(w);
	}
}

static int open_screen(struct watch *w, struct damon_fail *fail)
{
	struct live_model *m = &w->model;
	uint64_t aggr_ns = w->options->aggr_ns;
	uint64_t column_ns = MAX((COLUMN_NS + aggr_ns - 1) / aggr_ns * aggr_ns, aggr_ns);
	enum report_color color = output_terminal_color(STDOUT_FILENO);
	int err;

	live_view_init(&w->view);
	w->view.utf8 = terminal_has_utf8();
	w->view.color = color;
	err = live_model_init(m, column_ns);
	if (err)
		return damon_fail(fail, ENOMEM, "out of memory");
	damon_set_latency(w->ctx, column_ns); /* that is what the picture shows */
	m->rss_of = live_rss;
	m->dry_run = w->options->dry_run;
	w->due = true;
	return terminal_open(color, &w->tty_fd, fail);
}

static void close_screen(struct watch *w)
{
	if (!on_screen(w))
		return;
	terminal_close();
	live_model_release(&w->model);
	live_view_release(&w->view);
	grid_release(&w->grid);
	w->tty_fd = -1;
}

/* ---- the loop ---- */

enum { FD_LIBRARY, FD_TERMINAL, FD_TAIL, NR_FDS };

/* Waits for work and does it. Returns 1 to go on, 0 at the end, or -errno. */
static int step(struct watch *w, int timeout_ms)
{
	struct pollfd fds[NR_FDS] = {
		[FD_LIBRARY] = {.fd = damon_fd(w->ctx), .events = POLLIN},
		[FD_TERMINAL] = {.fd = w->tty_fd, .events = POLLIN},
		[FD_TAIL] = {.fd = w->tail.read_fd, .events = POLLIN},
	};
	int more;

	if (fds[FD_LIBRARY].fd < 0)
		return fds[FD_LIBRARY].fd;
	if (poll(fds, NR_FDS, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	if (fds[FD_TERMINAL].revents & ~POLLIN)
		return 0; /* it is gone */
	if (fds[FD_TAIL].revents)
		tail_read(&w->tail);
	more = damon_dispatch(w->ctx, 0);
	if (more == -EINTR)
		more = 1;
	if (w->tty_fd >= 0 && fds[FD_TERMINAL].revents)
		take_keys(w);
	return more;
}

/* What it says elsewhere is a line on the screen: warnings were said when files were first read. */
static void reload(struct watch *w)
{
	struct damon_fail fail = {0};
	int nothing = on_screen(w) ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
	int err_fd = nothing >= 0 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1, err;

	w->follow.reload = false;
	if (err_fd >= 0)
		dup2(nothing, STDERR_FILENO);
	err = w->options->reload(w->options->priv, &fail);
	if (err_fd >= 0)
		dup2(err_fd, STDERR_FILENO);
	closep(&err_fd);
	closep(&nothing);
	snprintf(w->news, sizeof(w->news), "schemes %s%.300s",
		 err ? "go on as they were: " : "were read again", fail.text);
	w->due = true;
	if (!on_screen(w))
		say("%s", w->news);
}

/* Until the targets are gone, the time is over or the user says so. Returns 0 or -errno. */
static int run(struct watch *w)
{
	for (;;) {
		uint64_t now = now_ns(), left = w->end_ns - MIN(now, w->end_ns);
		int more, err;

		if (!left || w->quit || follow_signals(&w->follow))
			return 0;
		if (w->follow.reload)
			reload(w);
		metrics_publish(w->metrics, now);
		left = (left + NS_PER_MS - 1) / NS_PER_MS;
		more = step(w, (int)MIN(left, w->due ? DRAW_NS / NS_PER_MS : 1000));
		if (more < 0)
			return more;
		if (!on_screen(w)) {
			if (!more)
				return 0;
			continue;
		}
		err = draw(w);
		if (err)
			return err;
		if (!more) {
			keep_picture(w);
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
static int open_context(struct watch *w)
{
	int err, out = -1;

	if (on_screen(w)) {
		err = tail_begin(&w->tail);
		if (err)
			return err;
	} else {
		out = dup(STDOUT_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
	}
	err = damon_open(w->ctx);
	tail_end(&w->tail);
	if (out >= 0) {
		dup2(out, STDOUT_FILENO);
		close(out);
	}
	return err;
}

/* While it goes on, what a command says goes on as well. */
static int wait_command(struct watch *w)
{
	while (w->tail.read_fd >= 0 && follow_running(w->ctx)) {
		struct pollfd fd = {.fd = w->tail.read_fd, .events = POLLIN};

		tail_write(&w->tail);
		poll(&fd, 1, 200);
		tail_read(&w->tail);
		follow_signals(&w->follow);
	}
	while (tail_read(&w->tail) && w->tail.nr)
		tail_write(&w->tail);
	tail_write(&w->tail);
	return follow_wait(&w->follow);
}

static void say_summary(struct watch *w)
{
	char obs[DAMON_UNITS_MAX], bytes[DAMON_UNITS_MAX], lost[LOSSES_TEXT_MAX];
	struct damon_stats s = {.size = sizeof(s)};

	if (damon_ctx_stats(w->ctx, &s) < 0)
		return;
	target_options_say_closed(&s);
	if (!w->options->record)
		return;
	say("%llu snapshots of %s samples%s, %s in '%.200s'", (unsigned long long)s.nr_snapshots,
	    damon_print_count(obs, (double)s.obs), losses_text(lost, &s),
	    damon_print_bytes(bytes, (double)s.record_bytes), w->options->record);
}

/* Opens the screen, if there is to be one, before the context: what can be refused is refused
 * before a command runs. Returns 0, or -errno with the reason said. */
static int begin(struct watch *w)
{
	struct damon_fail fail = {0};
	int err = 0;

	if (w->options->metrics)
		err = metrics_new(w->options->metrics, w->ctx, live_rss, &w->metrics, &fail);
	if (!err && on_screen(w))
		err = open_screen(w, &fail);
	if (!err && on_screen(w))
		err = draw(w);
	if (!err)
		err = open_context(w);
	if (!err)
		return 0;
	close_screen(w);
	if (fail.text[0])
		say_fail(&fail);
	else
		say_ctx(w->ctx, err);
	return err;
}

/* Returns the exit status. */
static int watch(struct watch *w)
{
	int closed, pid, status, err;

	signals_catch();
	damon_set_callback(w->ctx, on_snapshot, w);
	damon_set_stop(w->ctx, stop_asked, NULL);
	err = begin(w);
	if (err)
		return err == -ENOEXEC ? NOT_EXECUTABLE : OWN_FAILURE;
	if (w->options->duration_ns)
		w->end_ns = now_ns() + w->options->duration_ns;
	err = run(w);
	close_screen(w);
	if (err < 0)
		say_ctx(w->ctx, err);
	closed = damon_close(w->ctx);
	if (closed < 0 && !err)
		say_ctx(w->ctx, closed);
	finish_lines(w);
	pid = follow_running(w->ctx);
	if (pid > 0)
		say("watching ended; waiting for '%.200s', process %d", w->options->command[0],
		    pid);
	status = wait_command(w);
	if (err < 0 || closed < 0)
		return OWN_FAILURE;
	say_summary(w);
	if (!w->write_err || w->write_err == -EPIPE) /* who reads no more has seen enough */
		return status;
	say("cannot write to standard output: %s", strerror(-w->write_err));
	return OWN_FAILURE;
}

int watch_run(struct damon_ctx *ctx, const struct watch_options *o)
{
	struct watch w = {
		.options = o,
		.ctx = ctx,
		.follow = {.ctx = ctx, .takes_hangup = o->reload},
		.end_ns = UINT64_MAX,
		.lines = {.out = stdout, .ctx = ctx, .rss_of = live_rss},
		.tty_fd = -1,
	};
	int status;

	tail_init(&w.tail);
	status = watch(&w);
	metrics_free(w.metrics);
	tail_release(&w.tail);
	return status;
}
