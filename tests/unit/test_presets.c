/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Presets: schemes of the kernel's modules, and their parameters as options. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "cli/options/preset_options.h"
#include "config/kdamonds.h"
#include "tests/kit/config_show.h"

static const struct option_row reclaim_rows[] = {RECLAIM_ROWS(0), {0}};
static const struct option_row lru_sort_rows[] = {LRU_SORT_ROWS(0), {0}};
static const struct option_row stat_rows[] = {STAT_ROWS(0), {0}};
static const struct option_row tiering_rows[] = {TIERING_ROWS(0), {0}};

static const struct option_row *const rows_of[] = {
	[PRESET_RECLAIM] = reclaim_rows,
	[PRESET_LRU_SORT] = lru_sort_rows,
	[PRESET_STAT] = stat_rows,
	[PRESET_TIERING] = tiering_rows,
};

/* Words are separated by one blank each. What a table has no row for is as by default. */
static int read_line(enum preset preset, const char *line, struct config *c,
		     struct damon_fail *fail)
{
	struct preset_params p;
	struct option_line parsed;
	char text[300], *rest = text, *argv[32];
	int argc = 0, err;

	preset_params_init(preset, &p);
	snprintf(text, sizeof(text), "%s", line);
	while (*line && (argv[argc] = strsep(&rest, " ")))
		argc++;
	argv[argc] = NULL;
	*fail = (struct damon_fail){.text = ""};
	config_init(c);
	err = option_parse(rows_of[preset], &p, argv, false, &parsed, fail);
	return err ? err : preset_config(preset, &p, c, fail);
}

#define MONITOR "sample=5000000 aggr=100000000 regions=10..1000"

