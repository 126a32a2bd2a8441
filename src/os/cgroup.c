/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts: Documentation/admin-guide/cgroup-v2.rst, cgroups(7), proc_pid_mountinfo(5). */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "os/cgroup.h"

#define MAX_GROUPS 1024
#define MAX_PROCS  65536

/* ---- finding one ---- */

static bool is_group(const struct damon_sys *sys, const char *dir)
{
	char path[DAMON_CGROUP_PATH + 16], byte[8];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	n = sys->read_file(sys, path, byte, sizeof(byte));
	return n >= 0 || n == -EOPNOTSUPP || n == -EACCES;
}

/* "a/b//" is "a/b". */
static void cut_slashes(char *path)
{
	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
}

/* A hierarchy that is mounted: how well it suits, 0 best; -1: the line is of something else. */
static int hierarchy(char *line, const char **mount)
{
	/* "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate" */
	char *end = strstr(line, " - "), *save = NULL, *word, *type, *options;
	int field = 0;

	if (!end)
		return -1;
	*end = '\0';
	for (word = strtok_r(line, " ", &save); word && field < 4; field++)
		word = strtok_r(NULL, " ", &save);
	type = strtok_r(end + 3, " ", &save);
	strtok_r(NULL, " ", &save);
	options = strtok_r(NULL, " ", &save);
	if (!word || !type || strncmp(type, "cgroup", 6))
		return -1;
	*mount = word;
	if (!strcmp(type, "cgroup2"))
		return 0;
	return options && strstr(options, "memory") ? 1 : 2;
}

/* Looks 'path' up in all hierarchies. 1; 0: it is in none; -ENOENT: there are none. */
static int find_mounted(const struct damon_sys *sys, const char *path, char dir[DAMON_CGROUP_PATH])
{
	_cleanup_(freep) char *text = NULL;
	bool any = false;
	int best = -1;

	if (damon_sys_slurp(sys, "/proc/self/mountinfo", &text, NULL))
		return -ENOENT;
	for (char *line = text, *next; line && *line; line = next) {
		char tried[DAMON_CGROUP_PATH];
		const char *mount;
		int rank;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		rank = hierarchy(line, &mount);
		any |= rank >= 0;
		if (rank < 0 || (best >= 0 && rank >= best) ||
		    snprintf(tried, sizeof(tried), "%s/%s", mount, path) >= (int)sizeof(tried))
			continue;
		cut_slashes(tried);
		if (!is_group(sys, tried))
			continue;
		best = rank;
		memcpy(dir, tried, sizeof(tried));
	}
	return any ? best >= 0 : -ENOENT;
}

int damon_cgroup_exists(const struct damon_sys *sys, const char *path)
{
	char dir[DAMON_CGROUP_PATH];

	return find_mounted(sys, path + strspn(path, "/"), dir);
}

int damon_cgroup_find(const struct damon_sys *sys, const char *path, char dir[DAMON_CGROUP_PATH],
		      struct damon_fail *why)
{
	char own[DAMON_CGROUP_PATH];

	if (!*path || snprintf(own, sizeof(own), "%s", path) >= (int)sizeof(own))
		return damon_fail(why, EINVAL, "'%.60s' is no path of a cgroup", path);
	cut_slashes(own);
	if (*own == '/' && is_group(sys, own)) {
		memcpy(dir, own, sizeof(own));
		return 0;
	}
	if (find_mounted(sys, own + strspn(own, "/"), dir) > 0)
		return 0;
	damon_fail(why, ENOENT, "there is no cgroup '%.200s'", path);
	damon_fail_remedy(why, "give its folder, or its path as /proc/PID/cgroup has it");
	return -ENOENT;
}

/* ---- who is in it ---- */

void damon_pids_release(struct damon_pids *p)
{
	free(p->v);
	*p = (struct damon_pids){0};
}

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void sort_once(struct damon_pids *p)
{
	size_t kept = 0;

	if (p->nr)
		qsort(p->v, p->nr, sizeof(*p->v), by_number);
	for (size_t i = 0; i < p->nr; i++)
		if (!kept || p->v[kept - 1] != p->v[i])
			p->v[kept++] = p->v[i];
	p->nr = kept;
}

/* Those in the group itself. Processes of other pid namespaces are told as 0. */
static int add_procs(const struct damon_sys *sys, const char *dir, struct damon_pids *out)
{
	_cleanup_(freep) char *text = NULL;
	char path[DAMON_CGROUP_PATH + 16];
	int err;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	err = damon_sys_slurp(sys, path, &text, NULL);
	for (char *p = text, *end; !err && *p && out->nr < MAX_PROCS; p = end + (*end == '\n')) {
		long pid = strtol(p, &end, 10);

		if (end == p)
			break;
		err = vec_reserve(&out->v, &out->cap, out->nr + 1, sizeof(*out->v));
		if (!err && pid > 0 && pid <= INT32_MAX)
			out->v[out->nr++] = (int)pid;
	}
	return err == -ENODEV ? -ENOENT : err; /* removed while it was open */
}

/* Groups that are still to be looked into. */
struct queue {
	char **dir;
	size_t nr, cap, at;
};

static void queue_release(struct queue *q)
{
	for (size_t i = q->at; i < q->nr; i++)
		free(q->dir[i]);
	free(q->dir);
}

static int queue_add(struct queue *q, const char *dir, const char *name)
{
	char *path;
	int err;

	if (q->nr == MAX_GROUPS || strlen(dir) + strlen(name) + 2 > DAMON_CGROUP_PATH)
		return 0;
	err = vec_reserve(&q->dir, &q->cap, q->nr + 1, sizeof(*q->dir));
	if (err || asprintf(&path, "%s%s%s", dir, *name ? "/" : "", name) < 0)
		return -ENOMEM;
	q->dir[q->nr++] = path;
	return 0;
}

/* Version 2 says how many groups are below; most have none, and need not be listed. */
static bool is_leaf(const struct damon_sys *sys, const char *dir)
{
	static const char key[] = "nr_descendants 0";
	char path[DAMON_CGROUP_PATH + 16], text[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/cgroup.stat", dir);
	n = sys->read_file(sys, path, text, sizeof(text) - 1);
	return n >= (ssize_t)sizeof(key) && !strncmp(text, key, sizeof(key) - 1) &&
	       text[sizeof(key) - 1] == '\n';
}

/* Every name in the folder may be a group: what has no cgroup.procs in it is a file. */
static int add_groups(const struct damon_sys *sys, const char *dir, struct queue *q)
{
	_cleanup_(freep) char *names = NULL;
	char *save = NULL, path[2 * DAMON_CGROUP_PATH];
	int err;

	if (is_leaf(sys, dir) || damon_sys_slurp(sys, dir, &names, NULL))
		return 0;
	for (char *name = strtok_r(names, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (strlen(path) >= DAMON_CGROUP_PATH || !is_group(sys, path))
			continue;
		err = queue_add(q, dir, name);
		if (err)
			return err;
	}
	return 0;
}

int damon_cgroup_procs(const struct damon_sys *sys, const char *dir, struct damon_pids *out)
{
	_cleanup_(queue_release) struct queue q = {0};
	int err = queue_add(&q, dir, "");

	out->nr = 0;
	while (!err && q.at < q.nr) {
		_cleanup_(freep) char *at = q.dir[q.at++];
		bool top = q.at == 1;

		err = add_procs(sys, at, out);
		if (err && err != -ENOMEM && !top) /* gone, of threads, or not ours to read */
			err = 0;
		if (!err)
			err = add_groups(sys, at, &q);
	}
	sort_once(out);
	return err;
}
