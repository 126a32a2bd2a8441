/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "action/filter.h"
#include "base/util.h"
#include "os/cgroup.h"

#define ACTIVE	  (1ull << 16)	   /* beside the flags of pagemap */
#define NEAR	  DAMON_HUGE_SIZE  /* gaps below are walked over faster than told apart */
#define MAX_WALK  (64ull << 20)	   /* of addresses at once */
#define MAX_PAGES ((uint64_t)4096) /* at once, where each is looked up */

/* ---- what there is ---- */

const char *damon_filter_refusal(const char *name)
{
	if (strcmp(name, "young") == 0)
		return "whether a page was accessed since the last look is known to the kernel "
		       "alone: from outside its accessed bits can only be read by clearing them "
		       "for a whole process; give the pattern a minimum of accesses instead";
	return NULL;
}

bool damon_filter_is_core(enum damos_filter_type type)
{
	return type == DAMOS_FILTER_ADDR || type == DAMOS_FILTER_TARGET;
}

static bool has_filter(const struct damos *s, enum damos_filter_type type)
{
	for (size_t i = 0; i < s->nr_filters; i++) {
		if (s->filters[i].type == type)
			return true;
	}
	return false;
}

bool damon_has_page_filters(const struct damos *s)
{
	for (size_t i = 0; i < s->nr_filters; i++) {
		if (!damon_filter_is_core(s->filters[i].type))
			return true;
	}
	return false;
}

/* ---- memory cgroups ---- */

/* Is 'path' that of 'group', or below? */
static bool is_below(const char *path, size_t len, const char *group)
{
	size_t n = strlen(group);

	while (n && group[n - 1] == '/') /* "/" itself has all */
		n--;
	return len >= n && strncmp(path, group, n) == 0 && (len == n || path[n] == '/');
}

/* "HIERARCHY:CONTROLLERS:PATH": that of version 2, or that of the controller 'memory'. */
static bool line_is_memory(const char *line, const char **path)
{
	const char *names = strchr(line, ':'), *end = names ? strchr(names + 1, ':') : NULL;

	if (!end)
		return false;
	*path = end + 1;
	if (end == ++names)
		return strncmp(line, "0:", 2) == 0;
	for (const char *at = names; at < end; at += strcspn(at, ",:") + 1) {
		if (strcspn(at, ",:") == 6 && strncmp(at, "memory", 6) == 0)
			return true;
	}
	return false;
}

static bool in_memcg(const char *text, const char *group)
{
	bool found = false;

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		const char *path;

		/* in a mixed set-up the line of 'memory' counts, which comes before "0::" */
		if (memchr(line, ':', len) && line_is_memory(line, &path) && path <= line + len) {
			found = is_below(path, (size_t)(line + len - path), group);
			if (strncmp(line, "0:", 2) != 0)
				return found;
		}
		line += len + (line[len] == '\n');
	}
	return found;
}

/* A path that is no path of a cgroup would match nothing, or all, silently. */
static int check_memcg(const struct damon_sys *sys, const char *path, const char *own,
		       struct damon_fail *why)
{
	if (!path || path[0] != '/')
		return damon_fail(why, EINVAL,
				  "the path of a memory cgroup begins with '/', not '%s'",
				  path ? path : "");
	/* of a container only a part may be mounted, elsewhere: its own group is one, too */
	if (damon_cgroup_exists(sys, path) || in_memcg(own, path))
		return 0;
	damon_fail(why, ENOENT, "there is no cgroup '%.200s'", path);
	damon_fail_remedy(why, "give its path as /proc/PID/cgroup has it");
	return -ENOENT;
}

static int check_memcgs(const struct damon_sys *sys, const struct damos *s, struct damon_fail *why)
{
	char own[8192];
	ssize_t n = sys->read_file(sys, "/proc/self/cgroup", own, sizeof(own) - 1);
	int err = 0;

	own[MAX(n, (ssize_t)0)] = '\0';
	for (size_t i = 0; !err && i < s->nr_filters; i++)
		if (s->filters[i].type == DAMOS_FILTER_MEMCG)
			err = check_memcg(sys, s->filters[i].memcg, own, why);
	if (!err && n < 0)
		err = damon_fail(why, ENOTSUP, "this kernel has no cgroups");
	return err;
}

int damon_page_filters_check(const struct damon_sys *sys, const struct damos *s,
			     struct damon_fail *why)
{
	if (has_filter(s, DAMOS_FILTER_MEMCG)) {
		int err = check_memcgs(sys, s, why);

		if (err)
			return err;
	}
	if (has_filter(s, DAMOS_FILTER_ACTIVE) && !damon_pagemap_can_kpageflags(sys)) {
		damon_fail(why, EPERM,
			   "the filter 'active' needs /proc/kpageflags, which is root's");
		damon_fail_remedy(why, "run as root");
		return -EPERM;
	}
	if (has_filter(s, DAMOS_FILTER_HUGEPAGE_SIZE) && !damon_pagemap_can_huge(sys)) {
		damon_fail(why, ENOTSUP,
			   "before Linux 6.7 only root can tell which pages are huge");
		damon_fail_remedy(why, "run as root");
		return -ENOTSUP;
	}
	return 0;
}

