/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers about code that took DWARF, kept between runs: a file per build id, of text lines. What
 * cannot be read is asked again. Internal to the symbol layer.
 */
#ifndef SYMBOL_CACHE_H
#define SYMBOL_CACHE_H

#include "symbol/strings.h"
#include "symbol/symbol.h"

struct symbol_cache {
	struct cached {
		uint64_t offset;
		bool used;
		struct symbol_code code;
	} * slots; /* open addressing */
	size_t nr, cap;
	size_t nr_loaded; /* of 'nr', from the file */
};

const struct symbol_code *symbol_cache_find(const struct symbol_cache *c, uint64_t offset);
/* 0 or -ENOMEM. */
int symbol_cache_add(struct symbol_cache *c, uint64_t offset, const struct symbol_code *code);
void symbol_cache_release(struct symbol_cache *c);

/* Reads what is kept in 'path'. A file that is not there, or makes no sense, adds nothing. */
int symbol_cache_load(struct symbol_cache *c, const char *path, struct strings *names);
/* Writes it anew, if there is more than was read; nothing half-written is ever seen. */
void symbol_cache_store(const struct symbol_cache *c, const char *path);

#endif
