/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes of a target that a decoder may ask for: files behind mappings, and memory.
 *
 * A file named by a mapping is used only if its device and inode match, or its build id does: it is
 * opened through /proc/PID/root first, so that a path in another mount namespace means the right
 * file.
 */
#ifndef OS_PEEK_H
#define OS_PEEK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/space.h"

struct damon_sys;

/*
 * A file, shared by all who ask for it; lives as long as the peek. Of 'bytes' only the ranges of
 * those mappings that were asked for are the file's, the rest is zero: a copy, so that a file that
 * shrinks or changes harms nobody. A file that changed is another image.
 */
struct damon_image {
	uint32_t id;	      /* unique in its peek */
	const uint8_t *bytes; /* offset 0 of the file */
	uint64_t size;
};

struct damon_peek {
	void *priv;
	/* The image behind mapping 'm' of process 'pid', with the bytes of the mapping; NULL:
	 * anonymous, gone, another file, or more than 256 MiB of files in all. Answers are
	 * remembered per mapping. */
	const struct damon_image *(*image)(void *priv, int pid, const struct damon_mapping *m);
	/* Copies target memory: bytes read, or -errno. */
	ssize_t (*read_mem)(void *priv, int pid, uint64_t addr, void *buf, size_t len);
};

/* Peeks into real processes. Returns 0 or -ENOMEM. Release with damon_peek_release(), NULL-safe on
 * priv. */
int damon_peek_init(struct damon_peek *r, const struct damon_sys *sys);
void damon_peek_release(struct damon_peek *r);

#endif
