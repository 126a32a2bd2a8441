/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "pmu/soft/code.h"

#define PAGE	    DAMON_PAGE_SIZE
#define CHUNK_SHIFT 6 /* 64 bytes of code share a chunk of the index */
#define CHUNK	    (1u << CHUNK_SHIFT)
#define UNIT_MAX    (1ull << 30) /* bytes of a unit: offsets and links fit 31 bits */
#define INSN_MAX    15
#define BLOCK_INSNS 32
#define BLOCK_UOPS  (BLOCK_INSNS * SOFT_INSN_UOPS + 2)
#define NR_BUCKETS  256u
#define NR_PLACES   512u
#define STALL_BITS  13
#define ENTRY_BYTES 32 /* of anonymous code looked at again where a burst enters */
#define NO_IMAGE    0
#define VDSO_IMAGE  UINT32_MAX

const struct soft_code_limits soft_code_limits_default = {
	.max_uops = 1 << 20,
	.max_chunks = 1 << 16,
	.max_units = 4096,
	.max_pages = 2048,
	.recheck_ns = NS_PER_SEC,
};

struct soft_unit {
	struct soft_unit *next;	 /* in its bucket */
	uint32_t image;		 /* number of the file's image + 1, NO_IMAGE, VDSO_IMAGE */
	uint32_t space, mapping; /* of anonymous code */
	uint32_t serial;	 /* of remembered stall addresses: another one once it changed */
	uint64_t first;		 /* offset in the file */
	uint64_t start;		 /* of code in memory: its address in the process looked at last */
	uint32_t len;
	const uint8_t *bytes; /* of the file from 'first' on; NULL: read from memory into 'page' */
	uint8_t **page;
	uint32_t *page_list; /* numbers of the pages that were read, in order */
	uint32_t nr_pages, cap_pages;
	uint32_t *chunk; /* by offset >> CHUNK_SHIFT: which one, 0 none yet */
	uint64_t checked_ns;
};

struct chunk {
	uint32_t uop[CHUNK]; /* of the instruction that starts at this byte, 0 not decoded */
};

struct place {
	uint64_t page; /* 0: empty */
	uint32_t space, version;
	struct soft_unit *unit;
	uint64_t base;
};

struct stall_slot {
	uint32_t serial, off;
	struct soft_stall s;
};

struct soft_code {
	struct damon_peek peek;
	struct soft_code_limits limits;
	const struct soft_arch *arch;
	bool full; /* forget everything before the next burst */

	/* of the burst */
	int pid;
	uint64_t time_ns;
	const struct damon_space *space;
	bool read_anon;

	struct soft_uop *uop;
	struct chunk *chunk;
	uint32_t nr_uops, nr_chunks, nr_units, nr_pages, next_serial;
	struct soft_unit *bucket[NR_BUCKETS];
	struct place place[NR_PLACES];
	struct stall_slot stall[1u << STALL_BITS];
	struct soft_code_stats stats;
};

/* ---- lifetime ---- */

static void unit_free(struct soft_unit *u)
{
	if (!u)
		return;
	for (uint32_t i = 0; i < u->nr_pages; i++)
		free(u->page[u->page_list[i]]);
	free(u->page);
	free(u->page_list);
	free(u->chunk);
	free(u);
}

static void forget(struct soft_code *c)
{
	for (uint32_t i = 0; i < NR_BUCKETS; i++) {
		struct soft_unit *next;

		for (struct soft_unit *u = c->bucket[i]; u; u = next) {
			next = u->next;
			unit_free(u);
		}
		c->bucket[i] = NULL;
	}
	if (c->nr_uops) { /* else it is new, and not yet touched */
		memset(c->place, 0, sizeof(c->place));
		memset(c->stall, 0, sizeof(c->stall));
	}
	c->uop[0] = (struct soft_uop){.op = SOFT_OP_BAD};
	c->nr_uops = 1;
	c->nr_chunks = 1; /* number 0 means none */
	c->nr_units = c->nr_pages = 0;
	c->full = false;
}

struct soft_code *soft_code_new(const struct damon_peek *peek, const struct soft_code_limits *l)
{
	struct soft_code *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->peek = *peek;
	c->limits = l ? *l : soft_code_limits_default;
	c->limits.max_uops = MAX(c->limits.max_uops, 2 * BLOCK_UOPS);
	c->limits.max_uops = MIN(c->limits.max_uops, SOFT_UNLINKED - 1);
	/* touched as far as they are used */
	c->uop = malloc(c->limits.max_uops * sizeof(*c->uop));
	c->chunk = malloc((c->limits.max_chunks + 1ull) * sizeof(*c->chunk));
	if (!c->uop || !c->chunk) {
		soft_code_free(c);
		return NULL;
	}
	forget(c);
	return c;
}

