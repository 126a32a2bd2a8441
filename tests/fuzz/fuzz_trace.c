/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a trace (tests/truth), and the truth made of it. Sums and compressed blocks keep a
 * fuzzer out, so inputs that begin with 'W' are what to write: a byte that says which one of the
 * file's bytes is damaged then (0: none), the damage, and runs of 4 bytes: page (2), count, stores.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "tests/truth/trace.h"
#include "tests/truth/trace_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sums {
	uint64_t accesses, stores, runs;
};

/* A file in memory, and its path. */
static int new_file(char path[32])
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	if (fd < 0)
		abort();
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void write_runs(const char *path, const uint8_t *data, size_t size)
{
	struct trace_writer *w;

	if (trace_create(path, 12, &w))
		abort();
	for (; size >= 4; data += 4, size -= 4) {
		uint64_t page = data[0] | data[1] << 8, count = data[2];

		/* wide enough for varints of several bytes */
		if (trace_add(w, page << (data[3] & 31), count << (data[3] >> 4),
			      data[3] & 1 ? count : count / 2))
			abort();
	}
	trace_add_instructions(w, 1000);
	if (trace_finish(w))
		abort();
}

static void damage(int fd, uint8_t where, uint8_t what)
{
	uint8_t byte;

	if (!where || pread(fd, &byte, 1, where - 1) != 1)
		return;
	byte ^= what;
	if (pwrite(fd, &byte, 1, where - 1) != 1)
		abort();
}

/* All runs. Returns 0 at a sound end. */
static int read_runs(struct trace *t, struct sums *sum)
{
	const struct trace_info *info = trace_info(t);
	uint64_t last = UINT64_MAX;
	struct trace_run run;
	int ret;

	*sum = (struct sums){0};
	while ((ret = trace_next(t, &run)) > 0) {
		if (!run.count || run.stores > run.count || run.page == last ||
		    run.page > UINT64_MAX >> info->page_shift)
			abort();
		last = run.page;
		sum->accesses += run.count;
		sum->stores += run.stores;
		sum->runs++;
	}
	if (!ret && (sum->accesses != info->accesses || sum->stores != info->stores ||
		     sum->runs != info->runs))
		abort();
	if (ret && trace_next(t, &run) != ret)
		abort(); /* it goes on failing */
	return ret;
}

struct row {
	uint64_t page;
	uint32_t interval, count;
};

/* What the truth says is what the trace held. */
static void check_truth(int fd, uint64_t accesses, uint64_t per_interval)
{
	uint64_t head[8], sum = 0, nr = 0;
	struct row row, last = {0};

	if (pread(fd, head, sizeof(head), 0) != sizeof(head) || memcmp(head, "\x89TRUTH\r\n", 8) ||
	    head[2] != per_interval || head[4] != accesses)
		abort();
	for (off_t at = sizeof(head); pread(fd, &row, sizeof(row), at) == sizeof(row);
	     at += sizeof(row), nr++) {
		if (!row.count || row.count > per_interval || row.interval >= head[3] ||
		    (nr && (row.interval < last.interval ||
			    (row.interval == last.interval && row.page <= last.page))))
			abort();
		last = row;
		sum += row.count;
	}
	if (sum != accesses || nr != head[6])
		abort();
}

static void make_truth(struct trace *t, bool sound)
{
	_cleanup_(closep) int fd = -1;
	uint64_t accesses = trace_info(t)->accesses, per_interval = accesses / 50 + 1;
	char path[32];
	int err;

	fd = new_file(path);
	err = truth_write_from_trace(t, per_interval, path);
	if (sound && per_interval <= UINT32_MAX && err)
		abort();
	if (!err)
		check_truth(fd, accesses, per_interval);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool written = size >= 3 && data[0] == 'W', sound;
	_cleanup_(closep) int fd = -1;
	struct sums first, again;
	struct trace *t;
	char path[32];

	fd = new_file(path);
	if (written) {
		write_runs(path, data + 3, size - 3);
		damage(fd, data[1], data[2]);
	} else if (write(fd, data, size) != (ssize_t)size) {
		abort();
	}
	if (trace_open(path, &t)) {
		if (written && !data[1])
			abort();
		return 0;
	}
	sound = !read_runs(t, &first);
	if ((written && !data[1] && !sound) || trace_rewind(t) || !read_runs(t, &again) != sound ||
	    memcmp(&first, &again, sizeof(first)))
		abort();
	make_truth(t, sound);
	trace_close(t);
	return 0;
}
