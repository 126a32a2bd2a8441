/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/units.h"
#include "base/util.h"
#include "live/lines.h"
#include "report/known.h"
#include "report/losses.h"
#include "report/names.h"
#include "report/print.h"

#define SHOWN_TARGETS 3	 /* of a line of text, the hottest */
#define MAX_RSS	      64 /* targets whose memory is asked for: each is a file to read */

struct target {
	struct damon_target_info info;
	char comm[NAME_MAX_LEN];
	struct damon_wss wss; /* within 1 s */
	size_t at;
};

static void take_target(const struct damon_snapshot *s, size_t at, struct target *t)
{
	char comm[sizeof(t->info.comm) + 1];

	*t = (struct target){.info.size = sizeof(t->info), .at = at};
	damon_snapshot_target(s, at, &t->info);
	damon_snapshot_wss(s, at, DAMON_WSS_1S, &t->wss);
	memcpy(comm, t->info.comm, sizeof(t->info.comm));
	comm[sizeof(t->info.comm)] = '\0';
	print_clean(t->comm, sizeof(t->comm), comm);
}

/* Lines are short: what fails, fails here. */
static int flush(FILE *out)
{
	errno = EIO;
	return fflush(out) || ferror(out) ? -errno : 0;
}

/* ---- text ---- */

/* The hottest targets, sorted. Returns how many there are of them. */
static size_t find_hottest(const struct damon_snapshot *s, size_t n,
			   struct target hottest[SHOWN_TARGETS])
{
	size_t nr = 0;

	for (size_t i = 0; i < n; i++) {
		struct damon_target_info info = {.size = sizeof(info)};
		size_t at = nr;

		damon_snapshot_target(s, i, &info);
		while (at && hottest[at - 1].info.share < info.share)
			at--;
		if (at == SHOWN_TARGETS)
			continue;
		nr += nr < SHOWN_TARGETS;
		memmove(&hottest[at + 1], &hottest[at], (nr - 1 - at) * sizeof(*hottest));
		take_target(s, i, &hottest[at]);
	}
	return nr;
}

static void write_target(const struct live_lines *l, const struct target *t, double obs)
{
	struct known wss = {t->wss.bytes, t->wss.lo, t->wss.hi};
	struct known share = known_share(t->info.share, obs);
	char text[KNOWN_TEXT_MAX], bytes[DAMON_UNITS_MAX];
	uint64_t rss = l->rss_of ? l->rss_of(t->info.pid) : 0;

	fprintf(l->out, "  %s %d", t->comm, t->info.pid);
	if (obs > 0)
		fprintf(l->out, " %s", known_value(text, &share, KNOWN_PERCENT));
	fprintf(l->out, " wss %s", known_text(text, &wss, KNOWN_BYTES));
	if (rss)
		fprintf(l->out, " rss %s", damon_print_bytes(bytes, (double)rss));
}

static void write_schemes(const struct live_lines *l)
{
	for (size_t i = 0; i < damon_nr_schemes(l->ctx); i++) {
		struct damos_stats s = {.size = sizeof(s)};
		char tried[DAMON_UNITS_MAX], applied[DAMON_UNITS_MAX];

		if (damon_scheme_stats(l->ctx, i, &s))
			continue;
		fprintf(l->out, "  %zu %s %s tried %s applied %s", i + 1, s.action,
			damos_state_name(s.state), damon_print_bytes(tried, (double)s.sz_tried),
			damon_print_bytes(applied, (double)s.sz_applied));
	}
}

/* The sums as they are now, and what was lost since the last line. */
static int take_stats(struct live_lines *l, struct damon_stats *now, struct damon_stats *since)
{
	int err;

	*now = (struct damon_stats){.size = sizeof(*now)};
	err = damon_ctx_stats(l->ctx, now);
	if (err < 0)
		return err;
	losses_since(&l->before, now, since);
	l->before = *now;
	return 0;
}