int damon_page_filters_init(struct damon_page_filters *f, const struct damon_sys *sys, int pid,
			    const struct damos *s, struct damon_pagemap *pages)
{
	char path[64], text[8192];
	ssize_t n;

	*f = (struct damon_page_filters){.scheme = s, .pages = pages};
	if (!has_filter(s, DAMOS_FILTER_MEMCG))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	n = sys->read_file(sys, path, text, sizeof(text) - 1);
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	text[n] = '\0';
	for (size_t i = 0; i < s->nr_filters; i++) {
		const struct damos_filter *filter = &s->filters[i];

		if (filter->type == DAMOS_FILTER_MEMCG && filter->memcg &&
		    in_memcg(text, filter->memcg))
			f->in_memcg |= 1ull << i;
	}
	return 0;
}

/* ---- pages ---- */

static bool matches(const struct damon_page_filters *f, size_t i, uint64_t flags)
{
	const struct damos_filter *filter = &f->scheme->filters[i];
	uint64_t size = flags & DAMON_PAGE_HUGE ? DAMON_HUGE_SIZE : DAMON_PAGE_SIZE;

	switch (filter->type) {
	case DAMOS_FILTER_ANON:
		return !(flags & DAMON_PAGE_FILE);
	case DAMOS_FILTER_MEMCG:
		return f->in_memcg >> i & 1;
	case DAMOS_FILTER_HUGEPAGE_SIZE:
		return size >= filter->size.min && size <= filter->size.max;
	case DAMOS_FILTER_ACTIVE:
		return flags & ACTIVE;
	default: /* a page that a process has is mapped */
		return false;
	}
}

static bool passes(const struct damon_page_filters *f, uint64_t flags)
{
	bool last_allows = false;

	for (size_t i = 0; i < f->scheme->nr_filters; i++) {
		const struct damos_filter *filter = &f->scheme->filters[i];

		if (damon_filter_is_core(filter->type))
			continue;
		if (matches(f, i, flags) == !!filter->matching)
			return filter->allow;
		last_allows = filter->allow;
	}
	return !last_allows;
}

/* ---- the walk ---- */

struct walk {
	const struct damon_page_filters *f;
	const struct damon_walk_params *p;
	struct damon_action_range *out;
	size_t cap;
	struct damon_filtered *r;
	bool filters, active;
	bool full;
};

static bool is_work(const struct walk *w, uint64_t flags)
{
	switch (w->p->work) {
	case DAMON_WORK_PRESENT:
		return flags & DAMON_PAGE_PRESENT;
	case DAMON_WORK_ABSENT:
		return !(flags & DAMON_PAGE_PRESENT);
	case DAMON_WORK_ANY:
		return flags && !(flags & DAMON_PAGE_HUGE);
	default:
		return true;
	}
}

/* How much of [start, end), which is work, may still be taken. */
static uint64_t take(const struct walk *w, uint64_t start, uint64_t end, uint64_t flags)
{
	uint64_t left = w->p->most - MIN(w->r->work, w->p->most);
	uint64_t stop = start + (MAX(left, DAMON_PAGE_SIZE) & ~(DAMON_PAGE_SIZE - 1));

	if (end - start <= stop - start || stop < start)
		return end;
	if (flags & DAMON_PAGE_HUGE && w->p->whole_huge)
		stop = (stop + DAMON_HUGE_SIZE - 1) & ~(DAMON_HUGE_SIZE - 1);
	else if (stop - start >= 2 * DAMON_HUGE_SIZE) /* huge pages are best not cut */
		stop &= ~(DAMON_HUGE_SIZE - 1);
	return MIN(stop, end);
}

/* Adds a part to the list, to the last one if they touch; without filters also over a gap, as long
 * as that is near. */
static bool put(struct walk *w, uint64_t start, uint64_t end)
{
	struct damon_action_range *last = w->r->nr ? &w->out[w->r->nr - 1] : NULL;

	if (last && start - last->end <= (w->filters ? 0 : NEAR)) {
		last->end = end;
		return true;
	}
	if (w->r->nr == w->cap)
		return false;
	w->out[w->r->nr++] = (struct damon_action_range){start, end};
	return true;
}

/* Pages of the same flags; 0: none there. Moves 'walked'. */
static void see(struct walk *w, uint64_t start, uint64_t end, uint64_t flags)
{
	bool pass = !w->filters || (flags && passes(w->f, flags));
	bool work = pass && is_work(w, flags);

	if (w->full || start >= end)
		return;
	if (work) {
		uint64_t stop = take(w, start, end, flags);

		w->full = stop < end;
		end = stop;
		if (!put(w, start, end)) {
			w->full = true;
			return;
		}
		w->r->work += end - start;
		w->full = w->full || w->r->work >= w->p->most;
	}
	w->r->passed += pass ? end - start : 0;
	w->r->walked = end;
}

