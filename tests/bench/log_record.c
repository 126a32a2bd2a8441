/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a record with a large log: log_record FILE ACCESSES PLACES. Its target is this program
 * itself, with the library and its debug information: accesses are by instructions at so many
 * places, to a variable, its stack and the heap.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "core/target.h"
#include "os/proc.h"
#include "record/writer.h"

#define PER_SNAPSHOT 2000
#define AGGR_NS	     (100 * NS_PER_MS)

extern const char __executable_start, etext;
static uint64_t table[1 << 16];

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int add_maps(struct damon_space *s)
{
	struct damon_maps maps;
	int err = damon_maps_read(&damon_sys_real, getpid(), &maps);

	for (size_t i = 0; !err && i < maps.nr; i++)
		err = damon_space_map(s, &maps.m[i], 1000);
	damon_maps_release(&maps);
	return err;
}

static void fill(struct damon_log_entry *e, const struct damon_proc *t, uint64_t time_ns,
		 const uint64_t *ips, size_t places, uint64_t *state)
{
	const uint64_t data[] = {(uintptr_t)table, (uintptr_t)&state, (uintptr_t)ips};
	uint64_t x = next(state);

	*e = (struct damon_log_entry){
		.time_ns = time_ns,
		.addr = data[x % 3] + (x >> 40) % 1024,
		.ip = ips[(x >> 8) % places],
		.pid = getpid(),
		.tid = getpid(),
		.target_id = t->target->id,
		.space_id = t->space->id,
		.weight = 1,
		.size = 8,
		.flags = DAMON_ACCESS_LOAD,
	};
}

static int write_record(const char *path, size_t accesses, const uint64_t *ips, size_t places)
{
	static struct damon_log_entry log[PER_SNAPSHOT];
	struct damon_meta meta = {.sample_ns = 5 * NS_PER_MS,
				  .aggr_ns = AGGR_NS,
				  .epoch_offset_ns = (int64_t)time(NULL) * (int64_t)NS_PER_SEC,
				  .scale = {1, 1, 1},
				  .source = "soft"};
	struct damon_totals totals = {.duration_ns = 0};
	struct damon_targets *ts = damon_targets_new(1);
	struct damon_proc *t = damon_targets_add(ts, getpid(), "log_record", 1000);
	struct damon_writer *w;
	uint64_t state = 88172645463325252ull, now = 1000;
	int err = add_maps(t->space);

	if (!err)
		err = damon_writer_open(path, &meta, &w, NULL);
	for (size_t done = 0; !err && done < accesses; done += PER_SNAPSHOT, now += AGGR_NS) {
		struct damon_target_snapshot ts1 = {
			.burst = 1, .clumping = 1, .space_id = t->space->id};
		struct damon_snapshot s = {
			.start_ns = now, .end_ns = now + AGGR_NS, .targets = &ts1, .nr_targets = 1};

		for (size_t i = 0; i < PER_SNAPSHOT; i++)
			fill(&log[i], t, now + i, ips, places, &state);
		err = damon_writer_targets(w, ts);
		if (!err)
			err = damon_writer_snapshot(w, &s);
		if (!err)
			err = damon_writer_log(w, log, PER_SNAPSHOT);
		totals.nr_snapshots++;
	}
	if (!err)
		err = damon_writer_close(w, &totals);
	damon_targets_free(ts);
	return err;
}

int main(int argc, char **argv)
{
	uint64_t accesses = 0, places = 0, state = 1234567, *ips;
	size_t text = (size_t)(&etext - &__executable_start);
	int err;

	if (argc != 4 || damon_parse_u64(argv[2], &accesses) || damon_parse_u64(argv[3], &places) ||
	    !places) {
		fprintf(stderr, "usage: %s FILE ACCESSES PLACES\n", argv[0]);
		return 2;
	}
	ips = calloc(places, sizeof(*ips));
	for (size_t i = 0; ips && i < places; i++)
		ips[i] = (uintptr_t)&__executable_start + next(&state) % text;
	err = ips ? write_record(argv[1], accesses, ips, places) : -12;
	if (err)
		fprintf(stderr, "%s: cannot write '%s': %d\n", argv[0], argv[1], err);
	free(ips);
	return err != 0;
}
