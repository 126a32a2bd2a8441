/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
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

/* "MemTotal: 5 kB" and "MemFree: 3 kB", of the machine or of a node. */
static int read_meminfo(const struct damon_sys *sys, const char *path, double *total, double *free)
{
	uint64_t total_kb, free_kb;
	char text[4096]; /* both are among the first lines */
	int err = read_text(sys, path, text, sizeof(text));

	if (err)
		return err;
	if (!number_after(text, "MemTotal:", &total_kb) ||
	    !number_after(text, "MemFree:", &free_kb) || free_kb > total_kb)
		return -EINVAL;
	*total = (double)total_kb;
	*free = (double)free_kb;
	return 0;
}

int damon_memstat_free_permil(const struct damon_sys *sys, double *permil)
{
	double total, free_kb;
	int err = read_meminfo(sys, "/proc/meminfo", &total, &free_kb);

	if (err)
		return err;
	if (total <= 0)
		return -EINVAL;
	*permil = free_kb * 1000 / total;
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
	char path[80];
	int err;

	if (nid < 0 || nid >= DAMON_MAX_NODES)
		return -ENODEV;
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", nid);
	err = read_meminfo(sys, path, &total, &free_kb);
	if (err)
		return err == -ENOENT ? -ENODEV : err;
	if (total <= 0) /* a node of processors alone */
		return -ENODEV;
	*used_bp = (total - free_kb) * 10000 / total;
	*free_bp = free_kb * 10000 / total;
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
