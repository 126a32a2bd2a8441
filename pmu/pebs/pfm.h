/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events by the names that their makers gave them ("MEM_INST_RETIRED:ALL_LOADS"), from libpfm4,
 * which has them for each CPU. It knows no IBS and no SPE.
 */
#ifndef PMU_PEBS_PFM_H
#define PMU_PEBS_PFM_H

#include <linux/perf_event.h>

#include "base/fail.h"

/*
 * Sets type, config, config1, config2, and precise_ip if the name asks for it
 * ("...:precise=2"). Returns 0 or -errno with the reason in 'why': -ENOENT for names that this CPU
 * has no event of, -EBADMSG for one that libpfm4 is known to encode wrongly. 'attr' is untouched
 * then.
 */
int damon_pfm_event(const char *name, struct perf_event_attr *attr, struct damon_fail *why);

#endif
