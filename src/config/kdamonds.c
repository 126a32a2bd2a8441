/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "config/kdamonds.h"
#include "config/read_scheme.h"

/* ---- intervals ---- */

#define AT(field) offsetof(struct config, field)

static const struct key goal_keys[] = {
	{"access_bp", KEY_PART, AT(goal.access_bp), 10000},
	{"aggrs", KEY_U32, AT(goal.aggrs), UINT16_MAX},
	{"min_sample_us", KEY_TIME, AT(goal.min_sample_ns), NS_PER_US},
	{"max_sample_us", KEY_TIME, AT(goal.max_sample_ns), NS_PER_US},
	{0},
};

/* damo writes a goal of zeros where there is none. */
static int read_intervals_goal(struct reader *r, const struct place *at, const json_t *v,
			       void *into)
{
	struct damon_intervals_goal *g = &r->c->goal;
	struct place bp = {at, "access_bp", 0}, low = {at, "min_sample_us", 0};
	int err;

	*g = (struct damon_intervals_goal){.size = sizeof(*g)};
	err = read_object(r, at, v, goal_keys, r->c);
	if (err)
		return err;
	if (!g->aggrs) {
		*g = (struct damon_intervals_goal){.size = sizeof(*g)};
		return 0;
	}
	if (!g->access_bp)
		return refuse(&r->is, &bp, "a goal of no access events is none");
	if (g->min_sample_ns < NS_PER_US || g->min_sample_ns > g->max_sample_ns ||
	    g->max_sample_ns > 86400 * NS_PER_SEC)
		return refuse(&r->is, &low, "sampling intervals must be 1 us to 1 d, in order");
	r->c->given |= CONFIG_GOAL;
	return 0;
}

static const struct key interval_keys[] = {
	{"sample_us", KEY_TIME, AT(attrs.sample_ns), NS_PER_US, .given = CONFIG_SAMPLE},
	{"aggr_us", KEY_TIME, AT(attrs.aggr_ns), NS_PER_US, .given = CONFIG_AGGR},
	{"ops_update_us", KEY_TIME, AT(attrs.update_ns), NS_PER_US, .given = CONFIG_UPDATE},
	{"intervals_goal", KEY_FN, .fn = read_intervals_goal},
	{0},
};

static int read_intervals(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct damon_attrs *a = &r->c->attrs;
	struct place sample = {at, "sample_us", 0}, aggr = {at, "aggr_us", 0};
	struct place update = {at, "ops_update_us", 0};
	int err = read_object(r, at, v, interval_keys, into);

	if (err)
		return err;
	if (!a->sample_ns)
		return refuse(&r->is, &sample, "an interval of 0 cannot be");
	if (a->aggr_ns < a->sample_ns || a->aggr_ns == UINT64_MAX)
		return refuse(&r->is, &aggr,
			      "this must be at least the sampling interval, and end");
	if (a->update_ns >= a->aggr_ns)
		return 0;
	if (r->c->given & CONFIG_UPDATE)
		err = warn(&r->is, &update,
			   "mappings are read again at most once an aggregation interval");
	a->update_ns = a->aggr_ns;
	return err;
}

static const struct key region_number_keys[] = {
	{"min", KEY_U32, AT(attrs.min_nr_regions), UINT32_MAX, .given = CONFIG_MIN_REGIONS},
	{"max", KEY_U32, AT(attrs.max_nr_regions), UINT32_MAX, .given = CONFIG_MAX_REGIONS},
	{0},
};

static int read_nr_regions(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	const struct damon_attrs *a = &r->c->attrs;
	int err = read_object(r, at, v, region_number_keys, into);

	if (!err && a->min_nr_regions > a->max_nr_regions)
		err = refuse(&r->is, at, "the least number of regions is above the largest");
	return err;
}

/* ---- targets ---- */

static const struct key region_keys[] = {
	{"start", KEY_BYTES, offsetof(struct config_region, start), .required = true},
	{"end", KEY_BYTES, offsetof(struct config_region, end), .required = true},
	{0},
};

