/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "pmu/ibs.h"
#include "pmu/source.h"
#include "pmu/spe/spe.h"

const struct damon_source_ops *const damon_sources[] = {
	&damon_pebs_source,
	&damon_ibs_source,
	&damon_spe_source,
	&damon_soft_source,
	&damon_faults_source,
	&damon_synth_source,
	NULL,
};

const struct damon_source_ops *damon_source_find(const char *name)
{
	for (size_t i = 0; damon_sources[i]; i++) {
		if (strcmp(damon_sources[i]->name, name) == 0)
			return damon_sources[i];
	}
	return NULL;
}

/* Who asks for no source by name wants rates of real accesses: sources without events make them up,
 * and first touches have none. */
static bool may_choose_itself(const struct damon_source_ops *s)
{
	return s->events && !(s->sees & DAMON_SEES_FIRST_TOUCH);
}

/* What speaks against the rows that were tried so far: hardware that is not there is one reason,
 * anything else is worth its own sentence. */
struct reasons {
	struct damon_fail missing, other;
};

static void add_reason(struct reasons *r, const struct damon_source_ops *s, int err,
		       const struct damon_fail *why)
{
	struct damon_fail *to = err == -ENODEV ? &r->missing : &r->other;
	struct damon_fail before = *to;

	if (err == -ENODEV)
		damon_fail(to, ENODEV, "%s%s%s", before.text, before.text[0] ? ", " : "",
			   why->text);
	else if (!before.text[0])
		damon_fail(to, -err, "'%s' is refused: %s", s->name, why->text);
	if (before.remedy[0] || why->remedy[0])
		damon_fail_remedy(to, "%s", before.remedy[0] ? before.remedy : why->remedy);
}

static void tell(const struct reasons *r, struct damon_fail *why)
{
	if (r->other.text[0]) {
		damon_fail(why, EACCES, "%s", r->other.text);
		damon_fail_remedy(why, "%s", r->other.remedy);
	} else if (r->missing.text[0]) {
		damon_fail(why, ENODEV, "there is no PMU that samples memory (%s)",
			   r->missing.text);
	} else {
		damon_fail(why, 0, "%s", "");
	}
}

const struct damon_source_ops *damon_source_auto(const struct damon_sys *sys,
						 struct damon_fail *why)
{
	struct damon_fail last = {"there is no source to choose from", ""};
	struct reasons reasons = {0};

	for (size_t i = 0; damon_sources[i]; i++) {
		const struct damon_source_ops *s = damon_sources[i];
		int err;

		if (!may_choose_itself(s))
			continue;
		err = s->probe(sys, &last);
		if (!err) {
			tell(&reasons, why);
			return s;
		}
		add_reason(&reasons, s, err, &last);
	}
	if (why)
		*why = last;
	return NULL;
}
