/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "os/pmu.h"

#define DEVICES	     "/sys/bus/event_source/devices"
#define TEXT_MAX_LEN 1024 /* of a file: the kernel's own limit is a page, real ones have 60 */
#define TERM_MAX_LEN 128

/* Where a term goes. */
struct format {
	uint64_t *field;
	uint64_t mask;
};

/* ---- files ---- */

static bool is_name(const char *s)
{
	size_t len = strlen(s);

	return len && len < sizeof(((struct damon_pmu *)0)->name) && s[0] != '.' &&
	       s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] ==
		       '\0';
}

/* The file DEVICES/pmu/dir/name without its newline. 'dir' may be "". */
static int read_text(const struct damon_sys *sys, const char *pmu, const char *dir,
		     const char *name, char buf[TEXT_MAX_LEN])
{
	char path[256];
	ssize_t n;

	if (!is_name(pmu) || !is_name(name))
		return -EINVAL;
	snprintf(path, sizeof(path), DEVICES "/%s/%s%s%s", pmu, dir, *dir ? "/" : "", name);
	n = sys->read_file(sys, path, buf, TEXT_MAX_LEN);
	if (n < 0)
		return (int)n;
	if (n == TEXT_MAX_LEN || memchr(buf, '\0', (size_t)n))
		return -EINVAL;
	buf[n] = '\0';
	if (n && buf[n - 1] == '\n')
		buf[n - 1] = '\0';
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A decimal number of at most 'max' at '*p', which goes behind it; -1: there is none. */
static int take_number(const char **p, int max)
{
	int v = 0;

	if (!is_digit(**p))
		return -1;
	for (; is_digit(**p); ++*p) {
		v = v * 10 + (**p - '0');
		if (v > max)
			return -1;
	}
	return v;
}

/* "0-7", "3": false if it is no such thing. '*p' goes behind it. */
static bool take_range(const char **p, int max, int *lo, int *hi)
{
	*lo = *hi = take_number(p, max);
	if (*lo >= 0 && **p == '-') {
		++*p;
		*hi = take_number(p, max);
	}
	return *lo >= 0 && *lo <= *hi;
}

static bool is_cpu_list(const char *p)
{
	int lo, hi;

	for (;; p++) {
		if (!take_range(&p, 1 << 20, &lo, &hi))
			return false;
		if (*p != ',')
			return !*p;
	}
}

/* The CPUs of PMUs that are not on all of them: parts of hybrid machines have 'cpus', those that
 * several CPUs share 'cpumask'. */
static int read_cpus(struct damon_pmu *p)
{
	static const char *const names[] = {"cpus", "cpumask"};
	char buf[TEXT_MAX_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int err = read_text(p->sys, p->name, "", names[i], buf);

		if (err == -ENOENT)
			continue;
		if (!err && !*buf) /* those of a hybrid PMU that are offline are taken from it */
			return -ENOENT;
		if (err || !is_cpu_list(buf))
			return err ? err : -EINVAL;
		if (strlen(buf) >= sizeof(p->cpus))
			return -E2BIG;
		memcpy(p->cpus, buf, strlen(buf) + 1);
		return 0;
	}
	return 0;
}

int damon_pmu_find(const struct damon_sys *sys, const char *name, struct damon_pmu *out)
{
	struct damon_pmu p = {.sys = sys};
	char buf[TEXT_MAX_LEN];
	uint64_t type;
	int err = read_text(sys, name, "", "type", buf);

	if (err)
		return err == -ENOTDIR ? -ENOENT : err;
	if (!is_digit(*buf) || damon_parse_u64(buf, &type) || type > UINT32_MAX)
		return -EINVAL;
	p.type = (uint32_t)type;
	memcpy(p.name, name, strlen(name) + 1);
	err = read_cpus(&p);
	if (!err)
		*out = p;
	return err;
}

int damon_pmu_list(const struct damon_sys *sys, struct damon_pmu *out, size_t cap)
{
	_cleanup_(freep) char *names = NULL;
	size_t n = 0;
	char *rest = NULL;
	int err = damon_sys_slurp(sys, DEVICES, &names, NULL);

	if (err)
		return err;
	for (char *s = strtok_r(names, "\n", &rest); s && n < cap; s = strtok_r(NULL, "\n", &rest))
		n += damon_pmu_find(sys, s, &out[n]) == 0;
	return (int)n;
}

bool damon_pmu_has_event(const struct damon_pmu *p, const char *name)
{
	char buf[TEXT_MAX_LEN];

	return read_text(p->sys, p->name, "events", name, buf) == 0;
}

bool damon_pmu_has_format(const struct damon_pmu *p, const char *term)
{
	char buf[TEXT_MAX_LEN];

	return read_text(p->sys, p->name, "format", term, buf) == 0;
}

int damon_pmu_cap(const struct damon_pmu *p, const char *name, long long *value)
{
	char buf[TEXT_MAX_LEN];
	uint64_t v;
	int err = read_text(p->sys, p->name, "caps", name, buf);

	if (err)
		return err;
	if (!is_digit(*buf) || damon_parse_u64(buf, &v) || v > INT64_MAX)
		return -EINVAL;
	*value = (long long)v;
	return 0;
}

/* ---- terms ---- */

static int field_of(const char *name, size_t len, struct perf_event_attr *a, uint64_t **out)
{
	static const char *const names[] = {"config", "config1", "config2", "config3"};
	uint64_t *const fields[] = {
		(uint64_t *)&a->config,
		(uint64_t *)&a->config1,
		(uint64_t *)&a->config2,
#ifdef PERF_ATTR_SIZE_VER8
		(uint64_t *)&a->config3,
#else
		NULL,
#endif
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) != len || strncmp(name, names[i], len))
			continue;
		*out = fields[i];
		return fields[i] ? 0 : -ENOTSUP;
	}
	return -ENOENT;
}

