/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is asked for one monitoring context: targets, intervals, regions and schemes, from a file
 * (config/kdamonds.h), from options of the command line, or a preset (config/presets.h).
 *
 * What is wrong is refused with the file, the path of the key and the reason:
 *	schemes.json: [0].quotas.time_ms: '5 parsecs' is no time
 * What is only odd (a key that nobody knows, a number that may be meant otherwise) is told to a
 * callback and refused if 'strict'.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "damon.h"
#include "damos.h"

struct config_region {
	uint64_t start, end; /* half open */
};

struct config_target {
	int pid;		       /* 0: none, as of physical addresses */
	struct config_region *regions; /* in order, none overlaps */
	size_t nr_regions, cap_regions;
};

/* What was said; everything else has its default. */
enum config_given {
	CONFIG_OPS = 1 << 0,
	CONFIG_TARGETS = 1 << 1,
	CONFIG_SAMPLE = 1 << 2,
	CONFIG_AGGR = 1 << 3,
	CONFIG_UPDATE = 1 << 4,
	CONFIG_GOAL = 1 << 5,
	CONFIG_MIN_REGIONS = 1 << 6,
	CONFIG_MAX_REGIONS = 1 << 7,
	CONFIG_SCHEMES = 1 << 8, /* even if there are none of them */
};

enum config_ops { CONFIG_VADDR, CONFIG_FVADDR, CONFIG_PADDR };

struct config {
	unsigned given; /* enum config_given */
	enum config_ops ops;
	struct config_target *targets;
	size_t nr_targets, cap_targets;
	struct damon_attrs attrs;
	struct damon_intervals_goal goal; /* access_bp 0: none */
	struct damos *schemes;		  /* their strings are the config's or static */
	size_t nr_schemes, cap_schemes;
};

void config_init(struct config *c);
void config_release(struct config *c); /* leaves it as config_init() does */

const char *config_ops_name(enum config_ops ops); /* "vaddr", ... */

/* Each NULL if there is no memory. The new one is as by damos_init(), without pid or regions. */
struct damos *config_add_scheme(struct config *c);
struct config_target *config_add_target(struct config *c);
/* 0 or -ENOMEM. */
int config_add_region(struct config_target *t, uint64_t start, uint64_t end);

/* Of operations set, intervals, goal and numbers of regions those that 'with' was given. */
void config_override(struct config *c, const struct config *with);

/* 'file': NULL on the command line. 'where': "[0].quotas.time_ms", "--damos-age". */
typedef void (*config_warn_fn)(void *priv, const char *file, const char *where, const char *text);

struct config_how {
	bool strict;
	config_warn_fn warn; /* NULL: nobody is told */
	void *priv;
};

#endif
