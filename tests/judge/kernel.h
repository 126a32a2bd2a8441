/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitoring of the kernel's DAMON, as its documentation describes it
 * (Documentation/mm/damon/design.rst: region based sampling, adaptive regions adjustment, age
 * tracking): each sampling interval one random page of every region is checked; each aggregation
 * interval neighbours of similar nr_accesses are merged, and regions are split at random in two or
 * three. It works on ideal accessed bits: nothing but the choice of pages is uncertain.
 */
#ifndef JUDGE_KERNEL_H
#define JUDGE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

struct kernel_region {
	uint64_t start, end; /* pages, half open */
	unsigned int nr_accesses, last_nr_accesses, age;
};

struct kernel {
	struct kernel_region *regions; /* sorted */
	size_t nr, cap, last_nr;
	size_t min, max;   /* regions */
	uint64_t limit;	   /* pages that a merged region may have */
	unsigned int most; /* checks of a region per aggregation interval */
	uint64_t nr_checks;
	struct rng rng;
};

struct kernel_range {
	uint64_t start, end; /* pages */
};

/* Starts with 'min' regions over the ranges (sorted), shared by size, at least one each. */
void kernel_init(struct kernel *k, const struct kernel_range *r, size_t n, size_t min, size_t max,
		 unsigned int most, uint64_t seed);
void kernel_release(struct kernel *k);

/* The end of a sampling interval: was a random page of each region accessed in it? */
typedef bool (*kernel_accessed)(void *priv, uint64_t page, struct rng *rng);
void kernel_check(struct kernel *k, kernel_accessed accessed, void *priv);

/* The end of an aggregation interval, first part: ages and merging. Afterwards 'regions' are what
 * DAMON reports. */
void kernel_merge(struct kernel *k);

/* Second part: counts are reset, and regions split. */
void kernel_split(struct kernel *k);

#endif
