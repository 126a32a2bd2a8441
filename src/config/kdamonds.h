/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kdamonds files and lists of schemes, as damo (DAMON's user tool, 3.3) reads and writes them.
 *
 *	{"kdamonds": [{"contexts": [{"ops": "vaddr", "targets": [...], "schemes": [...]}]}]}
 *	[{"action": "pageout", "access_pattern": {...}}, ...]
 *
 * Keys of a scheme that damo does not have, and ignores: compare ("bounds", "plain"),
 * refault_max_bp. docs/SCHEMES.md tells what is refused, and what is warned of.
 */
#ifndef CONFIG_KDAMONDS_H
#define CONFIG_KDAMONDS_H

#include <stdio.h>

#include "config/config.h"

#define CONFIG_FILE_MAX (4u << 20)

/*
 * Adds to 'c' what 'source' says: JSON that begins with '{' or '[', or the name of a file of it.
 * Samples and aggregation intervals are those of the file, else those in 'c'. Returns 0 or -errno
 * with the sentence; 'c' is to be released in both cases.
 */
int config_read(struct config *c, const char *source, const struct config_how *how,
		struct damon_fail *fail);

/* The same of bytes; 'name' is what sentences call them. */
int config_read_bytes(struct config *c, const char *name, const char *data, size_t size,
		      const struct config_how *how, struct damon_fail *fail);

/* As a kdamonds file, on one line, which config_read() makes the same config of (of access rates
 * below 0.1 % to 1e-20). */
void config_write(FILE *out, const struct config *c);

#endif
