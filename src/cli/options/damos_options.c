/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "cli/options/damos_options.h"
#include "cli/options/damos_words.h"
#include "cli/say.h"
#include "config/kdamonds.h"
#include "config/scheme.h"

void damos_options_release(struct damos_options *o)
{
	option_words_release(&o->words);
}

/* ---- one option ---- */

struct named {
	char name[48];
	struct words words;
};

static struct words *name_words(struct named *n, const struct option_use *use)
{
	snprintf(n->name, sizeof(n->name), "--%s", use->row->name);
	n->words = (struct words){{NULL, n->name, 0}, use->words, use->nr};
	return &n->words;
}

static const struct words_kind *kind_named(const char *name)
{
	const struct words_kind *k = words_kinds;

	while (k->name && strcmp(k->name, name))
		k++;
	return k;
}

static const struct words_kind *kind_of(const struct option_use *use)
{
	return kind_named(use->row->name);
}

/* Kinds that are shared out together: the same one, or counted by the same. */
static bool same_kind(const struct words_kind *a, const struct words_kind *b)
{
	return a == b || (a->counts && b->counts && !strcmp(a->counts, b->counts));
}

/* Of the first 'n' uses those of this kind. */
static size_t count_kind(const struct option_words *w, size_t n, const struct words_kind *k)
{
	size_t nr = 0;

	for (size_t i = 0; i < n; i++)
		nr += same_kind(kind_of(&w->uses[i]), k);
	return nr;
}

static size_t count_share(const struct option_words *w, size_t n, enum words_share share)
{
	size_t nr = 0;

	for (size_t i = 0; i < n; i++)
		nr += kind_of(&w->uses[i])->share == share;
	return nr;
}

/* ---- whose it is ---- */

/* Options of the command line, and the schemes that they are for. */
struct sharing {
	const struct words_by *by;
	const struct option_words *w;
	size_t nr_schemes;
};

/* The words of all options of this name are counts: which scheme has the 'at'-th of what they
 * count, or SIZE_MAX; 'total': of all of them. */
static int read_counts(const struct sharing *sh, const char *name, size_t at, size_t *scheme,
		       uint64_t *total)
{
	size_t nr = 0;

	*scheme = SIZE_MAX;
	*total = 0;
	for (size_t i = 0; i < sh->w->nr; i++) {
		const struct option_use *use = &sh->w->uses[i];
		struct named named;
		struct words *words = name_words(&named, use);

		for (size_t k = 0; k < use->nr && !strcmp(use->row->name, name); k++, nr++) {
			uint64_t n = 0;

			if (value_count(&sh->by->is, &words->at, use->words[k], UINT16_MAX, &n))
				return -EINVAL;
			*total += n;
			if (at < *total && *scheme == SIZE_MAX)
				*scheme = nr;
		}
	}
	return 0;
}

static int refuse_shared(const struct sharing *sh, size_t i, const char *counts)
{
	struct named named;

	refuse(&sh->by->is, &name_words(&named, &sh->w->uses[i])->at,
	       "of %zu schemes, whose is this?", sh->nr_schemes);
	damon_fail_remedy(sh->by->is.fail,
			  "say with '--%s' how many are each scheme's, or begin each with "
			  "'--damos-scheme'",
			  counts);
	return -EINVAL;
}

/* By their order, as damo does. */
static int owner_by_order(const struct sharing *sh, size_t i, size_t *owner)
{
	const struct words_kind *k = kind_of(&sh->w->uses[i]);
	struct named named;
	uint64_t total;

	*owner = count_kind(sh->w, i, k);
	if (k->share == WORDS_MANY && sh->nr_schemes == 1) {
		*owner = 0;
	} else if (k->share == WORDS_MANY && sh->nr_schemes) {
		if (read_counts(sh, k->counts, *owner, owner, &total))
			return -EINVAL;
		if (*owner >= sh->nr_schemes)
			return refuse_shared(sh, i, k->counts);
	}
	if (*owner < sh->nr_schemes)
		return 0;
	refuse(&sh->by->is, &name_words(&named, &sh->w->uses[i])->at,
	       "there are more of these than schemes");
	damon_fail_remedy(sh->by->is.fail, "give a '--damos-action' for each scheme");
	return -EINVAL;
}

