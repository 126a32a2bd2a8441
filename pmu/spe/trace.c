/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pmu/spe/trace.h"

#include <linux/perf_event.h>
#include <string.h>

#include "base/util.h"
#include "pmu/memory.h"

#define ADDRESS_BITS ((1ull << 56) - 1)
#define TOP_BYTE     (0xffull << 56)

/* Load/store operations: atomic and exclusive ones, or with ordering (bits 7:5 and 1 say so). */
#define OP_STORE	0x01
#define OP_EXTENDED(op) (((op)&0xe2) == 0x02)
#define OP_ATOMIC	0x04

void damon_spe_drop(struct damon_spe_decoder *d)
{
	d->tally.broken += d->record.has || d->nr_cut || d->is_broken;
	d->record = (struct damon_spe_record){0};
	d->nr_cut = 0;
	d->is_broken = false;
}

static void end_record(struct damon_spe_decoder *d, damon_spe_record_fn fn, void *priv)
{
	if (d->is_broken)
		d->tally.broken++;
	else if (d->record.has)
		fn(priv, &d->record);
	d->record = (struct damon_spe_record){0};
	d->is_broken = false;
}

/* A second one of these belongs to the next record: the end of this one was lost. */
static void mark_once(struct damon_spe_decoder *d, enum damon_spe_has bit)
{
	if (d->record.has & bit) {
		d->tally.broken++;
		d->record = (struct damon_spe_record){0};
	}
	d->record.has |= (uint16_t)bit;
}

static void add_address(struct damon_spe_decoder *d, const struct damon_spe_packet *k)
{
	struct damon_spe_record *r = &d->record;

	switch (k->index) {
	case DAMON_SPE_PC:
		mark_once(d, DAMON_SPE_HAS_PC);
		r->pc = k->payload;
		break;
	case DAMON_SPE_VA:
		mark_once(d, DAMON_SPE_HAS_VA);
		r->va = k->payload;
		break;
	case DAMON_SPE_PA:
		r->has |= DAMON_SPE_HAS_PA;
		r->pa = k->payload;
		break;
	default:
		r->has |= DAMON_SPE_HAS_OTHER;
	}
}

/* A virtual machine's thread has its own number at level 1, the host's at level 2. */
static void add_context(struct damon_spe_record *r, const struct damon_spe_packet *k)
{
	if ((r->has & DAMON_SPE_HAS_CONTEXT) && r->context_level > k->index)
		return;
	r->has |= DAMON_SPE_HAS_CONTEXT;
	r->context = (uint32_t)k->payload;
	r->context_level = k->index;
}

static void add(struct damon_spe_decoder *d, const struct damon_spe_packet *k)
{
	struct damon_spe_record *r = &d->record;

	switch (k->kind) {
	case DAMON_SPE_ADDRESS:
		add_address(d, k);
		return;
	case DAMON_SPE_CONTEXT:
		add_context(r, k);
		return;
	case DAMON_SPE_OP:
		mark_once(d, DAMON_SPE_HAS_OP);
		r->op_class = k->index;
		r->op = (uint8_t)k->payload;
		return;
	case DAMON_SPE_EVENTS:
		r->has |= DAMON_SPE_HAS_EVENTS;
		r->events = k->payload;
		return;
	case DAMON_SPE_SOURCE:
		r->has |= DAMON_SPE_HAS_SOURCE;
		r->source = (uint16_t)MIN(k->payload, UINT16_MAX);
		return;
	}
	r->has |= DAMON_SPE_HAS_OTHER;
	if (k->kind == DAMON_SPE_COUNTER && k->index == DAMON_SPE_TOTAL) {
		r->has |= DAMON_SPE_HAS_TOTAL;
		r->total = (uint16_t)k->payload;
	}
}

static void take(struct damon_spe_decoder *d, const struct damon_spe_packet *k,
		 damon_spe_record_fn fn, void *priv)
{
	switch (k->kind) {
	case DAMON_SPE_PAD:
		return;
	case DAMON_SPE_BAD:
		d->tally.skipped++;
		d->is_broken = true;
		return;
	case DAMON_SPE_TIMESTAMP:
		d->record.time = k->payload;
		d->record.has |= d->record.has ? DAMON_SPE_HAS_TIME : 0;
		/* fall through */
	case DAMON_SPE_END:
		end_record(d, fn, priv);
		return;
	}
	if (!d->is_broken)
		add(d, k);
}

/* Completes the packet that the last piece cut. Returns how many of the bytes it took. */
static size_t take_cut(struct damon_spe_decoder *d, const uint8_t *p, size_t n,
		       damon_spe_record_fn fn, void *priv)
{
	size_t more = MIN(n, sizeof(d->cut) - d->nr_cut), len;
	struct damon_spe_packet k;

	memcpy(d->cut + d->nr_cut, p, more);
	len = damon_spe_packet(d->cut, d->nr_cut + more, d->pos - d->nr_cut, &k);
	if (!len) {
		d->nr_cut = (uint8_t)(d->nr_cut + more);
		return more;
	}
	more = len - d->nr_cut; /* it lacked its end, or its second header byte */
	d->nr_cut = 0;
	take(d, &k, fn, priv);
	return more;
}

