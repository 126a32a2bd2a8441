/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structs that grow: what the caller's 'size' covers is filled, the rest is left alone. */
#ifndef LIB_OUT_H
#define LIB_OUT_H

#include <string.h>

#include "base/util.h"

struct damon_mapping;
struct damon_mapping_info;

/* Copies 'value' to '*out' as far as out->size says, keeping out->size. */
#define out_copy(out, value)                                                                       \
	do {                                                                                       \
		size_t out_size_ = MIN((out)->size, sizeof(value));                                \
                                                                                                   \
		(value).size = (out)->size;                                                        \
		memcpy(out, &(value), out_size_);                                                  \
	} while (0)

/* A caller's struct '*in' of in->size bytes as ours: fields that it does not know keep the value
 * they have in 'value'. */
#define in_copy(value, in)                                                                         \
	do {                                                                                       \
		memcpy(&(value), in, MIN((in)->size, sizeof(value)));                              \
		(value).size = sizeof(value);                                                      \
	} while (0)

void mapping_info(struct damon_mapping_info *out, const struct damon_mapping *m);

#endif
