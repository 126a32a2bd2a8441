/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "live/http.h"
#include "live/metrics.h"
#include "live/metrics_text.h"
#include "report/print.h"

#define MAX_TARGETS 1024 /* that shares are kept of */
#define MAX_SCHEMES 64
#define EVERY_NS    NS_PER_SEC
#define FADES	    .9 /* what counts is about the last 10 s */

struct shared {
	struct metrics_target t;
	double seen; /* accesses, fading */
	bool here;
};

struct metrics {
	struct http *http;
	const struct damon_ctx *ctx;
	uint64_t (*rss_of)(int pid);
	struct shared *all;
	size_t nr;
	double obs;		   /* of all, fading */
	uint64_t taken_ns, due_ns; /* when figures were taken, when a text is due */
	size_t beyond;		   /* targets of the last snapshot that there was no room for */
	int64_t snapshot_epoch_ns;
	struct metrics_target shown[METRICS_TARGETS];
	struct damos_stats schemes[MAX_SCHEMES];
};

int metrics_check(const char *where, struct damon_fail *fail)
{
	return http_check(where, fail);
}

int metrics_new(const char *where, const struct damon_ctx *ctx, uint64_t (*rss_of)(int pid),
		struct metrics **out, struct damon_fail *fail)
{
	struct metrics *m = calloc(1, sizeof(*m));
	int err;

	if (m)
		m->all = calloc(MAX_TARGETS, sizeof(*m->all));
	if (!m || !m->all) {
		metrics_free(m);
		return damon_fail(fail, ENOMEM, "out of memory");
	}
	m->ctx = ctx;
	m->rss_of = rss_of;
	err = http_new(where, &m->http, fail);
	if (err) {
		metrics_free(m);
		return err;
	}
	http_set(m->http, HTTP_OPENMETRICS, "# EOF\n", 6);
	*out = m;
	return 0;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	http_free(m->http);
	free(m->all);
	free(m);
}

/* ---- snapshots ---- */

static struct shared *find(struct metrics *m, uint32_t id)
{
	for (size_t i = 0; i < m->nr; i++)
		if (m->all[i].t.id == id)
			return &m->all[i];
	if (m->nr == MAX_TARGETS)
		return NULL;
	m->all[m->nr] = (struct shared){.t.id = id};
	return &m->all[m->nr++];
}

static void take_target(struct shared *p, const struct damon_snapshot *s, size_t at,
			const struct damon_target_info *info, bool figures)
{
	char comm[sizeof(info->comm) + 1];

	p->here = true;
	p->t.pid = info->pid;
	p->t.nr_procs = info->nr_procs;
	memcpy(comm, info->comm, sizeof(info->comm));
	comm[sizeof(info->comm)] = '\0';
	print_clean(p->t.comm, sizeof(p->t.comm), comm);
	for (int i = 0; figures && i < METRICS_WINDOWS; i++) {
		struct damon_wss w;

		damon_snapshot_wss(s, at, i, &w);
		p->t.wss[i] = (struct known){w.bytes, w.lo, w.hi};
	}
}

static void forget_gone(struct metrics *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->nr; i++)
		if (m->all[i].here)
			m->all[kept++] = m->all[i];
	m->nr = kept;
}

void metrics_take(struct metrics *m, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_target_info t = {.size = sizeof(t)};
	bool figures;

	if (!m)
		return;
	damon_snapshot_info(s, &info);
	figures = info.end_ns - m->taken_ns >= EVERY_NS;
	if (figures)
		m->taken_ns = info.end_ns;
	m->snapshot_epoch_ns = (int64_t)info.end_ns + info.epoch_offset_ns;
	m->obs += (double)info.obs;
	m->beyond = 0;
	for (size_t i = 0; i < m->nr; i++)
		m->all[i].here = false;
	for (size_t i = 0; i < info.nr_targets; i++) {
		struct shared *p;
		bool is_new;

		damon_snapshot_target(s, i, &t);
		p = find(m, t.id);
		if (!p) {
			m->beyond++;
			continue;
		}
		is_new = !p->t.nr_procs;
		take_target(p, s, i, &t, figures || is_new);
		p->seen += t.share * (double)info.obs;
	}
	forget_gone(m);
}

/* ---- the text ---- */

static int by_seen(const void *a, const void *b)
{
	const struct shared *x = a, *y = b;

	if (x->seen != y->seen)
		return x->seen < y->seen ? 1 : -1;
	return (x->t.id > y->t.id) - (x->t.id < y->t.id);
}

static struct known share_of(const struct metrics *m, double seen)
{
	if (!(m->obs > 0))
		return (struct known){-1, -1, -1};
	return known_share(MIN(seen / m->obs, 1.0), m->obs);
}

static void add_wss(struct metrics_target *sum, const struct metrics_target *t)
{
	for (int i = 0; i < METRICS_WINDOWS; i++) {
		sum->wss[i].v += t->wss[i].v;
		sum->wss[i].lo += t->wss[i].lo;
		sum->wss[i].hi += t->wss[i].hi;
	}
	sum->nr_procs += t->nr_procs;
}

static void take_targets(struct metrics *m, struct metrics_world *w)
{
	double rest = 0;

	qsort(m->all, m->nr, sizeof(*m->all), by_seen);
	for (size_t i = 0; i < m->nr; i++) {
		struct shared *p = &m->all[i];

		p->t.share = share_of(m, p->seen);
		p->t.rss_bytes = 0;
		if (i < METRICS_TARGETS) {
			m->shown[i] = p->t;
			m->shown[i].rss_bytes = m->rss_of && p->t.pid > 0 ? m->rss_of(p->t.pid) : 0;
		} else {
			rest += p->seen;
			add_wss(&w->others, &p->t);
		}
		p->seen *= FADES;
	}
	w->others.share = share_of(m, rest);
	m->obs *= FADES;
	w->targets = m->shown;
	w->nr_targets = MIN(m->nr, (size_t)METRICS_TARGETS);
	w->nr_others = m->nr - w->nr_targets + m->beyond;
}

static void set_text(struct metrics *m, const struct metrics_world *w, enum http_form form)
{
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool failed;

	if (!out)
		return;
	metrics_text(out, w, form == HTTP_OPENMETRICS);
	failed = ferror(out);
	if (!fclose(out) && !failed)
		http_set(m->http, form, text, len);
}

void metrics_publish(struct metrics *m, uint64_t now_ns)
{
	struct metrics_world w = {.version = damon_version()};

	if (!m || now_ns < m->due_ns)
		return;
	m->due_ns = now_ns + EVERY_NS;
	w.stats.size = sizeof(w.stats);
	if (damon_ctx_stats(m->ctx, &w.stats))
		return;
	w.snapshot_epoch_ns = m->snapshot_epoch_ns;
	take_targets(m, &w);
	w.schemes = m->schemes;
	w.nr_schemes = MIN(damon_nr_schemes(m->ctx), (size_t)MAX_SCHEMES);
	for (size_t i = 0; i < w.nr_schemes; i++) {
		m->schemes[i] = (struct damos_stats){.size = sizeof(m->schemes[i])};
		damon_scheme_stats(m->ctx, i, &m->schemes[i]);
	}
	set_text(m, &w, HTTP_OPENMETRICS);
	set_text(m, &w, HTTP_CLASSIC);
}
