/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of metrics; that a parser takes it is for tests/cli/metrics.t. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "live/http.h"
#include "live/metrics_text.h"

static char *text_of(const struct metrics_world *w, bool openmetrics)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	metrics_text(out, w, openmetrics);
	fclose(out);
	return text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

Test(metrics, names_do_not_end_labels)
{
	struct metrics_target t = {.id = 3, .pid = 9, .nr_procs = 1, .share.v = -1};
	struct metrics_world w = {.version = "1\"2", .targets = &t, .nr_targets = 1};
	_cleanup_(freep) char *text = NULL;

	strcpy(t.comm, "a\"b\\c\nd} 1");
	text = text_of(&w, true);
	cr_expect(strstr(text, "damon_perf_target_processes{target=\"3\",comm=\"a\\\"b\\\\c\\nd} "
			       "1\",pid=\"9\"} 1\n"),
		  "%s", text);
	cr_expect(strstr(text, "version=\"1\\\"2\""));
}

Test(metrics, what_is_not_known_has_no_sample)
{
	struct metrics_target t = {.share = {-1, -1, -1}};
	struct damos_stats s = {.action = "stat", .quota_bytes = UINT64_MAX, .refault_bp = -1};
	struct metrics_world w = {.version = "",
				  .stats = {.overhead_percent = -1, .slowdown_percent = 50},
				  .targets = &t,
				  .nr_targets = 1,
				  .schemes = &s,
				  .nr_schemes = 1};
	static const char *const none[] = {
		"\ndamon_perf_target_access_ratio{",  "\ndamon_perf_target_resident_bytes{",
		"\ndamon_perf_overhead_ratio ",	      "\ndamon_perf_scheme_quota_bytes{",
		"\ndamon_perf_scheme_refault_ratio{", "\ndamon_perf_snapshot_timestamp_seconds ",
	};
	_cleanup_(freep) char *text = text_of(&w, true);

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		cr_expect_not(strstr(text, none[i]), "%s", none[i]);
	cr_expect(strstr(text, "\ndamon_perf_slowdown_ratio 0.5\n"));
}

Test(metrics, sums_are_exact)
{
	struct damos_stats s = {
		.action = "pageout",
		.sz_tried = 18014398509481985, /* more than a double holds */
		.busy_ns = 1500 * NS_PER_MS,
		.verified = -1,
		.state = DAMOS_PAUSED,
	};
	struct metrics_world w = {.version = "", .schemes = &s, .nr_schemes = 1};
	_cleanup_(freep) char *om = text_of(&w, true), *classic = text_of(&w, false);
	static const char *const both[] = {
		"_scheme_tried_bytes_total{scheme=\"1\",action=\"pageout\"} 18014398509481985\n",
		"_scheme_busy_seconds_total{scheme=\"1\",action=\"pageout\"} 1.5\n",
		"action=\"pageout\",state=\"paused\"} 1\n",
		"action=\"pageout\",state=\"on\"} 0\n",
		"verified=\"sampled\"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		cr_expect(strstr(om, both[i]), "%s", both[i]);
		cr_expect(strstr(classic, both[i]), "%s", both[i]);
	}
	cr_expect(strstr(om, "# TYPE damon_perf_scheme_tried_bytes counter\n"));
	cr_expect(strstr(om, "# UNIT damon_perf_scheme_tried_bytes bytes\n"));
	cr_expect_str_eq(om + strlen(om) - 7, "\n# EOF\n");
	cr_expect(strstr(classic, "# TYPE damon_perf_scheme_tried_bytes_total counter\n"));
	cr_expect_not(strstr(classic, "# UNIT"));
	cr_expect_not(strstr(classic, "# EOF"));
}

Test(metrics, losses_have_reasons)
{
	struct metrics_world w = {
		.version = "",
		.stats = {.lost = 1, .malformed = 2, .traces_truncated = 3, .traces_collided = 4},
	};
	static const char *const both[] = {
		"_lost_samples_total{reason=\"lost\"} 1\n",
		"_lost_samples_total{reason=\"malformed\"} 2\n",
		"_lost_samples_total{reason=\"traces_truncated\"} 3\n",
		"_lost_samples_total{reason=\"traces_collided\"} 4\n",
		"_lost_samples_total{reason=\"traces_broken\"} 0\n",
		"_lost_samples_total{reason=\"no_target\"} 0\n",
		"_lost_samples_total{reason=\"no_code\"} 0\n",
		"_lost_samples_total{reason=\"foreign\"} 0\n",
	};
	_cleanup_(freep) char *om = text_of(&w, true), *classic = text_of(&w, false);

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		cr_expect(strstr(om, both[i]), "%s", both[i]);
		cr_expect(strstr(classic, both[i]), "%s", both[i]);
	}
}

Test(metrics, as_many_as_there_may_be)
{
	static struct metrics_target t[METRICS_TARGETS];
	struct metrics_world w = {.version = "",
				  .targets = t,
				  .nr_targets = METRICS_TARGETS,
				  .others = {.nr_procs = 5, .share = {.5, .4, .6}},
				  .nr_others = 7};
	_cleanup_(freep) char *text = NULL;

	for (uint32_t i = 0; i < METRICS_TARGETS; i++)
		t[i] = (struct metrics_target){.id = i,
					       .pid = 4000000 + (int)i,
					       .comm = "fifteen letters",
					       .nr_procs = 1,
					       .rss_bytes = 1ull << 40};
	text = text_of(&w, true);
	cr_expect_eq(count(text, "\ndamon_perf_target_processes{"), METRICS_TARGETS + 1);
	cr_expect(strstr(text, "\ndamon_perf_target_access_ratio{target=\"others\",comm=\"\",pid="
			       "\"\"} 0.5\n"));
	cr_expect(strstr(text, "\ndamon_perf_targets 71\n"));
	cr_expect_lt(strlen(text), 200 << 10, "%zu bytes", strlen(text));
}

Test(metrics, where_they_are_served)
{
	static const struct {
		const char *where;
		int err;
	} rows[] = {
		{"9779", 0},	     {"127.0.0.1:1", 0},      {"[::1]:65535", 0},
		{"[::]:80", 0},	     {"", -EINVAL},	      {"0", -EINVAL},
		{"65536", -EINVAL},  {"-1", -EINVAL},	      {" 9", -EINVAL},
		{":9", -EINVAL},     {"[]:9", -EINVAL},	      {"::1:9", -EINVAL},
		{"a:9", -EINVAL},    {"1.2.3.4", -EINVAL},    {"1.2.3.4:", -EINVAL},
		{"[::1:9", -EINVAL}, {"1.2.3.4:9x", -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail fail = {0};

		cr_expect_eq(http_check(rows[i].where, &fail), rows[i].err, "'%s'", rows[i].where);
		cr_expect_eq(fail.text[0] != 0, rows[i].err != 0, "'%s'", rows[i].where);
	}
}