Test(presets, schemes_are_those_of_the_modules)
{
	static const struct {
		enum preset preset;
		const char *line, *context, *schemes;
	} rows[] = {
		{PRESET_RECLAIM, "", "vaddr " MONITOR,
		 "pageout sz=4096..max rate=0..0 age=120000000000..max time=10000000 "
		 "bytes=134217728 weights=0,0,1000 wmarks=5000000000:500,400,200"},
		/* the example of the module's documentation */
		{PRESET_RECLAIM,
		 "--min_age 30000000 --quota_sz 1073741824 --quota_reset_interval_ms 1000 "
		 "--wmarks_high 500 --wmarks_mid 400 --wmarks_low 200",
		 "vaddr " MONITOR,
		 "pageout sz=4096..max rate=0..0 age=30000000000..max time=10000000 "
		 "bytes=1073741824 weights=0,0,1000 wmarks=5000000000:500,400,200"},
		{PRESET_RECLAIM,
		 "--min-age 5s --quota-ms 0 --quota-sz 0 --wmarks-interval 0 --skip-anon "
		 "--sample-interval 1000 --aggr-interval 2s --min-nr-regions 20 --max-nr-regions "
		 "30 --autotune-monitoring-intervals",
		 "vaddr sample=1000000 aggr=2000000000 regions=20..30 "
		 "goal=40,3,5000000,10000000000",
		 "pageout sz=4096..max rate=0..0 age=5000000000..max weights=0,0,1000 "
		 "[reject anon]"},
		{PRESET_RECLAIM,
		 "--quota_mem_pressure_us 1000 --quota_autotune_feedback 9000 "
		 "--monitor_region_start 0x1000 --monitor_region_end 4G --wmarks-interval 0",
		 "paddr 0[1000-100000000] " MONITOR,
		 "pageout sz=4096..max rate=0..0 age=120000000000..max time=10000000 "
		 "bytes=134217728 weights=0,0,1000 goal=some_mem_psi_us:1000:0:0 "
		 "goal=user_input:10000:9000:0"},
		{PRESET_LRU_SORT, "", "vaddr " MONITOR,
		 "lru_prio sz=4096..max rate=0.5..1 time=5000000 weights=0,1000,1000 "
		 "wmarks=5000000000:200,150,50 | lru_deprio sz=4096..max rate=0..0 "
		 "age=120000000000..max time=5000000 weights=0,0,1000 "
		 "wmarks=5000000000:200,150,50"},
		{PRESET_LRU_SORT,
		 "--hot_thres_access_freq 250 --cold_min_age 1s --quota_ms 20 --wmarks_interval 0",
		 "vaddr " MONITOR,
		 "lru_prio sz=4096..max rate=0.25..1 time=10000000 weights=0,1000,1000 | "
		 "lru_deprio sz=4096..max rate=0..0 age=1000000000..max time=10000000 "
		 "weights=0,0,1000"},
		{PRESET_LRU_SORT,
		 "--active_mem_bp 7000 --autotune_monitoring_intervals "
		 "--wmarks-interval 0",
		 "vaddr " MONITOR " goal=40,3,5000000,10000000000",
		 "lru_prio sz=4096..max rate=0.5..1 time=5000000 weights=0,1000,1000 "
		 "goal=active_mem_bp:7000:0:0 | lru_deprio sz=4096..max rate=0..0 "
		 "age=120000000000..max time=5000000 weights=0,0,1000 "
		 "goal=inactive_mem_bp:3002:0:0"},
		{PRESET_STAT, "", "vaddr " MONITOR " goal=400,3,5000000,10000000000", ""},
		{PRESET_TIERING, "", "vaddr " MONITOR " goal=400,3,5000000,10000000000",
		 "migrate_cold nid=1 sz=4096..max rate=0..0 apply=1000000000 bytes=209715200 "
		 "goal=node_mem_free_bp:50:0:0 | migrate_hot nid=0 sz=4096..max rate=0.05..1 "
		 "apply=1000000000 bytes=209715200 goal=node_mem_used_bp:9970:0:0"},
		{PRESET_TIERING, "--fast-node 2 --slow-node 0 --fast-free 10 --fast-used 80%",
		 "vaddr " MONITOR " goal=400,3,5000000,10000000000",
		 "migrate_cold nid=0 sz=4096..max rate=0..0 apply=1000000000 bytes=209715200 "
		 "goal=node_mem_free_bp:1000:0:2 | migrate_hot nid=2 sz=4096..max rate=0.05..1 "
		 "apply=1000000000 bytes=209715200 goal=node_mem_used_bp:8000:0:2"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[CONFIG_SHOW_MAX];
		struct damon_fail fail;
		struct config c;
		int err = read_line(rows[i].preset, rows[i].line, &c, &fail);

		cr_expect_eq(err, 0, "%s: %s", rows[i].line, fail.text);
		config_show_context(text, &c);
		cr_expect_str_eq(text, rows[i].context, "%s: %s", rows[i].line, text);
		config_show_schemes(text, &c);
		cr_expect_str_eq(text, rows[i].schemes, "%s: %s", rows[i].line, text);
		config_release(&c);
	}
}

Test(presets, mistakes_are_refused)
{
	static const struct {
		enum preset preset;
		const char *line, *text;
	} rows[] = {
		{PRESET_RECLAIM, "--min-age x", "'x' is no value of '--min-age'"},
		{PRESET_RECLAIM, "--cold-min-age 1s", "unknown option '--cold-min-age'"},
		{PRESET_RECLAIM, "--wmarks-mid 600",
		 "watermarks of 500, 600, 200 permil cannot be"},
		{PRESET_RECLAIM, "--wmarks-high 1001",
		 "'1001' is out of range for '--wmarks-high'"},
		{PRESET_RECLAIM, "--quota-reset-interval-ms 0",
		 "a quota needs an interval that it is for"},
		{PRESET_RECLAIM, "--aggr-interval 1ms",
		 "sample_interval must not be 0, nor above aggr_interval"},
		{PRESET_RECLAIM, "--sample-interval 0",
		 "sample_interval must not be 0, nor above aggr_interval"},
		{PRESET_RECLAIM, "--min-nr-regions 2000", "min_nr_regions is above max_nr_regions"},
		{PRESET_RECLAIM, "--monitor-region-start 4096",
		 "monitor_region_start is not below monitor_region_end"},
		{PRESET_LRU_SORT, "--hot-thres-access-freq 1001",
		 "'1001' is out of range for '--hot-thres-access-freq'"},
		{PRESET_LRU_SORT, "--active-mem-bp 10001",
		 "'10001' is out of range for '--active-mem-bp'"},
		{PRESET_LRU_SORT, "--filter_young_pages",
		 "filter_young_pages cannot work here: only the kernel can look at a page's "
		 "accessed bit without taking it from others"},
		{PRESET_TIERING, "--slow-node 0", "tiering needs two nodes, a fast and a slow one"},
		{PRESET_TIERING, "--fast-free 0", "goals of tiering are above 0 %, up to 100 %"},
		{PRESET_TIERING, "--fast-used 101", "goals of tiering are above 0 %, up to 100 %"},
		{PRESET_STAT, "--quota-ms 5", "unknown option '--quota-ms'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail fail;
		struct config c;
		int err = read_line(rows[i].preset, rows[i].line, &c, &fail);

		cr_expect_eq(err, -EINVAL, "%s", rows[i].line);
		cr_expect_str_eq(fail.text, rows[i].text, "%s: %s", rows[i].line, fail.text);
		config_release(&c);
	}
}

/* What --help says is what a program gets that asks for the preset. */
Test(presets, defaults_are_those_of_the_options)
{
	for (size_t preset = 0; preset < ARRAY_SIZE(rows_of); preset++) {
		struct preset_params want, got;
		struct option_line line;
		struct damon_fail fail;
		char *argv[] = {NULL};

		preset_params_init(preset, &want);
		memset(&got, 0, sizeof(got));
		cr_assert_eq(option_parse(rows_of[preset], &got, argv, false, &line, &fail), 0);
		for (const struct option_row *r = rows_of[preset]; r->name; r++) {
			size_t size = r->type == OPT_FLAG ? sizeof(bool) : sizeof(uint64_t);

			cr_expect(
				!memcmp((char *)&got + r->offset, (char *)&want + r->offset, size),
				"%zu --%s", preset, r->name);
		}
	}
}

/* What a preset makes can be written, and read without a warning: it is what a file could say. */
Test(presets, are_schemes_like_any)
{
	for (size_t preset = 0; preset < ARRAY_SIZE(rows_of); preset++) {
		struct config_how how = {.strict = true};
		char first[CONFIG_SHOW_MAX], second[CONFIG_SHOW_MAX];
		_cleanup_(freep) char *text = NULL;
		struct config c, back;
		struct damon_fail fail;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		cr_assert_eq(read_line(preset, "", &c, &fail), 0);
		config_write(out, &c);
		fclose(out);
		config_init(&back);
		cr_expect_eq(config_read_bytes(&back, "f", text, size, &how, &fail), 0, "%s",
			     fail.text);
		cr_expect_str_eq(config_show_schemes(first, &c),
				 config_show_schemes(second, &back));
		config_release(&c);
		config_release(&back);
	}
}
