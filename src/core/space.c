/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/util.h"
#include "core/space.h"

#define ALWAYS UINT64_MAX

/* ---- names ---- */

/* Interned strings: an open-addressing set, at most half full. */
struct names {
	char **slot;
	size_t nr, cap;
};

static size_t hash_name(const char *name)
{
	uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3ull;
	return h ^ h >> 32;
}

static char **names_slot(const struct names *n, const char *name)
{
	size_t i = hash_name(name) & (n->cap - 1);

	while (n->slot[i] && strcmp(n->slot[i], name) != 0)
		i = (i + 1) & (n->cap - 1);
	return &n->slot[i];
}

static int names_grow(struct names *n)
{
	struct names grown = {.cap = n->cap ? 2 * n->cap : 8, .nr = n->nr};

	grown.slot = calloc(grown.cap, sizeof(*grown.slot));
	if (!grown.slot)
		return -ENOMEM;
	for (size_t i = 0; i < n->cap; i++) {
		if (n->slot[i])
			*names_slot(&grown, n->slot[i]) = n->slot[i];
	}
	free(n->slot);
	*n = grown;
	return 0;
}

/* The interned form of a name, NULL without memory. */
static const char *names_intern(struct names *n, const char *name)
{
	char **slot;

	/* The kernel's MMAP2 calls "//anon" what /proc/PID/maps leaves empty. */
	if (!name || !*name || strcmp(name, "//anon") == 0)
		return "";
	if (2 * n->nr >= n->cap && names_grow(n) < 0)
		return NULL;
	slot = names_slot(n, name);
	if (!*slot) {
		*slot = strdup(name);
		n->nr += *slot != NULL;
	}
	return *slot;
}

static void names_free(struct names *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->cap; i++)
		free(n->slot[i]);
	free(n->slot);
	free(n);
}

/* ---- life ---- */

struct damon_space *damon_space_new(void)
{
	static _Atomic uint32_t last_id;
	struct damon_space *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->names = calloc(1, sizeof(struct names));
	if (!s->names) {
		free(s);
		return NULL;
	}
	s->id = atomic_fetch_add(&last_id, 1) + 1;
	s->refs = 1;
	s->max_dead = 4096;
	return s;
}

struct damon_space *damon_space_ref(struct damon_space *s)
{
	s->refs++;
	return s;
}

void damon_space_unref(struct damon_space *s)
{
	if (!s || --s->refs > 0)
		return;
	names_free(s->names);
	free(s->live);
	free(s->dead);
	free(s);
}

struct damon_space *damon_space_clone(const struct damon_space *s, uint64_t now_ns)
{
	struct damon_space *c = damon_space_new();

	if (!c || vec_reserve(&c->live, &c->cap_live, s->nr_live, sizeof(*c->live)) < 0)
		goto fail;
	for (size_t i = 0; i < s->nr_live; i++) {
		struct damon_mapping *m = &c->live[i];

		*m = s->live[i];
		m->from_ns = now_ns;
		m->edits = 0;
		m->name = names_intern(c->names, m->name);
		if (!m->name)
			goto fail;
	}
	c->nr_live = s->nr_live;
	c->next_id = s->next_id;
	c->asked_id = s->asked_id;
	c->version = s->version;
	c->max_dead = s->max_dead;
	return c;
fail:
	damon_space_unref(c);
	return NULL;
}

/* ---- identity ---- */

/* What is in brackets is none, though [vdso] has a build id. */
static bool is_file(const struct damon_mapping *m)
{
	return m->inode || m->name[0] == '/' || (m->build_id_len && m->name[0] != '[');
}

static bool names_equal(const char *a, const char *b)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof(deleted) - 1;
	size_t la, lb;

	if (a == b)
		return true;
	la = strlen(a);
	lb = strlen(b);
	if (la > tail && strcmp(a + la - tail, deleted) == 0)
		la -= tail;
	if (lb > tail && strcmp(b + lb - tail, deleted) == 0)
		lb -= tail;
	return la == lb && memcmp(a, b, la) == 0;
}

/* MMAP2 carries either inode or build id, and maps the inode only: what one lacks proves nothing.
 */
static bool files_equal(const struct damon_mapping *a, const struct damon_mapping *b)
{
	if (a->inode && b->inode && (a->inode != b->inode || a->dev != b->dev))
		return false;
	if (a->build_id_len && b->build_id_len &&
	    (a->build_id_len != b->build_id_len ||
	     memcmp(a->build_id, b->build_id, a->build_id_len) != 0))
		return false;
	return a->start - a->offset == b->start - b->offset && names_equal(a->name, b->name);
}

