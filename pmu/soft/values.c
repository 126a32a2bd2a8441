/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "pmu/soft/values.h"

#define NR_RO	   (1u << 12) /* pages remembered: 16 MiB of snapshots at most, over all spaces */
#define HEADER_FAR 16	      /* mappings that a file's segments are split into */
#define PAGE	   DAMON_PAGE_SIZE

enum { WORTH_UNTRIED = 3, WORTH_GAIN = 8, WORTH_MAX = 64, RETRY = 1024 };

/* What is known about a page: its bytes if it cannot be written, else NULL. */
struct soft_ro_page {
	uint64_t page;
	const uint8_t *bytes;
	uint8_t *snapshot; /* room for a copy, once one was needed */
	uint32_t space, version, mapping;
	bool used;
};

int soft_values_init(struct soft_values *v, const struct damon_peek *peek)
{
	memset(v, 0, sizeof(*v));
	v->peek = *peek;
	v->ro = calloc(NR_RO, sizeof(*v->ro));
	v->worth = malloc(SOFT_NR_SITES);
	if (v->ro && v->worth) {
		memset(v->worth, WORTH_UNTRIED, SOFT_NR_SITES);
		return 0;
	}
	soft_values_release(v);
	return -ENOMEM;
}

void soft_values_release(struct soft_values *v)
{
	for (uint32_t i = 0; v->ro && i < NR_RO; i++)
		free(v->ro[i].snapshot);
	free(v->ro);
	free(v->worth);
	v->worth = NULL;
	v->ro = NULL;
}

void soft_values_begin(struct soft_values *v, const struct soft_tick *t, uint64_t sp,
		       uint32_t max_reads)
{
	v->pid = t->pid;
	v->space = t->space;
	v->sp = sp;
	v->stack = t->stack;
	v->stack_len = t->stack ? t->stack_len : 0;
	v->nr_stores = v->nr_lines = v->nr_reads = v->nr_spent = 0;
	v->max_reads = MIN(max_reads, (uint32_t)SOFT_MAX_READS);
	v->missed = v->blind = v->likely = false;
}

/* ---- pages that cannot be written ---- */

/*
 * Whether an ELF segment that holds the page at file offset 'off' may be written: 1, 0, or -1 not
 * an ELF file or no segment of it. Segments of both kinds may share a page of the file: then 1.
 */
static int segment_writable(const struct damon_image *img, uint64_t off)
{
	int writable = -1;
	Elf64_Ehdr eh;

	if (!img->bytes || img->size < sizeof(eh))
		return -1;
	memcpy(&eh, img->bytes, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) || eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_phentsize != sizeof(Elf64_Phdr))
		return -1;
	for (uint64_t i = 0; i < MIN(eh.e_phnum, 64); i++) {
		uint64_t at = eh.e_phoff + i * sizeof(Elf64_Phdr);
		Elf64_Phdr ph;

		if (at < eh.e_phoff || at > img->size - sizeof(ph))
			return -1;
		memcpy(&ph, img->bytes + at, sizeof(ph));
		if (ph.p_type == PT_LOAD && off + PAGE > ph.p_offset &&
		    off < ph.p_offset + ph.p_filesz)
			writable = MAX(writable, ph.p_flags & PF_W ? 1 : 0);
	}
	return writable;
}

/* The mapping of the same file that has its ELF header: the program's or library's first, below
 * 'm'. NULL: none nearby. Images have the bytes of those mappings only that were asked for. */
static const struct damon_mapping *header_of(const struct damon_space *s,
					     const struct damon_mapping *m)
{
	size_t far = MIN((size_t)(m - s->live), (size_t)HEADER_FAR);

	for (size_t i = 0; i <= far; i++)
		if (!m[-i].offset && m[-i].inode == m->inode && m[-i].dev == m->dev)
			return &m[-i];
	return NULL;
}

/* The bytes of a page of mapping 'm' if no one can have written to it since, else NULL. */
static const uint8_t *constant_page(struct soft_values *v, const struct damon_mapping *m,
				    uint64_t page, uint8_t **snapshot)
{
	uint64_t off = m->offset + (page - m->start);
	const struct damon_mapping *header = header_of(v->space, m);
	const struct damon_image *img = NULL;
	int writable = -1;

	if (header && v->peek.image(v->peek.priv, v->pid, header))
		img = v->peek.image(v->peek.priv, v->pid, m);
	if (img)
		writable = segment_writable(img, off);

	if (!writable)
		return off + PAGE <= img->size ? img->bytes + off : NULL;
	if (writable < 0)
		return NULL;
	if (!*snapshot)
		*snapshot = malloc(PAGE);
	if (!*snapshot ||
	    v->peek.read_mem(v->peek.priv, v->pid, page, *snapshot, PAGE) != (ssize_t)PAGE)
		return NULL;
	v->nr_snapshots++;
	return *snapshot;
}

static bool read_only(const struct damon_mapping *m)
{
	return m->inode && (m->prot & DAMON_PROT_READ) &&
	       !(m->prot & (DAMON_PROT_WRITE | DAMON_PROT_SHARED));
}

static const uint8_t *classify(struct soft_values *v, struct soft_ro_page *p, uint64_t page)
{
	const struct damon_space *s = v->space;
	const struct damon_mapping *m = damon_space_find(s, page);
	bool same = p->used && p->page == page && p->space == s->id;

	if (!m || !read_only(m)) {
		v->plain.start = m ? m->start : page;
		v->plain.end = m ? m->end : page + PAGE;
		v->plain.space = s->id;
		v->plain.version = s->version;
		return NULL;
	}
	/* other mappings changed: what is known of this one still holds */
	if (!same || p->mapping != m->id || !p->bytes) {
		p->page = page;
		p->space = s->id;
		p->mapping = m->id;
		p->bytes = constant_page(v, m, page, &p->snapshot);
		p->used = true;
	}
	p->version = s->version;
	return p->bytes;
}