int live_lines_text(struct live_lines *l, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_stats stats, since;
	struct target hottest[SHOWN_TARGETS];
	char lost[LOSSES_TEXT_MAX];
	size_t n;

	damon_snapshot_info(s, &info);
	if (!l->start_ns)
		l->start_ns = info.start_ns;
	n = find_hottest(s, info.nr_targets, hottest);
	fprintf(l->out, "%.1f s  %" PRIu64 " samples",
		(double)(info.end_ns - l->start_ns) / NS_PER_SEC, info.obs);
	if (!take_stats(l, &stats, &since))
		fputs(losses_text(lost, &since), l->out);
	for (size_t i = 0; i < n; i++)
		write_target(l, &hottest[i], (double)info.obs);
	if (info.nr_targets > n)
		fprintf(l->out, "  and %zu more", info.nr_targets - n);
	write_schemes(l);
	fputc('\n', l->out);
	return flush(l->out);
}

/* ---- JSON ---- */

static void put_wss(struct json *j, const struct damon_wss *w)
{
	json_object(j, "wss");
	json_double(j, "bytes", w->bytes, 6);
	json_double(j, "lo", w->lo, 6);
	json_double(j, "hi", w->hi, 6);
	json_end(j);
}

static void put_hottest(struct json *j, const struct damon_snapshot *s, size_t at, size_t region)
{
	struct damon_region_info r = {.size = sizeof(r)};
	struct damon_mapping_info m = {.size = sizeof(m)};

	damon_snapshot_region(s, at, region, &r);
	json_object(j, "hottest");
	json_u64(j, "start", r.start);
	json_u64(j, "end", r.end);
	json_double(j, "heat", r.heat, 6);
	json_double(j, "lo", r.heat_lo, 6);
	json_double(j, "hi", r.heat_hi, 6);
	json_double(j, "share", r.share, 6);
	json_str(j, "mapping", damon_snapshot_mapping(s, at, r.start, &m) > 0 ? m.name : NULL);
	json_end(j);
}

/* What the regions come to: how many bytes are mapped, in use now, and not in use for how long. */
static void put_regions(struct json *j, const struct damon_snapshot *s, const struct target *t,
			uint64_t aggr_ns)
{
	static const uint64_t idle_s[] = {1, 5, 30, 120};
	uint64_t mapped = 0, touched = 0, idle[ARRAY_SIZE(idle_s)] = {0};
	struct damon_region_info r = {.size = sizeof(r)};
	size_t hottest = 0;
	double most = -1;

	for (size_t i = 0; i < t->info.nr_regions; i++) {
		uint64_t bytes;

		damon_snapshot_region(s, t->at, i, &r);
		bytes = r.end - r.start;
		mapped += bytes;
		touched += r.heat > 0 ? bytes : 0;
		for (size_t k = 0; k < ARRAY_SIZE(idle_s); k++)
			idle[k] += r.idle_aggrs * aggr_ns >= idle_s[k] * NS_PER_SEC ? bytes : 0;
		if (r.heat > most) {
			most = r.heat;
			hottest = i;
		}
	}
	json_object(j, "regions");
	json_u64(j, "nr", t->info.nr_regions);
	json_u64(j, "bytes", mapped);
	json_u64(j, "in_use_bytes", touched);
	for (size_t k = 0; k < ARRAY_SIZE(idle_s); k++) {
		char key[32];

		snprintf(key, sizeof(key), "idle_%" PRIu64 "s_bytes", idle_s[k]);
		json_u64(j, key, idle[k]);
	}
	if (most > 0)
		put_hottest(j, s, t->at, hottest);
	json_end(j);
}

static void put_target(struct json *j, const struct live_lines *l, const struct damon_snapshot *s,
		       const struct target *t, const struct damon_snapshot_info *info)
{
	struct known share = known_share(t->info.share, (double)info->obs);
	bool ask = l->rss_of && t->at < MAX_RSS;
	uint64_t rss = ask ? l->rss_of(t->info.pid) : 0;

	json_object(j, NULL);
	json_u64(j, "id", t->info.id);
	json_i64(j, "pid", t->info.pid);
	json_str(j, "comm", t->comm);
	json_u64(j, "nr_processes", t->info.nr_procs);
	json_u64(j, "samples", t->info.obs);
	json_double(j, "share", share.v, 6);
	json_double(j, "share_lo", share.lo, 6);
	json_double(j, "share_hi", share.hi, 6);
	json_double(j, "cpu_ns", t->info.cpu_ns, 9);
	put_wss(j, &t->wss);
	if (rss)
		json_u64(j, "rss_bytes", rss);
	put_regions(j, s, t, info->end_ns - info->start_ns);
	json_end(j);
}

