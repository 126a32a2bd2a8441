/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPACE: mappings of address spaces that appeared, moved their bounds, or ended. */
#include "base/util.h"
#include "record/chunk.h"

#define BATCH	      4096 /* mappings in one record */
#define MAPPING_BYTES 12   /* the shortest one */

struct map_seen {
	uint32_t id, edits;
	const struct damon_mapping *m; /* while looking */
};

/* What of a space is in the record. */
struct space_seen {
	uint32_t id, version, scan;
	struct map_seen *maps; /* by id: those that the space still lists */
	size_t nr, cap;
};

/* ---- one mapping, both ways ---- */

static void code_build_id(struct damon_pack *p, struct damon_mapping *m)
{
	m->build_id_len = (uint8_t)pack_max(p, m->build_id_len, DAMON_BUILD_ID_MAX);
	damon_pack_bytes(p, m->build_id, m->build_id_len);
}

/* The name of the mapping before is not told again. */
static void code_name(struct damon_pack *p, char *name, bool same, size_t cap)
{
	same = pack_max(p, same, 1);
	if (!same)
		damon_pack_str(p, name, cap);
}

/* All but the name. 'prev' is the one before in the same record. */
static void code_mapping(struct damon_pack *p, struct damon_mapping *m,
			 const struct damon_mapping *prev)
{
	uint64_t start = m->start >> DAMON_PAGE_SHIFT, end = m->end >> DAMON_PAGE_SHIFT, lived;

	m->id = pack_delta32(p, m->id, prev->id);
	m->edits = (uint32_t)pack_max(p, m->edits, UINT32_MAX);
	start = pack_delta_max(p, start, prev->end >> DAMON_PAGE_SHIFT, SNAPSHOT_MAX_PAGE - 1);
	end = start + 1 + pack_max(p, end - start - 1, SNAPSHOT_MAX_PAGE - start - 1);
	m->start = start << DAMON_PAGE_SHIFT;
	m->end = end << DAMON_PAGE_SHIFT;
	m->offset = pack_var(p, m->offset);
	m->dev = pack_delta(p, m->dev, prev->dev);
	m->inode = pack_delta(p, m->inode, prev->inode);
	code_build_id(p, m);
	m->prot = pack_u8(p, m->prot);
	m->from_ns = pack_delta(p, m->from_ns, prev->from_ns);
	lived = m->to_ns == UINT64_MAX ? 0 : m->to_ns - m->from_ns + 1;
	lived = pack_var(p, lived);
	m->to_ns = lived ? m->from_ns + lived - 1 : UINT64_MAX;
}

/* ---- writing ---- */

static int by_seen_id(const void *a, const void *b)
{
	const struct map_seen *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* What 's' lists now, by id. NULL: no memory. */
static struct map_seen *look(const struct damon_space *s, size_t *n)
{
	struct map_seen *maps = calloc(s->nr_live + s->nr_dead + 1, sizeof(*maps));

	*n = 0;
	if (!maps)
		return NULL;
	for (size_t i = 0; i < s->nr_live + s->nr_dead; i++) {
		const struct damon_mapping *m =
			i < s->nr_dead ? &s->dead[i] : &s->live[i - s->nr_dead];

		maps[(*n)++] = (struct map_seen){m->id, m->edits, m};
	}
	qsort(maps, *n, sizeof(*maps), by_seen_id);
	return maps;
}

/* Copies to 'news' what is new or changed since 'was'. Returns their number. */
static size_t changed(const struct map_seen *now, size_t n, const struct space_seen *was,
		      struct map_seen *news)
{
	size_t old = 0, kept = 0;

	for (size_t i = 0; i < n; i++) {
		while (old < was->nr && was->maps[old].id < now[i].id)
			old++;
		if (old == was->nr || was->maps[old].id != now[i].id ||
		    was->maps[old].edits != now[i].edits)
			news[kept++] = now[i];
	}
	return kept;
}

/* One record, its size first so that later versions can append to it. */
static int put(struct damon_pack *out, const struct damon_space *s, const struct map_seen *maps,
	       size_t n)
{
	_cleanup_(damon_pack_release) struct damon_pack one = PACK_WRITER;
	struct damon_mapping prev = {.name = ""};

	pack_var(&one, s->id);
	pack_var(&one, s->nr_forgotten);
	pack_var(&one, n);
	for (size_t i = 0; i < n; i++) {
		struct damon_mapping m = *maps[i].m;
		bool same = !strcmp(m.name, prev.name);

		code_mapping(&one, &m, &prev);
		code_name(&one, (char *)m.name, same, RECORD_MAX_NAME);
		prev = m;
	}
	pack_var(out, one.len);
	damon_pack_bytes(out, one.data, one.len);
	return one.err ? one.err : out->err;
}

static int put_all(struct damon_pack *out, const struct damon_space *s, const struct map_seen *maps,
		   size_t n)
{
	size_t len = out->len;
	int err = 0;

	for (size_t i = 0; !err && i < n; i += BATCH)
		err = put(out, s, maps + i, MIN(n - i, (size_t)BATCH));
	if (err) {
		out->len = len;
		out->err = 0;
	}
	return err;
}

static struct space_seen *know_seen(struct record_out *o, const struct damon_space *s)
{
	for (size_t i = 0; i < o->nr_seen_spaces; i++)
		if (o->seen_space[i].id == s->id)
			return &o->seen_space[i];
	if (vec_reserve(&o->seen_space, &o->cap_seen_spaces, o->nr_seen_spaces + 1,
			sizeof(*o->seen_space)))
		return NULL;
	o->seen_space[o->nr_seen_spaces] =
		(struct space_seen){.id = s->id, .version = s->version - 1};
	return &o->seen_space[o->nr_seen_spaces++];
}

int damon_out_space(struct record_out *o, const struct damon_space *s)
{
	_cleanup_(freep) struct map_seen *now = NULL, *news = NULL;
	struct space_seen *was = know_seen(o, s);
	size_t n, nr_news;
	int err;

	if (!was)
		return -ENOMEM;
	was->scan = o->scan;
	if (was->version == s->version)
		return 0;
	now = look(s, &n);
	news = calloc(n + 1, sizeof(*news));
	if (!now || !news)
		return -ENOMEM;
	nr_news = changed(now, n, was, news);
	err = put_all(&o->spaces, s, news, nr_news);
	if (err)
		return err;
	free(was->maps);
	was->maps = steal(&now);
	was->nr = n;
	was->version = s->version;
	return 0;
}

void damon_out_forget_spaces(struct record_out *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->nr_seen_spaces; i++) {
		if (o->seen_space[i].scan == o->scan)
			o->seen_space[kept++] = o->seen_space[i];
		else
			free(o->seen_space[i].maps);
	}
	o->nr_seen_spaces = kept;
	o->scan++;
}

