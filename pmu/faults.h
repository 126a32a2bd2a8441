/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside the source 'faults': where the tracepoint's payload has its fields. */
#ifndef PMU_FAULTS_H
#define PMU_FAULTS_H

#include <stddef.h>
#include <stdint.h>

#include "pmu/source.h"

extern const struct damon_source_ops damon_faults_source;

struct damon_faults_field {
	uint32_t offset, size; /* bytes; size is 4 or 8 */
};

struct damon_faults_layout {
	struct damon_faults_field address, ip, error_code;
};

/* Reads the text of events/exceptions/page_fault_user/format. Returns 0, -EBADMSG or -ENOMEM. */
int damon_faults_layout_parse(const char *format, size_t len, struct damon_faults_layout *out);

/* Sets the layout of an open source, which otherwise has this machine's. */
void damon_faults_layout_set(void *state, const struct damon_faults_layout *l);

#endif
