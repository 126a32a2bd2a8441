/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "pmu/source.h"

const struct damon_source_ops *const damon_sources[] = {
	&damon_soft_source,
	&damon_faults_source,
	&damon_synth_source,
	&damon_memory_source, /* claims what is left: the last one */
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

const struct damon_source_ops *damon_source_auto(const struct damon_sys *sys,
						 struct damon_fail *why)
{
	damon_fail(why, ENODEV, "there is no source to choose from");
	for (size_t i = 0; damon_sources[i]; i++) {
		const struct damon_source_ops *s = damon_sources[i];

		if (may_choose_itself(s) && s->probe(sys, why) == 0)
			return s;
	}
	return NULL;
}
