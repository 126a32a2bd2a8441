/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/raw.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/options/record_options.h"
#include "cli/options/target_options.h"
#include "cli/say.h"
#include "report/losses.h"

int raw_check_options(const struct option_row *rows, const struct option_line *line,
		      const char **output, struct damon_fail *fail)
{
	/* what is done with samples once they are decoded */
	static const char *const decoded[] = {"mem-reads",
					      "check",
					      "checks-per-sec",
					      "sample",
					      "aggr",
					      "updr",
					      "minr",
					      "maxr",
					      "monitoring-intervals",
					      "intervals-goal",
					      "monitoring-intervals-goal",
					      "monitoring-nr-regions-range"};

	for (size_t i = 0; i < ARRAY_SIZE(decoded); i++) {
		if (!option_given(rows, line, decoded[i]))
			continue;
		damon_fail(fail, EINVAL,
			   "'--%s' is for samples that are decoded, and '--raw' decodes none",
			   decoded[i]);
		damon_fail_remedy(fail, "leave it out");
		return -EINVAL;
	}
	if (option_given(rows, line, "replay")) {
		damon_fail(fail, EINVAL,
			   "'--raw' is for what is being recorded, and '--replay' "
			   "reads what was");
		damon_fail_remedy(fail, "leave one of them out");
		return -EINVAL;
	}
	if (!option_given(rows, line, "output"))
		*output = RAW_OUTPUT;
	if (strcmp(*output, "-"))
		return 0;
	damon_fail(fail, EINVAL,
		   "the beginning of a perf.data is written last, which standard "
		   "output may not allow");
	damon_fail_remedy(fail, "name a file with '-o'");
	return -EINVAL;
}

void raw_say(const struct damon_stats *s, const char *output)
{
	char samples[DAMON_UNITS_MAX], bytes[DAMON_UNITS_MAX], traces[48] = "";
	char lost[LOSSES_TEXT_MAX];

	if (s->raw_trace_bytes)
		snprintf(traces, sizeof(traces), " and %s of traces",
			 damon_print_bytes(bytes, (double)s->raw_trace_bytes));
	say("%s samples%s%s of source %s, %s in '%.200s'",
	    damon_print_count(samples, (double)s->raw_samples), traces, losses_text(lost, s),
	    s->source, damon_print_bytes(bytes, (double)s->record_bytes), output);
	if (losses_by_turns(s))
		say("events had a counter for %.2g %% of their time, as others use them: samples "
		    "are too few",
		    s->counter_percent);
	target_options_say_closed(s);
}