static bool overlap(const struct damon_mapping *a, const struct damon_mapping *b)
{
	return a->start < b->end && b->start < a->end;
}

/*
 * Are 'a' and 'b', which touch or overlap, one mapping but for their bounds? Where they overlap, an
 * anonymous one without a name is taken for a named one: MMAP2 tells "[heap]", "[stack]" and
 * "[anon:...]" from "" at other moments than maps does.
 */
static bool same(const struct damon_mapping *a, const struct damon_mapping *b)
{
	if (a->prot != b->prot || is_file(a) != is_file(b))
		return false;
	if (is_file(a))
		return files_equal(a, b);
	return names_equal(a->name, b->name) || (overlap(a, b) && (!*a->name || !*b->name));
}

/* A part of a mapping. Anonymous memory has no offset, though MMAP2 gives its address as one. */
static struct damon_mapping cut(const struct damon_mapping *m, uint64_t start, uint64_t end)
{
	struct damon_mapping part = *m;

	part.offset = is_file(m) ? m->offset + (start - m->start) : 0;
	part.start = start;
	part.end = end;
	return part;
}

/* ---- changes ---- */

size_t damon_space_first_after(const struct damon_space *s, uint64_t addr)
{
	size_t lo = 0, hi = s->nr_live;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->live[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Makes room for at most 'n' more of the dead. */
static int reserve_dead(struct damon_space *s, size_t n)
{
	return vec_reserve(&s->dead, &s->cap_dead, MIN(s->nr_dead + n, s->max_dead),
			   sizeof(*s->dead));
}

/* Lists a dead mapping; reserve_dead() was called. The list stays sorted by to_ns. */
static void bury(struct damon_space *s, const struct damon_mapping *m, uint64_t now_ns)
{
	struct damon_mapping *d;

	if (!s->max_dead) {
		s->nr_forgotten++;
		return;
	}
	if (s->nr_dead >= s->max_dead) { /* some at once, so that moving the rest stays cheap */
		size_t drop = s->nr_dead - s->max_dead + 1 + s->max_dead / 16;

		drop = MIN(drop, s->nr_dead);
		s->nr_dead -= drop;
		memmove(s->dead, s->dead + drop, s->nr_dead * sizeof(*s->dead));
		s->nr_forgotten += drop;
	}
	d = &s->dead[s->nr_dead];
	*d = *m;
	d->to_ns = MAX(now_ns, m->from_ns);
	if (s->nr_dead)
		d->to_ns = MAX(d->to_ns, d[-1].to_ns);
	s->nr_dead++;
}

/* What 'w' lacks and 'old', the same mapping, knows. */
static void fill_in(struct damon_mapping *w, const struct damon_mapping *old)
{
	if (*old->name)
		w->name = old->name;
	if (!w->inode) {
		w->inode = old->inode;
		w->dev = old->dev;
	}
	w->asked |= old->asked;
	if (!w->build_id_len) {
		memcpy(w->build_id, old->build_id, sizeof(w->build_id));
		w->build_id_len = old->build_id_len;
	}
}

static bool equal(const struct damon_mapping *a, const struct damon_mapping *b)
{
	return a->start == b->start && a->end == b->end && a->name == b->name &&
	       a->inode == b->inode && a->build_id_len == b->build_id_len;
}

/*
 * Finds what 'w' was before among live[*x, last), and with it its id and age. Of several, the
 * oldest one: the kernel merges neighbours. 'claimed' is the live mapping that gave its id to an
 * earlier 'w'. Returns whether anything changes.
 */
static bool inherit(struct damon_space *s, struct damon_mapping *w, size_t *x, size_t last,
		    size_t *claimed, uint64_t now_ns)
{
	const struct damon_mapping *heir = NULL, *kin = NULL;
	bool changed;

	while (*x < last && s->live[*x].end <= w->start)
		(*x)++;
	for (size_t i = *x; i < last && s->live[i].start < w->end; i++) {
		const struct damon_mapping *old = &s->live[i];

		if (!same(old, w))
			continue;
		kin = old;
		if (i != *claimed && (!heir || old->id < heir->id))
			heir = old;
	}
	w->to_ns = ALWAYS;
	w->from_ns = now_ns;
	w->edits = 0;
	if (kin) {
		fill_in(w, heir ? heir : kin);
		w->from_ns = (heir ? heir : kin)->from_ns;
	}
	if (!heir) {
		w->id = s->next_id++;
		return true;
	}
	changed = !equal(heir, w);
	w->id = heir->id;
	w->edits = heir->edits + changed;
	*claimed = heir - s->live;
	return changed;
}

/* Buries what of 'old' is not in 'want[*j..n)', into which it was turned. */
static void bury_rest(struct damon_space *s, const struct damon_mapping *old,
		      const struct damon_mapping *want, size_t n, size_t *j, uint64_t now_ns)
{
	uint64_t pos = old->start;
	struct damon_mapping part;
	bool survives = false;

	while (*j < n && want[*j].end <= old->start)
		(*j)++;
	for (size_t i = *j; i < n && want[i].start < old->end; i++)
		survives |= want[i].id == old->id;
	if (!survives) {
		part = *old;
		part.edits++;
		bury(s, &part, now_ns);
		return;
	}
	for (size_t i = *j; i <= n; i++) {
		bool end = i == n || want[i].start >= old->end;
		uint64_t upto = end ? old->end : want[i].start;

		if (!end && !same(old, &want[i]))
			continue;
		if (pos < upto) {
			part = cut(old, pos, upto);
			part.id = s->next_id++;
			part.edits = 0;
			bury(s, &part, now_ns);
		}
		if (end)
			break;
		pos = want[i].end;
	}
}

/*
 * The one way in which live mappings change: live[first, last) become want[0..n), sorted and
 * disjoint, with interned names. Mappings that only grew, shrank or were split go on living.
 */
static int replace(struct damon_space *s, size_t first, size_t last, struct damon_mapping *want,
		   size_t n, uint64_t now_ns)
{
	size_t x = first, claimed = SIZE_MAX, j = 0;
	size_t after = s->nr_live - (last - first) + n;
	bool changed = n != last - first;

	if (vec_reserve(&s->live, &s->cap_live, after, sizeof(*s->live)) < 0 ||
	    reserve_dead(s, last - first + n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		changed |= inherit(s, &want[i], &x, last, &claimed, now_ns);
	if (!changed)
		return 0;
	for (size_t i = first; i < last; i++)
		bury_rest(s, &s->live[i], want, n, &j, now_ns);
	if (last < s->nr_live)
		memmove(s->live + first + n, s->live + last,
			(s->nr_live - last) * sizeof(*s->live));
	if (n)
		memcpy(s->live + first, want, n * sizeof(*want));
	s->nr_live = after;
	s->version++;
	return 0;
}

static bool valid_range(uint64_t start, uint64_t end)
{
	return start < end && !((start | end) & (DAMON_PAGE_SIZE - 1));
}

/* A mapping from outside, as it is kept here. */
static int adopt(struct damon_space *s, const struct damon_mapping *m, struct damon_mapping *out)
{
	*out = *m;
	out->name = names_intern(s->names, m->name);
	return out->name ? 0 : -ENOMEM;
}

/*
 * Widens 'm' over what lives beside it and is the same mapping, unless a live mapping tells already
 * that it ends there. [*first, *last) are the live mappings that overlap.
 */
static void widen(const struct damon_space *s, struct damon_mapping *m, size_t *first, size_t *last)
{
	uint64_t start = m->start, end = m->end;

	for (size_t i = *first; i < *last; i++) {
		const struct damon_mapping *old = &s->live[i];

		if (!same(old, m))
			continue;
		start = MIN(start, old->start);
		end = MAX(end, old->end);
		if (old->start <= m->start && old->end >= m->end) {
			*m = cut(m, start, end);
			return;
		}
	}
	if (*first > 0 && s->live[*first - 1].end == m->start && same(&s->live[*first - 1], m))
		start = s->live[--*first].start;
	if (*last < s->nr_live && s->live[*last].start == m->end && same(&s->live[*last], m))
		end = s->live[(*last)++].end;
	*m = cut(m, start, end);
}

int damon_space_map(struct damon_space *s, const struct damon_mapping *m, uint64_t now_ns)
{
	struct damon_mapping want[3], in;
	size_t first, last, n = 0;

	if (!valid_range(m->start, m->end))
		return -EINVAL;
	if (adopt(s, m, &in) < 0)
		return -ENOMEM;
	first = last = damon_space_first_after(s, in.start);
	while (last < s->nr_live && s->live[last].start < in.end)
		last++;
	widen(s, &in, &first, &last);
	if (first < last && s->live[first].start < in.start) {
		want[n] = cut(&s->live[first], s->live[first].start, in.start);
		n++;
	}
	want[n++] = in;
	if (first < last && s->live[last - 1].end > in.end) {
		want[n] = cut(&s->live[last - 1], in.end, s->live[last - 1].end);
		n++;
	}
	return replace(s, first, last, want, n, now_ns);
}

int damon_space_unmap(struct damon_space *s, uint64_t start, uint64_t end, uint64_t now_ns)
{
	struct damon_mapping want[2];
	size_t first, last, n = 0;

	if (!valid_range(start, end))
		return -EINVAL;
	first = last = damon_space_first_after(s, start);
	while (last < s->nr_live && s->live[last].start < end)
		last++;
	if (first == last)
		return 0;
	if (s->live[first].start < start)
		want[n++] = cut(&s->live[first], s->live[first].start, start);
	if (s->live[last - 1].end > end)
		want[n++] = cut(&s->live[last - 1], end, s->live[last - 1].end);
	return replace(s, first, last, want, n, now_ns);
}

int damon_space_sync(struct damon_space *s, const struct damon_mapping *m, size_t n,
		     uint64_t now_ns)
{
	_cleanup_(freep) struct damon_mapping *want = NULL;
	uint64_t end = 0;
	size_t nr = 0;

	for (size_t i = 0; i < n; i++) {
		if (!valid_range(m[i].start, m[i].end) || (i && m[i].start < m[i - 1].start))
			return -EINVAL;
	}
	want = calloc(n + 1, sizeof(*want));
	if (!want)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		/* The kernel hands out maps in pieces: a mapping that changed between two of them
		 * can overlap the one before. */
		if (m[i].end <= end)
			continue;
		if (adopt(s, &m[i], &want[nr]) < 0)
			return -ENOMEM;
		want[nr] = cut(&want[nr], MAX(m[i].start, end), m[i].end);
		end = m[i].end;
		nr++;
	}
	return replace(s, 0, s->nr_live, want, nr, now_ns);
}

/* ---- questions ---- */

static bool holds(const struct damon_mapping *m, uint64_t addr)
{
	return m->start <= addr && addr < m->end;
}

const struct damon_mapping *damon_space_find(const struct damon_space *s, uint64_t addr)
{
	size_t i = damon_space_first_after(s, addr);

	return i < s->nr_live && holds(&s->live[i], addr) ? &s->live[i] : NULL;
}

const struct damon_mapping *damon_space_find_at(const struct damon_space *s, uint64_t addr,
						uint64_t time_ns)
{
	const struct damon_mapping *live = damon_space_find(s, addr);
	size_t lo = 0, hi = s->nr_dead;

	while (lo < hi) { /* the dead are sorted by to_ns */
		size_t mid = lo + (hi - lo) / 2;

		if (s->dead[mid].to_ns <= time_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* Of several, the first to die: those that lived on may have grown over 'addr' later. */
	for (size_t i = lo; i < s->nr_dead; i++) {
		if (holds(&s->dead[i], addr) && s->dead[i].from_ns <= time_ns)
			return &s->dead[i];
	}
	if (live)
		return live;
	for (size_t i = s->nr_dead; i-- > 0;) {
		if (holds(&s->dead[i], addr))
			return &s->dead[i];
	}
	return NULL;
}

/* ---- build ids ---- */

static bool wants_build_id(const struct damon_mapping *m)
{
	return m->prot & DAMON_PROT_EXEC && !m->build_id_len && !m->asked &&
	       (m->inode || !strcmp(m->name, "[vdso]"));
}

/* Of the same file; names of a space are interned. */
static bool same_file(const struct damon_mapping *a, const struct damon_mapping *b)
{
	return a->inode == b->inode && a->dev == b->dev && (a->inode || a->name == b->name);
}

static void set_build_id(struct damon_space *s, struct damon_mapping *m, const uint8_t *id,
			 size_t len)
{
	memcpy(m->build_id, id, len);
	m->build_id_len = (uint8_t)len;
	m->edits++;
	s->version++;
}

void damon_space_tell(struct damon_space *s, const struct damon_mapping *file, const uint8_t *id,
		      size_t len)
{
	const struct damon_mapping of = *file; /* one of those that change */

	if (!len || len > DAMON_BUILD_ID_MAX)
		return;
	for (size_t i = 0; i < s->nr_live; i++)
		if (!s->live[i].build_id_len && same_file(&s->live[i], &of))
			set_build_id(s, &s->live[i], id, len);
}

/* The beginning of the file that 'code' is of, if it is mapped and nobody has been asked yet. */
static const struct damon_mapping *beginning(struct damon_space *s,
					     const struct damon_mapping *code)
{
	const struct damon_mapping *head = NULL, *known = NULL;
	bool asked = false;

	for (size_t i = 0; i < s->nr_live; i++) {
		struct damon_mapping *m = &s->live[i];

		if (!same_file(m, code))
			continue;
		asked |= m->asked;
		m->asked = 1;
		if (m->build_id_len)
			known = m;
		else if (!head && !m->offset &&
			 (m->prot & (DAMON_PROT_READ | DAMON_PROT_WRITE)) == DAMON_PROT_READ)
			head = m;
	}
	if (known)
		damon_space_tell(s, code, known->build_id, known->build_id_len);
	return known || asked ? NULL : head;
}

/* Data of a file whose code is known lies beside that. */
static void tell_neighbours(struct damon_space *s)
{
	for (size_t i = 0; i < s->nr_live; i++) {
		struct damon_mapping *m = &s->live[i];
		const struct damon_mapping *by = i ? m - 1 : NULL;

		if (m->id < s->asked_id || !m->inode || m->build_id_len)
			continue;
		if ((!by || !same_file(by, m) || !by->build_id_len) && i + 1 < s->nr_live)
			by = m + 1;
		if (by && same_file(by, m) && by->build_id_len)
			set_build_id(s, m, by->build_id, by->build_id_len);
	}
}

const struct damon_mapping *damon_space_ask(struct damon_space *s)
{
	if (s->asked_id == s->next_id)
		return NULL;
	for (size_t i = 0; i < s->nr_live; i++) {
		const struct damon_mapping *m = &s->live[i];

		m = wants_build_id(m) ? beginning(s, m) : NULL;
		if (m)
			return m;
	}
	tell_neighbours(s);
	s->asked_id = s->next_id;
	return NULL;
}

/* ---- extents ---- */

static bool accessible(const struct damon_mapping *m)
{
	if (!(m->prot & (DAMON_PROT_READ | DAMON_PROT_WRITE | DAMON_PROT_EXEC)))
		return false;
	return m->name[0] != '[' ||
	       (strncmp(m->name, "[vvar", 5) != 0 && strcmp(m->name, "[vsyscall]") != 0);
}

/* How many gaps between accessible mappings are at most 'limit' bytes. */
static size_t count_gaps(const struct damon_space *s, uint64_t limit)
{
	const struct damon_mapping *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->nr_live; i++) {
		const struct damon_mapping *m = &s->live[i];

		if (!accessible(m))
			continue;
		n += last && m->start - last->end <= limit;
		last = m;
	}
	return n;
}

/* The smallest gap size of which, with all smaller ones, there are at least 'n'. By bisection over
 * sizes: nothing is allocated, so nothing can fail. */
static uint64_t nth_gap(const struct damon_space *s, size_t n)
{
	uint64_t lo = 0, hi = UINT64_MAX;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (count_gaps(s, mid) >= n)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

size_t damon_space_extents(const struct damon_space *s, struct damon_extent *out, size_t max)
{
	size_t total = 0, join, ties = 0, n = 0;
	uint64_t limit = 0;

	for (size_t i = 0; i < s->nr_live; i++)
		total += accessible(&s->live[i]);
	join = total > max ? total - max : 0;
	if (join) {
		limit = nth_gap(s, join);
		ties = join - (limit ? count_gaps(s, limit - 1) : 0);
	}
	for (size_t i = 0; i < s->nr_live; i++) {
		const struct damon_mapping *m = &s->live[i];
		uint64_t gap = n ? m->start - out[n - 1].end : 0;

		if (!accessible(m))
			continue;
		if (join && n && (gap < limit || (gap == limit && ties))) {
			ties -= gap == limit;
			out[n - 1].end = m->end;
		} else {
			out[n++] = (struct damon_extent){m->start, m->end};
		}
	}
	return n;
}
