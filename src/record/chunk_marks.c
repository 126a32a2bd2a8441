/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MARKS: moments of a recording that somebody named, with the flush after they were set. */
#include "base/util.h"
#include "record/chunk.h"

/* 'm' after a mark at 'prev_ns'. */
static void code(struct damon_pack *p, struct damon_mark *m, uint64_t prev_ns)
{
	m->time_ns = pack_delta(p, m->time_ns, prev_ns);
	damon_pack_str(p, m->name, sizeof(m->name));
}

int damon_out_marks(struct record_out *o, const struct damon_mark *m, size_t n, uint64_t refused)
{
	if (n > RECORD_MAX_MARKS - o->nr_marks_all)
		return -EINVAL;
	if (vec_reserve(&o->marks, &o->cap_marks, o->nr_marks + n, sizeof(*m)))
		return -ENOMEM;
	if (n)
		memcpy(o->marks + o->nr_marks, m, n * sizeof(*m));
	o->nr_marks += n;
	o->nr_marks_all += n;
	o->has_marks |= n || refused != o->marks_refused;
	o->marks_refused = refused;
	return 0;
}

static int encode(struct record_out *o, struct record_payload *p)
{
	uint64_t prev_ns = 0;

	if (!o->has_marks)
		return 0;
	o->has_marks = false;
	pack_var(&p->raw, o->marks_refused);
	pack_var(&p->raw, o->nr_marks);
	for (size_t i = 0; i < o->nr_marks; i++) {
		code(&p->raw, &o->marks[i], prev_ns);
		prev_ns = o->marks[i].time_ns;
	}
	o->nr_marks = 0;
	return p->raw.err ? p->raw.err : 1;
}

/* Keeps them sorted by time; those of one time in the order in which they were set. */
static int insert(struct record_in *in, const struct damon_mark *m)
{
	struct mark_in e = {m->time_ns, NULL};
	size_t at = in->nr_marks;

	if (in->nr_marks >= RECORD_MAX_MARKS)
		return -EBADMSG;
	if (vec_reserve(&in->marks, &in->cap_marks, in->nr_marks + 1, sizeof(e)))
		return -ENOMEM;
	e.name = damon_names_add(&in->names, m->name);
	if (!e.name)
		return -ENOMEM;
	for (; at && in->marks[at - 1].time_ns > e.time_ns; at--)
		in->marks[at] = in->marks[at - 1];
	in->marks[at] = e;
	in->nr_marks++;
	return 0;
}

/* Yields no item: marks are looked at as a list. */
static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	uint64_t refused, n, prev_ns = 0;
	int err = 0;

	if (!first)
		return 0;
	refused = pack_var(p, 0);
	n = pack_max(p, 0, RECORD_MAX_MARKS);
	for (uint64_t i = 0; i < n && !p->err && !err; i++) {
		struct damon_mark m = {0};

		code(p, &m, prev_ns);
		prev_ns = m.time_ns;
		if (!p->err && in->apply)
			err = insert(in, &m);
	}
	if (!p->err && !err)
		in->marks_refused = refused;
	return p->err ? p->err : err;
}

const struct chunk_kind damon_chunk_marks = {11, "MARKS", encode, decode};
