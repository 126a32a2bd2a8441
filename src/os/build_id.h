/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The build id of an ELF file: a hash of its contents that linkers put into a note (NT_GNU_BUILD_ID
 * in a segment PT_NOTE). By it a file is recognized wherever it is, and after it was replaced.
 *
 * Every byte is hostile: sizes are bounded, libelf reads copies.
 */
#ifndef OS_BUILD_ID_H
#define OS_BUILD_ID_H

#include <libelf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/space.h"

/* Of an open file. Returns its bytes, at most DAMON_BUILD_ID_MAX; 0: it has none, or a longer one.
 */
size_t damon_build_id_of(Elf *e, uint8_t id[DAMON_BUILD_ID_MAX]);

/* Reads 'len' bytes at an offset: how many it got, or -errno. */
typedef ssize_t (*damon_build_id_fn)(void *priv, uint64_t offset, void *buf, size_t len);

/*
 * Of the first 'size' bytes of a file, of which only the first page is read, and the notes if they
 * lie beyond it, within 1 MiB. Returns as above, or -errno of a first page that cannot be read, or
 * -ENOMEM.
 */
ssize_t damon_build_id_read(damon_build_id_fn read, void *priv, uint64_t size,
			    uint8_t id[DAMON_BUILD_ID_MAX]);

#endif
