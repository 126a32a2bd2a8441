/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options/target_options.h"

#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/say.h"

static const char *const ops_names[] = {"vaddr", "fvaddr", "paddr"};

static bool parse_address(const char *text, uint64_t *addr)
{
	return !damon_parse_u64(text, addr) || !damon_parse_bytes(text, addr);
}

/* Takes a range off the front of a list: 1, 0 at its end, -EINVAL. */
static int take_range(const char **list, uint64_t range[2])
{
	char word[128], *dash;
	size_t len;

	*list += strspn(*list, " \t\n");
	len = strcspn(*list, " \t\n");
	if (!len)
		return 0;
	if (len >= sizeof(word))
		return -EINVAL;
	memcpy(word, *list, len);
	word[len] = '\0';
	dash = strchr(word, '-');
	if (!dash)
		return -EINVAL;
	*dash++ = '\0';
	if (!parse_address(word, &range[0]) || !parse_address(dash, &range[1]) ||
	    range[0] >= range[1])
		return -EINVAL;
	*list += len;
	return 1;
}

static int check_regions(const char *regions, struct damon_fail *fail)
{
	const char *p = regions;
	uint64_t range[2];
	int got, n = 0;

	while ((got = take_range(&p, range)) > 0)
		n++;
	if (!got && n)
		return 0;
	damon_fail(fail, EINVAL, "'%.60s' is no value of '--regions'", regions);
	damon_fail_remedy(fail, "give FROM-TO, such as '0x1000-0x2000' or '4G-8G', with FROM below "
				"TO, and blanks between several");
	return -EINVAL;
}

bool target_options_any(const struct target_options *o)
{
	return o->pids.nr || o->cgroup || o->all;
}

int target_options_check(struct target_options *o, const struct option_row *rows,
			 const struct option_line *line, struct damon_fail *fail)
{
	if (o->regions && check_regions(o->regions, fail))
		return -EINVAL;
	if (o->regions && !option_given(rows, line, "ops"))
		o->ops = TARGET_FVADDR;
	if (o->regions && o->ops == TARGET_VADDR) {
		damon_fail(fail, EINVAL,
			   "'--ops vaddr' monitors wherever there are mappings, and '--regions' is "
			   "given");
		damon_fail_remedy(fail, "take '--ops fvaddr', or leave one of them out");
		return -EINVAL;
	}
	if (!o->regions && o->ops == TARGET_FVADDR) {
		damon_fail(fail, EINVAL, "'--ops fvaddr' monitors ranges that are given");
		damon_fail_remedy(fail, "give them with '--regions'");
		return -EINVAL;
	}
	if (o->ops == TARGET_PADDR && !target_options_any(o) && !line->nr_operands &&
	    !option_given(rows, line, "replay"))
		o->all = true;
	if (target_options_any(o) && line->nr_operands) {
		damon_fail(fail, EINVAL, "'%s' and a command exclude each other",
			   o->pids.nr  ? "-p"
			   : o->cgroup ? "--cgroup"
				       : "-a");
		damon_fail_remedy(fail, "give one of them");
		return -EINVAL;
	}
	return 0;
}

int target_options_apply(const struct target_options *o, struct damon_ctx *ctx)
{
	const char *regions = o->regions ? o->regions : "";
	int err = damon_select_ops(ctx, ops_names[o->ops]);
	uint64_t range[2];

	while (!err && take_range(&regions, range) > 0)
		err = damon_add_region(ctx, range[0], range[1]);
	for (size_t i = 0; !err && i < o->pids.nr; i++)
		err = damon_add_pid(ctx, o->pids.pids[i]);
	if (!err && o->cgroup)
		err = damon_add_cgroup(ctx, o->cgroup);
	if (!err && o->all)
		err = damon_set_all(ctx);
	return err;
}

void target_options_release(struct target_options *o)
{
	option_pids_release(&o->pids);
}

void target_options_say_closed(const struct damon_stats *s)
{
	if (s->closed_procs)
		say("%llu process%s could not be looked into; the first: %s",
		    (unsigned long long)s->closed_procs, s->closed_procs == 1 ? "" : "es",
		    s->closed_reason);
}
