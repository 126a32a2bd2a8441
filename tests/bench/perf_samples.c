/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a perf.data as 'perf mem record' would on a machine with PEBS: loads and stores of one
 * process over regions of different heat, in rounds of four CPUs. perf_samples FILE SAMPLES REGIONS
 * SAMPLES_PER_SECOND
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/util.h"
#include "perf/file_write.h"

#define PEBS                                                                                       \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |            \
	 PERF_SAMPLE_ADDR | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD | PERF_SAMPLE_WEIGHT |            \
	 PERF_SAMPLE_DATA_SRC)

enum { PID = 4000, CPUS = 4, PER_ROUND = 2048, REGION_PAGES = 256 };

static const uint64_t base = 0x7f0000000000, start_ns = 1000 * NS_PER_SEC;
static uint64_t step_ns; /* between samples */
static const uint64_t load_ids[] = {101, 102, 103, 104}, store_ids[] = {201, 202, 203, 204};

static const struct damon_perf_event events[] = {
	{.attr = {.type = PERF_TYPE_RAW,
		  .size = PERF_ATTR_SIZE_VER5,
		  .config = 0x1cd,
		  .config1 = 30,
		  .sample_period = 1009,
		  .sample_type = PEBS,
		  .sample_id_all = 1,
		  .precise_ip = 3,
		  .mmap = 1,
		  .mmap2 = 1,
		  .comm = 1,
		  .task = 1},
	 .ids = load_ids,
	 .nr_ids = CPUS,
	 .name = "cpu/mem-loads,ldlat=30/P"},
	{.attr = {.type = PERF_TYPE_RAW,
		  .size = PERF_ATTR_SIZE_VER5,
		  .config = 0x82d0,
		  .sample_period = 1009,
		  .sample_type = PEBS,
		  .sample_id_all = 1,
		  .precise_ip = 3},
	 .ids = store_ids,
	 .nr_ids = CPUS,
	 .name = "cpu/mem-stores/P"},
};

/* The trailer that sample_id_all puts behind what is no sample. */
struct trailer {
	uint32_t pid, tid;
	uint64_t time;
	uint32_t cpu, unused;
	uint64_t id;
};

static int write_process(struct damon_perf_writer *w, uint64_t bytes)
{
	const struct trailer end = {PID, PID, start_ns, 0, 0, load_ids[0]};
	struct {
		uint32_t pid, tid;
		char name[16];
		struct trailer end;
	} comm = {PID, PID, "bench", end};
	struct {
		uint32_t pid, tid;
		uint64_t start, len, offset;
		uint32_t maj, min;
		uint64_t inode, generation;
		uint32_t prot, flags;
		char name[8];
		struct trailer end;
	} map = {PID,	      PID,	base, bytes, 0, 0, 0, 0, 0, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE, "//anon", end};
	int err = damon_perf_writer_record(w, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, &comm,
					   sizeof(comm));

	return err ? err
		   : damon_perf_writer_record(w, PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_DATA,
					      &map, sizeof(map));
}

/* CPU by CPU, as perf drains their buffers. */
static int write_round(struct damon_perf_writer *w, uint64_t first, uint64_t n, uint32_t regions,
		       struct rng *rng)
{
	int err = 0;

	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		for (uint64_t i = cpu; i < n && !err; i += CPUS) {
			uint64_t a = rng_below(rng, regions), b = rng_below(rng, regions);
			uint32_t event = rng_below(rng, 4) == 0;
			struct damon_perf_sample s = {
				.event = event,
				.id = event ? store_ids[cpu] : load_ids[cpu],
				.ip = 0x401000 + 4 * rng_below(rng, 256),
				.pid = PID,
				.tid = PID + (int)cpu,
				.time_ns = start_ns + (first + i) * step_ns,
				.addr = base + (MIN(a, b) * REGION_PAGES << 12) +
					8 * rng_below(rng, REGION_PAGES * 512),
				.cpu = cpu,
				.period = 1009,
				.weight = event ? 0 : 30 + rng_below(rng, 300),
				.data_src = event ? 0x5080144 : 0x68100142,
			};

			err = damon_perf_writer_sample(w, event, PERF_RECORD_MISC_USER, &s);
		}
	}
	return err ? err : damon_perf_writer_round(w);
}

int main(int argc, char **argv)
{
	static const struct damon_perf_writer_options options = {
		.command = "perf mem record bench",
		.hostname = "bench",
		.release = "6.1.0",
		.arch = "x86_64",
	};
	uint64_t n = argc == 5 ? strtoull(argv[2], NULL, 0) : 0;
	uint32_t regions = argc == 5 ? (uint32_t)strtoul(argv[3], NULL, 0) : 0;
	uint64_t hz = argc == 5 ? strtoull(argv[4], NULL, 0) : 0;
	struct damon_perf_writer *w;
	struct damon_fail fail = {0};
	struct rng rng;
	int fd, err;

	if (!n || !regions || !hz) {
		fprintf(stderr, "usage: perf_samples FILE SAMPLES REGIONS SAMPLES_PER_SECOND\n");
		return 2;
	}
	step_ns = MAX(NS_PER_SEC / hz, 1ull);
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	rng_seed(&rng, 1);
	err = damon_perf_writer_new(fd, events, ARRAY_SIZE(events), &options, &w, &fail);
	if (!err)
		err = write_process(w, (uint64_t)regions * REGION_PAGES << 12);
	for (uint64_t i = 0; i < n && !err; i += PER_ROUND)
		err = write_round(w, i, MIN(n - i, (uint64_t)PER_ROUND), regions, &rng);
	if (!err)
		err = damon_perf_writer_close(w);
	if (err)
		fprintf(stderr, "perf_samples: %s\n", strerror(-err));
	close(fd);
	return err != 0;
}