void damon_out_drop_spaces(struct record_out *o)
{
	o->scan++;
	damon_out_forget_spaces(o);
	free(o->seen_space);
}

/* As many whole records as make a full chunk. */
static int encode(struct record_out *o, struct record_payload *p)
{
	struct damon_pack all = PACK_READER(o->spaces.data, o->spaces.len);
	size_t from = all.pos = o->spaces_done;

	if (from == all.len)
		return 0;
	while (pack_left(&all) && all.pos - from < RECORD_FULL_PAYLOAD)
		damon_pack_sub(&all, pack_var(&all, 0));
	damon_pack_bytes(&p->raw, all.data + from, all.pos - from);
	o->spaces_done = all.pos;
	if (!pack_left(&all))
		o->spaces_done = o->spaces.len = 0;
	return p->raw.err ? p->raw.err : 1;
}

/* ---- reading ---- */

/* Where the space 'id' is or would be. */
static size_t place(const struct record_in *in, uint32_t id)
{
	size_t lo = 0, hi = in->nr_spaces;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (in->spaces[mid]->id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct damon_space *damon_in_space(const struct record_in *in, uint32_t id)
{
	size_t i = place(in, id);

	return i < in->nr_spaces && in->spaces[i]->id == id ? in->spaces[i] : NULL;
}

/* Adds an empty space, and tells the targets that waited for it. */
static int know(struct record_in *in, uint32_t id, struct damon_space **out)
{
	size_t i = place(in, id);
	struct damon_space *s;

	if (in->nr_spaces >= RECORD_MAX_SPACES)
		return -EBADMSG;
	if (vec_reserve(&in->spaces, &in->cap_spaces, in->nr_spaces + 1, sizeof(s)))
		return -ENOMEM;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct damon_space){.id = id, .refs = 1, .max_dead = SIZE_MAX};
	memmove(in->spaces + i + 1, in->spaces + i, (in->nr_spaces - i) * sizeof(s));
	in->spaces[i] = s;
	in->nr_spaces++;
	for (size_t t = 0; t < in->nr_targets; t++)
		if (in->targets[t] && in->targets[t]->space_id == id)
			in->targets[t]->space = s;
	*out = s;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct damon_mapping *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int by_start(const void *a, const void *b)
{
	const struct damon_mapping *x = a, *y = b;

	return x->start != y->start ? (x->start > y->start) - (x->start < y->start)
				    : (x->from_ns > y->from_ns) - (x->from_ns < y->from_ns);
}

static int by_end_of_life(const void *a, const void *b)
{
	const struct damon_mapping *x = a, *y = b;

	return (x->to_ns > y->to_ns) - (x->to_ns < y->to_ns);
}

/* Takes out of a list what 'in->update' (sorted by id) tells anew. */
static void take_out(const struct record_in *in, struct damon_mapping *list, size_t *nr)
{
	size_t kept = 0;

	for (size_t i = 0; i < *nr; i++)
		if (!bsearch(&list[i], in->update, in->nr_update, sizeof(*list), by_id))
			list[kept++] = list[i];
	*nr = kept;
}

static int add_dead(struct damon_space *s, const struct damon_mapping *m)
{
	if (vec_reserve(&s->dead, &s->cap_dead, s->nr_dead + 1, sizeof(*m)))
		return -ENOMEM;
	s->dead[s->nr_dead++] = *m;
	return 0;
}

/* Live mappings must not overlap. Where they do, news of an end were lost: the older one ended when
 * the younger one began. */
static int end_overlapped(struct damon_space *s)
{
	size_t kept = 0;
	int err = 0;

	for (size_t i = 0; i < s->nr_live && !err; i++) {
		struct damon_mapping *m = &s->live[i], *last = kept ? &s->live[kept - 1] : NULL;

		if (!last || m->start >= last->end) {
			s->live[kept++] = *m;
			continue;
		}
		if (last->from_ns <= m->from_ns) {
			last->to_ns = m->from_ns;
			err = add_dead(s, last);
			*last = *m;
		} else {
			m->to_ns = last->from_ns;
			err = add_dead(s, m);
		}
	}
	s->nr_live = kept;
	return err;
}

static void sort_dead(struct damon_space *s, size_t nr_before)
{
	size_t from = nr_before ? nr_before - 1 : 0;

	for (size_t i = from + 1; i < s->nr_dead; i++)
		if (s->dead[i].to_ns < s->dead[i - 1].to_ns) {
			qsort(s->dead, s->nr_dead, sizeof(*s->dead), by_end_of_life);
			return;
		}
}

/* Makes 's' hold in->update. */
static int update(struct record_in *in, struct damon_space *s)
{
	size_t nr_dead, before = s->nr_live + s->nr_dead, old = 0, live = s->nr_live;
	int err = 0;

	if (in->nr_update)
		qsort(in->update, in->nr_update, sizeof(*in->update), by_id);
	for (size_t i = 0; i < in->nr_update; i++)
		old += in->update[i].id < s->next_id;
	take_out(in, s->live, &s->nr_live);
	if (old > live - s->nr_live)
		take_out(in, s->dead, &s->nr_dead);
	nr_dead = s->nr_dead;
	for (size_t i = 0; i < in->nr_update && !err; i++) {
		const struct damon_mapping *m = &in->update[i];

		if (m->to_ns != UINT64_MAX) {
			err = add_dead(s, m);
			continue;
		}
		err = vec_reserve(&s->live, &s->cap_live, s->nr_live + 1, sizeof(*m));
		if (!err)
			s->live[s->nr_live++] = *m;
	}
	if (s->nr_live)
		qsort(s->live, s->nr_live, sizeof(*s->live), by_start);
	if (!err)
		err = end_overlapped(s);
	sort_dead(s, nr_dead);
	if (in->nr_update)
		s->next_id = MAX(s->next_id, in->update[in->nr_update - 1].id + 1);
	s->version++;
	in->nr_mappings += s->nr_live + s->nr_dead - before;
	return err;
}

/* Reads the mappings of a record into in->update. */
static int read_mappings(struct record_in *in, struct damon_pack *p, size_t n)
{
	struct damon_mapping prev = {.name = ""};
	char name[RECORD_MAX_NAME] = "";

	if (p->err || n > pack_left(p) / MAPPING_BYTES || n > RECORD_MAX_MAPPINGS - in->nr_mappings)
		return -EBADMSG;
	if (vec_reserve(&in->update, &in->cap_update, n, sizeof(*in->update)))
		return -ENOMEM;
	in->nr_update = 0;
	for (size_t i = 0; i < n; i++) {
		struct damon_mapping m = {0};

		code_mapping(p, &m, &prev);
		code_name(p, name, false, sizeof(name));
		if (p->err || in->names.bytes > RECORD_MAX_NAMES)
			return -EBADMSG;
		m.name = damon_names_add(&in->names, name);
		if (!m.name)
			return -ENOMEM;
		in->update[in->nr_update++] = prev = m;
	}
	return 0;
}

static int decode(struct record_in *in, struct damon_pack *p, bool first, struct damon_item *item)
{
	struct damon_space *s;
	struct damon_pack one;
	uint64_t forgotten;
	uint32_t id;
	int err;

	if (!pack_left(p))
		return 0;
	one = damon_pack_sub(p, pack_var(p, 0));
	id = (uint32_t)pack_max(&one, 0, UINT32_MAX - 1);
	forgotten = pack_var(&one, 0);
	err = read_mappings(in, &one, pack_var(&one, 0));
	if (err)
		return err;
	s = damon_in_space(in, id);
	if (!s)
		err = know(in, id, &s);
	if (!err && in->apply) {
		s->nr_forgotten = forgotten;
		err = update(in, s);
	}
	*item = (struct damon_item){.type = DAMON_ITEM_SPACE, .space = s};
	return err ? err : 1;
}

const struct chunk_kind damon_chunk_space = {2, "SPACE", encode, decode};