void damon_spe_decode(struct damon_spe_decoder *d, uint64_t pos, const uint8_t *p, size_t n,
		      damon_spe_record_fn fn, void *priv)
{
	struct damon_spe_packet k;
	size_t at = 0, len;

	if (pos != d->pos)
		damon_spe_drop(d);
	d->pos = pos;
	while (d->nr_cut && at < n) {
		len = take_cut(d, p + at, n - at, fn, priv);
		d->pos += len;
		at += len;
	}
	while (at < n) {
		if (!p[at]) {
			at++;
			continue;
		}
		len = damon_spe_packet(p + at, n - at, pos + at, &k);
		if (!len)
			break;
		take(d, &k, fn, priv);
		at += len;
	}
	if (at < n) {
		d->nr_cut = (uint8_t)(n - at);
		memcpy(d->cut, p + at, d->nr_cut);
	}
	d->pos = pos + n;
}

bool damon_spe_is_memory(const struct damon_spe_record *r)
{
	if (r->has & DAMON_SPE_HAS_OP)
		return r->op_class == DAMON_SPE_OP_MEMORY;
	return r->has & DAMON_SPE_HAS_VA;
}

uint8_t damon_spe_access(const struct damon_spe_record *r)
{
	if (!(r->has & DAMON_SPE_HAS_OP) || r->op_class != DAMON_SPE_OP_MEMORY)
		return 0;
	if (OP_EXTENDED(r->op) && (r->op & OP_ATOMIC))
		return DAMON_ACCESS_LOAD | DAMON_ACCESS_STORE;
	return r->op & OP_STORE ? DAMON_ACCESS_STORE : DAMON_ACCESS_LOAD;
}

/* Exception level (bits 62:61) 1 or 2 of the non-secure state (bit 63) is the kernel, whose
 * addresses begin with ones. */
static uint64_t pc_of(const struct damon_spe_record *r, uint16_t *misc)
{
	unsigned int level = r->pc >> 61 & 3;

	if (!(r->has & DAMON_SPE_HAS_PC))
		return 0;
	if (level == 0)
		*misc = PERF_RECORD_MISC_USER;
	else if (level < 3)
		*misc = PERF_RECORD_MISC_KERNEL;
	return (r->pc & ADDRESS_BITS) | (r->pc >> 63 && (level == 1 || level == 2) ? TOP_BYTE : 0);
}

static uint64_t va_of(const struct damon_spe_record *r)
{
	uint64_t va = r->va & ADDRESS_BITS;

	return va >> 52 == 0xf ? va | TOP_BYTE : va;
}

/* The formula is perf_event_open(2)'s, "time_zero" and "cap_user_time_short". */
static uint64_t time_of(const struct damon_spe_record *r, const struct damon_spe_origin *from)
{
	const struct damon_perf_time_conv *c = &from->conv;
	uint64_t t = r->time;

	if (!(r->has & DAMON_SPE_HAS_TIME) || !c->mult || c->shift > 63)
		return from->time_ns;
	if (c->is_capped)
		t = c->cycles + ((t - c->cycles) & c->mask);
	return c->zero + (t >> c->shift) * c->mult +
	       ((t & ((1ull << c->shift) - 1)) * c->mult >> c->shift);
}

static void task_of(const struct damon_spe_record *r, const struct damon_spe_origin *from,
		    struct damon_perf_sample *out)
{
	out->pid = from->pid;
	out->tid = from->tid;
	if (!(r->has & DAMON_SPE_HAS_CONTEXT) || r->context > INT32_MAX)
		return;
	out->tid = (int)r->context;
	if (out->tid != from->tid && out->tid != from->pid)
		out->pid = -1;
}

void damon_spe_sample(const struct damon_spe_record *r, const struct damon_spe_origin *from,
		      struct damon_perf_sample *out)
{
	uint8_t access = damon_spe_access(r);
	struct damon_hw hw = {0};

	damon_spe_level(r, from->midr, &hw);
	if (access == (DAMON_ACCESS_LOAD | DAMON_ACCESS_STORE))
		hw.flags |= DAMON_HW_LOCKED;
	*out = (struct damon_perf_sample){
		.addr = va_of(r),
		.time_ns = time_of(r, from),
		.period = from->period,
		.weight = r->total,
		.data_src = damon_data_src_encode(access, &hw),
		.phys_addr = r->pa & ADDRESS_BITS,
		.cpu = (uint32_t)MAX(from->cpu, 0),
	};
	out->ip = pc_of(r, &out->misc);
	task_of(r, from, out);
}
