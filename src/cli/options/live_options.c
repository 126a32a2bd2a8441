/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/find.h"
#include "cli/follow.h"
#include "cli/options/live_options.h"
#include "cli/say.h"
#include "damos.h"
#include "live/metrics.h"

const struct command_pair live_statuses[] = {
	{"COMMAND's", "the command ended with it, or with 128 + N, killed by signal N"},
	{"0", "processes were watched until they ended, or the user did"},
	{"125", "damon-perf itself failed, or was called wrongly"},
	{"126", "COMMAND cannot be executed"},
	{"127", "COMMAND was not found"},
	{0},
};

/* ---- what was asked for ---- */

/* Is the operations set the one that a file says, not one of the command line? */
static bool ops_of_config(const struct live *l)
{
	return l->config.given & CONFIG_OPS && !option_given(l->rows, &l->line, "ops") &&
	       !l->options->targets.regions;
}

static bool same_regions(const struct config_target *a, const struct config_target *b)
{
	return a->nr_regions == b->nr_regions &&
	       (!a->nr_regions ||
		!memcmp(a->regions, b->regions, a->nr_regions * sizeof(*a->regions)));
}

/* Ranges are those of all processes. */
static int check_config_regions(const struct config *c, struct damon_fail *fail)
{
	if (c->ops != CONFIG_FVADDR)
		return 0;
	if (!c->nr_targets || !c->targets[0].nr_regions) {
		damon_fail(fail, EINVAL, "operations set 'fvaddr' is for ranges that are given");
		damon_fail_remedy(fail, "give targets 'regions', or '--regions'");
		return -EINVAL;
	}
	for (size_t i = 1; i < c->nr_targets; i++) {
		if (same_regions(&c->targets[0], &c->targets[i]))
			continue;
		damon_fail(fail, EINVAL, "targets of 'fvaddr' have different regions");
		damon_fail_remedy(fail, "give all the same, or start a damon-perf for each");
		return -EINVAL;
	}
	return 0;
}

static int check_targets(struct live *l, struct damon_fail *fail)
{
	struct live_options *o = l->options;
	bool file_says = ops_of_config(l), some = l->line.nr_operands;
	int err;

	if (file_says && l->config.ops == CONFIG_PADDR)
		o->targets.ops = TARGET_PADDR;
	err = target_options_check(&o->targets, l->rows, &l->line, fail);
	if (!err && file_says)
		err = check_config_regions(&l->config, fail);
	if (err)
		return err;
	if (file_says)
		o->targets.ops = (int)l->config.ops;
	some |= target_options_any(&o->targets);
	for (size_t i = 0; i < l->config.nr_targets; i++)
		some |= l->config.targets[i].pid > 0;
	if (!some) {
		damon_fail(fail, EINVAL, "nothing to watch");
		damon_fail_remedy(fail, "give a command, or processes with '-p', '--cgroup' or "
					"'-a'; examples are in '--help'");
		return -EINVAL;
	}
	if (l->line.nr_operands && !*l->line.operands[0]) {
		damon_fail(fail, EINVAL, "the command is an empty word");
		damon_fail_remedy(fail, "give the name of a program");
		return -EINVAL;
	}
	return 0;
}

static bool has_screen(void)
{
	const char *term = getenv("TERM");
	_cleanup_(closep) int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	return isatty(STDOUT_FILENO) && fd >= 0 && term && *term && strcmp(term, "dumb") != 0;
}

static int check_show(struct live_options *o, struct damon_fail *fail)
{
	if (o->record && !strcmp(o->record, "-")) {
		damon_fail(fail, EINVAL,
			   "standard output shows what happens, the record would mix with it");
		damon_fail_remedy(fail, "name a file with '-o'");
		return -EINVAL;
	}
	if (o->plain && o->format == WATCH_JSON) {
		damon_fail(fail, EINVAL, "'--plain' and '--format json' exclude each other");
		damon_fail_remedy(fail, "give one of them");
		return -EINVAL;
	}
	if (o->plain || (o->format == WATCH_SCREEN && !has_screen()))
		o->format = WATCH_TEXT;
	return o->metrics ? metrics_check(o->metrics, fail) : 0;
}

int live_check(struct live *l, struct damon_fail *fail)
{
	struct live_options *o = l->options;

	sampling_from_config(&o->how, &l->config);
	if (check_targets(l, fail) || sampling_check(&o->how, l->rows, &l->line, fail))
		return -EINVAL;
	return check_show(o, fail);
}

/* ---- what comes of it ---- */

/* Targets of a file count where the command line names none. */
static int add_targets(const struct live *l)
{
	const struct live_options *o = l->options;
	const struct config *c = &l->config;
	bool own = target_options_any(&o->targets) || l->line.nr_operands;
	int err = target_options_apply(&o->targets, l->ctx);

	for (size_t i = 0; !err && !own && i < c->nr_targets; i++)
		if (c->targets[i].pid > 0)
			err = damon_add_pid(l->ctx, c->targets[i].pid);
	if (!ops_of_config(l) || c->ops == CONFIG_VADDR)
		return err;
	for (size_t i = 0; i < c->nr_targets; i++) {
		const struct config_target *t = &c->targets[i];

		for (size_t k = 0; !err && k < t->nr_regions; k++)
			err = damon_add_region(l->ctx, t->regions[k].start, t->regions[k].end);
	}
	return err;
}

void live_say_refused(const struct live *l)
{
	struct damos_stats s = {.size = sizeof(s)};

	if (!l->options->dry_run)
		return;
	for (size_t i = 0; !damon_scheme_stats(l->ctx, i, &s); i++)
		if (s.state_reason[0])
			say("scheme %zu, %s: %s", i + 1, s.action, s.state_reason);
}

static int set_up(struct live *l)
{
	const struct live_options *o = l->options;
	int err = sampling_set(&o->how, l->ctx);

	if (!err)
		err = add_targets(l);
	if (!err && l->line.nr_operands)
		err = damon_set_command(l->ctx, l->line.operands);
	if (!err && o->record)
		err = damon_set_record(l->ctx, o->record);
	if (!err && o->dry_run)
		err = damon_set_dry_run(l->ctx, 1);
	if (!err && l->config.nr_schemes)
		err = damon_set_schemes(l->ctx, l->config.schemes, l->config.nr_schemes);
	if (err)
		say_ctx(l->ctx, err);
	else
		live_say_refused(l);
	return err;
}

int live_run(struct live *l)
{
	const struct live_options *o = l->options;
	struct watch_options w = {
		.format = (enum watch_format)o->format,
		.command = l->line.operands,
		.record = o->record,
		.metrics = o->metrics,
		.duration_ns = o->duration_ns,
		.aggr_ns = o->how.intervals_ns[1],
		.dry_run = o->dry_run,
		.schemes = &l->config,
		.lines = l->lines,
		.reload = l->reload,
		.priv = l->priv,
	};
	int status = l->line.nr_operands ? find_command(l->line.operands[0]) : 0;
	int err;

	if (status)
		return status;
	err = damon_ctx_new(&l->ctx);
	if (err) {
		say_ctx(NULL, err);
		return OWN_FAILURE;
	}
	status = set_up(l) ? OWN_FAILURE : watch_run(l->ctx, &w);
	damon_ctx_free(l->ctx);
	l->ctx = NULL;
	return status;
}
