/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdamonds files and lists of schemes: what is read, refused and warned of. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "config/kdamonds.h"
#include "tests/kit/config_show.h"

/* Rows write ' for ". */
static int read_text(struct config *c, const char *json, bool strict, struct config_warnings *w,
		     struct damon_fail *fail)
{
	struct config_how how = {strict, config_warnings_add, w};
	_cleanup_(freep) char *text = strdup(json);

	for (char *p = text; (p = strchr(p, '\'')); p++)
		*p = '"';
	config_init(c);
	*w = (struct config_warnings){.nr = 0};
	*fail = (struct damon_fail){.text = ""};
	return config_read_bytes(c, "f", text, strlen(text), &how, fail);
}

#define PATTERN(s) "[{'access_pattern':{" s "}}]"
#define QUOTA(s)   "[{'quotas':{" s "}}]"
#define FILTER(s)  "[{'filters':[{" s "}]}]"
#define KDAMOND(s) "{'kdamonds':[{'contexts':[{" s "}]}]}"

Test(config, schemes_are_read)
{
	static const struct {
		const char *json, *want;
	} rows[] = {
		{"[]", ""},
		{"[{}]", "stat"},
		{"[{'action':'pageout'},{'action':'lru_prio'}]", "pageout | lru_prio"},
		{"[{'action':'collapse'}]", "collapse"},
		{"[{'action':'stat','target_nid':null,'dests':[],'apply_interval_us':null}]",
		 "stat"},
		{"[{'apply_interval_us':'1 s'}]", "stat apply=1000000000"},
		{"[{'apply_interval_us':200000}]", "stat apply=200000000"},
		{"[{'max_nr_snapshots':7,'compare':'plain','refault_max_bp':'5 %'}]",
		 "stat snapshots=7 compare=plain refault=500"},
		/* ranges */
		{PATTERN("'sz_bytes':{'min':'4.000 KiB','max':'max'}"), "stat sz=4096..max"},
		{PATTERN("'sz_bytes':{'min':'4,096','max':'2M'}"), "stat sz=4096..2097152"},
		{PATTERN("'sz_bytes':{'max':8192}"), "stat sz=0..8192"},
		{PATTERN("'sz_bytes':{'max':18446744073709551615}"), "stat"},
		{PATTERN("'sz_bytes':{'min':18446744073709551615}"), "stat sz=max..max"},
		{PATTERN("'sz_bytes':{'min':4096.0}"), "stat sz=4096..max"},
		{PATTERN("'nr_accesses':{'min':'50 %','max':'100 %'}"), "stat rate=0.5..1"},
		{PATTERN("'nr_accesses':{'min':'5 samples','max':'max samples'}"),
		 "stat rate=0.25..1"},
		{PATTERN("'nr_accesses':{'min':'1.5 samples'}"), "stat rate=0.075..1"},
		{PATTERN("'nr_accesses':{'min':'0','max':'0'}"), "stat rate=0..0"},
		{PATTERN("'nr_accesses':{'min':5,'max':12.5}"), "stat rate=0.05..0.125"},
		{PATTERN("'nr_accesses':{'min':'25 permil','max':'max'}"), "stat rate=0.025..1"},
		/* as damo itself writes 'max' */
		{PATTERN("'nr_accesses':{'min':'5 %','max':'18,446,744,073,709,551,615 %'}"),
		 "stat rate=0.05..1"},
		{PATTERN("'age':{'min':'10 s','max':'max'}"), "stat age=10000000000..max"},
		{PATTERN("'age':{'min':'1 m 10.3 s'}"), "stat age=70300000000..max"},
		{PATTERN("'age':{'min':'5 aggr_intervals','max':'max aggr_intervals'}"),
		 "stat age=500000000..max"},
		{PATTERN("'age':{'min':0,'max':'0'}"), "stat age=0..0"},
		/* quotas */
		{QUOTA("'time_ms':'10 ms','sz_bytes':'128.000 MiB','reset_interval_ms':'1 s'"),
		 "stat time=10000000 bytes=134217728"},
		{QUOTA("'time_ms':10,'reset_interval_ms':500"),
		 "stat time=10000000 reset=500000000"},
		{QUOTA("'time_ms':0,'sz_bytes':0,'reset_interval_ms':'max','goals':[],"
		       "'effective_sz_bytes':'5 B'"),
		 "stat"},
		{QUOTA("'sz_bytes':4096,'fail_charge_num':'1','fail_charge_denom':1024"),
		 "stat bytes=4096 charge=1/1024"},
		{QUOTA("'fail_charge_num':0,'fail_charge_denom':0"), "stat"},
		{QUOTA("'weights':{'sz_permil':'0 %','nr_accesses_permil':'80 %',"
		       "'age_permil':200}"),
		 "stat weights=0,800,200"},
		{QUOTA("'goals':[{'metric':'some_mem_psi_us','target_value':'10,000',"
		       "'current_value':'0','nid':null}],'goal_tuner':'temporal'"),
		 "stat goal=some_mem_psi_us:10000:0:0 tuner=temporal"},
		{QUOTA("'goals':[{'metric':'some_mem_psi_us','target_value':'10 ms'}]"),
		 "stat goal=some_mem_psi_us:10000:0:0"},
		{QUOTA("'goals':[{'metric':'node_mem_used_bp','target_value':'99.7 %','nid':1}]"),
		 "stat goal=node_mem_used_bp:9970:0:1"},
		{QUOTA("'goals':[{'nid':'0','target_value':50,'metric':'node_mem_free_bp'}]"),
		 "stat goal=node_mem_free_bp:50:0:0"},
		{QUOTA("'goals':[{'metric':'node_memcg_used_bp','target_value':'30 %','nid':1,"
		       "'memcg_path':'/a/b'}]"),
		 "stat goal=node_memcg_used_bp:3000:0:1:/a/b"},
		{QUOTA("'goals':[{'memcg_path':'/a','metric':'node_memcg_free_bp','nid':0,"
		       "'target_value':10000}]"),
		 "stat goal=node_memcg_free_bp:10000:0:0:/a"},
		{QUOTA("'goals':[{'metric':'active_mem_bp','target_value':'50.1 %','nid':null,"
		       "'memcg_path':''},{'metric':'inactive_mem_bp','target_value':5000}]"),
		 "stat goal=active_mem_bp:5010:0:0 goal=inactive_mem_bp:5000:0:0"},
		{QUOTA("'goals':[{'target_value_bp':10000,'current_value_bp':9000}]"),
		 "stat goal=user_input:10000:9000:0"},
		{QUOTA("'goals':[{'metric':'target_rss','target_value':'1 GiB'}]"),
		 "stat goal=target_rss:1073741824:0:0"},
		/* watermarks */
		{"[{'watermarks':{'metric':'free_mem_rate','interval_us':'5 s','high_permil':'60 "
		 "%',"
		 "'mid_permil':500,'low_permil':'300 permil'}}]",
		 "stat wmarks=5000000000:600,500,300"},
		{"[{'watermarks':{'metric':'none','interval_us':0,'high_permil':0,'mid_permil':5,"
		 "'low_permil':9}}]",
		 "stat"},
		/* filters */
		{FILTER("'filter_type':'anon','matching':true"), "stat [reject anon]"},
		{FILTER("'type':'anon','matching':'no','pass':'yes'"), "stat [allow none anon]"},
		{FILTER("'filter_type':'active','filter_pass':true"), "stat [allow active]"},
		{FILTER("'filter_type':'unmapped','allow':true"), "stat [allow unmapped]"},
		{FILTER("'filter_type':'addr','matching':false,'allow':false,'memcg_path':'',"
			"'address_range':{'start':'4,096','end':'8,192'}"),
		 "stat [reject none addr 4096-8192]"},
		{FILTER("'type':'addr','addr_start':4096,'addr_end':'0x2000'"),
		 "stat [reject addr 4096-8192]"},
		{FILTER("'filter_type':'target','damon_target_idx':'2'"), "stat [reject target 2]"},
		{FILTER("'filter_type':'memcg','memcg_path':'/a/b'"), "stat [reject memcg /a/b]"},
		{FILTER("'filter_type':'hugepage_size','hugepage_size':['2 MiB','max']"),
		 "stat [reject hugepage_size 2097152..18446744073709551615]"},
		{FILTER("'filter_type':'hugepage_size','hugepage_size':{'min':0,'max':4096}"),
		 "stat [reject hugepage_size 0..4096]"},
		{"[{'filters':[{'type':'unmapped'}],'ops_filters':[{'type':'anon'}],"
		 "'core_filters':[{'type':'target','target_idx':0}]}]",
		 "stat [reject target 0] [reject anon] [reject unmapped]"},
		/* destinations */
		{"[{'action':'migrate_cold','target_nid':1}]", "migrate_cold nid=1"},
		{"[{'action':'migrate_hot','target_nid':-1,'dests':[{'id':0,'weight':2},"
		 "{'id':'1','weight':'1'}]}]",
		 "migrate_hot dest=0:2 dest=1:1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[CONFIG_SHOW_MAX];
		struct config_warnings w;
		struct damon_fail fail;
		struct config c;
		int err = read_text(&c, rows[i].json, true, &w, &fail);

		cr_expect_eq(err, 0, "%s: %s", rows[i].json, fail.text);
		config_show_schemes(text, &c);
		cr_expect_str_eq(text, rows[i].want, "%s: %s", rows[i].json, text);
		cr_expect(c.given == CONFIG_SCHEMES, "%s", rows[i].json);
		config_release(&c);
	}
}

Test(config, contexts_are_read)
{
	static const struct {
		const char *json, *context, *schemes;
	} rows[] = {
		{KDAMOND(""), "vaddr", ""},
		{KDAMOND("'ops':'paddr','targets':[],'schemes':[]"), "paddr", ""},
		{KDAMOND("'ops':'paddr','targets':[{'pid':null,'regions':[{'start':'4,096',"
			 "'end':'26,843,545,600'}]}]"),
		 "paddr 0[1000-640000000]", ""},
		{KDAMOND("'ops':'vaddr','targets':[{'pid':1234,'regions':[]},{'pid':'7'}]"),
		 "vaddr 1234 7", ""},
		{KDAMOND("'targets':[{'pid':5,'regions':[{'start':1,'end':2},{'start':'4K',"
			 "'end':'8K'}]}],'ops':'fvaddr'"),
		 "fvaddr 5[1-2][1000-2000]", ""},
		{KDAMOND("'intervals':{'sample_us':'5 ms','aggr_us':'100 ms','ops_update_us':'1 s',"
			 "'intervals_goal':{'access_bp':'0 %','aggrs':'0','min_sample_us':'0 ns',"
			 "'max_sample_us':'0 ns'}},'nr_regions':{'min':'10','max':'1,000'}"),
		 "vaddr sample=5000000 aggr=100000000 update=1000000000 regions=10..1000", ""},
		{KDAMOND("'intervals':{'sample_us':1000,'aggr_us':20000,'ops_update_us':500000,"
			 "'intervals_goal':{'access_bp':'4 %','aggrs':3,'min_sample_us':'5 ms',"
			 "'max_sample_us':10000000}}"),
		 "vaddr sample=1000000 aggr=20000000 update=500000000 "
		 "goal=400,3,5000000,10000000000",
		 ""},
		/* samples and ages by the file's own intervals, wherever they stand in it */
		{KDAMOND("'schemes':[{'access_pattern':{'nr_accesses':{'min':'5 samples'},"
			 "'age':{'min':'3 aggr_intervals'}}}],"
			 "'intervals':{'sample_us':'1 ms','aggr_us':'50 ms'}"),
		 "vaddr sample=1000000 aggr=50000000", "stat rate=0.1..1 age=150000000..max"},
		/* updates are at least as far apart as aggregations */
		{KDAMOND("'intervals':{'aggr_us':'2 s'}"), "vaddr aggr=2000000000", ""},
		{"{'kdamonds':[{'state':'off','pid':'-1','refresh_ms':0,'contexts':[{'ops':'vaddr',"
		 "'ops_attrs':{'use_reports':false,'write_only':false,'cpus':'all','tids':''},"
		 "'addr_unit':1}]}]}",
		 "vaddr", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[CONFIG_SHOW_MAX];
		struct config_warnings w;
		struct damon_fail fail;
		struct config c;
		int err = read_text(&c, rows[i].json, true, &w, &fail);

		cr_expect_eq(err, 0, "%s: %s", rows[i].json, fail.text);
		config_show_context(text, &c);
		cr_expect_str_eq(text, rows[i].context, "%s: %s", rows[i].json, text);
		config_show_schemes(text, &c);
		cr_expect_str_eq(text, rows[i].schemes, "%s: %s", rows[i].json, text);
		cr_expect_geq(c.attrs.update_ns, c.attrs.aggr_ns, "%s", rows[i].json);
		config_release(&c);
	}
}

Test(config, what_is_odd_is_warned_of_and_strictly_refused)
{
	static const struct {
		const char *json, *want;
	} rows[] = {
		{PATTERN("'age':{'min':5}"),
		 "[0].access_pattern.age.min: a bare age is in microseconds: 5 us\n"},
		{PATTERN("'age':{'max':'5,000'}"),
		 "[0].access_pattern.age.max: a bare age is in microseconds: 5,000 us\n"},
		{"[{'acton':'pageout'}]", "[0].acton: unknown key; did you mean 'action'?\n"},
		{"[{'zzz':1}]", "[0].zzz: unknown key\n"},
		{PATTERN("'nr_acceses':{}"),
		 "[0].access_pattern.nr_acceses: unknown key; did you mean 'nr_accesses'?\n"},
		{QUOTA("'time_ms':5,'reset_interval_ms':'max'"),
		 "[0].quotas.reset_interval_ms: without an interval the quota is for once and "
		 "all\n"},
		{"[{'action':'pageout','target_nid':0}]",
		 "[0].target_nid: 'pageout' goes nowhere: this is not used\n"},
		{"[{'dests':[{'id':0,'weight':1}]}]",
		 "[0].dests: 'stat' goes nowhere: these are not used\n"},
		{KDAMOND("'ops':'vaddr','targets':[{'pid':1,'regions':[{'start':0,'end':1}]}]"),
		 "kdamonds[0].contexts[0].targets[0].regions: 'vaddr' finds the regions by itself: "
		 "these are not used, but by 'fvaddr'\n"},
		{KDAMOND("'ops':'paddr','targets':[{'pid':1}]"),
		 "kdamonds[0].contexts[0].targets[0].pid: 'paddr' is of no process: this is not "
		 "used\n"},
		{KDAMOND("'intervals':{'aggr_us':'2 s','ops_update_us':'1 s'}"),
		 "kdamonds[0].contexts[0].intervals.ops_update_us: mappings are read again at most "
		 "once an aggregation interval\n"},
		{"{'kdamonds':[{'contexts':[{}]}],'version':3}", "version: unknown key\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct config_warnings w;
		struct damon_fail fail;
		struct config c;
		int err = read_text(&c, rows[i].json, false, &w, &fail);

		cr_expect_eq(err, 0, "%s: %s", rows[i].json, fail.text);
		cr_expect_str_eq(w.text, rows[i].want, "%s: %s", rows[i].json, w.text);
		config_release(&c);

		err = read_text(&c, rows[i].json, true, &w, &fail);
		cr_expect_eq(err, -EINVAL, "%s", rows[i].json);
		cr_expect_eq(w.nr, 0);
		cr_expect(!strncmp(fail.text, "f: ", 3) &&
				  !strncmp(fail.text + 3, rows[i].want, strlen(rows[i].want) - 1),
			  "%s: %s", rows[i].json, fail.text);
		cr_expect(strstr(fail.remedy, "--strict"));
		config_release(&c);
	}
}

Test(config, mistakes_are_refused_with_key_and_reason)
{
	static const struct {
		const char *json, *text, *remedy; /* remedy NULL: any */
	} rows[] = {
		{"[{'action':'pagout'}]", "[0].action: 'pagout' is not an action",
		 "did you mean 'pageout'?"},
		{"[{'action':'nohugepage'}]",
		 "[0].action: 'nohugepage' cannot work here: the kernel takes it only from the "
		 "process itself",
		 "let the program call prctl(PR_SET_THP_DISABLE)"},
		{"[{},{'action':{}}]", "[1].action: this is an object, not a value", ""},
		{"[{'action':'migrate_hot'}]",
		 "[0].target_nid: 'migrate_hot' needs a node to go to", NULL},
		{"[{'action':'migrate_hot','dests':[{'id':0,'weight':0}]}]",
		 "[0].dests: all weights are 0", NULL},
		{"[{'action':'migrate_hot','dests':[{'id':0}]}]",
		 "[0].dests[0].weight: this is missing", NULL},
		{"[{'action':'migrate_hot','target_nid':-2}]",
		 "[0].target_nid: '-2' is no whole number", NULL},
		{"[5]", "[0]: this is a number, not an object", ""},
		{"{}", "kdamonds: this is missing", ""},
		{"{'kdamonds':{}}", "kdamonds: this is an object, not a list", ""},
		{"{'kdamonds':[]}", "kdamonds: there is no kdamond", ""},
		{"{'kdamonds':[{}]}", "kdamonds[0].contexts: this is missing", ""},
		{"{'kdamonds':[{'contexts':[]}]}", "kdamonds[0].contexts: there is no context", ""},
		{"{'kdamonds':[{'contexts':[{},{}]}]}",
		 "kdamonds[0].contexts[1]: one context is what one damon-perf watches", NULL},
		{"{'kdamonds':[{'contexts':[{}]},{'contexts':[{}]}]}",
		 "kdamonds[1]: one kdamond is what one damon-perf is",
		 "start a damon-perf for each"},
		{KDAMOND("'ops':'vadr'"),
		 "kdamonds[0].contexts[0].ops: 'vadr' is not an operations set",
		 "did you mean 'vaddr'?"},
		{KDAMOND("'ops_attrs':{'write_only':true}"),
		 "kdamonds[0].contexts[0].ops_attrs.write_only: this cannot work here: only "
		 "kernels "
		 "under development have it",
		 NULL},
		{KDAMOND("'addr_unit':4096"),
		 "kdamonds[0].contexts[0].addr_unit: addresses are in bytes here", NULL},
		{KDAMOND("'ops':'fvaddr','targets':[{'pid':5}]"),
		 "kdamonds[0].contexts[0].targets[0].regions: 'fvaddr' needs regions", NULL},
		{KDAMOND("'targets':[{'pid':0}]"),
		 "kdamonds[0].contexts[0].targets[0].pid: 0 is no process", NULL},
		{KDAMOND("'targets':[{'pid':-5}]"),
		 "kdamonds[0].contexts[0].targets[0].pid: '-5' is no whole number", NULL},
		{KDAMOND("'targets':[{'pid':99999999999}]"),
		 "kdamonds[0].contexts[0].targets[0].pid: '99999999999' is too large", NULL},
		{KDAMOND("'targets':[{'pid':5},{'pid':5}]"),
		 "kdamonds[0].contexts[0].targets[1].pid: process 5 is a target already", NULL},
		{KDAMOND("'ops':'paddr','targets':[{'regions':[{'start':5,'end':5}]}]"),
		 "kdamonds[0].contexts[0].targets[0].regions[0]: the start must be below the end",
		 NULL},
		{KDAMOND("'ops':'paddr','targets':[{'regions':[{'start':5,'end':9},"
			 "{'start':8,'end':10}]}]"),
		 "kdamonds[0].contexts[0].targets[0].regions[1]: regions must be in order, and not "
		 "overlap",
		 NULL},
		{KDAMOND("'intervals':{'sample_us':0}"),
		 "kdamonds[0].contexts[0].intervals.sample_us: an interval of 0 cannot be", NULL},
		{KDAMOND("'intervals':{'sample_us':'1 s'}"),
		 "kdamonds[0].contexts[0].intervals.aggr_us: this must be at least the sampling "
		 "interval, and end",
		 NULL},
		{KDAMOND("'intervals':{'sample_us':'1 fortnight'}"),
		 "kdamonds[0].contexts[0].intervals.sample_us: '1 fortnight' is no time",
		 "give a time such as '100 ms' or 'max'"},
		{KDAMOND("'intervals':{'intervals_goal':{'aggrs':3}}"),
		 "kdamonds[0].contexts[0].intervals.intervals_goal.access_bp: a goal of no access "
		 "events is none",
		 NULL},
		{KDAMOND("'intervals':{'intervals_goal':{'aggrs':3,'access_bp':4,"
			 "'min_sample_us':'1 s','max_sample_us':'1 ms'}}"),
		 "kdamonds[0].contexts[0].intervals.intervals_goal.min_sample_us: sampling "
		 "intervals must be 1 us to 1 d, in order",
		 NULL},
		{KDAMOND("'nr_regions':{'min':100,'max':10}"),
		 "kdamonds[0].contexts[0].nr_regions: the least number of regions is above the "
		 "largest",
		 NULL},
		{PATTERN("'sz_bytes':{'min':2,'max':1}"),
		 "[0].access_pattern.sz_bytes: the minimum is above the maximum", NULL},
		{PATTERN("'nr_accesses':{'min':'60 %','max':'50 %'}"),
		 "[0].access_pattern.nr_accesses: the minimum is above the maximum", NULL},
		{PATTERN("'age':{'min':'2 s','max':'1 s'}"),
		 "[0].access_pattern.age: the minimum is above the maximum", NULL},
		{PATTERN("'nr_accesses':{'min':'5 hz'}"),
		 "[0].access_pattern.nr_accesses.min: '5 hz' is no access rate",
		 "give '50 %' or '5 samples'"},
		{PATTERN("'nr_accesses':{'min':-1}"),
		 "[0].access_pattern.nr_accesses.min: '-1' is no access rate", NULL},
		{PATTERN("'nr_accesses':{'min':'-1 samples'}"),
		 "[0].access_pattern.nr_accesses.min: '-1 samples' is no access rate", NULL},
		{PATTERN("'nr_accesses':[]"),
		 "[0].access_pattern.nr_accesses: this is a list, not an object", ""},
		{PATTERN("'nr_accesses':{'min':'climax samples'}"),
		 "[0].access_pattern.nr_accesses.min: 'climax samples' is no access rate", NULL},
		{PATTERN("'age':{'min':'-1 aggr_intervals'}"),
		 "[0].access_pattern.age.min: '-1 aggr_intervals' is no age", NULL},
		{PATTERN("'sz_bytes':{'min':'1 parsec'}"),
		 "[0].access_pattern.sz_bytes.min: '1 parsec' is no number of bytes", NULL},
		{PATTERN("'sz_bytes':{'min':'99999999999999999999'}"),
		 "[0].access_pattern.sz_bytes.min: '99999999999999999999' is too large", NULL},
		{PATTERN("'sz_bytes':{'min':1e300}"), NULL, NULL},
		{PATTERN("'sz_bytes':{'min':true}"),
		 "[0].access_pattern.sz_bytes.min: 'true' is no number of bytes", NULL},
		{QUOTA("'time_ms':'5 parsecs'"), "[0].quotas.time_ms: '5 parsecs' is no time",
		 NULL},
		{QUOTA("'time_ms':5,'reset_interval_ms':0"),
		 "[0].quotas.reset_interval_ms: a quota needs an interval that it is for",
		 "give a time such as '1 s'"},
		{QUOTA("'weights':{'age_permil':1001}"),
		 "[0].quotas.weights.age_permil: '1001' is too large", "give 0 % to 100 %"},
		{QUOTA("'weights':{'age_permil':-1}"),
		 "[0].quotas.weights.age_permil: '-1' is no share", NULL},
		{QUOTA("'goal_tuner':'temporary'"),
		 "[0].quotas.goal_tuner: 'temporary' is not a "
		 "tuner",
		 "did you mean 'temporal'?"},
		{QUOTA("'goals':[{'metric':'active_mem_bp','target_value':'101 %'}]"),
		 "[0].quotas.goals[0].target_value: '101 %' is too large", NULL},
		{QUOTA("'goals':[{'metric':'node_eligible_mem_bp','target_value':'50 %','nid':0}]"),
		 "[0].quotas.goals[0].metric: 'node_eligible_mem_bp' cannot work here: it asks for "
		 "the node of each page of the pattern, which the kernel, too, tells of physical "
		 "addresses alone",
		 "node_mem_used_bp and node_mem_free_bp are goals of tiers"},
		{QUOTA("'goals':[{'metric':'node_memcg_used_bp','target_value':5,'nid':0}]"),
		 "[0].quotas.goals[0].memcg_path: this is missing", NULL},
		{QUOTA("'goals':[{'metric':'node_memcg_used_bp','target_value':5,"
		       "'memcg_path':'/a'}]"),
		 "[0].quotas.goals[0].nid: this metric is of a node", NULL},
		{QUOTA("'goals':[{'metric':'node_memcg_free_bp','target_value':5,'nid':0,"
		       "'memcg_path':'a'}]"),
		 "[0].quotas.goals[0].memcg_path: this must be a path that begins with '/'", NULL},
		{QUOTA("'goals':[{'metric':'node_mem_free_bp','target_value':5}]"),
		 "[0].quotas.goals[0].nid: this metric is of a node", NULL},
		{QUOTA("'goals':[{'metric':'user_input'}]"),
		 "[0].quotas.goals[0].target_value: a goal of 0 is none", NULL},
		{QUOTA("'goals':[{'target_value':1},{'target_value':1},{'target_value':1},"
		       "{'target_value':1},{'target_value':1}]"),
		 "[0].quotas.goals[4]: a quota has at most 4 goals", NULL},
		{QUOTA("'fail_charge_num':-1"), NULL, NULL},
		{"[{'watermarks':{'metric':'free_mem_rate','interval_us':1,'high_permil':1,"
		 "'mid_permil':2,'low_permil':3}}]",
		 "[0].watermarks: high, mid and low must be in this order: 1, 2, 3 permil are not",
		 NULL},
		{"[{'watermarks':{'metric':'free_mem_rate'}}]",
		 "[0].watermarks.interval_us: watermarks need an interval", NULL},
		{"[{'watermarks':{'metric':'freemem'}}]",
		 "[0].watermarks.metric: 'freemem' is not a metric of watermarks", NULL},
		{FILTER("'filter_type':'young','matching':true"),
		 "[0].filters[0].filter_type: 'young' cannot work here: only the kernel can look "
		 "at "
		 "a page's accessed bit without taking it from others",
		 NULL},
		{FILTER("'filter_type':'anonymous'"),
		 "[0].filters[0].filter_type: 'anonymous' is not a filter", ""},
		{FILTER("'matching':true"), "[0].filters[0].filter_type: this is missing", ""},
		{FILTER("'type':'memcg'"), "[0].filters[0].memcg_path: this is missing", ""},
		{FILTER("'type':'memcg','memcg_path':'a'"),
		 "[0].filters[0].memcg_path: this must be a path that begins with '/'", ""},
		{FILTER("'type':'addr'"),
		 "[0].filters[0].address_range: the start must be below the end", ""},
		{FILTER("'type':'addr','address_range':{'start':1}"),
		 "[0].filters[0].address_range.end: this is missing", ""},
		{FILTER("'type':'target'"), "[0].filters[0].damon_target_idx: this is missing", ""},
		{FILTER("'type':'hugepage_size'"),
		 "[0].filters[0].hugepage_size: the minimum must not be above the maximum", ""},
		{FILTER("'type':'hugepage_size','hugepage_size':[1,2,3]"),
		 "[0].filters[0].hugepage_size[2]: these are two numbers: minimum and maximum", ""},
		{FILTER("'type':'anon','matching':'perhaps'"),
		 "[0].filters[0].matching: 'perhaps' is no boolean", "give true or false"},
		/* of the JSON itself */
		{"", NULL, NULL},
		{"5", NULL, NULL},
		{"[", NULL, NULL},
		{"[{'action':'stat','action':'cold'}]", NULL, NULL},
		{"[{'action':'st\\u0000at'}]", NULL, NULL},
		{"[{'action':'\xff\xfe'}]", NULL, NULL},
		{"[{'apply_interval_us':1e400}]", NULL, NULL},
		{"[] []", NULL, NULL},
		{"kdamonds:\n- state: off\n", NULL,
		 "JSON is needed, as 'damo args damon --format json' has it"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct config_warnings w;
		struct damon_fail fail;
		struct config c;
		int err = read_text(&c, rows[i].json, false, &w, &fail);

		cr_expect_eq(err, -EINVAL, "'%s': %d", rows[i].json, err);
		cr_expect(!strncmp(fail.text, "f: ", 3), "'%s': %s", rows[i].json, fail.text);
		cr_expect(!rows[i].text || !strcmp(fail.text + 3, rows[i].text), "'%s': %s",
			  rows[i].json, fail.text);
		cr_expect(!rows[i].remedy || !strcmp(fail.remedy, rows[i].remedy), "'%s': %s",
			  rows[i].json, fail.remedy);
		config_release(&c);
	}
}

Test(config, nesting_has_a_bound)
{
	static char text[200000];
	struct config_how how = {0};
	struct damon_fail fail;
	struct config c;

	memset(text, '[', sizeof(text));
	config_init(&c);
	cr_expect_eq(config_read_bytes(&c, "f", text, sizeof(text), &how, &fail), -EINVAL);
	for (size_t i = 0; i + 5 <= sizeof(text); i += 5)
		memcpy(text + i, "{\"a\":", 5);
	cr_expect_eq(config_read_bytes(&c, "f", text, sizeof(text), &how, &fail), -EINVAL);
	config_release(&c);
}

/* A NUL is no end of the file. */
Test(config, nul_bytes_are_refused)
{
	static const char text[] = "[]\0[]";
	struct config_how how = {0};
	struct damon_fail fail;
	struct config c;

	config_init(&c);
	cr_expect_eq(config_read_bytes(&c, "f", text, sizeof(text) - 1, &how, &fail), -EINVAL);
	config_release(&c);
}

Test(config, sources_are_files_or_json)
{
	char path[] = "/tmp/test-config-XXXXXX";
	int fd = mkstemp(path);
	struct config_how how = {.strict = true};
	const struct {
		const char *source;
		int want;
		const char *text;
	} rows[] = {
		{"[{\"action\":\"cold\"}]", 0, ""},
		{" \n[{\"action\":\"cold\"}]", 0, ""},
		{"{\"kdamonds\":[{\"contexts\":[{\"schemes\":[{\"action\":\"cold\"}]}]}]}", 0, ""},
		{"[{\"action\":\"col\"}]", -EINVAL,
		 "the JSON given: [0].action: 'col' is not an action"},
		{path, 0, ""},
		{"/nowhere/at/all", -ENOENT,
		 "cannot read '/nowhere/at/all': No such file or directory"},
		{"/tmp", -EISDIR, "cannot read '/tmp': Is a directory"},
		{"", -ENOENT, "cannot read '': No such file or directory"},
		{"/dev/zero", -EFBIG, "/dev/zero: more than 4 MiB is no configuration"},
	};

	cr_assert_eq(write(fd, "[{\"action\":\"cold\"}]\n", 20), 20);
	close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct damon_fail fail = {.text = ""};
		char text[CONFIG_SHOW_MAX];
		struct config c;
		int err;

		config_init(&c);
		err = config_read(&c, rows[i].source, &how, &fail);
		cr_expect_eq(err, rows[i].want, "%s: %d", rows[i].source, err);
		cr_expect_str_eq(fail.text, rows[i].text, "%s: %s", rows[i].source, fail.text);
		if (!err)
			cr_expect_str_eq(config_show_schemes(text, &c), "cold");
		config_release(&c);
	}
	unlink(path);
}
