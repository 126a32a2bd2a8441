/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perf.data, of a file or a pipe, through the reader and the order of time. Every byte that a
 * record points to is read once as it comes and once as it leaves.
 */
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "perf/file.h"
#include "perf/order.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

static void touch(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sink += ((const uint8_t *)p)[i];
}

static int use(void *priv, const struct damon_perf_record *r)
{
	const struct damon_perf_sample *s = &r->sample;

	switch (r->type) {
	case PERF_RECORD_SAMPLE:
		touch(s->regs, s->regs ? 8ull * s->nr_regs : 0);
		touch(s->stack, s->stack ? s->stack_len : 0);
		touch(s->raw, s->raw ? s->raw_len : 0);
		break;
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		touch(r->mmap.name, strlen(r->mmap.name));
		break;
	case PERF_RECORD_COMM:
		touch(r->comm.comm, strlen(r->comm.comm));
		break;
	}
	return 0;
}

static void take(struct damon_order *o, const struct damon_perf_item *item)
{
	switch (item->type) {
	case DAMON_PERF_RECORD:
		use(NULL, &item->record);
		damon_order_add(o, &item->record);
		break;
	case DAMON_PERF_ROUND:
		damon_order_round(o);
		break;
	case DAMON_PERF_AUX_INFO:
		touch(item->aux_info.priv, 8 * item->aux_info.nr_priv);
		break;
	case DAMON_PERF_AUX_DATA:
		touch(item->aux.bytes, item->aux.len);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct damon_order_options options = {.max_bytes = 1};
	const struct damon_perf_event *e;
	struct damon_perf_item item;
	struct damon_perf_file *p;
	struct damon_order *o;
	size_t n;

	if (damon_perf_file_open_mem(data, size, &p, NULL))
		return 0;
	if (!damon_order_new(&options, use, NULL, &o)) {
		while (damon_perf_file_next(p, &item, NULL) == 1)
			take(o, &item);
		damon_order_flush(o);
		damon_order_free(o);
	}
	e = damon_perf_file_events(p, &n);
	for (size_t i = 0; i < n; i++) {
		touch(e[i].ids, 8 * e[i].nr_ids);
		touch(e[i].name, strlen(e[i].name));
		touch(e[i].pmu, strlen(e[i].pmu));
	}
	touch(damon_perf_file_info(p)->tracing, damon_perf_file_info(p)->tracing_len);
	damon_perf_file_close(p);
	return 0;
}
