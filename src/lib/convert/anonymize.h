/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a record tells of its machine and its programs, made to tell nothing of them: names become
 * hashes under a key of this copy alone (SipHash-2-4 of Aumasson and Bernstein, 2012), addresses
 * move by a distance of their address space. Equal names stay equal and kinds stay recognisable, so
 * that reports give the same figures.
 */
#ifndef LIB_ANONYMIZE_H
#define LIB_ANONYMIZE_H

#include <stddef.h>
#include <stdint.h>

#include "record/format.h"

struct anonymize {
	uint64_t key[2];
};

int anonymize_init(struct anonymize *a); /* a key by chance; 0 or -errno */

uint64_t anonymize_hash(const struct anonymize *a, const void *bytes, size_t n);

/* How far addresses of a space move: a multiple of 64 MiB (arenas of malloc are told by such
 * places), less than 8 TiB. */
uint64_t anonymize_shift(const struct anonymize *a, uint32_t space_id);
/* The kernel's part of the address space stays where it is. */
static inline uint64_t anonymize_address(uint64_t addr, uint64_t shift)
{
	return addr >> 63 ? addr : addr + shift;
}

/* "/3f2a91c07b/8c0d5e1f22.so (deleted)", "[anon:8c0d5e1f22]"; names that are the same everywhere,
 * such as "[heap]", stay. 'buf' has 'size' bytes; what does not fit is left out. */
void anonymize_mapping(const struct anonymize *a, const char *name, char *buf, size_t size);
/* A word for a name; "" stays "". */
void anonymize_word(const struct anonymize *a, const char *name, char *buf, size_t size);

/* The same of a mark; those without a name keep their number. */
void anonymize_mark(const struct anonymize *a, const char *name, char *buf, size_t size);
/* Which file it is: files stay apart. */
void anonymize_file(const struct anonymize *a, uint64_t *dev, uint64_t *inode);

void anonymize_meta(const struct anonymize *a, struct damon_meta *m);
void anonymize_totals(const struct anonymize *a, struct damon_totals *t);

#endif
