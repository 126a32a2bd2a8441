/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Schemes of a context: core/scheme.h plans, lib/applier.h applies, this brings them together. */
#include <errno.h>
#include <string.h>

#include "damos.h"
#include "lib/ctx.h"

void damos_init(struct damos *s)
{
	*s = (struct damos){
		.size = sizeof(*s),
		.action = "stat",
		.sz = {0, UINT64_MAX},
		.access_max = 1,
		.age_ns = {0, UINT64_MAX},
		.quota = {.reset_ns = NS_PER_SEC},
		.target_nid = -1,
		.refault_max_bp = 2000,
	};
}

const char *damos_state_name(enum damos_state s)
{
	static const char *const names[DAMOS_NR_STATES] = {
		"on", "switched off", "off by watermarks", "slowed", "paused", "ended",
	};

	return (unsigned)s < DAMOS_NR_STATES ? names[s] : "unknown";
}
