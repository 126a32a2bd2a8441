/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of perf events as they come out of a ring: 32 bytes that say how the event was set up,
 * then records. Each is parsed from a copy that is exactly as long as it says.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "perf/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct setup {
	uint64_t sample_type, regs_user, regs_intr;
	uint32_t branch_type;
	uint8_t read_format, sample_id_all, unused[2];
};

static volatile uint64_t sink;

static void touch(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sink += ((const uint8_t *)p)[i];
}

/* Reads all that a record points to, so that sanitizers see what is out of bounds. */
static void use(const struct damon_perf_record *r)
{
	switch (r->type) {
	case PERF_RECORD_SAMPLE:
		touch(r->sample.regs, 8ull * r->sample.nr_regs);
		touch(r->sample.stack, r->sample.stack_len);
		touch(r->sample.raw, r->sample.raw_len);
		break;
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		touch(r->mmap.name, strlen(r->mmap.name));
		touch(r->mmap.map.build_id, r->mmap.map.build_id_len);
		break;
	case PERF_RECORD_COMM:
		touch(r->comm.comm, strlen(r->comm.comm));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct perf_event_attr a = {0};
	struct setup s;

	if (size < sizeof(s))
		return 0;
	memcpy(&s, data, sizeof(s));
	a.sample_type = s.sample_type;
	a.sample_regs_user = s.regs_user;
	a.sample_regs_intr = s.regs_intr;
	a.branch_sample_type = s.branch_type;
	a.read_format = s.read_format;
	a.sample_id_all = s.sample_id_all & 1;
	for (size_t at = sizeof(s); size - at >= sizeof(struct perf_event_header);) {
		struct perf_event_header h, *copy;
		struct damon_perf_record r;
		size_t len;

		memcpy(&h, data + at, sizeof(h));
		h.size = (uint16_t)MIN((size_t)h.size, size - at);
		len = MAX((size_t)h.size, sizeof(h));
		copy = malloc(len);
		if (!copy)
			break;
		memcpy(copy, data + at, len);
		copy->size = h.size;
		if (!damon_perf_parse(copy, &a, &r))
			use(&r);
		free(copy);
		at += len;
	}
	return 0;
}
