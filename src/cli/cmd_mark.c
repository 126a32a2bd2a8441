/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/command.h"
#include "cli/mark_socket.h"
#include "cli/say.h"

struct mark_options {
	struct option_pids pids;
	bool all;
};

#define AT(field) offsetof(struct mark_options, field)

static const struct option_row options[] = {
	{
		.name = "pid",
		.letter = 'p',
		.type = OPT_PIDS,
		.offset = AT(pids),
		.arg = "PID",
		.group = 1,
		.help = "of the 'damon-perf record' to mark, where several run; more are separated "
			"by commas",
	},
	{
		.name = "all",
		.letter = 'a',
		.type = OPT_FLAG,
		.offset = AT(all),
		.group = 1,
		.help = "mark all recordings that run",
	},
	{0},
};

static const struct command_pair examples[] = {
	{"damon-perf mark 'index built'", "in the recording that runs"},
	{"damon-perf record -- sh -c 'load; damon-perf mark query; query'",
	 "in a command that is recorded: its own recording is meant"},
	{"kill -USR1 $(pgrep -x damon-perf)", "without a name: mark1, mark2, ..."},
	{"damon-perf report --time-range mark:query", "from that mark to the next"},
	{"damon-perf report heatmap --time-range load..query", "from one to another"},
	{0},
};

static const struct command_pair statuses[] = {
	{"0", "the mark is set"},
	{"1", "no recording takes it"},
	{"2", "wrong usage"},
	{0},
};

/* 0: there is none, or it cannot be told. */
static pid_t parent_of(pid_t pid)
{
	char path[64], text[512], *at;
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	at = strrchr(text, ')'); /* the name before may have any bytes */
	return at && strlen(at) > 4 ? (pid_t)atoi(at + 4) : 0;
}

/* Keeps those that 'wanted' has first. Returns how many that are. */
static int keep(struct mark_peer *v, int n, bool (*wanted)(const void *priv, pid_t pid),
		const void *priv)
{
	int kept = 0;

	for (int i = 0; i < n; i++) {
		struct mark_peer p = v[i];

		if (!wanted(priv, p.pid))
			continue;
		v[i] = v[kept];
		v[kept++] = p;
	}
	return kept;
}

static bool is_named(const void *priv, pid_t pid)
{
	const struct option_pids *pids = priv;

	for (size_t i = 0; i < pids->nr; i++)
		if (pids->pids[i] == pid)
			return true;
	return false;
}

/* The nearest ancestor that records. */
static bool is_ancestor(const void *priv, pid_t pid)
{
	return pid == *(const pid_t *)priv;
}

static int keep_own(struct mark_peer *v, int n)
{
	pid_t pid = getppid();

	for (int depth = 0; pid > 1 && depth < 1000; depth++, pid = parent_of(pid)) {
		int kept = keep(v, n, is_ancestor, &pid);

		if (kept)
			return kept;
	}
	return 0;
}

/* Which of 'n' recordings are meant: they come first. Returns how many, or -errno. */
static int choose(const struct mark_options *o, struct mark_peer *v, int n, size_t nr_others,
		  struct damon_fail *fail)
{
	char list[200] = "";
	size_t used = 0;
	int kept;

	if (!n) {
		damon_fail(fail, ENOENT, "nothing is being recorded%s",
			   nr_others ? " by this user" : "");
		if (nr_others)
			damon_fail_remedy(fail,
					  "mark recordings of other users as they, or as root");
		else
			damon_fail_remedy(fail, "marks are set while 'damon-perf record' runs");
		return -ENOENT;
	}
	if (o->pids.nr) {
		kept = keep(v, n, is_named, &o->pids);
		if (kept == (int)o->pids.nr)
			return kept;
		damon_fail(fail, ENOENT, "a process given is no recording of this user");
	} else {
		kept = o->all || n == 1 ? n : keep_own(v, n);
		if (kept)
			return kept;
		damon_fail(fail, EINVAL, "%d recordings run", n);
	}
	for (int i = 0; i < n && used + 16 < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%d", i ? ", " : "",
					 v[i].pid);
	damon_fail_remedy(fail, "choose with '-p' from %s, or give '--all'", list);
	return -EINVAL;
}

static void explain(struct damon_fail *fail, pid_t pid, int err)
{
	if (err == -ENOSPC)
		damon_fail(fail, ENOSPC, "recording %d has 10000 marks, and takes no more", pid);
	else if (err == -ENODATA || err == -EPIPE)
		damon_fail(fail, ENODATA, "recording %d is at its end", pid);
	else
		damon_fail(fail, -err, "recording %d cannot be marked: %s", pid, strerror(-err));
}

static int mark(const struct mark_options *o, const char *name)
{
	struct mark_peer *v = NULL;
	struct damon_fail fail = {0};
	struct timespec ts;
	size_t nr_others;
	int n, chosen, status = 0;
	uint64_t now_ns;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now_ns = (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
	n = mark_peers_find(&v, &nr_others);
	if (n < 0) {
		say("cannot look for recordings: %s", strerror(-n));
		return 1;
	}
	chosen = choose(o, v, n, nr_others, &fail);
	if (chosen < 0) {
		say_fail(&fail);
		status = 1;
	}
	for (int i = 0; i < chosen; i++) {
		int err = mark_peer_send(&v[i], name, now_ns);

		if (!err)
			continue;
		explain(&fail, v[i].pid, err);
		say_fail(&fail);
		status = 1;
	}
	mark_peers_forget(v, n);
	return status;
}

static int cmd_mark(char **argv)
{
	struct mark_options o = {0};
	struct damon_fail fail = {0};
	struct option_line line;
	int status = command_parse(&command_mark, &o, argv, false, &line);

	if (status < 0 && line.nr_operands > 1) {
		damon_fail(&fail, EINVAL, "'%.80s' is one word too many", line.operands[1]);
		damon_fail_remedy(&fail, "put a name of several words in quotes");
		status = command_usage(&command_mark, &fail);
	}
	if (status < 0)
		status = mark(&o, line.operands[0]);
	option_pids_release(&o.pids);
	return status;
}

const struct command command_mark = {
	.name = "mark",
	.summary = "name a moment of a recording that runs",
	.synopsis = "[NAME] [-p PID[,PID...] | --all]",
	.about =
		"Puts a mark into the recording that runs, at the time at which this is called: "
		"the "
		"begin of a phase, or something that happened. Without NAME it is mark1, mark2 and "
		"so on, as with the signal USR1 to the recording process. Heatmaps show marks, "
		"'report info' lists them, and '--time-range' takes them.\n\n"
		"Of several recordings it is the one that this is run in; else they are chosen. "
		"Only recordings of the same user (root: of all users) in the same network "
		"namespace "
		"are seen. A record has room for 10000 marks, of 200 bytes each. Recordings "
		"with --raw and of other programs (--replay) take none.",
	.options = options,
	.examples = examples,
	.statuses = statuses,
	.usage_status = 2,
	.run = cmd_mark,
};
