/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/util.h"
#include "record/chunk.h"

const struct chunk_kind *const damon_chunk_kinds[] = {
	&damon_chunk_meta,     &damon_chunk_space, &damon_chunk_target, &damon_chunk_tuning,
	&damon_chunk_snapshot, &damon_chunk_log,   &damon_chunk_checks, &damon_chunk_origin,
	&damon_chunk_schemes,  &damon_chunk_marks, &damon_chunk_totals, NULL,
};

const struct chunk_kind *damon_chunk_kind(uint16_t type)
{
	const struct chunk_kind *const *k = damon_chunk_kinds;

	while (*k && (*k)->type != type)
		k++;
	return *k;
}

int damon_streams_write(struct record_payload *p, const struct damon_pack *stream, size_t n)
{
	pack_var(&p->raw, n);
	for (size_t i = 0; i < n; i++) {
		pack_var(&p->raw, stream[i].len);
		if (stream[i].err)
			return stream[i].err;
	}
	for (size_t i = 0; i < n; i++) {
		p->cut[p->nr_cuts++] = p->raw.len;
		damon_pack_bytes(&p->raw, stream[i].data, stream[i].len);
	}
	return p->raw.err ? p->raw.err : 1;
}

int damon_streams_read(struct damon_pack *p, struct damon_pack *stream, size_t n, size_t least)
{
	uint64_t nr = pack_max(p, 0, pack_left(p));
	size_t at = p->pos;

	if (nr < least)
		return -EBADMSG;
	for (uint64_t i = 0; i < nr; i++)
		pack_var(p, 0);
	for (size_t i = nr; i < n; i++)
		stream[i] = PACK_READER(NULL, 0);
	for (size_t i = 0; i < MIN(nr, n); i++) {
		struct damon_pack lengths = PACK_READER(p->data, p->len);

		lengths.pos = at;
		stream[i] = damon_pack_sub(p, pack_var(&lengths, 0));
		at = lengths.pos;
	}
	return p->err;
}

size_t damon_out_bytes(const struct record_out *o)
{
	size_t n = o->spaces.len - o->spaces_done + o->targets.len + o->nr_log * sizeof(*o->log);

	for (size_t i = 0; o->snapshots.nr && i < SNAPSHOT_NR_STREAMS; i++)
		n += o->snapshots.stream[i].len;
	return n;
}

void damon_out_release(struct record_out *o)
{
	damon_pack_release(&o->spaces);
	damon_pack_release(&o->targets);
	damon_out_drop_spaces(o);
	free(o->seen_target);
	free(o->log);
	free(o->tuned);
	free(o->marks);
	damon_snapshot_code_release(&o->snapshots);
}

void damon_in_release(struct record_in *in)
{
	for (size_t i = 0; i < in->nr_targets; i++)
		free(in->targets[i]);
	for (size_t i = 0; i < in->nr_spaces; i++) {
		free(in->spaces[i]->live);
		free(in->spaces[i]->dead);
		free(in->spaces[i]);
	}
	free(in->targets);
	free(in->spaces);
	free(in->update);
	damon_names_release(&in->names);
	free(in->log);
	damon_snapshot_code_release(&in->snapshots);
	free(in->snapshot.targets);
	free(in->regions);
	free(in->tuned);
	free(in->schemes);
	free(in->scheme_stats);
	free(in->marks);
}
