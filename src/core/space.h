/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one owner of an address space: what was mapped where, from when to when. One space per exec
 * of a process; forked children share their parent's until they exec or are told apart.
 *
 * Pure: fed by MMAP2 records and the text of /proc/PID/maps through the layers above; read by the
 * soft source (code bytes), the estimator (bounds), the recorder and the reports (names).
 * All ranges are half open; live mappings are sorted by start and never overlap.
 */
#ifndef CORE_SPACE_H
#define CORE_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAMON_BUILD_ID_MAX 20

enum damon_prot {
	DAMON_PROT_READ = 1,
	DAMON_PROT_WRITE = 2,
	DAMON_PROT_EXEC = 4,
	DAMON_PROT_SHARED = 8
};

struct damon_mapping {
	uint64_t start, end; /* bytes */
	uint64_t offset;     /* into the file, bytes */
	uint64_t dev;	     /* major << 32 | minor of the file's device; 0 if anonymous */
	uint64_t inode;
	uint8_t build_id[DAMON_BUILD_ID_MAX];
	uint8_t build_id_len;	 /* 0: not known */
	uint8_t prot;		 /* enum damon_prot */
	uint8_t asked;		 /* 1: damon_space_ask() has handed out its file */
	uint64_t from_ns, to_ns; /* lived in [from_ns, to_ns); to_ns is UINT64_MAX while it lives */
	const char *name; /* "/path", "[heap]", "[stack]", "[anon:...]", "" for anonymous; owned by
			     the space */
	uint32_t id;	  /* unique in its space; a mapping that only grows or shrinks keeps it */
	uint32_t edits;	  /* grows by one whenever start, end or to_ns change, or a name, inode or
			     build id becomes known: what a recorder must write again */
};

struct damon_space {
	uint32_t id; /* unique in the process of damon-perf */
	uint32_t refs;
	uint32_t version; /* changes with every change of the live mappings: caches compare it */
	struct damon_mapping *live; /* sorted by start */
	size_t nr_live, cap_live;
	struct damon_mapping
		*dead; /* oldest first; at most 'max_dead', then the oldest are forgotten */
	size_t nr_dead, cap_dead, max_dead;
	uint64_t nr_forgotten; /* dead mappings no longer listed: shown to the user */
	uint32_t next_id;
	uint32_t asked_id; /* damon_space_ask() has looked at all mappings with smaller ids */
	void *names;	   /* interned strings */
};

struct damon_space *damon_space_new(void);
struct damon_space *damon_space_ref(struct damon_space *s); /* returns s */
void damon_space_unref(struct damon_space *s);		    /* NULL is fine */

/* A copy with a new id and the live mappings only: what a fork that goes its own way needs. NULL:
 * no memory. */
struct damon_space *damon_space_clone(const struct damon_space *s, uint64_t now_ns);

/*
 * Adds 'm' (its name is copied; id, from_ns, to_ns, edits are set here), ending or trimming
 * whatever lived in its range. A mapping equal but for its bounds that touches or overlaps is
 * extended and keeps its id; of several, the oldest id stays. Returns 0, or -ENOMEM, or -EINVAL if
 * the range is empty or not page aligned.
 */
int damon_space_map(struct damon_space *s, const struct damon_mapping *m, uint64_t now_ns);

/* Ends or trims what lives in [start, end). */
int damon_space_unmap(struct damon_space *s, uint64_t start, uint64_t end, uint64_t now_ns);

/* Makes the live mappings equal to 'm[0..n)', sorted by start: a re-read of /proc/PID/maps.
 * Unchanged ones are left alone. Returns 0, -ENOMEM, or -EINVAL (nothing changed). */
int damon_space_sync(struct damon_space *s, const struct damon_mapping *m, size_t n,
		     uint64_t now_ns);

/* The first live mapping that ends behind 'addr', as a place in 'live': nr_live if there is none.
 * O(log n). */
size_t damon_space_first_after(const struct damon_space *s, uint64_t addr);

/* The live mapping that holds 'addr', or NULL. O(log n). */
const struct damon_mapping *damon_space_find(const struct damon_space *s, uint64_t addr);

/* The mapping that held 'addr' at 'time_ns', dead or alive, else the last that held it, else NULL.
 */
const struct damon_mapping *damon_space_find_at(const struct damon_space *s, uint64_t addr,
						uint64_t time_ns);

/*
 * Build ids, which whoever reads memory or files tells. damon_space_ask() yields a live mapping
 * that shows the beginning of a file with code whose build id is not known, each file once; also
 * that of [vdso]. NULL: there is none, which takes no time unless mappings appeared since. Files
 * that are data are never asked about: nobody needs to touch their pages. damon_space_tell() gives
 * the build id to all live mappings of that file; those that appear later get it as well.
 */
const struct damon_mapping *damon_space_ask(struct damon_space *s);
void damon_space_tell(struct damon_space *s, const struct damon_mapping *file, const uint8_t *id,
		      size_t len);

/* A range of pages that may hold regions. */
struct damon_extent {
	uint64_t start, end; /* bytes, page aligned, half open */
};

/*
 * The accessible mappings (some permission, not [vvar] or [vsyscall]) as at most 'max' extents,
 * sorted. Mappings that touch stay apart (their borders are kept as borders of regions) unless
 * there are more than 'max': then those with the smallest gap between them are joined first, gaps
 * included. Returns their number; 'out' has room for 'max' (at least 1).
 */
size_t damon_space_extents(const struct damon_space *s, struct damon_extent *out, size_t max);

#endif