static int read_region(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct config_target *t = into;
	struct config_region region = {0};
	int err = read_object(r, at, v, region_keys, &region);

	if (err)
		return err;
	if (region.start >= region.end)
		return refuse(&r->is, at, "the start must be below the end");
	if (t->nr_regions && t->regions[t->nr_regions - 1].end > region.start)
		return refuse(&r->is, at, "regions must be in order, and not overlap");
	return config_add_region(t, region.start, region.end) ? refuse_memory(&r->is) : 0;
}

static int read_regions(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	return read_array(r, at, v, read_region, into);
}

static const struct key target_keys[] = {
	{"pid", KEY_INT, offsetof(struct config_target, pid), INT32_MAX},
	{"regions", KEY_FN, .fn = read_regions},
	{"obsolete", KEY_ABSENT, .what = "leave the target out instead"},
	{0},
};

/* What the operations set makes of a target. */
static int check_target(struct reader *r, const struct place *at, const struct config_target *t)
{
	struct place pid = {at, "pid", 0}, regions = {at, "regions", 0};

	for (const struct config_target *o = r->c->targets; o < t && t->pid; o++) {
		if (o->pid == t->pid)
			return refuse(&r->is, &pid, "process %d is a target already", t->pid);
	}
	switch (r->c->ops) {
	case CONFIG_VADDR:
		return t->nr_regions ? warn(&r->is, &regions,
					    "'vaddr' finds the regions by itself: these are not "
					    "used, but by 'fvaddr'")
				     : 0;
	case CONFIG_FVADDR:
		return t->nr_regions ? 0 : refuse(&r->is, &regions, "'fvaddr' needs regions");
	case CONFIG_PADDR:
		return t->pid ? warn(&r->is, &pid, "'paddr' is of no process: this is not used")
			      : 0;
	}
	return 0;
}

static int read_target(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	struct config *c = r->c;
	struct config_target *t = config_add_target(c);
	struct place pid = {at, "pid", 0};
	const json_t *number;
	int err;

	if (!t)
		return refuse_memory(&r->is);
	err = read_object(r, at, v, target_keys, t);
	if (err)
		return err;
	number = json_object_get(v, "pid");
	if (number && !json_is_null(number) && !t->pid)
		return refuse(&r->is, &pid, "0 is no process");
	err = check_target(r, at, t);
	if (err)
		return err;
	/* what was warned of */
	if (c->ops == CONFIG_VADDR)
		t->nr_regions = 0;
	if (c->ops == CONFIG_PADDR)
		t->pid = 0;
	return 0;
}

static int read_targets(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	return read_array(r, at, v, read_target, into);
}

/* ---- contexts ---- */

static const struct word ops_words[] = {
	{"vaddr", CONFIG_VADDR},
	{"fvaddr", CONFIG_FVADDR},
	{"paddr", CONFIG_PADDR},
	{0},
};

static const char experimental[] = "only kernels under development have it";

static const struct key ops_attr_keys[] = {
	{"use_reports", KEY_ABSENT, .what = experimental},
	{"write_only", KEY_ABSENT, .what = experimental},
	{"cpus", KEY_IGNORE}, /* of reports */
	{"tids", KEY_IGNORE},
	{0},
};

static int read_addr_unit(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	char buf[OBJECT_TEXT_MAX];
	const char *text = text_of(r, at, v, buf);
	uint64_t unit = 1;

	if (!text || value_count(&r->is, at, text, UINT64_MAX, &unit))
		return -EINVAL;
	return unit == 1 ? 0 : refuse(&r->is, at, "addresses are in bytes here");
}

static const struct key context_keys[] = {
	{"ops", KEY_WORD, AT(ops), .words = ops_words, .what = "an operations set",
	 .given = CONFIG_OPS},
	{"intervals", KEY_FN, .fn = read_intervals},
	{"nr_regions", KEY_FN, .fn = read_nr_regions},
	{"targets", KEY_FN, .fn = read_targets, .given = CONFIG_TARGETS},
	{"schemes", KEY_FN, .fn = read_schemes, .given = CONFIG_SCHEMES},
	{"ops_attrs", KEY_OBJECT, .keys = ops_attr_keys},
	{"addr_unit", KEY_FN, .fn = read_addr_unit},
	{0},
};

static int read_context(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	if (at->index)
		return refuse(&r->is, at, "one context is what one damon-perf watches");
	return read_object(r, at, v, context_keys, into);
}