void soft_code_free(struct soft_code *c)
{
	if (!c)
		return;
	if (c->uop)
		forget(c);
	free(c->uop);
	free(c->chunk);
	free(c);
}

void soft_code_begin(struct soft_code *c, const struct soft_arch *arch, const struct soft_tick *t,
		     bool read_anon)
{
	if (c->full || (c->arch && c->arch != arch)) {
		forget(c);
		c->stats.forgets++;
	}
	c->arch = arch;
	c->pid = t->pid;
	c->time_ns = t->time_ns;
	c->space = t->space;
	c->read_anon = read_anon;
}

struct soft_uop *soft_code_uops(struct soft_code *c)
{
	return c->uop;
}

void soft_code_stats(const struct soft_code *c, struct soft_code_stats *out)
{
	*out = c->stats;
	out->nr_uops = c->nr_uops;
	out->nr_units = c->nr_units;
	out->nr_pages = c->nr_pages;
}

/* ---- code bytes ---- */

static ssize_t read_code(struct soft_code *c, uint64_t addr, void *buf, size_t len)
{
	c->stats.reads++;
	return c->peek.read_mem(c->peek.priv, c->pid, addr, buf, len);
}

/* A page of a unit that lives in memory; NULL: it cannot be read. */
static const uint8_t *unit_page(struct soft_code *c, struct soft_unit *u, uint32_t nr)
{
	_cleanup_(freep) uint8_t *page = NULL;
	size_t cap = u->cap_pages;

	if (u->page[nr])
		return u->page[nr];
	if (c->nr_pages >= c->limits.max_pages) {
		c->full = true;
		return NULL;
	}
	page = malloc(PAGE);
	if (!page || vec_reserve(&u->page_list, &cap, u->nr_pages + 1, sizeof(*u->page_list)))
		return NULL;
	u->cap_pages = cap;
	if (read_code(c, u->start + nr * PAGE, page, PAGE) != (ssize_t)PAGE)
		return NULL;
	u->page_list[u->nr_pages++] = nr;
	c->nr_pages++;
	return u->page[nr] = steal(&page);
}

size_t soft_code_bytes(struct soft_code *c, struct soft_unit *u, uint32_t off, uint8_t *out,
		       size_t n)
{
	size_t done = 0;

	if (off >= u->len)
		return 0;
	n = MIN(n, (size_t)(u->len - off));
	if (u->bytes) {
		memcpy(out, u->bytes + off, n);
		return n;
	}
	while (done < n) {
		uint32_t in = (off + done) & (PAGE - 1);
		size_t part = MIN(n - done, (size_t)(PAGE - in));
		const uint8_t *page = unit_page(c, u, (off + done) / PAGE);

		if (!page)
			break;
		memcpy(out + done, page + in, part);
		done += part;
	}
	return done;
}

/* Forgets what was read and decoded of a unit whose code changed. Micro-ops stay where they are:
 * the burst at hand may stand on them. */
static void unit_changed(struct soft_code *c, struct soft_unit *u)
{
	uint32_t n = u->len / CHUNK + 1, *fresh = calloc(n, sizeof(*fresh));

	for (uint32_t i = 0; i < u->nr_pages; i++) {
		free(u->page[u->page_list[i]]);
		u->page[u->page_list[i]] = NULL;
	}
	c->nr_pages -= u->nr_pages;
	u->nr_pages = 0;
	if (fresh) { /* of a large unit, the less work: little of it was touched */
		free(u->chunk);
		u->chunk = fresh;
	} else {
		memset(u->chunk, 0, n * sizeof(*u->chunk));
	}
	u->serial = ++c->next_serial;
	c->stats.changes++;
}

/* Anonymous code, before a burst enters it at 'off': is it still what was read? */
static void unit_check(struct soft_code *c, struct soft_unit *u, uint32_t off)
{
	uint32_t in = off & (PAGE - 1), n = MIN((uint64_t)ENTRY_BYTES, PAGE - in);
	const uint8_t *page = u->page[off / PAGE];
	uint8_t now[PAGE];

	if (page &&
	    (read_code(c, u->start + off, now, n) != (ssize_t)n || memcmp(now, page + in, n))) {
		unit_changed(c, u);
		return;
	}
	if (c->time_ns - u->checked_ns < c->limits.recheck_ns)
		return;
	u->checked_ns = c->time_ns;
	for (uint32_t i = 0; i < u->nr_pages; i++) {
		uint64_t nr = u->page_list[i];

		if (read_code(c, u->start + nr * PAGE, now, PAGE) != (ssize_t)PAGE ||
		    memcmp(now, u->page[nr], PAGE)) {
			unit_changed(c, u);
			return;
		}
	}
}

/* ---- units and places ---- */