static const uint8_t *find_constant(struct soft_values *v, uint64_t addr)
{
	const struct damon_space *s = v->space;
	uint64_t page = addr & ~(PAGE - 1);
	uint32_t i =
		((page >> DAMON_PAGE_SHIFT) ^ ((uint64_t)s->id << 32)) * 0x9e3779b97f4a7c15ull >>
		52;
	struct soft_ro_page *p = &v->ro[i];

	/* first what is at hand: the table is large, and seldom in the cache */
	if (addr >= v->plain.start && addr < v->plain.end && v->plain.space == s->id &&
	    v->plain.version == s->version)
		return NULL;
	if (p->used && p->page == page && p->space == s->id && p->version == s->version)
		return p->bytes;
	return classify(v, p, page);
}

/* ---- the order of sources ---- */

/*
 * May the target be read for this load? Loads that were not worth it are tried again now and then,
 * beside the budget: spent on them, it would be missing for others.
 */
static bool may_read(struct soft_values *v, uint32_t site)
{
	if (!v->max_reads || v->nr_reads == SOFT_MAX_READS)
		return false;
	if (!v->worth[site % SOFT_NR_SITES])
		return ++v->nr_refused % RETRY == 0;
	if (v->nr_spent == v->max_reads) {
		v->missed = true;
		return false;
	}
	v->nr_spent++;
	return true;
}

bool soft_values_settled(const struct soft_values *v)
{
	for (uint32_t i = 0; i < v->nr_reads; i++)
		if (v->worth[v->read_site[i] % SOFT_NR_SITES] <= WORTH_UNTRIED)
			return false;
	return true;
}

void soft_values_learn(struct soft_values *v, const uint32_t *sites, uint32_t nr, bool gained)
{
	for (uint32_t i = 0; i < nr; i++) {
		uint8_t *w = &v->worth[sites[i] % SOFT_NR_SITES];

		if (gained)
			*w = MIN(*w + WORTH_GAIN, WORTH_MAX);
		else if (*w)
			--*w;
	}
}

/* Where the read for 'addr' begins: lines are aligned, but the red zone is one of its own. */
static uint64_t line_start(const struct soft_values *v, uint64_t addr)
{
	uint64_t red = v->sp - SOFT_RED_ZONE;

	return addr - red < SOFT_RED_ZONE ? red : addr & ~(uint64_t)(SOFT_LINE - 1);
}

static const uint8_t *line_holds(const struct soft_line *l, uint64_t addr, uint32_t size)
{
	uint64_t in = addr - l->addr;

	return in < l->size && l->size - in >= size ? l->bytes + in : NULL;
}

/* Bytes of the target: of a line that this burst read, or of one that is read now. */
static const uint8_t *target_bytes(struct soft_values *v, uint64_t addr, uint32_t size,
				   uint32_t site)
{
	const uint8_t *found;
	struct soft_line *l;
	ssize_t n;

	for (uint32_t i = 0; i < v->nr_lines; i++)
		if ((found = line_holds(&v->line[i], addr, size)))
			return found;
	if (!may_read(v, site))
		return NULL;
	v->read_site[v->nr_reads++] = site;
	v->nr_reads_total++;
	l = &v->line[v->nr_lines];
	l->addr = line_start(v, addr);
	n = v->peek.read_mem(v->peek.priv, v->pid, l->addr, l->bytes, SOFT_LINE);
	if (n <= 0)
		return NULL;
	l->size = (uint32_t)n;
	v->nr_lines++;
	return line_holds(l, addr, size);
}

enum found { NOT_STORED, STORED, STORED_UNKNOWN };

static enum found own_store(const struct soft_values *v, uint64_t addr, uint32_t size,
			    uint64_t *value)
{
	for (uint32_t i = v->nr_stores; i--;) {
		const struct soft_store *s = &v->store[i];
		uint64_t in = addr - s->addr; /* wraps where 'addr' is below */

		if (in < s->size && s->size - in >= size && s->known) {
			*value = s->value >> 8 * in;
			return STORED;
		}
		if (in < s->size || s->addr - addr < size)
			return STORED_UNKNOWN; /* not known, or a part of it */
	}
	return NOT_STORED;
}

static bool copy(uint64_t *value, const uint8_t *from, uint32_t size)
{
	*value = 0;
	memcpy(value, from, size);
	return true;
}

static bool load(struct soft_values *v, uint64_t addr, uint32_t size, uint32_t site,
		 uint64_t *value)
{
	const uint8_t *from;

	switch (own_store(v, addr, size, value)) {
	case STORED:
		v->likely |= v->blind;
		return true;
	case STORED_UNKNOWN:
		return false;
	default:
		break;
	}
	if (addr - v->sp < v->stack_len && v->stack_len - (addr - v->sp) >= size) {
		v->likely |= v->blind;
		return copy(value, v->stack + (addr - v->sp), size);
	}
	if (!soft_addr_ok(addr))
		return false;
	if ((addr & (PAGE - 1)) + size <= PAGE && (from = find_constant(v, addr)))
		return copy(value, from + (addr & (PAGE - 1)), size);
	from = target_bytes(v, addr, size, site);
	if (!from)
		return false;
	v->likely = true;
	return copy(value, from, size);
}

bool soft_values_load(struct soft_values *v, uint64_t addr, uint32_t size, uint32_t site,
		      uint64_t *value)
{
	if (!load(v, addr, size, site, value))
		return false;
	if (size < 8)
		*value &= (1ull << 8 * size) - 1;
	return true;
}
