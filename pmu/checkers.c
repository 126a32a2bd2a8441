/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pmu/checker.h"

const struct damon_checker_ops *const damon_checkers[] = {
	&damon_idle_checker,
	&damon_smaps_checker,
	NULL,
};

const struct damon_checker_ops *damon_checker_find(const char *name, size_t len)
{
	for (size_t i = 0; damon_checkers[i]; i++) {
		const char *known = damon_checkers[i]->name;

		if (strlen(known) == len && strncmp(known, name, len) == 0)
			return damon_checkers[i];
	}
	return NULL;
}