static bool unit_is(const struct soft_unit *u, const struct soft_unit *key, uint64_t at)
{
	if (u->image != key->image || u->space != key->space || u->mapping != key->mapping)
		return false;
	return u->image == NO_IMAGE ? at - u->start < u->len : at - u->first < u->len;
}

static struct soft_unit *unit_new(struct soft_code *c, const struct soft_unit *key)
{
	struct soft_unit *u;

	if (c->nr_units >= c->limits.max_units) {
		c->full = true;
		return NULL;
	}
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	*u = *key;
	u->chunk = calloc(u->len / CHUNK + 1, sizeof(*u->chunk));
	if (!u->bytes)
		u->page = calloc(u->len / PAGE + 1, sizeof(*u->page));
	if (!u->chunk || (!u->bytes && !u->page)) {
		unit_free(u);
		return NULL;
	}
	u->checked_ns = c->time_ns;
	u->serial = ++c->next_serial;
	c->nr_units++;
	return u;
}

/* What to look for: the unit that mapping 'm' is, or is a part of. Returns false if it has no code
 * to be had. */
static bool unit_key(struct soft_code *c, const struct damon_mapping *m, struct soft_unit *key)
{
	const struct damon_image *img = NULL;
	uint64_t len = m->end - m->start;

	memset(key, 0, sizeof(*key));
	key->start = m->start;
	if (!strcmp(m->name, "[vdso]")) {
		key->image = VDSO_IMAGE; /* one kernel, one vdso */
		key->len = MIN(len, UNIT_MAX);
		return true;
	}
	if (m->inode)
		img = c->peek.image(c->peek.priv, c->pid, m);
	if (img && img->bytes && m->offset < img->size) {
		key->image = img->id + 1;
		key->first = m->offset;
		key->bytes = img->bytes + m->offset;
		len = MIN(len, img->size - m->offset);
	} else {
		/* anonymous, or a file that is gone or cannot be proven to be the same */
		key->space = c->space->id;
		key->mapping = m->id;
	}
	key->len = MIN(len, UNIT_MAX);
	return key->image != NO_IMAGE || c->read_anon;
}

static struct soft_unit *unit_of(struct soft_code *c, const struct damon_mapping *m, uint64_t ip)
{
	struct soft_unit key, *u, **b;
	uint64_t at;

	if (!unit_key(c, m, &key))
		return NULL;
	at = key.image == NO_IMAGE ? ip : m->offset + (ip - m->start);
	if (key.image == VDSO_IMAGE)
		at = ip - m->start;
	b = &c->bucket[(key.image * 31 + key.space * 7 + key.mapping) % NR_BUCKETS];
	for (u = *b; u; u = u->next)
		if (unit_is(u, &key, at))
			return u;
	u = unit_new(c, &key);
	if (!u)
		return NULL;
	u->next = *b;
	return *b = u;
}

static bool place_fill(struct soft_code *c, struct place *p, uint64_t ip)
{
	const struct damon_mapping *m = damon_space_find(c->space, ip);
	struct soft_unit *u;

	if (!m || !(m->prot & DAMON_PROT_EXEC))
		return false;
	u = unit_of(c, m, ip);
	if (!u)
		return false;
	*p = (struct place){
		.page = ip / PAGE,
		.space = c->space->id,
		.version = c->space->version,
		.unit = u,
		/* a mapping that was split is a part of a unit */
		.base = u->image == NO_IMAGE	 ? u->start
			: u->image == VDSO_IMAGE ? m->start
						 : m->start - (m->offset - u->first),
	};
	return true;
}

int soft_code_place(struct soft_code *c, uint64_t ip, bool entry, struct soft_place *out)
{
	struct place *p = &c->place[(ip / PAGE ^ c->space->id * 61) % NR_PLACES];
	struct soft_unit *u;

	if (p->page != ip / PAGE || p->space != c->space->id || p->version != c->space->version ||
	    !p->page) {
		p->page = 0;
		if (!soft_addr_ok(ip) || !place_fill(c, p, ip))
			return 0;
	}
	u = p->unit;
	if (ip - p->base >= u->len)
		return 0;
	out->unit = u;
	out->base = p->base;
	out->late = u->image == NO_IMAGE;
	if (!u->bytes)
		u->start = p->base;
	if (out->late && !c->read_anon)
		return 0;
	if (out->late && entry)
		unit_check(c, u, ip - p->base);
	return 1;
}

/* ---- decoding ---- */

/* Where the index of offset 'off' is; NULL: there is no room. */
static uint32_t *index_slot(struct soft_code *c, struct soft_unit *u, uint32_t off)
{
	uint32_t *nr = &u->chunk[off >> CHUNK_SHIFT];

	if (!*nr) {
		if (c->nr_chunks > c->limits.max_chunks) {
			c->full = true;
			return NULL;
		}
		memset(&c->chunk[c->nr_chunks], 0, sizeof(*c->chunk));
		*nr = c->nr_chunks++;
	}
	return &c->chunk[*nr].uop[off & (CHUNK - 1)];
}

