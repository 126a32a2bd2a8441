/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function, instruction by instruction: what 'report annotate' collects, and then lists. */
#ifndef REPORT_ANNOTATE_H
#define REPORT_ANNOTATE_H

#include "report/touch.h"

struct annotate_insn {
	uint64_t vaddr;
	unsigned len;
	struct attrib_sums sums; /* none: it was not seen to access memory */
	uint32_t object;	 /* that it touched most, by a's ids; UINT32_MAX: none */
	double object_weight;
	const char *file; /* source; NULL: not known */
	unsigned line;
	char *text; /* owned; NULL: its bytes are not known */
};

/* A function of that name: there may be several. */
struct annotate_function {
	struct symbol_file *file;
	const char *name, *module;
	uint64_t start, end; /* file's virtual addresses */
	struct attrib_sums sums;
	struct annotate_insn *insns; /* sorted by address */
	size_t nr, cap;
};

/* Decodes the function and finds the source of each instruction. 0 or -ENOMEM. */
int annotate_decode(struct annotate_function *f);

/* Writes it: source lines with their instructions, or instructions alone. 0 or -ENOMEM. */
int annotate_write(struct report_args *a, const struct touch *x, const struct annotate_function *f);

#endif