/* Those that uses[i] is for: [*first, *end). */
static int find_owners(const struct sharing *sh, size_t i, size_t *first, size_t *end)
{
	const struct words_kind *k = kind_of(&sh->w->uses[i]);
	bool by_marks = count_share(sh->w, sh->w->nr, WORDS_MARK);
	size_t marks = count_share(sh->w, i, WORDS_MARK);
	struct named named;
	int err = 0;

	*first = 0;
	*end = sh->nr_schemes;
	if (k->share == WORDS_ALL && (by_marks ? !marks : count_kind(sh->w, sh->w->nr, k) == 1))
		return 0;
	if (by_marks && !marks) {
		refuse(&sh->by->is, &name_words(&named, &sh->w->uses[i])->at,
		       "this is before the first '--damos-scheme'");
		damon_fail_remedy(sh->by->is.fail, "put it behind the one that it is for");
		return -EINVAL;
	}
	if (by_marks)
		*first = marks - 1;
	else
		err = owner_by_order(sh, i, first);
	*end = *first + 1;
	return err;
}

/* Counts that do not fit what they count. */
static int check_counts(const struct sharing *sh, size_t i)
{
	const struct option_use *use = &sh->w->uses[i];
	const struct words_kind *k = words_kinds;
	struct named named;
	uint64_t total;
	size_t scheme, nr;

	while (!k->counts || strcmp(k->counts, use->row->name))
		k++;
	nr = count_kind(sh->w, sh->w->nr, k);
	if (read_counts(sh, use->row->name, 0, &scheme, &total))
		return -EINVAL;
	if (total == nr)
		return 0;
	return refuse(&sh->by->is, &name_words(&named, use)->at,
		      "these are %llu, '--%s' is given %zu times", (unsigned long long)total,
		      k->name, nr);
}

/* ---- all of them ---- */

static int apply(const struct sharing *sh, struct config *c, size_t i)
{
	const struct words_kind *k = kind_of(&sh->w->uses[i]);
	struct named named;
	size_t first, end;
	int err;

	if (k->share == WORDS_MARK)
		return 0;
	if (k->share == WORDS_COUNTS)
		return check_counts(sh, i);
	err = find_owners(sh, i, &first, &end);
	for (; first < end && !err; first++)
		err = k->apply(sh->by, name_words(&named, &sh->w->uses[i]), &c->schemes[first]);
	return err;
}

static int check_schemes(const struct words_by *by, const struct config *c)
{
	struct place top = {NULL, "schemes", 0};
	int err = 0;

	for (size_t i = 0; i < c->nr_schemes && !err; i++) {
		struct place at = {&top, NULL, i};

		err = scheme_check(&by->is, &at, &c->schemes[i]);
	}
	return err;
}

/* One for each '--damos-scheme', else for each '--damos-action'. */
static int add_schemes(const struct option_words *w, struct config *c, const struct words_by *by)
{
	size_t nr = count_share(w, w->nr, WORDS_MARK);
	struct named named;

	if (c->nr_schemes)
		return refuse(&by->is, &name_words(&named, &w->uses[0])->at,
			      "schemes come from a file or from options, not from both");
	nr = nr ? nr : count_kind(w, w->nr, kind_named("damos-action"));
	for (size_t i = 0; i < nr; i++) {
		if (!config_add_scheme(c))
			return refuse_memory(&by->is);
	}
	c->given |= CONFIG_SCHEMES;
	return 0;
}

/* Options of all schemes may be of those that a file has. */
static int read_words(const struct option_words *w, struct config *c, const struct words_by *by)
{
	bool own = w->nr > count_share(w, w->nr, WORDS_ALL);
	struct sharing sh = {by, w, 0};
	int err = own ? add_schemes(w, c, by) : 0;

	sh.nr_schemes = c->nr_schemes;
	for (size_t i = 0; i < w->nr && !err; i++)
		err = apply(&sh, c, i);
	return !err && own ? check_schemes(by, c) : err;
}

static void print_warning(void *priv, const char *file, const char *where, const char *text)
{
	say("warning: %s%s%s: %s", file ? file : "", file ? ": " : "", where, text);
}

int damos_options_read(const struct damos_options *o, const struct config *asked, struct config *c,
		       struct damon_fail *fail)
{
	const struct config_how how = {o->strict, print_warning, NULL};
	const struct words_by by = {{NULL, &how, fail}, &c->attrs};
	int err = 0;

	if (asked)
		config_override(c, asked);
	if (o->kdamonds)
		err = config_read(c, o->kdamonds, &how, fail);
	if (!err && o->schemes && c->nr_schemes)
		return damon_fail(fail, EINVAL,
				  "'--schemes': the file of '--kdamonds' has schemes already");
	if (!err && o->schemes)
		err = config_read(c, o->schemes, &how, fail);
	if (!err)
		err = read_words(&o->words, c, &by);
	if (!err && asked)
		config_override(c, asked);
	return err;
}
