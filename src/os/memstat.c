/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "os/memstat.h"

/* A file as a string; longer ones are cut. Returns 0 or -errno. */
static int read_text(const struct damon_sys *sys, const char *path, char *buf, size_t cap)
{
	ssize_t n = sys->read_file(sys, path, buf, cap - 1);

	if (n < 0)
		return n == -ENOTDIR ? -ENOENT : (int)n;
	buf[n] = '\0';
	return 0;
}

/* A number at 'p', after blanks. Unlike strtoull(3): no sign, a blank or the end behind it. */
static bool number_at(const char *p, uint64_t *out)
{
	char *end;

	p += strspn(p, " \t");
	if (*p < '0' || *p > '9')
		return false;
	errno = 0;
	*out = strtoull(p, &end, 10);
	return !errno && strchr(" \t\n", *end);
}

/* The number after the first 'name' that is at the start or after a blank. */
static bool number_after(const char *text, const char *name, uint64_t *out)
{
	size_t n = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += n) {
		if (at == text || strchr(" \t\n", at[-1]))
			return number_at(at + n, out);
	}
	return false;
}

/* Two lines such as "MemTotal: 5 kB", of the machine or of a node. */
static int read_meminfo(const struct damon_sys *sys, const char *path, const char *const names[2],
			double kb[2])
{
	uint64_t first, second;
	char text[4096]; /* they are among the first lines */
	int err = read_text(sys, path, text, sizeof(text));

	if (err)
		return err;
	if (!number_after(text, names[0], &first) || !number_after(text, names[1], &second))
		return -EINVAL;
	kb[0] = (double)first;
	kb[1] = (double)second;
	return 0;
}

static int read_free(const struct damon_sys *sys, const char *path, double *total, double *free)
{
	static const char *const names[2] = {"MemTotal:", "MemFree:"};
	double kb[2];
	int err = read_meminfo(sys, path, names, kb);

	if (err)
		return err;
	if (kb[1] > kb[0])
		return -EINVAL;
	*total = kb[0];
	*free = kb[1];
	return 0;
}

static int read_node(const struct damon_sys *sys, int nid, double *total, double *free)
{
	char path[80];
	int err;

	if (nid < 0 || nid >= DAMON_MAX_NODES)
		return -ENODEV;
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", nid);
	err = read_free(sys, path, total, free);
	if (err)
		return err == -ENOENT ? -ENODEV : err;
	return *total > 0 ? 0 : -ENODEV; /* a node of processors alone */
}

int damon_memstat_free_permil(const struct damon_sys *sys, double *permil)
{
	double total, free_kb;
	int err = read_free(sys, "/proc/meminfo", &total, &free_kb);

	if (err)
		return err;
	if (total <= 0)
		return -EINVAL;
	*permil = free_kb * 1000 / total;
	return 0;
}

int damon_memstat_active_bp(const struct damon_sys *sys, double *bp)
{
	static const char *const names[2] = {"Active:", "Inactive:"};
	double kb[2];
	int err = read_meminfo(sys, "/proc/meminfo", names, kb);

	if (err)
		return err;
	if (kb[0] + kb[1] <= 0)
		return -EINVAL;
	*bp = kb[0] * 10000 / (kb[0] + kb[1]);
	return 0;
}

int damon_memstat_psi_some_us(const struct damon_sys *sys, double *us)
{
	char text[512], *eol;
	uint64_t total;
	int err = read_text(sys, "/proc/pressure/memory", text, sizeof(text));

	if (err)
		return err == -EOPNOTSUPP ? -ENOENT : err; /* built, and switched off at boot */
	eol = strchr(text, '\n');
	if (eol)
		*eol = '\0'; /* "some ..." is the first line */
	if (strncmp(text, "some ", 5) != 0 || !number_after(text, "total=", &total))
		return -EINVAL;
	*us = (double)total;
	return 0;
}

int damon_memstat_node_bp(const struct damon_sys *sys, int nid, double *used_bp, double *free_bp)
{
	double total, free_kb;
	int err = read_node(sys, nid, &total, &free_kb);

	if (err)
		return err;
	*used_bp = (total - free_kb) * 10000 / total;
	*free_bp = free_kb * 10000 / total;
	return 0;
}

/* "active_anon N0=4096 N1=0": bytes of a node. */
static bool list_bytes(const char *text, const char *list, int nid, double *bytes)
{
	size_t n = strlen(list);
	char node[16];
	uint64_t v;

	snprintf(node, sizeof(node), " N%d=", nid);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *at;

		line += *line == '\n';
		if (strncmp(line, list, n) != 0 || line[n] != ' ')
			continue;
		at = strstr(line, node);
		if (!at || at > strchrnul(line, '\n') || !number_at(at + strlen(node), &v))
			return false;
		*bytes = (double)v;
		return true;
	}
	return false;
}

int damon_memstat_memcg_node_bp(const struct damon_sys *sys, const char *dir, int nid, double *bp)
{
	static const char *const lists[] = {"active_anon", "inactive_anon", "active_file",
					    "inactive_file"};
	double total, free_kb, used = 0, bytes;
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	int err = read_node(sys, nid, &total, &free_kb);

	if (err)
		return err;
	if (snprintf(path, sizeof(path), "%s/memory.numa_stat", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	err = damon_sys_slurp(sys, path, &text, NULL);
	if (err)
		return err == -ENODEV ? -ENOENT : err; /* removed while it was open */
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (!list_bytes(text, lists[i], nid, &bytes))
			return -EINVAL;
		used += bytes;
	}
	*bp = MIN(used / 1024 * 10000 / total, 10000.);
	return 0;
}

/* The last number of "0-3,8". */
int damon_memstat_nr_nodes(const struct damon_sys *sys)
{
	static const char digits[] = "0123456789";
	unsigned long last = 0;
	char text[256];

	if (read_text(sys, "/sys/devices/system/node/online", text, sizeof(text)) < 0)
		return 1;
	for (const char *p = text; *(p += strcspn(p, digits)); p += strspn(p, digits))
		last = strtoul(p, NULL, 10);
	return (int)MIN(last, DAMON_MAX_NODES - 1ul) + 1;
}

int damon_memstat_rss(const struct damon_sys *sys, int pid, uint64_t *bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), pages;
	char path[64], text[256];
	const char *second;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	err = read_text(sys, path, text, sizeof(text));
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	/* size resident shared ... */
	second = strchr(text, ' ');
	if (!second || !number_at(second, &pages) || pages > UINT64_MAX / page)
		return -EINVAL;
	*bytes = pages * page;
	return 0;
}
