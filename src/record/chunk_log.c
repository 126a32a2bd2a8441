/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LOG: the sample log. Instructions and threads come again and again: the first time they get the
 * next number, then the number is enough. An instruction mostly goes on where it was.
 */
#include "base/util.h"
#include "record/chunk.h"

#define QUANT_LOG_WEIGHT 10

enum {
	LOG_TIME,
	LOG_IP, /* number of the instruction */
	LOG_NEW_IP,
	LOG_WHO, /* number of the thread */
	LOG_NEW_WHO,
	LOG_ADDR,
	LOG_KIND, /* size, flags, stall */
	LOG_WEIGHT,
	LOG_LATENCY,  /* latency, level */
	LOG_HARDWARE, /* hw_flags; records of the first versions lack it */
	LOG_NR_STREAMS
};

/* A chunk of the log while it is written or read. */
struct log_code {
	struct damon_pack stream[LOG_NR_STREAMS];
	struct damon_log_entry *ips, *whos; /* the latest entry of each number */
	uint32_t *table;		    /* writing: hash table of numbers + 1 */
	size_t nr_ips, nr_whos, table_size;
	struct damon_log_entry prev;
};

static int init(struct log_code *l, size_t n, bool writing)
{
	*l = (struct log_code){.table_size = 16};
	while (writing && l->table_size < 2 * n)
		l->table_size *= 2;
	for (size_t i = 0; i < LOG_NR_STREAMS; i++)
		l->stream[i].writing = writing;
	l->ips = calloc(n, sizeof(*l->ips));
	l->whos = calloc(n, sizeof(*l->whos));
	l->table = calloc(2 * l->table_size, sizeof(*l->table));
	return l->ips && l->whos && l->table ? 0 : -ENOMEM;
}

static void release(struct log_code *l)
{
	for (size_t i = 0; i < LOG_NR_STREAMS; i++)
		damon_pack_release(&l->stream[i]);
	free(l->ips);
	free(l->whos);
	free(l->table);
}

static bool same_ip(const struct damon_log_entry *a, const struct damon_log_entry *b)
{
	return a->ip == b->ip;
}

static bool same_who(const struct damon_log_entry *a, const struct damon_log_entry *b)
{
	return a->tid == b->tid && a->pid == b->pid && a->target_id == b->target_id &&
	       a->space_id == b->space_id;
}

/* The number of an entry's instruction or thread: 'nr', and noted, if it is new. */
static size_t number(const struct log_code *l, uint32_t *table, uint64_t hash,
		     const struct damon_log_entry *known, size_t nr,
		     const struct damon_log_entry *e,
		     bool (*same)(const struct damon_log_entry *, const struct damon_log_entry *))
{
	size_t i = (hash * 0x9e3779b97f4a7c15ull >> 32) & (l->table_size - 1);

	while (table[i] && !same(&known[table[i] - 1], e))
		i = (i + 1) & (l->table_size - 1);
	if (!table[i]) {
		table[i] = (uint32_t)nr + 1;
		return nr;
	}
	return table[i] - 1;
}

/* Returns the latest entry of the same thread, 'e' having its fields now. */
static void code_who(struct log_code *l, struct damon_log_entry *e)
{
	struct damon_pack *s = &l->stream[LOG_WHO], *fresh = &l->stream[LOG_NEW_WHO];
	size_t n = s->writing
			   ? number(l, l->table, (uint32_t)e->tid, l->whos, l->nr_whos, e, same_who)
			   : 0;
	const struct damon_log_entry *w;

	n = pack_max(s, n, l->nr_whos);
	if (n < l->nr_whos) {
		w = &l->whos[n];
		e->pid = w->pid;
		e->tid = w->tid;
		e->target_id = w->target_id;
		e->space_id = w->space_id;
		return;
	}
	e->pid = (int)pack_delta32(fresh, (uint32_t)e->pid, (uint32_t)l->prev.pid);
	e->tid = (int)pack_delta32(fresh, (uint32_t)e->tid, (uint32_t)e->pid);
	e->target_id = pack_delta32(fresh, e->target_id, l->prev.target_id);
	e->space_id = pack_delta32(fresh, e->space_id, l->prev.space_id);
	l->whos[l->nr_whos++] = *e;
}

