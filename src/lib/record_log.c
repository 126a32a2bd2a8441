/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sample log of a record, and the address spaces that its addresses lie in. */
#include <errno.h>

#include "lib/out.h"
#include "lib/record.h"

_Static_assert((int)DAMON_NR_MEMORY_LEVELS == (int)DAMON_NR_LEVELS &&
		       (int)DAMON_MEMORY_CXL == (int)DAMON_LEVEL_CXL,
	       "the public levels are the core's");

const char *damon_memory_level_name(int level)
{
	static const char *const names[DAMON_NR_MEMORY_LEVELS] = {
		"unknown", "L1", "LFB", "L2", "L3", "peer cache", "DRAM", "PMEM", "CXL", "IO",
	};

	return level >= 0 && level < DAMON_NR_MEMORY_LEVELS ? names[level] : names[0];
}

void damon_record_set_log(struct damon_record *r, damon_access_fn fn, void *priv)
{
	r->on_access = fn;
	r->on_access_priv = priv;
}

static struct damon_access_info access_info(const struct damon_log_entry *e)
{
	return (struct damon_access_info){
		.size = sizeof(struct damon_access_info),
		.time_ns = e->time_ns,
		.addr = e->addr,
		.ip = e->ip,
		.pid = e->pid,
		.tid = e->tid,
		.target_id = e->target_id,
		.space_id = e->space_id,
		.weight = (double)e->weight,
		.is_stall = e->stall,
		.bytes = e->size,
		.load = !!(e->flags & DAMON_ACCESS_LOAD),
		.store = !!(e->flags & DAMON_ACCESS_STORE),
		.stack = !!(e->flags & DAMON_ACCESS_STACK),
		.likely = !!(e->flags & DAMON_ACCESS_LIKELY),
		.latency_cycles = e->latency,
		.level = e->level < DAMON_NR_LEVELS ? e->level : 0,
		.local = !!(e->hw_flags & DAMON_HW_LOCAL),
		.remote = !!(e->hw_flags & DAMON_HW_REMOTE),
		.tlb_hit = !!(e->hw_flags & DAMON_HW_TLB_HIT),
		.tlb_miss = !!(e->hw_flags & DAMON_HW_TLB_MISS),
		.hitm = !!(e->hw_flags & DAMON_HW_HITM),
		.locked = !!(e->hw_flags & DAMON_HW_LOCKED),
	};
}

int record_show_log(struct damon_record *r, const struct damon_item *item)
{
	for (size_t i = 0; r->on_access && i < item->log.n; i++) {
		struct damon_access_info a = access_info(&item->log.entries[i]);

		if (r->on_access(r->on_access_priv, &a))
			return 1;
	}
	return 0;
}

int damon_record_mapping_at(const struct damon_record *r, uint32_t space_id, uint64_t addr,
			    uint64_t time_ns, struct damon_mapping_info *out)
{
	const struct damon_space *s = damon_reader_space(r->reader, space_id);
	const struct damon_mapping *m = s ? damon_space_find_at(s, addr, time_ns) : NULL;

	if (m)
		mapping_info(out, m);
	return m != NULL;
}

int damon_record_space_mapping(const struct damon_record *r, uint32_t space_id, size_t i,
			       struct damon_mapping_info *out)
{
	const struct damon_space *s = damon_reader_space(r->reader, space_id);

	if (!s || i >= s->nr_live + s->nr_dead)
		return -ENOENT;
	mapping_info(out, i < s->nr_live ? &s->live[i] : &s->dead[i - s->nr_live]);
	return 0;
}
