/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/units.h"
#include "base/util.h"
#include "report/tuned.h"

#define MAX_KEPT 4096
#define MAX_SAID 8

int tuned_add(struct tuned *t, const struct damon_snapshot_info *si)
{
	if (t->nr && t->v[t->nr - 1].sample_ns == si->sample_ns)
		return 0;
	if (t->nr == MAX_KEPT) {
		for (size_t i = 0; i < MAX_KEPT / 2; i++)
			t->v[i] = t->v[2 * i];
		t->nr = MAX_KEPT / 2;
	}
	if (vec_reserve(&t->v, &t->cap, t->nr + 1, sizeof(*t->v)))
		return -ENOMEM;
	t->v[t->nr++] = (struct tuned_from){si->start_ns, si->sample_ns, si->aggr_ns};
	t->min_ns = t->nr_changes ? MIN(t->min_ns, si->sample_ns) : si->sample_ns;
	t->max_ns = MAX(t->max_ns, si->sample_ns);
	t->nr_changes++;
	return 0;
}

void tuned_release(struct tuned *t)
{
	free(t->v);
	*t = (struct tuned){0};
}

void tuned_text(const struct tuned *t, uint64_t start_ns, char *buf, size_t size)
{
	size_t n = MIN(t->nr, (size_t)MAX_SAID), len = 0;

	*buf = '\0';
	for (size_t i = 0; i < n && len < size; i++) {
		/* the first, the last, and between them evenly */
		const struct tuned_from *f = &t->v[n > 1 ? i * (t->nr - 1) / (n - 1) : 0];
		char sample[DAMON_UNITS_MAX], from[DAMON_UNITS_MAX];

		damon_print_time(sample, (double)f->sample_ns);
		damon_print_time(from, (double)(f->from_ns - start_ns));
		len += (size_t)snprintf(buf + len, size - len, "%s%s from %s", i ? ", " : "",
					sample, from);
	}
}

void tuned_json(const struct tuned *t, uint64_t start_ns, struct json *j)
{
	json_array(j, "tuned_intervals");
	for (size_t i = 0; i < t->nr; i++) {
		json_object(j, NULL);
		json_u64(j, "from_ns", t->v[i].from_ns - start_ns);
		json_u64(j, "sample_ns", t->v[i].sample_ns);
		json_u64(j, "aggr_ns", t->v[i].aggr_ns);
		json_end(j);
	}
	json_end(j);
}