static void put_goals(struct json *j, const struct damos_stats *s)
{
	json_array(j, "goal_current");
	for (size_t i = 0; i < DAMOS_MAX_GOALS; i++)
		json_u64(j, NULL, s->goal_current[i]);
	json_end(j);
}

static void put_scheme(struct json *j, const struct damos_stats *s)
{
	json_object(j, NULL);
	json_str(j, "action", s->action);
	json_str(j, "state", damos_state_name(s->state));
	json_str(j, "state_reason", s->state_reason[0] ? s->state_reason : NULL);
	json_u64(j, "nr_tried", s->nr_tried);
	json_u64(j, "sz_tried", s->sz_tried);
	json_u64(j, "nr_applied", s->nr_applied);
	json_u64(j, "sz_applied", s->sz_applied);
	json_u64(j, "sz_ops_filter_passed", s->sz_filter_passed);
	json_u64(j, "qt_exceeds", s->qt_exceeds);
	json_u64(j, "nr_snapshots", s->nr_snapshots);
	json_u64(j, "sz_skipped", s->sz_skipped);
	json_u64(j, "sz_failed", s->sz_failed);
	json_str(j, "reason", s->reason[0] ? s->reason : NULL);
	json_u64(j, "sz_dropped", s->sz_dropped);
	json_str(j, "verified", s->verified < 0 ? "sampled" : s->verified ? "yes" : "no");
	json_u64(j, "busy_ns", s->busy_ns);
	if (s->quota_bytes == UINT64_MAX)
		json_null(j, "quota_bytes");
	else
		json_u64(j, "quota_bytes", s->quota_bytes);
	json_u64(j, "quota_used", s->quota_used);
	put_goals(j, s);
	if (s->refault_bp < 0)
		json_null(j, "refault_bp");
	else
		json_double(j, "refault_bp", s->refault_bp, 6);
	json_u64(j, "sz_now", s->sz_now);
	json_end(j);
}

static void put_schemes(struct json *j, const struct damon_ctx *ctx)
{
	json_array(j, "schemes");
	for (size_t i = 0; i < damon_nr_schemes(ctx); i++) {
		struct damos_stats s = {.size = sizeof(s)};

		if (!damon_scheme_stats(ctx, i, &s))
			put_scheme(j, &s);
	}
	json_end(j);
}

static void put_losses(struct json *j, const struct damon_stats *since)
{
	json_object(j, "losses");
	for (const struct loss *l = losses; l->reason; l++)
		json_u64(j, l->reason, loss_of(l, since));
	json_end(j);
}

static void put_percent(struct json *j, const char *key, double percent)
{
	if (percent < 0)
		json_null(j, key);
	else
		json_double(j, key, percent, 6);
}

static void put_overhead(struct json *j, const struct damon_stats *s)
{
	json_object(j, "overhead");
	json_str(j, "source", s->source);
	json_double(j, "rate_hz", s->rate_hz, 6);
	put_percent(j, "percent", s->overhead_percent);
	put_percent(j, "slowdown_percent", s->slowdown_percent);
	put_percent(j, "own_cpu_percent", s->own_cpu_percent);
	json_u64(j, "lost", losses_count(s));
	json_u64(j, "throttled", s->throttled);
	json_end(j);
}

int live_lines_json(struct live_lines *l, const struct damon_snapshot *s)
{
	struct damon_snapshot_info info = {.size = sizeof(info)};
	struct damon_stats stats, since;
	struct json j;

	damon_snapshot_info(s, &info);
	json_init(&j, l->out);
	json_object(&j, NULL);
	json_i64(&j, "time", (int64_t)info.end_ns + info.epoch_offset_ns);
	json_u64(&j, "aggr_ns", info.end_ns - info.start_ns);
	json_u64(&j, "samples", info.obs);
	json_array(&j, "targets");
	for (size_t i = 0; i < info.nr_targets; i++) {
		struct target t;

		take_target(s, i, &t);
		put_target(&j, l, s, &t, &info);
	}
	json_end(&j);
	put_schemes(&j, l->ctx);
	if (!take_stats(l, &stats, &since)) {
		put_losses(&j, &since);
		put_overhead(&j, &stats);
	}
	json_end(&j);
	return flush(l->out);
}
