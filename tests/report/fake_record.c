/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "core/stats.h"
#include "tests/report/fake_record.h"

#define AGGR_NS (100 * NS_PER_MS)

static void *grow(void *data, size_t *cap, size_t need, size_t size)
{
	void *p = data;

	if (vec_reserve(&p, cap, need, size))
		abort();
	return p;
}

struct damon_record *fake_record_new(void)
{
	struct damon_record *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->fail_at = -1;
	r->error = "";
	r->info = (struct damon_record_info){
		.size = sizeof(r->info),
		.attrs = {.size = sizeof(r->info.attrs),
			  .sample_ns = 5 * NS_PER_MS,
			  .aggr_ns = AGGR_NS,
			  .update_ns = NS_PER_SEC,
			  .min_nr_regions = 10,
			  .max_nr_regions = 1000},
		.source = "soft",
		.ops = "vaddr",
		.version = "0.1.0",
		.kernel = "6.12.0",
		.start_ns = 1000 * NS_PER_SEC,
		.epoch_offset_ns = 1748191726781395200,
		.scale = 1,
		.scale_lo = 1,
		.scale_hi = 1,
		.overhead_asked = 1,
	};
	r->stats = (struct damon_stats){.size = sizeof(r->stats),
					.source = "soft",
					.rate_hz = 1000,
					.own_cpu_percent = 0.42,
					.own_samples_percent = 0.2,
					.own_mem_reads_percent = 0.06,
					.own_regions_percent = 0.12,
					.own_record_percent = 0.05,
					.own_maps_percent = 0.02,
					.own_other_percent = 0.03,
					.interruptions = 5300,
					.rungs = {{447, 6.5}, {200, 3.5}},
					.slowdown_percent = 0.9,
					.overhead_percent = 1.3,
					.tick_cost_ns = 17000,
					.record_bytes = 123456,
					.complete = 1};
	return r;
}

uint32_t fake_target(struct damon_record *r, int pid, const char *comm, uint32_t nr_procs)
{
	struct fake_target *t;

	r->targets = grow(r->targets, &r->cap_targets, r->nr_targets + 1, sizeof(*t));
	t = &r->targets[r->nr_targets];
	*t = (struct fake_target){.info = {.size = sizeof(t->info),
					   .id = (uint32_t)r->nr_targets,
					   .pid = pid,
					   .nr_procs = nr_procs}};
	strncpy(t->info.comm, comm, sizeof(t->info.comm) - 1);
	return (uint32_t)r->nr_targets++;
}

void fake_mapping(struct damon_record *r, uint32_t id, uint64_t start, uint64_t bytes,
		  const char *name)
{
	struct fake_target *t = &r->targets[id];

	t->maps = grow(t->maps, &t->cap_maps, t->nr_maps + 1, sizeof(*t->maps));
	t->maps[t->nr_maps++] = (struct damon_mapping_info){.size = sizeof(t->maps[0]),
							    .start = start,
							    .end = start + bytes,
							    .to_ns = UINT64_MAX,
							    .prot = 3,
							    .name = name};
}

void fake_past_mapping(struct damon_record *r, uint32_t id, uint64_t start, uint64_t bytes,
		       const char *name)
{
	fake_mapping(r, id, start, bytes, name);
	r->targets[id].nr_past++;
}

void fake_shared(struct damon_record *r, uint32_t id, uint64_t start, uint64_t bytes,
		 const char *name, uint64_t inode, uint64_t offset)
{
	struct damon_mapping_info *m;

	fake_mapping(r, id, start, bytes, name);
	m = &r->targets[id].maps[r->targets[id].nr_maps - 1];
	m->prot |= 8;
	m->inode = inode;
	m->offset = offset;
}

void fake_snapshot(struct damon_record *r)
{
	struct damon_snapshot *s;

	r->snaps = grow(r->snaps, &r->cap_snaps, r->nr_snaps + 1, sizeof(*s));
	s = &r->snaps[r->nr_snaps];
	*s = (struct damon_snapshot){.rec = r};
	s->info = (struct damon_snapshot_info){.size = sizeof(s->info),
					       .start_ns = r->info.start_ns + r->nr_snaps * AGGR_NS,
					       .end_ns = r->info.start_ns +
							 (r->nr_snaps + 1) * AGGR_NS,
					       .epoch_offset_ns = r->info.epoch_offset_ns,
					       .sample_ns = r->info.attrs.sample_ns,
					       .aggr_ns = r->info.attrs.aggr_ns};
	r->nr_snaps++;
}