/* "config1:0-15,32-35", or "config" for all of it. */
static int parse_format(const char *s, struct perf_event_attr *a, struct format *out)
{
	size_t len = strcspn(s, ":");
	struct format f = {0};
	int err = field_of(s, len, a, &f.field), lo, hi;

	if (err)
		return err == -ENOENT ? -EINVAL : err;
	if (!s[len])
		f.mask = UINT64_MAX;
	for (s += len; *s;) {
		s++;
		if (!take_range(&s, 63, &lo, &hi) || (*s && *s != ','))
			return -EINVAL;
		f.mask |= (UINT64_MAX >> (63 - hi)) & (UINT64_MAX << lo);
	}
	*out = f;
	return 0;
}

static int format_of(const struct damon_pmu *p, const char *term, struct perf_event_attr *a,
		     struct format *out)
{
	char buf[TEXT_MAX_LEN];
	int err = read_text(p->sys, p->name, "format", term, buf);

	if (err == -ENOENT) { /* the fields themselves can be named, as perf does */
		out->mask = UINT64_MAX;
		return field_of(term, strlen(term), a, &out->field);
	}
	return err ? err : parse_format(buf, a, out);
}

int damon_pmu_set(const struct damon_pmu *p, const char *term, uint64_t value,
		  struct perf_event_attr *attr)
{
	struct format f;
	uint64_t left = value;
	int err = format_of(p, term, attr, &f);

	if (err)
		return err;
	if (__builtin_popcountll(f.mask) < 64 && value >> __builtin_popcountll(f.mask))
		return -ERANGE;
	*f.field &= ~f.mask;
	for (uint64_t m = f.mask; m; m &= m - 1, left >>= 1)
		*f.field |= left & 1 ? m & -m : 0;
	attr->type = p->type;
	return 0;
}

int damon_pmu_get(const struct damon_pmu *p, const char *term, const struct perf_event_attr *attr,
		  uint64_t *value)
{
	struct perf_event_attr copy = *attr;
	struct format f;
	uint64_t v = 0;
	int bit = 0, err = format_of(p, term, &copy, &f);

	if (err)
		return err;
	for (uint64_t m = f.mask; m; m &= m - 1, bit++)
		v |= (uint64_t) !!(*f.field & m & -m) << bit;
	*value = v;
	return 0;
}

static int set_terms(const struct damon_pmu *p, const char *text, bool names,
		     struct perf_event_attr *a);

/* One of "ldlat=3", "swfilt", and "mem-loads" where names of events are expected. */
static int set_term(const struct damon_pmu *p, char *term, bool names, struct perf_event_attr *a)
{
	char *equals = strchr(term, '='), buf[TEXT_MAX_LEN];
	uint64_t value = 1;

	if (equals) {
		*equals = '\0';
		if (!is_digit(equals[1]) || damon_parse_u64(equals + 1, &value))
			return -EINVAL;
	} else if (names && is_name(term) && !read_text(p->sys, p->name, "events", term, buf)) {
		return set_terms(p, buf, false, a);
	}
	return damon_pmu_set(p, term, value, a);
}

static int set_terms(const struct damon_pmu *p, const char *text, bool names,
		     struct perf_event_attr *a)
{
	struct perf_event_attr all = *a;

	all.type = p->type;
	while (*text) {
		size_t len = strcspn(text, ",");
		char term[TERM_MAX_LEN];
		int err;

		if (!len || len >= sizeof(term))
			return -EINVAL;
		memcpy(term, text, len);
		term[len] = '\0';
		err = set_term(p, term, names, &all);
		if (err)
			return err;
		text += len;
		if (*text && !*++text) /* a comma at the end */
			return -EINVAL;
	}
	*a = all;
	return 0;
}

int damon_pmu_terms(const struct damon_pmu *p, const char *text, struct perf_event_attr *attr)
{
	return set_terms(p, text, true, attr);
}

int damon_pmu_event(const struct damon_pmu *p, const char *name, struct perf_event_attr *attr)
{
	char buf[TEXT_MAX_LEN];
	int err = read_text(p->sys, p->name, "events", name, buf);

	return err ? err : set_terms(p, buf, false, attr);
}
