/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TARGET: targets that appeared or changed. */
#include "base/util.h"
#include "record/chunk.h"

/* What is recorded of a target. */
struct target_seen {
	uint32_t id, generation, nr_procs_total;
	uint32_t space; /* its id + 1, 0: none */
	int32_t pid;
	uint64_t from_ns, to_ns;
	char comm[DAMON_COMM_MAX];
};

/* A record begins with its size, so that later versions can append to it. */
static void code(struct damon_pack *p, struct target_seen *s)
{
	s->id = (uint32_t)pack_max(p, s->id, RECORD_MAX_TARGETS - 1);
	s->pid = (int32_t)(uint32_t)pack_max(p, (uint32_t)s->pid, UINT32_MAX);
	damon_pack_str(p, s->comm, sizeof(s->comm));
	s->nr_procs_total = (uint32_t)pack_max(p, s->nr_procs_total, UINT32_MAX);
	s->generation = (uint32_t)pack_max(p, s->generation, UINT32_MAX);
	s->from_ns = pack_var(p, s->from_ns);
	s->to_ns = pack_var(p, s->to_ns + 1) - 1; /* alive: 0 */
	s->space = (uint32_t)pack_max(p, s->space, UINT32_MAX);
}

static struct target_seen look(const struct damon_target *t)
{
	struct target_seen s;

	memset(&s, 0, sizeof(s)); /* compared as bytes */
	s.id = t->id;
	s.generation = t->generation;
	s.nr_procs_total = t->nr_procs_total;
	s.space = t->space ? t->space->id + 1 : 0;
	s.pid = t->pid;
	s.from_ns = t->from_ns;
	s.to_ns = t->to_ns;
	memcpy(s.comm, t->comm, strnlen(t->comm, sizeof(s.comm) - 1));
	return s;
}

int damon_out_target(struct record_out *o, const struct damon_target *t)
{
	_cleanup_(damon_pack_release) struct damon_pack one = PACK_WRITER;
	struct target_seen s = look(t), *was = NULL;
	size_t len = o->targets.len;

	for (size_t i = 0; i < o->nr_seen_targets && !was; i++)
		if (o->seen_target[i].id == t->id)
			was = &o->seen_target[i];
	if (was && !memcmp(was, &s, sizeof(s)))
		return 0;
	if (t->id >= RECORD_MAX_TARGETS)
		return -EINVAL;
	if (!was &&
	    vec_reserve(&o->seen_target, &o->cap_seen_targets, o->nr_seen_targets + 1, sizeof(s)))
		return -ENOMEM;
	code(&one, &s);
	pack_var(&o->targets, one.len);
	damon_pack_bytes(&o->targets, one.data, one.len);
	if (one.err || o->targets.err) {
		o->targets.len = len;
		o->targets.err = 0;
		return -ENOMEM;
	}
	if (!was)
		was = &o->seen_target[o->nr_seen_targets++];
	*was = s;
	return 0;
}

static int encode(struct record_out *o, struct record_payload *p)
{
	if (!o->targets.len)
		return 0;
	damon_pack_bytes(&p->raw, o->targets.data, o->targets.len);
	o->targets.len = 0;
	return p->raw.err ? p->raw.err : 1;
}

/* The target 'id', made if need be. NULL: no memory. */
static struct damon_target *know(struct record_in *in, uint32_t id)
{
	size_t n = in->nr_targets;

	if (id >= n) {
		if (vec_reserve(&in->targets, &in->cap_targets, (size_t)id + 1,
				sizeof(struct damon_target *)))
			return NULL;
		memset(in->targets + n, 0, (id + 1 - n) * sizeof(*in->targets));
		in->nr_targets = (size_t)id + 1;
	}
	if (!in->targets[id])
		in->targets[id] = calloc(1, sizeof(**in->targets));
	return in->targets[id];
}

static void apply(struct record_in *in, struct damon_target *t, const struct target_seen *s)
{
	t->id = s->id;
	t->slot = s->id;
	t->pid = s->pid;
	memcpy(t->comm, s->comm, sizeof(t->comm));
	t->nr_procs_total = s->nr_procs_total;
	t->generation = s->generation;
	t->from_ns = s->from_ns;
	t->to_ns = s->to_ns;
	t->space_id = s->space ? s->space - 1 : UINT32_MAX;
	t->space = s->space ? damon_in_space(in, t->space_id) : NULL;
}

static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	struct damon_pack one;
	struct target_seen s = {0};
	struct damon_target *t;

	if (!pack_left(p))
		return 0;
	one = damon_pack_sub(p, pack_var(p, 0));
	code(&one, &s);
	if (one.err)
		return -EBADMSG;
	t = know(in, s.id);
	if (!t)
		return -ENOMEM;
	if (in->apply)
		apply(in, t, &s);
	*item = (struct damon_item){.type = DAMON_ITEM_TARGET, .target = t};
	return 1;
}

const struct chunk_kind damon_chunk_target = {3, "TARGET", encode, decode};
