/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a kdamonds file or a list of schemes: what is read is sane, and what is written of
 * it is read back without a warning, and written the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "config/kdamonds.h"
#include "config/scheme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_text(const struct config *c, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	config_write(out, c);
	fclose(out);
	return text;
}

static void check_sane(const struct config *c)
{
	for (size_t i = 0; i < c->nr_schemes; i++) {
		const struct damos *s = &c->schemes[i];

		if (s->sz.min > s->sz.max || s->age_ns.min > s->age_ns.max ||
		    !(s->access_min >= 0 && s->access_min <= s->access_max && s->access_max <= 1) ||
		    s->nr_filters > DAMOS_MAX_FILTERS || s->nr_dests > DAMOS_MAX_DESTS ||
		    s->quota.nr_goals > DAMOS_MAX_GOALS)
			abort();
	}
	if (c->attrs.sample_ns > c->attrs.aggr_ns || c->attrs.aggr_ns > c->attrs.update_ns)
		abort();
}

/* Without what is warned of: a quota for once and all, destinations that nobody goes to. */
static void tidy(struct config *c)
{
	for (size_t i = 0; i < c->nr_schemes; i++) {
		struct damos *s = &c->schemes[i];

		if (s->quota.reset_ns == UINT64_MAX)
			s->quota.reset_ns = NS_PER_SEC;
		if (!scheme_migrates(s)) {
			s->target_nid = -1;
			s->nr_dests = 0;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_how lax = {0}, strict = {.strict = true};
	struct damon_fail fail = {.text = ""};
	_cleanup_(freep) char *text = NULL, *again = NULL;
	size_t text_size, again_size;
	struct config a, b;

	config_init(&a);
	config_init(&b);
	if (!config_read_bytes(&a, "fuzz", (const char *)data, size, &lax, &fail)) {
		check_sane(&a);
		tidy(&a);
		text = write_text(&a, &text_size);
		if (config_read_bytes(&b, "again", text, text_size, &strict, &fail))
			abort();
		again = write_text(&b, &again_size);
		if (text_size != again_size || memcmp(text, again, text_size))
			abort();
	} else if (!fail.text[0]) {
		abort();
	}
	config_release(&a);
	config_release(&b);
	return 0;
}
