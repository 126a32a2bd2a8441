/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real recordings of PEBS, sample by sample: what the reader and the source make of them is what an
 * independent reader wrote down. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "perf/file.h"
#include "pmu/pebs/pebs.h"
#include "pmu/source.h"

/* The folder of recordings, or skips the test. */
static const char *corpus(void)
{
	static const char *const beside[] = {"../shared/corpus", "../../shared/corpus"};
	const char *dir = getenv("DAMON_PERF_CORPUS");

	for (size_t i = 0; !dir && i < ARRAY_SIZE(beside); i++)
		dir = access(beside[i], R_OK) == 0 ? beside[i] : NULL;
	if (!dir)
		cr_skip("no corpus");
	return dir;
}

/* A line of *.expected.csv: attr,misc,pid,tid,cpu,time,ip,addr,weight,w2,w3,data_src,phys,raw.
 * Empty fields are those that the event does not sample. */
enum {
	ATTR,
	MISC,
	PID,
	TID,
	CPU,
	TIME,
	IP,
	ADDR,
	WEIGHT,
	WEIGHT_2,
	WEIGHT_3,
	DATA_SRC,
	PHYS,
	RAW,
	NR_FIELDS
};

static bool read_line(FILE *f, char *line, size_t size, char *field[NR_FIELDS])
{
	char *p = line;

	if (!fgets(line, (int)size, f))
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	for (int i = 0; i < NR_FIELDS; i++) {
		cr_assert_not_null(p, "too few fields: %s", line);
		field[i] = strsep(&p, ",");
	}
	cr_assert_null(p, "too many fields");
	return true;
}

static uint64_t number(const char *s)
{
	char *end;
	uint64_t v = *s ? strtoull(s, &end, 0) : 0;

	cr_assert(!*s || !*end, "'%s' is no number", s);
	return v;
}

static uint64_t weight_of(char *const field[NR_FIELDS])
{
	return number(field[WEIGHT]) | number(field[WEIGHT_2]) << 32 |
	       number(field[WEIGHT_3]) << 48;
}

static void same_sample(size_t line, const struct damon_perf_sample *s,
			char *const field[NR_FIELDS])
{
	cr_expect_eq(s->event, number(field[ATTR]), "line %zu: event %u", line, s->event);
	cr_expect_eq(s->misc, number(field[MISC]), "line %zu: misc %#x", line, s->misc);
	cr_expect_eq(s->pid, (int)number(field[PID]), "line %zu: pid %d", line, s->pid);
	cr_expect_eq(s->tid, (int)number(field[TID]), "line %zu: tid %d", line, s->tid);
	cr_expect_eq(s->cpu, number(field[CPU]), "line %zu: cpu %u", line, s->cpu);
	cr_expect_eq(s->time_ns, number(field[TIME]), "line %zu: time", line);
	cr_expect_eq(s->ip, number(field[IP]), "line %zu: ip", line);
	cr_expect_eq(s->addr, number(field[ADDR]), "line %zu: addr", line);
	cr_expect_eq(s->weight, weight_of(field), "line %zu: weight", line);
	cr_expect_eq(s->data_src, number(field[DATA_SRC]), "line %zu: data_src", line);
	cr_expect_eq(s->phys_addr, number(field[PHYS]), "line %zu: phys", line);
	cr_expect_eq(!s->raw, !*field[RAW], "line %zu: raw", line);
}

static struct damon_obs emitted;

static void keep(void *priv, const struct damon_obs *o)
{
	emitted = *o;
}

/* What the source must make of a sample whose fields are right. */
static void same_observation(size_t line, void *state, const struct damon_perf_sample *s,
			     enum damon_pebs_kind kind)
{
	bool user = s->addr && s->addr >> 56 == 0;
	const struct damon_obs *o = &emitted;

	cr_expect_eq(damon_pebs_source.decode(state, s, NULL, keep, NULL), 1);
	cr_expect_eq(o->pid, s->pid);
	cr_expect_eq(o->tid, s->tid);
	cr_expect_eq(o->time_ns, s->time_ns);
	cr_expect_gt(o->weight, 0, "line %zu", line);
	cr_expect_eq(o->nr, user, "line %zu", line);
	if (!user)
		return;
	cr_expect_eq(o->access[0].addr, s->addr);
	cr_expect_eq(o->access[0].ip, s->ip);
	cr_expect_eq(o->hw.phys, s->phys_addr);
	cr_expect_eq(o->hw.latency_cycles, (uint32_t)s->weight);
	if (kind == DAMON_PEBS_STORES)
		cr_expect_eq(o->access[0].flags, DAMON_ACCESS_STORE, "line %zu", line);
	if (kind == DAMON_PEBS_LOADS)
		cr_expect_eq(o->access[0].flags, DAMON_ACCESS_LOAD, "line %zu", line);
}

