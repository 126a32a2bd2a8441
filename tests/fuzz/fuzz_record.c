/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a record, what there is of it as perf.data, and its copy. Checksums would keep a
 * fuzzer out, so inputs that begin with 'F' are a recipe instead of a file: chunks of one byte
 * type, two bytes size (little endian), payload, which are framed here behind a good head and meta.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "lib/convert/copy.h"
#include "lib/convert/to_perf.h"
#include "perf/file.h"
#include "record/chunk.h"
#include "record/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void frame(struct damon_pack *out, uint16_t type, const uint8_t *bytes, size_t n)
{
	struct record_payload p = {.raw = PACK_READER((uint8_t *)bytes, n)};

	if (damon_frame_append(out, NULL, type, &p))
		abort();
}

static void cook(struct damon_pack *out, const uint8_t *data, size_t size)
{
	uint8_t head[RECORD_HEAD_BYTES];
	static const uint8_t meta[80];

	damon_frame_head(head, DAMON_RECORD_VERSION);
	damon_pack_bytes(out, head, sizeof(head));
	frame(out, damon_chunk_meta.type, meta, sizeof(meta));
	while (size >= 3) {
		size_t n = MIN((size_t)(data[1] | data[2] << 8), size - 3);

		frame(out, data[0], data + 3, n);
		data += 3 + n;
		size -= 3 + n;
	}
}

/* Touches all that an item points to. */
static uint64_t touch_space(const struct damon_space *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->nr_live; i++) {
		const struct damon_mapping *m = &s->live[i];

		if (m->start >= m->end || (i && m->start < m[-1].end))
			abort(); /* sorted and apart: others rely on it */
		sum += strlen(m->name) + m->id;
	}
	for (size_t i = 0; i < s->nr_dead; i++)
		sum += strlen(s->dead[i].name) + s->dead[i].id;
	return sum;
}

static uint64_t touch_snapshot(const struct damon_snapshot *s)
{
	uint64_t sum = s->end_ns;

	for (size_t i = 0; i < s->nr_targets; i++) {
		const struct damon_target_snapshot *t = &s->targets[i];
		uint64_t end = 0;

		for (size_t j = 0; j < t->nr_regions; j++) {
			const struct damon_region *r = &t->regions[j];

			if (r->start < end || r->start >= r->end || !r->span_aggrs ||
			    !(r->weight >= 0) || !(r->store_weight <= r->weight))
				abort();
			end = r->end;
			sum += r->nr_obs;
		}
	}
	return sum;
}

static uint64_t touch(const struct damon_item *item)
{
	uint64_t sum = 0;

	switch (item->type) {
	case DAMON_ITEM_TARGET:
		sum = strlen(item->target->comm);
		return item->target->space ? sum + touch_space(item->target->space) : sum;
	case DAMON_ITEM_SPACE:
		return touch_space(item->space);
	case DAMON_ITEM_SNAPSHOT:
		return touch_snapshot(item->snapshot);
	case DAMON_ITEM_LOG:
		for (size_t i = 0; i < item->log.n; i++)
			sum += item->log.entries[i].addr;
		return sum;
	case DAMON_ITEM_TOTALS:
		return item->totals->complete;
	default:
		return item->skipped;
	}
}

static void read_all(const char *path)
{
	static volatile uint64_t sink;
	struct damon_reader *r;
	struct damon_item item;
	struct damon_fail f;

	if (damon_reader_open(path, &r, &f))
		return;
	for (int pass = 0; pass < 2; pass++) {
		/* a few bytes can stand for many snapshots of many regions, which are alike */
		for (int n = 0; n < 1000 && damon_reader_next(r, &item) > 0; n++)
			sink += touch(&item);
		if (damon_reader_rewind(r))
			abort();
	}
	damon_reader_close(r);
}

/* Its log as perf.data, which must be one that perf would read as well. */
static void as_perf(const char *path)
{
	_cleanup_(closep) int fd = memfd_create("perf.data", MFD_CLOEXEC);
	struct damon_perf_file *file;
	struct damon_perf_item item;
	struct damon_reader *r;
	struct damon_fail f;
	char out[32];

	if (damon_reader_open(path, &r, &f))
		return;
	snprintf(out, sizeof(out), "/proc/self/fd/%d", fd);
	if (!to_perf(r, fd, &f)) {
		if (damon_perf_file_open(out, &file, &f))
			abort();
		while (damon_perf_file_next(file, &item, &f) > 0)
			;
		if (damon_perf_file_stats(file)->malformed ||
		    damon_perf_file_stats(file)->truncated || damon_perf_file_stats(file)->no_event)
			abort();
		damon_perf_file_close(file);
	}
	damon_reader_close(r);
}

/* A copy, without names, which must be sound wherever it could be made. */
static void as_copy(const char *path)
{
	_cleanup_(closep) int fd = memfd_create("copy", MFD_CLOEXEC);
	struct damon_reader *r;
	struct damon_item item;
	struct damon_fail f;
	char out[32];
	int err;

	if (damon_reader_open(path, &r, &f))
		return;
	err = copy_record(r, fd, true, &f);
	damon_reader_close(r);
	snprintf(out, sizeof(out), "/proc/self/fd/%d", fd);
	if (err || damon_reader_open(out, &r, &f))
		return;
	while (damon_reader_next(r, &item) > 0)
		if (item.type == DAMON_ITEM_DAMAGED)
			abort();
	damon_reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(damon_pack_release) struct damon_pack file = PACK_WRITER;
	_cleanup_(closep) int fd = memfd_create("record", MFD_CLOEXEC);
	char path[32];

	if (size && data[0] == 'F')
		cook(&file, data + 1, size - 1);
	else
		damon_pack_bytes(&file, (void *)data, size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, file.data, file.len) != (ssize_t)file.len)
		abort();
	read_all(path);
	as_perf(path);
	as_copy(path);
	return 0;
}
