/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "cli/follow.h"
#include "cli/signals.h"

int follow_running(const struct damon_ctx *ctx)
{
	int status;

	return damon_command_status(ctx, &status) ? 0 : damon_command_pid(ctx);
}

bool follow_signals(struct follow *f)
{
	bool end = false;
	int sig, sent;

	while ((sig = signals_next(&sent))) {
		int pid = follow_running(f->ctx);

		if (sig == SIGHUP && sent && f->takes_hangup) {
			f->reload = true;
			continue;
		}
		if (pid > 0 && sent)
			kill(pid, sig);
		if (!pid || sig == SIGTERM || sig == SIGHUP || ++f->nr_interrupts > 1)
			end = true;
	}
	return end;
}

static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int follow_wait(struct follow *f)
{
	int status, pid = damon_command_pid(f->ctx);
	siginfo_t info;

	if (pid <= 0)
		return 0;
	for (;;) {
		if (damon_command_status(f->ctx, &status) > 0)
			return shell_status(status);
		/* Not reaped here: the child is the library's, which does it when asked again. */
		if (!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT))
			continue;
		if (errno != EINTR)
			return OWN_FAILURE;
		follow_signals(f);
	}
}