/* A run whose pages are looked up one by one. */
static int see_active(struct walk *w, const struct damon_page_run *run)
{
	uint64_t kpf[512];

	for (uint64_t at = run->start; at < run->end && !w->full;) {
		uint64_t end = MIN(run->end, at + ARRAY_SIZE(kpf) * DAMON_PAGE_SIZE), last = 0;
		int err = damon_pagemap_kpageflags(w->f->pages, at, end, kpf);

		if (err)
			return err;
		for (size_t i = 0; at < end; i++, at += DAMON_PAGE_SIZE) {
			/* before Linux 6.10 only the first page of a large one tells */
			if (!(kpf[i] & DAMON_KPF_TAIL) || kpf[i] & DAMON_KPF_ACTIVE)
				last = kpf[i] & DAMON_KPF_ACTIVE ? ACTIVE : 0;
			see(w, at, at + DAMON_PAGE_SIZE, run->flags | last);
		}
	}
	return 0;
}

static int see_pages(struct walk *w, uint64_t start, uint64_t end)
{
	struct damon_page_run runs[128];
	uint64_t at = start, walked;

	while (at < end && !w->full) {
		ssize_t n =
			damon_pagemap_runs(w->f->pages, at, end, runs, ARRAY_SIZE(runs), &walked);
		int err = (int)MIN(n, 0);

		for (ssize_t i = 0; i < n && !err; i++) {
			see(w, w->r->walked, runs[i].start, 0);
			if (w->active && !w->full)
				err = see_active(w, &runs[i]);
			else
				see(w, runs[i].start, runs[i].end, runs[i].flags);
		}
		if (err)
			return err;
		see(w, w->r->walked, walked, 0);
		at = walked;
	}
	return 0;
}

/* A unit of several pages is taken whole or not at all: all of its pages pass, one at least is
 * work. */
static int see_unit(struct walk *w, uint64_t start, uint64_t end)
{
	struct damon_page_run runs[DAMON_HUGE_SIZE / DAMON_PAGE_SIZE];
	uint64_t walked;
	ssize_t n = damon_pagemap_runs(w->f->pages, start, end, runs, ARRAY_SIZE(runs), &walked);
	bool pass = n > 0 || !w->filters, work = false;

	if (n < 0)
		return (int)n;
	for (ssize_t i = 0; i < n; i++) {
		pass = pass && (!w->filters || passes(w->f, runs[i].flags));
		work = work || is_work(w, runs[i].flags);
	}
	if (pass && work) {
		if (!put(w, start, end)) {
			w->full = true;
			return 0;
		}
		w->r->work += end - start;
		w->full = w->r->work >= w->p->most;
	}
	w->r->passed += pass ? end - start : 0;
	w->r->walked = end;
	return 0;
}

static int see_units(struct walk *w, uint64_t start, uint64_t end)
{
	const uint64_t grain = w->p->grain;
	uint64_t first = (start + grain - 1) / grain * grain, last = end / grain * grain;
	int err = 0;

	if (first >= last) { /* not one whole */
		w->r->passed += w->filters ? 0 : end - start;
		w->r->walked = end;
		return 0;
	}
	w->r->passed += w->filters ? 0 : first - start;
	for (uint64_t at = first; at < last && !w->full && !err; at += grain)
		err = see_unit(w, at, at + grain);
	if (err || w->r->walked < last)
		return err;
	w->r->passed += w->filters ? 0 : end - last;
	w->r->walked = end;
	return 0;
}

int damon_page_filters_walk(const struct damon_page_filters *f, const struct damon_walk_params *p,
			    uint64_t start, uint64_t end, struct damon_action_range *out,
			    size_t cap, struct damon_filtered *result)
{
	struct walk w = {f, p, out, cap, result};
	int err;

	w.filters = !f->off && damon_has_page_filters(f->scheme);
	w.active = w.filters && has_filter(f->scheme, DAMOS_FILTER_ACTIVE);
	*result = (struct damon_filtered){.walked = start};
	if (p->work == DAMON_WORK_ALL && !w.filters) {
		see(&w, start, end, 0);
		return 0;
	}
	if (!f->pages)
		return -EACCES;
	f->pages->files = w.filters && has_filter(f->scheme, DAMOS_FILTER_ANON);
	if (p->grain > DAMON_PAGE_SIZE)
		err = see_units(&w, start, MIN(end, start + MAX(MAX_WALK, 2 * p->grain)));
	else
		err = see_pages(
			&w, start,
			MIN(end, start + (w.active ? MAX_PAGES << DAMON_PAGE_SHIFT : MAX_WALK)));
	f->pages->files = false;
	return err;
}
