/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was lost, as lines, figures and tables tell it. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/util.h"
#include "report/losses.h"

Test(losses, each_kind_is_told)
{
	static const struct {
		const char *name, *text;
		uint64_t count;
		struct damon_stats s;
	} rows[] = {
		{"nothing", "", 0, {.obs = 9}},
		{"samples", " (5 lost)", 5, {.lost = 5}},
		{"often, not many", " (throttled 1 time)", 0, {.throttled = 1}},
		{"both", " (5 lost, throttled 2 times)", 5, {.lost = 5, .throttled = 2}},
		{"damaged", " (7 damaged)", 7, {.malformed = 3, .traces_broken = 4}},
		{"ends of traces", " (traces cut off 3 times)", 3, {.traces_truncated = 3}},
		{"collisions", " (samples collided 2 times)", 2, {.traces_collided = 2}},
		{"what was seen is not lost", "", 0, {.no_address = 4, .thinned = 3, .no_code = 2}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[LOSSES_TEXT_MAX];

		cr_expect_str_eq(losses_text(text, &rows[i].s), rows[i].text, "%s", rows[i].name);
		cr_expect_eq(losses_count(&rows[i].s), rows[i].count, "%s", rows[i].name);
	}
}

Test(losses, there_is_room_for_all)
{
	struct damon_stats s = {0};
	char text[LOSSES_TEXT_MAX];

	memset(&s, 0xff, sizeof(s));
	losses_text(text, &s);
	cr_expect_eq(text[strlen(text) - 1], ')', "%s", text);
	cr_expect(strstr(text, "throttled 18446744073709551615 times"), "%s", text);
}

/* Each reason is a count of its own, and differs from before by what came since. */
Test(losses, since)
{
	struct damon_stats before = {.lost = 5, .traces_truncated = 1, .obs = 7}, now, since;

	for (const struct loss *l = losses; l->reason; l++) {
		now = before;
		memcpy((char *)&now + l->at, &(uint64_t){100}, sizeof(uint64_t));
		losses_since(&before, &now, &since);
		for (const struct loss *k = losses; k->reason; k++)
			cr_expect_eq(loss_of(k, &since), k == l ? 100 - loss_of(l, &before) : 0,
				     "%s of %s", k->reason, l->reason);
		cr_expect_eq(since.obs, 0);
	}
}

Test(losses, turns)
{
	static const struct {
		double percent;
		bool few;
	} rows[] = {{0, false}, {.01, true}, {94, true}, {95, false}, {100, false}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(
			losses_by_turns(&(struct damon_stats){.counter_percent = rows[i].percent}),
			rows[i].few, "%g", rows[i].percent);
}
