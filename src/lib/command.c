/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command that a context starts. It is forked while the context opens, waits on a pipe so that
 * events can be attached to it, and executes when it is let go. If the context gives up or dies,
 * the pipe closes and the child exits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/ctx.h"

int pidfd_open_of(const struct damon_sys *sys, int pid)
{
	int fd = sys->pidfd_open(sys, pid);

	return fd == -ENOSYS && pid_is_gone(pid) ? -ESRCH : fd;
}

bool pid_is_gone(int pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

/* What the host catches is not for the child to catch, also not until it executes: a Ctrl-C would
 * be lost. What is ignored stays so, as for every command. */
static void default_signals(void)
{
	struct sigaction sa, def = {.sa_handler = SIG_DFL};

	for (int sig = 1; sig < NSIG; sig++)
		if (!sigaction(sig, NULL, &sa) && sa.sa_handler != SIG_IGN)
			sigaction(sig, &def, NULL);
}

/* In the child: waits for its start, then becomes the command. */
__attribute__((noreturn)) static void child(char **argv, int go_fd, int err_fd)
{
	sigset_t none;
	char byte;
	int err;

	default_signals();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (read(go_fd, &byte, 1) != 1)
		_exit(0);
	execvp(argv[0], argv);
	err = errno;
	if (write(err_fd, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

int command_start(struct damon_ctx *ctx)
{
	struct ctx_command *c = &ctx->cmd;
	int go[2], status[2], err = 0;

	if (pipe2(go, O_CLOEXEC))
		return damon_fail(&ctx->fail, errno, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(status, O_CLOEXEC)) {
		err = damon_fail(&ctx->fail, errno, "cannot make a pipe: %s", strerror(errno));
		close(go[0]);
		close(go[1]);
		return err;
	}
	c->pid = fork();
	if (c->pid == 0) {
		close(go[1]);
		child(c->argv, go[0], status[1]);
	}
	if (c->pid < 0) {
		err = damon_fail(&ctx->fail, errno, "cannot start '%s': %s", c->argv[0],
				 strerror(errno));
		c->pid = 0;
	}
	close(status[1]);
	c->hold_fd = go[0];
	c->go_fd = go[1];
	c->err_fd = status[0];
	if (err)
		return err;
	c->pid_fd = pidfd_open_of(ctx->sys, c->pid);
	if (c->pid_fd < 0 && c->pid_fd != -ENOSYS)
		return damon_fail(&ctx->fail, -c->pid_fd, "cannot watch '%s': %s", c->argv[0],
				  strerror(-c->pid_fd));
	return 0;
}

int command_go(struct damon_ctx *ctx)
{
	struct ctx_command *c = &ctx->cmd;
	int err = 0;
	ssize_t n;

	do {
		n = write(c->go_fd, "x", 1);
	} while (n < 0 && errno == EINTR);
	close(c->go_fd);
	close(c->hold_fd);
	c->go_fd = c->hold_fd = -1;
	do { /* ends without a byte when the exec succeeds: the pipe is close-on-exec */
		n = read(c->err_fd, &err, sizeof(err));
	} while (n < 0 && errno == EINTR);
	close(c->err_fd);
	c->err_fd = -1;
	if (n != sizeof(err))
		return 0;
	command_abandon(ctx);
	damon_fail(&ctx->fail, err, "cannot run '%s': %s", c->argv[0], strerror(err));
	if (err == ENOENT)
		damon_fail_remedy(&ctx->fail, "check the name, or give its path");
	return -err;
}

void command_abandon(struct damon_ctx *ctx)
{
	struct ctx_command *c = &ctx->cmd;

	if (c->go_fd >= 0)
		close(c->go_fd);
	if (c->hold_fd >= 0)
		close(c->hold_fd);
	if (c->err_fd >= 0)
		close(c->err_fd);
	c->go_fd = c->hold_fd = c->err_fd = -1;
	if (c->pid > 0 && !c->ended)
		waitpid(c->pid, &c->status, 0);
	if (c->pid_fd >= 0)
		close(c->pid_fd);
	c->pid_fd = -1;
	c->pid = 0;
}

void command_poll(struct damon_ctx *ctx)
{
	struct ctx_command *c = &ctx->cmd;

	if (c->pid > 0 && !c->ended && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->ended = true;
}

int damon_command_pid(const struct damon_ctx *ctx)
{
	return ctx->cmd.pid;
}

int damon_command_status(const struct damon_ctx *ctx, int *status)
{
	struct ctx_command *c = (struct ctx_command *)&ctx->cmd;

	command_poll((struct damon_ctx *)ctx);
	if (!c->ended)
		return 0;
	*status = c->status;
	return 1;
}