static uint32_t append(struct soft_code *c, const struct soft_uop *u, uint32_t n)
{
	uint32_t at = c->nr_uops;

	memcpy(&c->uop[at], u, n * sizeof(*u));
	c->nr_uops += n;
	return at;
}

static void append_link(struct soft_code *c, uint32_t link)
{
	const struct soft_uop u = {.op = SOFT_OP_LINK, .aux = link};

	append(c, &u, 1);
}

/*
 * Decodes the instruction at 'off' and enters it into the index. Returns its length, 0 if there is
 * none: then '*at' is a SOFT_OP_BAD, or 0 if the bytes may be there another time.
 */
static int decode_one(struct soft_code *c, struct soft_unit *u, uint32_t off, uint32_t *slot,
		      uint32_t *at, bool *ends)
{
	struct soft_uop out[SOFT_INSN_UOPS] = {0};
	uint8_t bytes[INSN_MAX];
	size_t n = soft_code_bytes(c, u, off, bytes, sizeof(bytes));
	int len = 0, nr = n ? c->arch->decode(bytes, n, off, out, &len, ends) : 0;

	*at = 0;
	if (nr <= 0 && !u->bytes && n < sizeof(bytes))
		return 0;
	if (nr <= 0) {
		out[0] = (struct soft_uop){.op = SOFT_OP_BAD};
		nr = 1;
		len = 0;
	}
	out[0].first = 1;
	*slot = *at = append(c, out, nr);
	c->stats.insns += len > 0;
	return len;
}

/* Decodes from 'off' to the end of its block. Returns the micro-op at 'off', or 0. */
static uint32_t decode_block(struct soft_code *c, struct soft_unit *u, uint32_t off)
{
	uint32_t first = 0;
	bool ends = false;

	if (c->full || c->nr_uops + BLOCK_UOPS > c->limits.max_uops) {
		c->full = true;
		return 0;
	}
	for (int i = 0; i < BLOCK_INSNS && off < u->len; i++) {
		uint32_t *slot = index_slot(c, u, off), at;
		int len;

		if (!slot)
			break;
		if (*slot && !first)
			return *slot;
		if (*slot) {
			append_link(c, *slot); /* ran into code that is decoded */
			return first;
		}
		len = decode_one(c, u, off, slot, &at, &ends);
		if (!first)
			first = at;
		if (!at)
			break;
		if (!len || ends)
			return first;
		off += len;
	}
	if (first)
		append_link(c, SOFT_UNLINKED | off);
	return first;
}

uint32_t soft_code_find(struct soft_code *c, uint64_t ip, bool entry, struct soft_place *out)
{
	uint32_t off, nr, at;

	if (!soft_code_place(c, ip, entry, out))
		return 0;
	off = ip - out->base;
	nr = out->unit->chunk[off >> CHUNK_SHIFT];
	at = nr ? c->chunk[nr].uop[off & (CHUNK - 1)] : 0;
	return at ? at : decode_block(c, out->unit, off);
}

uint32_t soft_code_link(struct soft_code *c, struct soft_unit *u, uint32_t *link)
{
	uint32_t off = *link & ~SOFT_UNLINKED, at;

	if (off >= u->len)
		return 0;
	at = decode_block(c, u, off);
	if (at)
		*link = at;
	return at;
}

/* ---- the access waited for ---- */

#define BEFORE 40u /* bytes looked at before an instruction */

/* The remembered answer for 'off', or a free slot for one: two places, the older one gives way. */
static struct stall_slot *stall_slot(struct soft_code *c, uint32_t serial, uint32_t off,
				     bool *found)
{
	uint32_t set = (off * 0x9e3779b1u ^ serial * 0x85ebca6bu) >> (33 - STALL_BITS);
	struct stall_slot *a = &c->stall[2 * set], *b = a + 1;

	*found = true;
	if (a->serial == serial && a->off == off)
		return a;
	if (b->serial == serial && b->off == off)
		return b;
	*found = false;
	*b = *a;
	a->serial = 0;
	return a;
}

const struct soft_stall *soft_code_stall(struct soft_code *c, struct soft_unit *u, uint32_t off)
{
	uint8_t bytes[BEFORE + INSN_MAX];
	uint32_t before = MIN(off, BEFORE);
	struct stall_slot *s;
	bool found;
	size_t n;

	s = stall_slot(c, u->serial, off, &found);
	if (!found) {
		n = soft_code_bytes(c, u, off - before, bytes, before + INSN_MAX);
		if (n < before)
			return NULL;
		*s = (struct stall_slot){.serial = u->serial, .off = off};
		c->arch->backward(bytes, n, before, off, &s->s);
	}
	return s->s.known ? &s->s : NULL;
}