static int read_contexts(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	if (json_is_array(v) && !json_array_size(v))
		return refuse(&r->is, at, "there is no context");
	return read_array(r, at, v, read_context, into);
}

static const struct key kdamond_keys[] = {
	{"contexts", KEY_FN, .fn = read_contexts, .required = true},
	{"state", KEY_IGNORE},
	{"pid", KEY_IGNORE},
	{"refresh_ms", KEY_IGNORE},
	{0},
};

static int read_kdamond(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	if (at->index) {
		refuse(&r->is, at, "one kdamond is what one damon-perf is");
		damon_fail_remedy(r->is.fail, "start a damon-perf for each");
		return -EINVAL;
	}
	return read_object(r, at, v, kdamond_keys, into);
}

static int read_kdamonds(struct reader *r, const struct place *at, const json_t *v, void *into)
{
	if (json_is_array(v) && !json_array_size(v))
		return refuse(&r->is, at, "there is no kdamond");
	return read_array(r, at, v, read_kdamond, into);
}

static const struct key top_keys[] = {
	{"kdamonds", KEY_FN, .fn = read_kdamonds, .required = true},
	{0},
};

/* ---- bytes ---- */

static int refuse_json(const char *name, const json_error_t *e, struct damon_fail *fail)
{
	damon_fail(fail, EINVAL, "%.80s: line %d, column %d: %.140s", name, e->line, e->column,
		   e->text);
	if (json_error_code(e) == json_error_invalid_syntax)
		damon_fail_remedy(fail,
				  "JSON is needed, as 'damo args damon --format json' has it");
	return -EINVAL;
}

/* Numbers beyond 2^63 are read as doubles, all of the file then. */
static json_t *load(const char *name, const char *data, size_t size, struct damon_fail *fail)
{
	json_error_t e;
	json_t *v = json_loadb(data, size, JSON_REJECT_DUPLICATES, &e);

	if (!v && json_error_code(&e) == json_error_numeric_overflow)
		v = json_loadb(data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &e);
	if (!v)
		refuse_json(name, &e, fail);
	return v;
}

int config_read_bytes(struct config *c, const char *name, const char *data, size_t size,
		      const struct config_how *how, struct damon_fail *fail)
{
	struct reader r = {.is = {name, how, fail}, .c = c};
	struct place top = {NULL, "", 0};
	json_t *v;
	int err;

	if (size > CONFIG_FILE_MAX)
		return damon_fail(fail, EFBIG, "%.80s: more than %u MiB is no configuration", name,
				  CONFIG_FILE_MAX >> 20);
	v = load(name, data, size, fail);
	if (!v)
		return -EINVAL;
	if (json_is_array(v)) {
		err = read_schemes(&r, &top, v, c);
		c->given |= CONFIG_SCHEMES;
	} else {
		err = read_object(&r, &top, v, top_keys, c);
	}
	json_decref(v);
	return err;
}

/* ---- files ---- */

static int fail_file(const char *path, int err, struct damon_fail *fail)
{
	return damon_fail(fail, err, "cannot read '%.200s': %s", path, strerror(err));
}

/* All of a file, at most one byte more than is read. */
static int read_file(const char *path, char **data, size_t *size, struct damon_fail *fail)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) char *buf = NULL;
	size_t cap = 0, n = 0;
	ssize_t got = 1;

	if (fd < 0)
		return fail_file(path, errno, fail);
	while (got && n <= CONFIG_FILE_MAX) {
		if (vec_reserve(&buf, &cap, n + 4096, 1))
			return damon_fail(fail, ENOMEM, "out of memory");
		got = read(fd, buf + n, MIN(cap, CONFIG_FILE_MAX + 1) - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_file(path, errno, fail);
		n += (size_t)got;
	}
	*data = steal(&buf);
	*size = n;
	return 0;
}

int config_read(struct config *c, const char *source, const struct config_how *how,
		struct damon_fail *fail)
{
	const char *begin = source + strspn(source, " \t\r\n");
	_cleanup_(freep) char *data = NULL;
	size_t size = 0;
	int err;

	if (*begin == '{' || *begin == '[')
		return config_read_bytes(c, "the JSON given", source, strlen(source), how, fail);
	err = read_file(source, &data, &size, fail);
	return err ? err : config_read_bytes(c, source, data, size, how, fail);
}
