/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who touches what: the sample log joined with address spaces and symbols, as a report asks for it.
 * Nothing of this is recorded. Feed it each access of the log (damon_record_set_log()); each goes
 * into the row of its code (a place in a program) and its object (what it touched), which reports
 * then sum up as they like.
 *
 *	access -> attrib/code.h: ip -> struct attrib_code	    (symbol/symbol.h)
 *	       -> attrib/object.h: address -> struct attrib_object  (spaces, symbol/symbol.h)
 *	       -> row of (code, object)
 *
 * Memory is bounded: rows beyond the limit are added to one of "others", which is shown. Answers
 * per ip and per page are remembered, so that each access costs a look into two tables.
 */
#ifndef ATTRIB_ATTRIB_H
#define ATTRIB_ATTRIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "damon.h"
#include "symbol/symbol.h"

enum attrib_object_kind {
	ATTRIB_UNKNOWN, /* no mapping is known there */
	ATTRIB_VARIABLE,
	ATTRIB_FILE, /* a mapped file, and what of it has no variable: section of a program, shared
			library, or data */
	ATTRIB_SHARED, /* memory or a file that processes share: one object for all of them */
	ATTRIB_HEAP,
	ATTRIB_ANON, /* anonymous mapping */
	ATTRIB_STACK,
	ATTRIB_KERNEL, /* [vdso], [vvar], ... */
	ATTRIB_NR_KINDS
};
const char *attrib_kind_name(enum attrib_object_kind k); /* "variable", "heap", ... */

struct attrib_object {
	enum attrib_object_kind kind;
	uint32_t id, target_id; /* of shared ones the first target's */
	const char *name;    /* "table", "[heap]", "libc.so.6 .data", "stack of 1234", "anon 64M" */
	const char *file;    /* of a variable: the program or library; else the path, or "" */
	const char *source;  /* where a variable is defined: "hash.c:12"; "" */
	uint64_t start, end; /* where it is, or last was; of shared ones offsets */
	uint64_t addr;	     /* where 'start' is in the target's address space */
	uint64_t bytes;	     /* size */
};

struct attrib_code {
	uint32_t id, target_id; /* UINT32_MAX: of all targets alike */
	enum symbol_from from;
	const char
		*function;  /* the innermost inlined one if lines were asked for; "libc.so.6+0x4f20"
			     */
	const char *outer;  /* that it was inlined into, "" */
	const char *module; /* "libsqlite3.so.0", "[jit]", "[vdso]", "" */
	const char *file;   /* source, "" */
	unsigned line;	    /* 0 */
	/* If addresses were asked for: the instruction, in the mapping as it was first met, and its
	 * frames, innermost first; none where nothing is known. */
	uint64_t ip;
	struct damon_mapping_info map; /* size 0: none */
	const struct symbol_frame *frames;
	size_t nr_frames;
};

/* Sums; weights in accesses, of the source's unit. */
struct attrib_sums {
	uint64_t n;		/* log entries */
	double weight, squares; /* of the weights: for bounds */
	double stores, likely;	/* of the weight */
	double stall;		/* stall weight */
	uint64_t latency_n;	/* entries that tell a latency */
	double latency_sum;	/* cycles, by entries */
	uint32_t latency_max;
	double level[DAMON_NR_MEMORY_LEVELS], remote, tlb_miss; /* of the weight */
	double node_told, tlb_told; /* of the weight, what tells local or remote, hit or miss */
	uint64_t first_ns, last_ns;
};
/* Those of one access. The weight of a stall counts no accesses. */
struct attrib_sums attrib_sums_of(const struct damon_access_info *i);
void attrib_sums_add(struct attrib_sums *to, const struct attrib_sums *s);

struct attrib_row {
	uint32_t target_id;    /* the first, where both are of several */
	uint32_t code, object; /* ids */
	struct attrib_sums sums;
};

struct attrib_options {
	bool lines;	 /* code is told apart by source line, with inlined frames */
	bool members;	 /* variables are told apart by member */
	bool addresses;	 /* code is told apart by instruction, that of files over all targets */
	bool no_symbols; /* modules and mappings only: quick */
	size_t max_rows; /* 0: 262144 */
	struct symbols_options symbols;
	/* Only these; target UINT32_MAX: all, and the same code of several is one. Ends of 0: all.
	 */
	uint32_t target_id;
	uint64_t from_ns, to_ns, addr_start, addr_end;
};

struct attrib;

int attrib_new(struct damon_record *r, const struct attrib_options *o, struct attrib **out);
void attrib_free(struct attrib *a); /* NULL is fine */

/* For damon_record_set_log(): 'priv' is the attrib. Nonzero without memory. */
int attrib_add(void *priv, const struct damon_access_info *i);

/* Is it within what 'options' ask for? attrib_add() leaves out the others. */
bool attrib_is_asked_for(const struct attrib *a, const struct damon_access_info *i);
/* Only the code and the object of an access, which is not added to any sum. 0 or -ENOMEM. */
int attrib_find(struct attrib *a, const struct damon_access_info *i, uint32_t *code,
		uint32_t *object);

/* The file that holds the instruction of an access, and its offset there; NULL: none is known. */
struct symbol_file *attrib_code_file(struct attrib *a, const struct damon_access_info *i,
				     uint64_t *offset);

size_t attrib_nr_rows(const struct attrib *a);
const struct attrib_row *attrib_row(const struct attrib *a, size_t i);
/* By id; ids are [0, n). */
const struct attrib_code *attrib_code(const struct attrib *a, uint32_t id);
const struct attrib_object *attrib_object(const struct attrib *a, uint32_t id);
size_t attrib_nr_codes(const struct attrib *a);
size_t attrib_nr_objects(const struct attrib *a);
/* Of all that was added, and of what has no known function, no known object, no row of its own. */
void attrib_totals(const struct attrib *a, struct attrib_sums *all, struct attrib_sums *no_code,
		   struct attrib_sums *no_object, struct attrib_sums *others);
/* Files that tell less than they might, for the end of a report: the i-th note and whose it is;
 * NULL beyond the last. */
const char *attrib_note(const struct attrib *a, size_t i, const char **path);

/* How many observations of equal weight the entries are worth, (sum w)^2 / sum w^2 (Kish 1965):
 * what bounds of shares count. */
double attrib_effective(const struct attrib_sums *s);

#endif
