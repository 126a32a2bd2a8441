/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "report/print.h"
#include "report/select.h"

#define MAX_LISTED 6

bool select_is_named(const struct report_args *a)
{
	return a->pid || a->comm;
}

static bool matches(const struct report_args *a, const struct scan_target *t)
{
	if (a->pid && !t->has_pid)
		return false;
	return !a->comm || !strcmp(a->comm, t->info.comm);
}

static const struct scan_target *hottest(const struct report_args *a, const struct scan *sc)
{
	const struct scan_target *best = NULL;

	for (size_t i = 0; i < sc->nr_targets; i++) {
		const struct scan_target *t = &sc->targets[i];

		if (!matches(a, t))
			continue;
		if (!best || t->info.share > best->info.share ||
		    (t->info.share == best->info.share && t->info.obs > best->info.obs))
			best = t;
	}
	return best;
}

static int no_such_target(struct report_args *a, const struct scan *sc)
{
	char list[240], name[64];
	size_t len = 0, n = MIN(sc->nr_targets, (size_t)MAX_LISTED);

	list[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s (%d)", i ? ", " : "",
					print_clean(name, sizeof(name), sc->targets[i].info.comm),
					sc->targets[i].info.pid);
	if (sc->nr_targets > n)
		snprintf(list + len, sizeof(list) - len, " and %zu more", sc->nr_targets - n);
	if (a->pid && a->comm)
		damon_fail(&a->fail, ENOENT, "no process '%s' with pid %d in this record", a->comm,
			   a->pid);
	else if (a->pid)
		damon_fail(&a->fail, ENOENT, "no process with pid %d in this record", a->pid);
	else
		damon_fail(&a->fail, ENOENT, "no process '%s' in this record", a->comm);
	if (n)
		damon_fail_remedy(&a->fail, "it has %s", list);
	else
		damon_fail_remedy(&a->fail, "it has none at all");
	return -ENOENT;
}

int select_target(struct report_args *a, const struct scan *sc, const struct scan_target **t)
{
	const struct scan_target *best = hottest(a, sc);

	if (!best)
		return select_is_named(a) ? no_such_target(a, sc) : 0;
	*t = best;
	return 1;
}

bool select_shows(const struct report_args *a, const struct scan_target *t,
		  const struct scan_target *chosen)
{
	return !select_is_named(a) || t == chosen;
}

int select_each(struct report_args *a, const struct scan *sc, const struct scan_target *chosen,
		select_fn fn, void *priv)
{
	struct scan_cursor c;
	int err = scan_rewind(a);

	scan_start(&c);
	while (err >= 0 && (err = scan_next(a, &c.s)) > 0) {
		damon_snapshot_info(c.s, &c.si);
		if (c.si.end_ns <= sc->from_ns || c.si.start_ns >= sc->to_ns)
			continue;
		for (c.at = 0; c.at < c.si.nr_targets; c.at++) {
			damon_snapshot_target(c.s, c.at, &c.ti);
			if (!select_is_named(a) || c.ti.id == chosen->info.id)
				fn(priv, &c);
		}
	}
	return err;
}

uint64_t select_total(const struct scan *sc)
{
	uint64_t n = 0;

	for (size_t i = 0; i < sc->nr_targets; i++)
		n += sc->targets[i].info.obs;
	return n;
}

struct known select_share(const struct scan *sc, const struct scan_target *t)
{
	if (sc->nr_targets == 1 && t->info.share > 0) /* all there is */
		return (struct known){t->info.share, t->info.share, t->info.share};
	return known_share(t->info.share, (double)select_total(sc));
}

bool select_is_hottest(const struct scan *sc, const struct scan_target *t)
{
	struct known share = select_share(sc, t);
	double n = (double)select_total(sc);

	for (size_t i = 0; i < sc->nr_targets; i++) {
		struct known other = known_share(sc->targets[i].info.share, n);

		if (&sc->targets[i] != t && !known_above(&share, &other))
			return false;
	}
	return true;
}

void select_say(struct report_args *a, const struct scan *sc, const struct scan_target *t,
		const char *what)
{
	char name[64], share[KNOWN_TEXT_MAX], like[48] = "", addresses[64];
	struct known k = select_share(sc, t);

	print_clean(name, sizeof(name), t->info.comm);
	if (t->info.nr_procs > 1)
		snprintf(like, sizeof(like), " and %u more like it", t->info.nr_procs - 1);
	if (t->info.pid) {
		print_line(a->out, a->width, 0, "%s of %s (pid %d)%s", what, name, t->info.pid,
			   like);
	} else { /* of no process: physical memory, or what an operations set has */
		print_clean(addresses, sizeof(addresses), sc->info.addresses);
		print_line(a->out, a->width, 0, "%s of %s, as %u process%s accessed it%s%s%s", what,
			   name, t->info.nr_procs, t->info.nr_procs == 1 ? "" : "es",
			   *addresses ? " (addresses: " : "", addresses, *addresses ? ")" : "");
	}
	if (!select_is_named(a) && sc->nr_targets > 1)
		print_line(a->out, a->width, 0,
			   "%s of %zu, with %s of accesses (--pid or --comm shows another)",
			   select_is_hottest(sc, t) ? "the hottest" : "one of the hottest",
			   sc->nr_targets, known_text(share, &k, KNOWN_PERCENT));
}
