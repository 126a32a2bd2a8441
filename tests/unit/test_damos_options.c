/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schemes on the command line: damo's options. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "cli/options/damos_options.h"
#include "cli/options/damos_words.h"
#include "cli/help/help.h"
#include "tests/kit/config_show.h"

static const struct option_row rows[] = {DAMOS_ROWS(0), {0}};

#define MAX_ARGS 80

/* Words are separated by one blank each, "~" in them is one. */
static int read_line(const char *line, struct config *c, struct damon_fail *fail)
{
	struct damos_options o = {.strict = false};
	struct option_line parsed;
	char text[1000], *rest = text, *argv[MAX_ARGS + 1];
	int argc = 0, err;

	snprintf(text, sizeof(text), "%s", line);
	while (*line && argc < MAX_ARGS && (argv[argc] = strsep(&rest, " "))) {
		for (char *p = argv[argc++]; (p = strchr(p, '~')); p++)
			*p = ' ';
	}
	argv[argc] = NULL;
	*fail = (struct damon_fail){.text = ""};
	config_init(c);
	err = option_parse(rows, &o, argv, true, &parsed, fail);
	if (!err)
		err = damos_options_read(&o, NULL, c, fail);
	damos_options_release(&o);
	return err;
}

Test(damos_options, schemes_are_made)
{
	static const struct {
		const char *line, *want;
	} table[] = {
		{"", ""},
		{"--damos-action pageout", "pageout"},
		{"--damos_action cold --damos_action=stat", "cold | stat"},
		{"--damos-scheme --damos-scheme", "stat | stat"},
		{"--damos_action migrate_hot 1", "migrate_hot nid=1"},
		{"--damos_action migrate_cold 0 2 1 1", "migrate_cold dest=0:2 dest=1:1"},
		{"--damos_action migrate_hot --damos_target_nid 3", "migrate_hot nid=3"},
		{"--damos_action migrate_hot --damos_dests 0 1 2 5",
		 "migrate_hot dest=0:1 dest=2:5"},
		{"--damos_action stat --damos_sz_region 4K max --damos_access_rate 0% 5% "
		 "--damos_age 5s max --damos_apply_interval 1s",
		 "stat sz=4096..max rate=0..0.05 age=5000000000..max apply=1000000000"},
		{"--damos_action stat --damos_access_rate 5~samples max", "stat rate=0.25..1"},
		{"--damos_action stat --damos_access_rate 5 10", "stat rate=0.05..0.1"},
		/* the i-th of a kind is of the i-th scheme, wherever it stands */
		{"--damos_age 5s max --damos_action cold --damos_action stat --damos_age 6s max",
		 "cold age=5000000000..max | stat age=6000000000..max"},
		{"--damos_action cold --damos_action stat --damos_age 5s max",
		 "cold age=5000000000..max | stat"},
		/* but for marks */
		{"--damos_scheme --damos_action cold --damos_scheme --damos_age 5s max",
		 "cold | stat age=5000000000..max"},
		/* quotas */
		{"--damos_action stat --damos_quota_interval 500ms --damos_quota_time 10 "
		 "--damos_quota_space 200MB --damos_quota_weights 0 1 10%",
		 "stat time=10000000 bytes=209715200 reset=500000000 weights=0,1,100"},
		{"--damos_action stat --damos_quota_space 4K --damos_quota_fail_charge_ratio 1 "
		 "1,024",
		 "stat bytes=4096 charge=1/1024"},
		{"--damos_action stat --damos_quotas 10 128M 1s 0 500 1000",
		 "stat time=10000000 bytes=134217728 weights=0,500,1000"},
		{"--damos_action stat --damos_quotas 10ms 1G 2s",
		 "stat time=10000000 bytes=1073741824 reset=2000000000"},
		{"--damos_action stat --damos_quota_goal some_mem_psi_us 10ms "
		 "--damos_quota_goal user_input 10000 9000 --damos_quota_goal_tuner temporal",
		 "stat goal=some_mem_psi_us:10000:0:0 goal=user_input:10000:9000:0 tuner=temporal"},
		{"--damos_action stat --damos_quota_goal node_mem_free_bp 0.5% 0",
		 "stat goal=node_mem_free_bp:50:0:0"},
		{"--damos_action stat --damos_quota_goal node_memcg_used_bp 30% 1 /a/b "
		 "--damos_quota_goal inactive_mem_bp 50.1%",
		 "stat goal=node_memcg_used_bp:3000:0:1:/a/b goal=inactive_mem_bp:5010:0:0"},
		{"--damos_action cold --damos_action stat --damos_nr_quota_goals 0 1 "
		 "--damos_quota_goal target_rss 1G",
		 "cold | stat goal=target_rss:1073741824:0:0"},
		/* watermarks */
		{"--damos_action stat --damos_wmarks free_mem_rate 5s 500 40% 200",
		 "stat wmarks=5000000000:500,400,200"},
		{"--damos_action stat --damos_wmarks none 0 0 0 0", "stat"},
		/* filters */
		{"--damos_action stat --damos_filter allow anon", "stat [allow anon]"},
		{"--damos_action stat --damos_filter reject none anon", "stat [reject none anon]"},
		{"--damos_action stat --damos_filter reject memcg /a deny none addr 4K 0x2000 "
		 "allow target 3 block hugepage_size 2M max allow unmapped",
		 "stat [reject memcg /a] [reject none addr 4096-8192] [allow target 3] "
		 "[reject hugepage_size 2097152..18446744073709551615] [allow unmapped]"},
		{"--damos_action stat --damos_filter anon matching", "stat [reject anon]"},
		{"--damos_action stat --damos_filter memcg nomatching /a pass",
		 "stat [allow none memcg /a]"},
		{"--damos_action stat --damos_filter addr matching 0 4096 reject",
		 "stat [reject addr 0-4096]"},
		{"--damos_action stat --damos_filter_out not anon --damos_filter_out active",
		 "stat [reject none anon] [reject active]"},
		{"--damos_action cold --damos_filter allow anon --damos_action stat --damos_filter "
		 "reject anon --damos_filter reject active --damos_nr_filters 1 2",
		 "cold [allow anon] | stat [reject anon] [reject active]"},
		{"--damos_action cold --damos_action stat --damos_filter allow anon "
		 "--damos_nr_filters 0 --damos_nr_filters 1",
		 "cold | stat [allow anon]"},
		{"--damos_scheme --damos_filter allow anon --damos_scheme --damos_filter reject "
		 "anon "
		 "--damos_nr_filters 1 1",
		 "stat [allow anon] | stat [reject anon]"},
		/* ours */
		{"--damos-action stat --damos-max-nr-snapshots 9 --damos-compare plain "
		 "--damos-refault-max 5",
		 "stat snapshots=9 compare=plain refault=500"},
		{"--damos-action cold --damos-action stat --damos-compare plain",
		 "cold compare=plain | stat compare=plain"},
		{"--damos-action cold --damos-action stat --damos-compare bounds --damos-compare "
		 "plain",
		 "cold | stat compare=plain"},
		{"--damos-refault-max 0% --damos-scheme --damos-scheme --damos-compare plain",
		 "stat refault=0 | stat compare=plain refault=0"},
		/* as damo's own scripts have it */
		{"--damos_scheme --damos_action lru_deprio --damos_access_rate 0% 0% "
		 "--damos_apply_interval 1s --damos_quota_interval 1s --damos_quota_space 100MB "
		 "--damos_quota_weights 0 1 1 --damos_scheme --damos_action lru_prio "
		 "--damos_access_rate 5% max",
		 "lru_deprio rate=0..0 apply=1000000000 bytes=104857600 weights=0,1,1 | "
		 "lru_prio rate=0.05..1"},
		/* files */
		{"--schemes [{\"action\":\"cold\"}]", "cold"},
		{"--schemes=tests/data/schemes/thp.json --damos-compare plain",
		 "hugepage sz=2097152..max rate=0.25..1 age=500000000..max "
		 "[reject hugepage_size 2097152..18446744073709551615] compare=plain"},
		{"--kdamonds {\"kdamonds\":[{\"contexts\":[{\"ops\":\"vaddr\"}]}]} --schemes "
		 "[{\"action\":\"cold\"}]",
		 "cold"},
		{"--kdamonds {\"kdamonds\":[{\"contexts\":[{}]}]} --damos-action pageout",
		 "pageout"},
		/* by the intervals of the file */
		{"--kdamonds "
		 "{\"kdamonds\":[{\"contexts\":[{\"intervals\":{\"sample_us\":50000}}]}]} "
		 "--damos-action stat --damos-access-rate 1~samples max",
		 "stat rate=0.5..1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char text[CONFIG_SHOW_MAX];
		struct damon_fail fail;
		struct config c;
		int err = read_line(table[i].line, &c, &fail);

		cr_expect_eq(err, 0, "%s: %s", table[i].line, fail.text);
		config_show_schemes(text, &c);
		cr_expect_str_eq(text, table[i].want, "%s: %s", table[i].line, text);
		config_release(&c);
	}
}

Test(damos_options, mistakes_are_refused)
{
	static const struct {
		const char *line, *text, *remedy; /* remedy NULL: any */
	} table[] = {
		{"--damos-age 5s max", "'--damos-age': there are more of these than schemes",
		 "give a '--damos-action' for each scheme"},
		{"--damos-action stat --damos-age 5s max --damos-age 5s max",
		 "'--damos-age': there are more of these than schemes", NULL},
		{"--damos-action pagout", "'--damos-action': 'pagout' is not an action",
		 "did you mean 'pageout'?"},
		{"--damos-action nohugepage",
		 "'--damos-action': 'nohugepage' cannot work here: the kernel takes it only from "
		 "the process itself",
		 NULL},
		{"--damos-action pageout ./program",
		 "'--damos-action': './program' is one word too many",
		 "put '--' before a command to run"},
		{"--damos-action migrate_hot",
		 "'schemes[0].target_nid': 'migrate_hot' needs a node "
		 "to go to",
		 NULL},
		{"--damos-action migrate_hot 0 1 2", "'--damos-action': node '2' has no weight",
		 NULL},
		{"--damos-action stat --damos-age 2s 1s",
		 "'schemes[0].access_pattern.age': the minimum is above the maximum", NULL},
		{"--damos-action stat --damos-age 5~parsecs max",
		 "'--damos-age': '5 parsecs' is no time", NULL},
		{"--damos-action stat --damos-access-rate 5hz max",
		 "'--damos-access-rate': '5hz' is no access rate", NULL},
		{"--damos-action stat --damos-sz-region 1 2 3", "", NULL}, /* an operand */
		{"--damos-action stat --damos-quotas 1 2 3 4 5 6 7",
		 "'--damos-quotas': '7' is one word too many", NULL},
		{"--damos-action stat --damos-quota-weights 0 1 2000",
		 "'--damos-quota-weights': '2000' is too large", NULL},
		{"--damos-action stat --damos-quota-time 1 --damos-quota-interval 0",
		 "'schemes[0].quotas.reset_interval_ms': a quota needs an interval that it is for",
		 NULL},
		{"--damos-action stat --damos-quota-goal user_input",
		 "'--damos-quota-goal': 'user_input' needs a value to reach", NULL},
		{"--damos-action stat --damos-quota-goal node_mem_used_bp 5%",
		 "'--damos-quota-goal': 'node_mem_used_bp' needs a node", NULL},
		{"--damos-action stat --damos-quota-goal node_memcg_free_bp 5% 0",
		 "'--damos-quota-goal': 'node_memcg_free_bp' needs the path of a cgroup, which "
		 "begins with '/'",
		 NULL},
		{"--damos-action stat --damos-quota-goal node_memcg_free_bp 5% 0 a",
		 "'--damos-quota-goal': 'node_memcg_free_bp' needs the path of a cgroup, which "
		 "begins with '/'",
		 NULL},
		{"--damos-action stat --damos-quota-goal node_memcg_free_bp 5% x /a",
		 "'--damos-quota-goal': 'x' is no whole number", NULL},
		{"--damos-action stat --damos-wmarks free_mem_rate 5s 1 2 3",
		 "'schemes[0].watermarks': high, mid and low must be in this order: 1, 2, 3 permil "
		 "are not",
		 NULL},
		{"--damos-action stat --damos-filter anon",
		 "'--damos-filter': 'anon' is neither 'allow' nor 'reject'", "give 'reject anon'"},
		{"--damos-action stat --damos-filter allow",
		 "'--damos-filter': a type of memory is missing", NULL},
		{"--damos-action stat --damos-filter allow none",
		 "'--damos-filter': a type of memory is missing", NULL},
		{"--damos-action stat --damos-filter allow yung",
		 "'--damos-filter': 'yung' is not a filter", NULL},
		{"--damos-action stat --damos-filter reject young",
		 "'--damos-filter': 'young' cannot work here: only the kernel can look at a page's "
		 "accessed bit without taking it from others",
		 NULL},
		{"--damos-action stat --damos-filter allow addr 5",
		 "'--damos-filter': two numbers are missing", NULL},
		{"--damos-action stat --damos-filter allow addr 5 5",
		 "'schemes[0].filters[0].address_range': the start must be below the end", NULL},
		{"--damos-action stat --damos-filter allow target",
		 "'--damos-filter': the number of a target is missing", NULL},
		{"--damos-action stat --damos-filter allow memcg",
		 "'--damos-filter': the path of a cgroup is missing", NULL},
		{"--damos-action stat --damos-filter allow memcg a",
		 "'--damos-filter': 'a' is no path that begins with '/'", NULL},
		{"--damos-action stat --damos-filter allow anon ./program",
		 "'--damos-filter': './program' is neither 'allow' nor 'reject'",
		 "put '--' before a command to run"},
		{"--damos-action stat --damos-filter anon matching ./program",
		 "'--damos-filter': './program' is one word too many", NULL},
		{"--damos-action cold --damos-action stat --damos-filter allow anon",
		 "'--damos-filter': of 2 schemes, whose is this?",
		 "say with '--damos-nr-filters' how many are each scheme's, or begin each with "
		 "'--damos-scheme'"},
		{"--damos-action cold --damos-action stat --damos-filter allow anon "
		 "--damos-nr-filters 0 0 1",
		 "'--damos-filter': of 2 schemes, whose is this?", NULL},
		{"--damos-action stat --damos-filter allow anon --damos-nr-filters 2",
		 "'--damos-nr-filters': these are 2, '--damos-filter' is given 1 times", NULL},
		{"--damos-action stat --damos-nr-quota-goals x",
		 "'--damos-nr-quota-goals': 'x' is no whole number", NULL},
		{"--damos-age 5s max --damos-scheme",
		 "'--damos-age': this is before the first '--damos-scheme'", NULL},
		{"--schemes [{}] --damos-action cold",
		 "'--damos-action': schemes come from a file or from options, not from both", NULL},
		{"--kdamonds {\"kdamonds\":[{\"contexts\":[{\"schemes\":[{}]}]}]} --schemes [{}]",
		 "'--schemes': the file of '--kdamonds' has schemes already", NULL},
		{"--strict --schemes [{\"acton\":1}]",
		 "the JSON given: [0].acton: unknown key; did "
		 "you mean 'action'?",
		 NULL},
		{"--strict --damos-action stat --damos-age 5 max",
		 "'--damos-age': a bare age is in microseconds: 5 us", NULL},
		{"--schemes nowhere.json", "cannot read 'nowhere.json': No such file or directory",
		 NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct damon_fail fail;
		struct config c;
		int err = read_line(table[i].line, &c, &fail);

		cr_expect_eq(!err, !*table[i].text, "%s: %d", table[i].line, err);
		cr_expect_str_eq(fail.text, table[i].text, "%s: %s", table[i].line, fail.text);
		cr_expect(!table[i].remedy || !strcmp(fail.remedy, table[i].remedy), "%s: %s",
			  table[i].line, fail.remedy);
		config_release(&c);
	}
}

/* What other options ask for beats a file, which beats the defaults. */
Test(damos_options, other_options_beat_a_file)
{
	static const struct {
		const char *file, *context, *schemes;
	} table[] = {
		{"[{\"access_pattern\":{\"nr_accesses\":{\"min\":\"1 samples\"}}}]",
		 "paddr aggr=50000000 regions=10..77", "stat rate=0.1..1"},
		{"{\"kdamonds\":[{\"contexts\":[{\"ops\":\"vaddr\",\"intervals\":{\"sample_us\":"
		 "1000,"
		 "\"aggr_us\":4000},\"nr_regions\":{\"min\":5,\"max\":6},\"schemes\":["
		 "{\"access_pattern\":{\"nr_accesses\":{\"min\":\"1 samples\"}}}]}]}]}",
		 "paddr sample=1000000 aggr=50000000 regions=5..77", "stat rate=0.25..1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct damos_options o = {.kdamonds = table[i].file};
		char text[CONFIG_SHOW_MAX];
		struct config asked, c;
		struct damon_fail fail;

		config_init(&asked);
		config_init(&c);
		asked.given = CONFIG_OPS | CONFIG_AGGR | CONFIG_MAX_REGIONS;
		asked.ops = CONFIG_PADDR;
		asked.attrs.aggr_ns = 50 * NS_PER_MS;
		asked.attrs.max_nr_regions = 77;
		cr_expect_eq(damos_options_read(&o, &asked, &c, &fail), 0);
		cr_expect_str_eq(config_show_context(text, &c), table[i].context, "%s", text);
		cr_expect_str_eq(config_show_schemes(text, &c), table[i].schemes, "%s", text);
		config_release(&c);
	}
}

/* Each row of the table is known to those that read it, and the other way round. */
Test(damos_options, rows_and_readers_are_the_same)
{
	size_t nr = 0, nr_kinds = 0;

	for (const struct words_kind *k = words_kinds; k->name; k++)
		nr_kinds++;
	for (const struct option_row *r = rows; r->name; r++) {
		const struct words_kind *k = words_kinds;

		if (r->type != OPT_WORDS)
			continue;
		while (k->name && strcmp(k->name, r->name))
			k++;
		cr_expect(k->name, "--%s", r->name);
		nr++;
	}
	cr_expect_eq(nr, nr_kinds);
}

Test(damos_options, warnings_are_printed, .init = cr_redirect_stderr)
{
	struct damon_fail fail;
	struct config c;

	cr_expect_eq(read_line("--damos-action stat --damos-age 5 max", &c, &fail), 0);
	fflush(stderr);
	cr_expect_stderr_eq_str("damon-perf: warning: --damos-age: a bare age is in microseconds: "
				"5 us\n");
	config_release(&c);
}

/* The same table makes help, manual and completion. */
Test(damos_options, are_told_of)
{
	static const struct command cmd = {
		.name = "x",
		.summary = "x",
		.synopsis = "",
		.about = "",
		.options = rows,
	};
	const struct command *const commands[] = {&cmd, NULL};
	static const char *const want[] = {
		/* help */
		"    --damos-scheme  ",
		"    --damos-access-rate MIN MAX\n",
		"    --damos-filter allow|reject...\n",
		/* manual */
		".It Fl -damos-action Ar \"ACTION...\"\n",
		".It Fl -damos-scheme\n",
		/* completion: a mark has no value */
		"--damos-age) return ;;",
		"--schemes) _damon_perf_words -f; return ;;",
		" --damos-scheme ",
	};
	_cleanup_(freep) char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	help_print(out, &cmd, NULL);
	help_man(out, &cmd, commands);
	help_completion(out, commands);
	fclose(out);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		cr_expect(strstr(text, want[i]), "'%s' in %s", want[i], text);
	cr_expect_not(strstr(text, "--damos-scheme)"));
}