void fake_part(struct damon_record *r, uint32_t id, uint64_t obs)
{
	struct damon_snapshot *s = &r->snaps[r->nr_snaps - 1];
	struct fake_part *p;

	s->parts = grow(s->parts, &s->cap_parts, s->info.nr_targets + 1, sizeof(*p));
	p = &s->parts[s->info.nr_targets++];
	*p = (struct fake_part){.info = r->targets[id].info};
	p->info.obs = obs;
	p->info.cpu_ns = (double)obs * NS_PER_MS;
	r->targets[id].total_obs += obs;
}

void fake_region(struct damon_record *r, uint64_t start, uint64_t bytes, double weight,
		 double writes, uint32_t age_aggrs)
{
	struct damon_snapshot *s = &r->snaps[r->nr_snaps - 1];
	struct fake_part *p = &s->parts[s->info.nr_targets - 1];

	p->regions = grow(p->regions, &p->cap_regions, p->info.nr_regions + 1, sizeof(*p->regions));
	p->regions[p->info.nr_regions++] =
		(struct damon_region_info){.size = sizeof(*p->regions),
					   .start = start,
					   .end = start + bytes,
					   .heat = weight,
					   .write_share = writes,
					   .age_aggrs = age_aggrs,
					   .idle_aggrs = weight > 0 ? 0 : age_aggrs,
					   .edge_bytes = bytes / 64 & ~4095ull};
}

void fake_access(struct damon_record *r, uint32_t id, struct damon_access_info i)
{
	const struct damon_snapshot *s = &r->snaps[r->nr_snaps - 1];

	i.size = sizeof(i);
	i.time_ns = s->info.start_ns + AGGR_NS / 2;
	i.target_id = i.space_id = id;
	i.pid = r->targets[id].info.pid;
	i.tid = i.tid ? i.tid : i.pid;
	r->log = grow(r->log, &r->cap_log, r->nr_log + 1, sizeof(*r->log));
	r->log[r->nr_log++] = (struct fake_access){r->nr_snaps - 1, i};
}

/* Heat is in accesses per page and second as if each observation stood for 1000 of them. */
static void derive(struct fake_part *p)
{
	double sum = 0, touched = 0;

	for (size_t i = 0; i < p->info.nr_regions; i++)
		sum += p->regions[i].heat;
	for (size_t i = 0; i < p->info.nr_regions; i++) {
		struct damon_region_info *g = &p->regions[i];
		double pages = (double)(g->end - g->start) / DAMON_PAGE_SIZE;
		double n, off;

		g->share = sum > 0 ? g->heat / sum : 0;
		n = g->share * (double)p->info.obs * 10;
		off = n > 0 ? 2 / sqrt(n) : 0;
		g->share_lo = g->share * fmax(1 - off, 0);
		g->share_hi = fmin(
			n > 0 ? g->share * (1 + off) : 3.7 / (10 * (double)p->info.obs + 3.7), 1);
		g->heat = n * 1000 / pages;
		g->heat_lo = g->heat * fmax(1 - off, 0);
		g->heat_hi = n > 0 ? g->heat * (1 + off) : 1000 / pages;
		g->nr_obs = g->nr_ticks = (uint32_t)n;
		touched += n > 0 ? fmin(pages, n * 40) * DAMON_PAGE_SIZE : 0;
	}
	for (int w = 0; w < 4; w++)
		p->wss[w] = (struct damon_wss){touched * (1 - .4 / (w + 1)),
					       touched * (1 - .45 / (w + 1)),
					       touched * (1 - .33 / (w + 1))};
	p->hot = (struct damon_hot_set){touched * .3, touched * .27, touched * .37};
}

