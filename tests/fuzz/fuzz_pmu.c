/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the files that sysfs has of a PMU, a line each: type, CPUs, the format of 'x', an
 * event; then terms. What is refused changes nothing, what is set can be got back. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "os/pmu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DIR "/sys/bus/event_source/devices/cpu/"

struct files {
	struct damon_sys sys;
	const char *text[4];
	size_t len[4];
};

static ssize_t read_file(const struct damon_sys *s, const char *path, void *buf, size_t cap)
{
	static const char *const paths[] = {DIR "type", DIR "cpus", DIR "format/x", DIR "events/e"};
	const struct files *f = s->priv;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		size_t n = MIN(f->len[i], cap);

		if (strcmp(path, paths[i]) != 0)
			continue;
		memcpy(buf, f->text[i], n);
		return (ssize_t)n;
	}
	return -ENOENT;
}

/* The next line, newline and all. */
static const char *take_line(const char **p, const char *end, size_t *len)
{
	const char *line = *p, *nl = end > line ? memchr(line, '\n', (size_t)(end - line)) : NULL;

	*p = nl ? nl + 1 : end;
	*len = (size_t)(*p - line);
	return line;
}

static void check_terms(const struct damon_pmu *p, const char *terms)
{
	struct perf_event_attr before = {.config = 1, .config1 = 2, .config2 = 3}, a = before;
	uint64_t x;

	if (damon_pmu_terms(p, terms, &a) && memcmp(&a, &before, sizeof(a)))
		abort();
	damon_pmu_event(p, "e", &a);
	for (uint64_t v = 1; v; v <<= 3) {
		if (damon_pmu_set(p, "x", v, &a))
			continue;
		if (damon_pmu_get(p, "x", &a, &x) || x != v)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct files f = {.sys = {.priv = &f, .read_file = read_file}};
	_cleanup_(freep) char *terms = NULL;
	struct damon_pmu p;

	for (size_t i = 0; i < ARRAY_SIZE(f.text); i++)
		f.text[i] = take_line(&at, end, &f.len[i]);
	terms = strndup(at, (size_t)(end - at));
	if (terms && !damon_pmu_find(&f.sys, "cpu", &p)) {
		if (p.cpus[strspn(p.cpus, "0123456789,-")])
			abort();
		check_terms(&p, terms);
	}
	return 0;
}
