/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What works here: every source, checker, action and kernel feature is asked. */
#include <errno.h>
#include <stdio.h>

#include "action/action.h"
#include "damon.h"
#include "os/features.h"
#include "pmu/checker.h"
#include "pmu/source.h"

static void tell(damon_check_fn fn, void *priv, const char *kind, const char *name,
		 const char *summary, int err, const struct damon_fail *why)
{
	struct damon_check_item item = {
		.size = sizeof(item),
		.kind = kind,
		.name = name,
		.summary = summary,
		.usable = err == 0,
		.reason = err ? why->text : "",
		.remedy = err ? why->remedy : "",
	};

	fn(priv, &item);
}

/* What "auto" would take, and why nothing better. */
static void tell_auto(const struct damon_sys *sys, damon_check_fn fn, void *priv)
{
	struct damon_fail why;
	const struct damon_source_ops *s = damon_source_auto(sys, &why);
	char summary[400] = "the first of these that works, but for faults";

	if (s)
		snprintf(summary, sizeof(summary), "takes '%s'%s%s", s->name,
			 why.text[0] ? ", as " : "", why.text);
	tell(fn, priv, "source", "auto", summary, s ? 0 : -EACCES, &why);
}

int damon_check(damon_check_fn fn, void *priv)
{
	const struct damon_sys *sys = &damon_sys_real;
	struct damon_fail why;

	for (size_t i = 0; damon_sources[i]; i++) {
		const struct damon_source_ops *s = damon_sources[i];

		if (!s->events) /* made up, for tests */
			continue;
		tell(fn, priv, "source", s->name, s->summary, s->probe(sys, &why), &why);
	}
	tell_auto(sys, fn, priv);
	for (size_t i = 0; damon_checkers[i]; i++) {
		const struct damon_checker_ops *c = damon_checkers[i];

		tell(fn, priv, "checker", c->name, c->summary, c->probe(sys, &why), &why);
	}
	for (const struct damon_action *a = damon_actions; a->name; a++)
		tell(fn, priv, "action", a->name, a->summary, a->probe(sys, &why), &why);
	for (const struct damon_feature *f = damon_features; f->name; f++)
		tell(fn, priv, "kernel", f->name, f->summary, f->probe(sys, &why), &why);
	return 0;
}