void fake_snapshot_end(struct damon_record *r)
{
	struct damon_snapshot *s = &r->snaps[r->nr_snaps - 1];

	for (size_t i = 0; i < s->info.nr_targets; i++) {
		derive(&s->parts[i]);
		s->info.obs += s->parts[i].info.obs;
	}
	for (size_t i = 0; i < s->info.nr_targets && s->info.obs; i++)
		s->parts[i].info.share = (double)s->parts[i].info.obs / (double)s->info.obs;
	r->stats.obs += s->info.obs;
	r->stats.accesses += s->info.obs * 12;
	r->stats.unknown += s->info.obs;
	r->stats.nr_snapshots++;
	r->stats.duration_ns += AGGR_NS;
	r->stats.target_cpu_ns += (double)s->info.obs * NS_PER_MS;
}

void fake_mark(struct damon_record *r, uint64_t ns, const char *name)
{
	r->marks = grow(r->marks, &r->cap_marks, r->nr_marks + 1, sizeof(*r->marks));
	r->marks[r->nr_marks++] = (struct fake_mark){r->info.start_ns + ns, name};
}

/* ---- the public interface ---- */

void damon_record_close(struct damon_record *r)
{
	if (r)
		free(r->marks);
	for (size_t i = 0; r && i < r->nr_snaps; i++) {
		for (size_t k = 0; k < r->snaps[i].info.nr_targets; k++)
			free(r->snaps[i].parts[k].regions);
		free(r->snaps[i].parts);
	}
	for (size_t i = 0; r && i < r->nr_targets; i++)
		free(r->targets[i].maps);
	if (r) {
		free(r->snaps);
		free(r->targets);
		free(r->log);
	}
	free(r);
}

const char *damon_record_error(const struct damon_record *r)
{
	return r->error;
}

const char *damon_record_remedy(const struct damon_record *r)
{
	return "";
}

int damon_record_next(struct damon_record *r, const struct damon_snapshot **s)
{
	if (r->fail_at >= 0 && r->at == (size_t)r->fail_at) {
		r->error = "cannot read 'fake': Input/output error";
		return -EIO;
	}
	for (size_t i = 0; r->on_access && i < r->nr_log; i++) {
		if (r->log[i].snapshot + 1 == r->at &&
		    r->on_access(r->on_access_priv, &r->log[i].info))
			return -EINTR;
	}
	if (r->at == r->nr_snaps)
		return 0;
	*s = &r->snaps[r->at++];
	return 1;
}

int damon_record_rewind(struct damon_record *r)
{
	if (r->is_pipe)
		return -ESPIPE;
	r->at = 0;
	return 0;
}

void damon_record_info(const struct damon_record *r, struct damon_record_info *i)
{
	*i = r->info;
}

int damon_record_scheme(const struct damon_record *r, size_t i, struct damos *s,
			struct damos_stats *stats)
{
	if (i >= r->nr_schemes)
		return -ENOENT;
	*s = r->schemes[i];
	*stats = r->scheme_stats[i];
	return 0;
}

const char *damos_state_name(enum damos_state s)
{
	return s == DAMOS_SLOWED ? "slowed" : "on";
}

int damon_record_stats(const struct damon_record *r, struct damon_stats *s)
{
	*s = r->stats;
	return 0;
}

int damon_record_target(const struct damon_record *r, size_t i, struct damon_target_info *t)
{
	uint64_t all = 0;

	if (i >= r->nr_targets)
		return -ENOENT;
	for (size_t k = 0; k < r->nr_targets; k++)
		all += r->targets[k].total_obs;
	*t = r->targets[i].info;
	t->obs = r->targets[i].total_obs;
	t->share = all ? (double)t->obs / (double)all : 0;
	return 0;
}

int damon_record_mapping(const struct damon_record *r, uint32_t id, size_t i,
			 struct damon_mapping_info *m)
{
	for (size_t k = 0; k < r->nr_targets; k++) {
		if (r->targets[k].info.id != id ||
		    i >= r->targets[k].nr_maps - r->targets[k].nr_past)
			continue;
		*m = r->targets[k].maps[i];
		return 0;
	}
	return -ENOENT;
}

void damon_record_set_log(struct damon_record *r, damon_access_fn fn, void *priv)
{
	r->on_access = fn;
	r->on_access_priv = priv;
}