struct sums {
	size_t samples, addresses, phys, known_level;
	bool left; /* lines that no sample was for */
};

static struct sums replay(const char *data, const char *csv, const enum damon_pebs_kind *kinds,
			  size_t nr_kinds)
{
	_cleanup_(freep) char *path = NULL, *csv_path = NULL;
	static const struct damon_source_options none;
	char line[512], *field[NR_FIELDS];
	const struct damon_perf_event *e;
	struct damon_perf_item item;
	struct damon_perf_file *p;
	struct damon_fail fail = {0};
	struct sums sums = {0};
	void *state;
	size_t n;
	int more;
	FILE *f;

	cr_assert(asprintf(&path, "%s/pebs/%s", corpus(), data) > 0);
	cr_assert(asprintf(&csv_path, "%s/pebs/%s", corpus(), csv) > 0);
	f = fopen(csv_path, "r");
	cr_assert(f, "%s", csv_path);
	cr_assert(read_line(f, line, sizeof(line), field));
	cr_assert_eq(damon_perf_file_open(path, &p, &fail), 0, "%s", fail.text);
	cr_assert_eq(damon_pebs_source.open(&none, NULL, &state), 0);
	while ((more = damon_perf_file_next(p, &item, &fail)) > 0) {
		const struct damon_perf_sample *s = &item.record.sample;

		if (item.type != DAMON_PERF_RECORD || item.record.type != PERF_RECORD_SAMPLE)
			continue;
		e = damon_perf_file_events(p, &n);
		cr_assert_lt(s->event, MIN(n, nr_kinds));
		cr_expect(damon_pebs_source.claims(&e[s->event]), "'%s'", e[s->event].name);
		cr_expect_eq(damon_pebs_kind_of(&e[s->event]), kinds[s->event], "'%s'",
			     e[s->event].name);
		cr_assert_eq(damon_pebs_source.begin(state, e, n), 0);
		cr_assert(read_line(f, line, sizeof(line), field), "a sample too many");
		sums.samples++;
		same_sample(sums.samples, s, field);
		same_observation(sums.samples, state, s, kinds[s->event]);
		sums.addresses += emitted.nr;
		sums.phys += emitted.nr && emitted.hw.phys;
		sums.known_level += emitted.nr && emitted.hw.level != DAMON_LEVEL_UNKNOWN;
	}
	cr_expect_eq(more, 0, "%s", fail.text);
	sums.left = read_line(f, line, sizeof(line), field);
	damon_pebs_source.close(state);
	damon_perf_file_close(p);
	fclose(f);
	return sums;
}

Test(corpus_pebs, loads_of_an_old_kernel_without_ids)
{
	static const enum damon_pebs_kind kinds[] = {DAMON_PEBS_LOADS};
	struct sums s = replay("ivbep_mem_loads_weight_A.perf.data",
			       "ivbep_mem_loads_weight_A.perf.expected.csv", kinds, 1);

	cr_expect_eq(s.samples, 14);
	cr_expect_eq(s.addresses, 2, "the others are the kernel's");
	cr_expect_eq(s.known_level, 2);
	cr_expect_not(s.left);
}

Test(corpus_pebs, stores_with_physical_addresses)
{
	static const enum damon_pebs_kind kinds[] = {DAMON_PEBS_LOADS, DAMON_PEBS_STORES};
	struct sums s = replay("cml_c2c_mem_stores_physaddr.perf.data",
			       "cml_c2c_mem_stores_physaddr.perf.expected.csv", kinds, 2);

	cr_expect_eq(s.samples, 18);
	cr_expect_eq(s.addresses, 18);
	cr_expect_eq(s.phys, 18);
	cr_expect_eq(s.known_level, 18);
	cr_expect_not(s.left);
}

Test(corpus_pebs, cycles_with_addresses_in_a_compressed_pipe)
{
	static const enum damon_pebs_kind kinds[] = {DAMON_PEBS_OTHER};
	struct sums s = replay("cml_cycles_addr_zstd2.pipe.data",
			       "cml_cycles_addr_zstd2.pipe.expected.csv", kinds, 1);

	cr_expect_eq(s.samples, 547);
	cr_expect_eq(s.addresses, 241, "of 257 that are not 0, 16 are the kernel's");
	cr_expect_eq(s.known_level, 0, "what is not available stays unknown");
	cr_expect_not(s.left);
}
