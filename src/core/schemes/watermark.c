/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "core/schemes/watermark.h"

void damos_wmark_init(struct damos_wmark *m)
{
	*m = (struct damos_wmark){.on = true, .permil = NAN};
}

bool damos_wmark_look(struct damos_wmark *m, const struct damos_watermarks *w, double permil,
		      uint64_t now_ns)
{
	if (w->metric == DAMOS_WMARK_NONE) {
		m->on = true;
		m->next_ns = UINT64_MAX;
		return true;
	}
	if (now_ns < m->next_ns)
		return m->on;
	m->next_ns = now_ns + w->interval_ns;
	if (isnan(permil))
		return m->on;
	m->permil = permil;
	if (permil > w->high || permil < w->low)
		m->on = false;
	else if (permil < w->mid)
		m->on = true;
	return m->on;
}
