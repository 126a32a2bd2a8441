/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/say.h"
#include "cli/options/tuning.h"

#define GOAL "intervals-goal"

static int refuse_goal(struct damon_fail *fail, const char *what, const char *value,
		       const char *remedy)
{
	damon_fail(fail, EINVAL, "'%.80s' is no %s for '--" GOAL "'", value, what);
	damon_fail_remedy(fail, "give %s", remedy);
	return -EINVAL;
}

/* A bare number is in basis points. */
static int parse_bp(const char *s, uint32_t *bp)
{
	double n;
	int err = strpbrk(s, "%bp") ? damon_parse_ratio(s, &n) : damon_parse_double(s, &n);

	if (err)
		return err;
	n = strpbrk(s, "%bp") ? n * 10000 : n;
	if (!(n >= 1 && n <= 10000))
		return -ERANGE;
	*bp = (uint32_t)(n + .5);
	return 0;
}

int tuning_parse_goal_words(const char *const word[4], struct damon_intervals_goal *g,
			    struct damon_fail *fail)
{
	const uint64_t day_ns = 86400 * NS_PER_SEC;
	uint64_t aggrs;

	damon_intervals_goal_init(g);
	if (parse_bp(word[0], &g->access_bp))
		return refuse_goal(fail, "share of access events", word[0],
				   "1 bp to 100 %, such as '4 %' or 400");
	if (damon_parse_u64(word[1], &aggrs) || !aggrs || aggrs > UINT16_MAX)
		return refuse_goal(fail, "number of aggregations", word[1], "1 to 65535");
	g->aggrs = (uint32_t)aggrs;
	for (int i = 2; i < 4; i++) {
		uint64_t *ns = i == 2 ? &g->min_sample_ns : &g->max_sample_ns;

		if (damon_parse_time(word[i], NS_PER_US, ns) || *ns < NS_PER_US || *ns > day_ns)
			return refuse_goal(fail, "sampling interval", word[i],
					   "a time of 1 us to 1 d");
	}
	if (g->min_sample_ns > g->max_sample_ns)
		return refuse_goal(fail, "maximum", word[3], "one that is not below the minimum");
	return 0;
}

int tuning_parse_goal(const char *s, struct damon_intervals_goal *g, struct damon_fail *fail)
{
	_cleanup_(freep) char *copy = strdup(s);
	char *rest = copy;
	const char *word[4];

	if (!copy)
		return damon_fail(fail, ENOMEM, "out of memory");
	damon_intervals_goal_init(g);
	if (!strcmp(s, "auto"))
		return 0;
	for (int i = 0; i < 4; i++) {
		word[i] = strsep(&rest, ",");
		if (!word[i] || (i == 3 && rest)) {
			damon_fail(fail, EINVAL, "'%.80s' is no value of '--" GOAL "'", s);
			damon_fail_remedy(fail, "give 'auto', or share, aggregations, minimum and "
						"maximum, such as '4%%,3,5ms,10s'");
			return -EINVAL;
		}
	}
	return tuning_parse_goal_words(word, g, fail);
}

int tuning_parse_resolution(const char *s, struct damon_sampling *sampling, struct damon_fail *fail)
{
	const char *slash = strchr(s, '/');
	_cleanup_(freep) char *text = strndup(s, slash ? (size_t)(slash - s) : strlen(s));
	double share;
	uint64_t ns;

	if (!text)
		return damon_fail(fail, ENOMEM, "out of memory");
	if (!slash || damon_parse_ratio(text, &share) ||
	    damon_parse_time(slash + 1, NS_PER_SEC, &ns)) {
		damon_fail(fail, EINVAL, "'%.80s' is no value of '--resolution'", s);
		damon_fail_remedy(fail,
				  "give a share of the accesses and a time, such as '1%%/1s'");
		return -EINVAL;
	}
	if (!(share >= 1e-6 && share <= 1) || ns < NS_PER_MS || ns > 86400 * NS_PER_SEC) {
		damon_fail(fail, EINVAL, "'%.80s' is out of range for '--resolution'", s);
		damon_fail_remedy(fail, "give 0.0001 %% to 100 %%, and 1 ms to 1 d");
		return -EINVAL;
	}
	sampling->resolution_share = share;
	sampling->resolution_ns = ns;
	return 0;
}

static const char *why(const struct damon_stats *st, const struct damon_sampling *asked, char *buf,
		       size_t size)
{
	if (st->rate_bound == DAMON_RATE_KERNEL)
		return "kernel.perf_event_max_sample_rate allows no more; raise it with sysctl";
	snprintf(buf, size, "an overhead of %.3g %% allows no more; raise '--overhead'",
		 asked->overhead_percent);
	return buf;
}

void tuning_say_rate(const struct damon_ctx *ctx, const struct damon_sampling *asked)
{
	double seconds = (double)asked->resolution_ns / NS_PER_SEC;
	struct damon_stats st = {.size = sizeof(st)};
	char time[DAMON_UNITS_MAX], buf[96];

	if (damon_ctx_stats(ctx, &st) < 0 || !(st.rate_hz > 0))
		return;
	if (asked->resolution_ns) {
		damon_print_time(time, (double)asked->resolution_ns);
		if (st.rate_bound == DAMON_RATE_RESOLUTION)
			say("%.4g samples per second of CPU time: what has %.3g %% of the accesses "
			    "is seen within %s",
			    st.rate_hz, 100 * asked->resolution_share, time);
		else
			say("%.4g samples per second of CPU time show what has %.2g %% of the "
			    "accesses within %s, %.3g %% needs %.4g: %s",
			    st.rate_hz, 100 * 12 / (st.rate_hz * seconds), time,
			    100 * asked->resolution_share, st.resolution_hz,
			    why(&st, asked, buf, sizeof(buf)));
	} else if (asked->rate_hz > 0 && st.rate_bound == DAMON_RATE_KERNEL) {
		say("%.4g samples per second of CPU time instead of %.4g: %s", st.rate_hz,
		    asked->rate_hz, why(&st, asked, buf, sizeof(buf)));
	}
}