/* Returns the latest entry of the same instruction, or what stands for it. */
static struct damon_log_entry *code_ip(struct log_code *l, struct damon_log_entry *e)
{
	struct damon_pack *s = &l->stream[LOG_IP];
	uint32_t *table = l->table + l->table_size;
	size_t n = s->writing ? number(l, table, e->ip, l->ips, l->nr_ips, e, same_ip) : 0;
	uint64_t prev = l->nr_ips ? l->ips[l->nr_ips - 1].ip : 0;

	n = pack_max(s, n, l->nr_ips);
	if (n == l->nr_ips) {
		l->ips[n] = l->prev;
		l->ips[n].ip = pack_delta(&l->stream[LOG_NEW_IP], e->ip, prev);
		l->nr_ips++;
	}
	e->ip = l->ips[n].ip;
	return &l->ips[n];
}

static void code_entry(struct log_code *l, struct damon_log_entry *e)
{
	struct damon_log_entry *p;
	struct damon_pack *s = l->stream;

	e->time_ns = pack_delta(&s[LOG_TIME], e->time_ns, l->prev.time_ns);
	code_who(l, e);
	p = code_ip(l, e);
	e->addr = pack_delta(&s[LOG_ADDR], e->addr, p->addr);
	e->size = (uint16_t)pack_delta_max(&s[LOG_KIND], e->size, p->size, UINT16_MAX);
	e->flags = (uint8_t)pack_delta_max(&s[LOG_KIND], e->flags, p->flags, UINT8_MAX);
	e->stall = (uint8_t)pack_delta_max(&s[LOG_KIND], e->stall, p->stall, UINT8_MAX);
	e->weight = unquant(pack_quant(&s[LOG_WEIGHT], quant(e->weight, QUANT_LOG_WEIGHT),
				       quant(l->prev.weight, QUANT_LOG_WEIGHT), QUANT_LOG_WEIGHT),
			    QUANT_LOG_WEIGHT);
	e->latency = (uint16_t)pack_max(&s[LOG_LATENCY], e->latency, UINT16_MAX);
	e->level = pack_u8(&s[LOG_LATENCY], e->level);
	if (s[LOG_HARDWARE].writing || s[LOG_HARDWARE].len)
		e->hw_flags = pack_u8(&s[LOG_HARDWARE], e->hw_flags);
	*p = l->prev = *e;
}

int damon_out_log(struct record_out *o, const struct damon_log_entry *e, size_t n)
{
	if (vec_reserve(&o->log, &o->cap_log, o->nr_log + n, sizeof(*e)))
		return -ENOMEM;
	if (n)
		memcpy(o->log + o->nr_log, e, n * sizeof(*e));
	o->nr_log += n;
	return 0;
}

static int encode(struct record_out *o, struct record_payload *p)
{
	_cleanup_(release) struct log_code l;
	size_t n = MIN(o->nr_log, (size_t)RECORD_MAX_LOG);
	int err = init(&l, n, true);

	if (err || !n)
		return err;
	for (size_t i = 0; i < n; i++)
		code_entry(&l, &o->log[i]);
	o->nr_log -= n;
	memmove(o->log, o->log + n, o->nr_log * sizeof(*o->log));
	pack_var(&p->raw, n);
	return damon_streams_write(p, l.stream, LOG_NR_STREAMS);
}

static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	_cleanup_(release) struct log_code l = {0};
	size_t n;
	int err;

	if (!first)
		return 0;
	n = pack_max(p, 0, RECORD_MAX_LOG);
	if (!n)
		return p->err;
	err = init(&l, n, false);
	if (!err)
		err = damon_streams_read(p, l.stream, LOG_NR_STREAMS, LOG_HARDWARE);
	if (!err && vec_reserve(&in->log, &in->cap_log, n, sizeof(*in->log)))
		err = -ENOMEM;
	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		in->log[i] = (struct damon_log_entry){0};
		code_entry(&l, &in->log[i]);
	}
	for (size_t i = 0; i < LOG_NR_STREAMS; i++)
		if (l.stream[i].err)
			return -EBADMSG;
	*item = (struct damon_item){.type = DAMON_ITEM_LOG, .log = {in->log, n}};
	return 1;
}

const struct chunk_kind damon_chunk_log = {5, "LOG", encode, decode};