/* A target has one address space, which has its id. */
int damon_record_space_mapping(const struct damon_record *r, uint32_t space_id, size_t i,
			       struct damon_mapping_info *m)
{
	return damon_record_mapping(r, space_id, i, m);
}

int damon_record_mapping_at(const struct damon_record *r, uint32_t space_id, uint64_t addr,
			    uint64_t time_ns, struct damon_mapping_info *m)
{
	for (size_t i = 0; !damon_record_mapping(r, space_id, i, m); i++) {
		if (addr >= m->start && addr < m->end)
			return 1;
	}
	return 0;
}

const char *damon_memory_level_name(int level)
{
	return level == DAMON_MEMORY_L1 ? "L1" : level == DAMON_MEMORY_DRAM ? "DRAM" : "unknown";
}

/* A beginning that is written last, as that of a perf.data is. */
int damon_record_to_perf(struct damon_record *r, int fd)
{
	if (!r->nr_snaps) {
		r->error = "the record has no log of samples";
		return -ENODATA;
	}
	if (lseek(fd, 0, SEEK_CUR) || write(fd, "????data\n", 9) != 9 || lseek(fd, 0, SEEK_SET) ||
	    write(fd, "PERF", 4) != 4)
		return -EIO;
	return 0;
}

void damon_snapshot_info(const struct damon_snapshot *s, struct damon_snapshot_info *i)
{
	*i = s->info;
}

void damon_snapshot_target(const struct damon_snapshot *s, size_t t, struct damon_target_info *i)
{
	*i = s->parts[t].info;
}

void damon_snapshot_region(const struct damon_snapshot *s, size_t t, size_t r,
			   struct damon_region_info *i)
{
	*i = s->parts[t].regions[r];
}

double damon_region_nr_accesses_of(const struct damon_snapshot *s, size_t t, size_t r, double *lo,
				   double *hi)
{
	const struct damon_region_info *g = &s->parts[t].regions[r];

	if (lo)
		*lo = 20 * (1 - exp(-g->heat_lo / 1000));
	if (hi)
		*hi = 20 * (1 - exp(-g->heat_hi / 1000));
	return 20 * (1 - exp(-g->heat / 1000));
}

void damon_snapshot_wss(const struct damon_snapshot *s, size_t t, enum damon_wss_window w,
			struct damon_wss *out)
{
	*out = s->parts[t].wss[w];
}

/* The library's own arithmetic. */
void damon_sum_add(struct damon_sum *sum, double value, double nr_ticks, double hi)
{
	struct damon_poisson_sum p = {sum->value, sum->variance, sum->most};

	damon_poisson_sum_add(&p, value, nr_ticks, hi / damon_poisson_hi(0));
	*sum = (struct damon_sum){p.value, p.var, p.most};
}

void damon_sum_bounds(const struct damon_sum *sum, double *lo, double *hi)
{
	struct damon_poisson_sum p = {sum->value, sum->variance, sum->most};

	damon_poisson_sum_bounds(&p, lo, hi);
}

int damon_snapshot_hot_set(const struct damon_snapshot *s, size_t t, double part,
			   struct damon_hot_set *out)
{
	*out = s->parts[t].hot;
	return 0;
}

int damon_snapshot_mapping(const struct damon_snapshot *s, size_t t, uint64_t addr,
			   struct damon_mapping_info *m)
{
	const struct fake_target *target = &s->rec->targets[s->parts[t].info.id];

	for (size_t i = 0; i < target->nr_maps; i++) {
		if (addr < target->maps[i].start || addr >= target->maps[i].end)
			continue;
		*m = target->maps[i];
		return 1;
	}
	return 0;
}

int damon_record_mark(const struct damon_record *r, size_t i, uint64_t *time_ns, const char **name)
{
	if (i >= r->nr_marks)
		return -ENOENT;
	*time_ns = r->marks[i].time_ns;
	*name = r->marks[i].name;
	return 0;
}

int damon_record_copy(struct damon_record *r, int fd, int anonymous)
{
	return -ENOTSUP; /* of real records: tests/cli/anonymize.t */
}
