/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "report/losses.h"
#include "report/notes.h"
#include "report/print.h"

#define LABEL_WIDTH    10
#define UNCOVERED_MUCH 5   /* percent of the time */
#define FEW	       100 /* observations: little can be said */

static void say(struct report_args *a, const char *label, const char *fmt, ...) _printf_(3, 4);
static void say(struct report_args *a, const char *label, const char *fmt, ...)
{
	char text[1400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(a->out, "%-*s", LABEL_WIDTH, label);
	print_wrapped(a->out, text, a->width, LABEL_WIDTH, LABEL_WIDTH);
}

const char *notes_empty_text(const struct scan *sc)
{
	return sc->nr_snapshots ? "nothing to show: no process was seen"
				: "nothing to show: the record holds no snapshot";
}

void notes_empty(struct report_args *a, const struct scan *sc)
{
	print_line(a->out, a->width, 0, "%s", notes_empty_text(sc));
	if (sc->info.damaged_bytes)
		print_line(a->out, a->width, 0,
			   "%llu bytes of the file are damaged and were skipped",
			   (unsigned long long)sc->info.damaged_bytes);
}

struct known notes_scale(const struct damon_record_info *info)
{
	double scale = info->scale > 0 ? info->scale : 1;

	if (info->scale_lo == info->scale_hi)
		return (struct known){1, 1, 1};
	return (struct known){1, info->scale_lo / scale, info->scale_hi / scale};
}

char *notes_relative_text(char *buf, size_t size, const struct damon_record_info *info)
{
	struct known scale = notes_scale(info);

	buf[0] = '\0';
	if (info->scale_lo != info->scale_hi)
		snprintf(buf, size,
			 "is relative: true rates may be %.2g to %.*f times as high, all alike; "
			 "shares, ranks and ratios are free of that",
			 scale.lo, scale.hi < 10, scale.hi);
	else if (!(info->scale > 0))
		snprintf(buf, size,
			 "is a lower bound: looks at accessed bits tell in how many sampling "
			 "intervals there was an access, not how many there were");
	return buf;
}

void notes_relative(struct report_args *a, const struct damon_record_info *info)
{
	char text[256];

	if (*notes_relative_text(text, sizeof(text), info))
		say(a, "heat", "%s", text);
}

/* Whose recording it is that was replayed. */
static void say_origin(struct report_args *a, const struct damon_record_info *i)
{
	char events[256], kernel[64], host[64];

	print_clean(events, sizeof(events), i->events);
	print_clean(kernel, sizeof(kernel), i->kernel);
	print_clean(host, sizeof(host), i->host);
	say(a, "from", "%s%s%s%s%s, events %s", i->origin, host[0] ? " of host " : "", host,
	    kernel[0] ? ", Linux " : "", kernel, events);
	if (i->sample_assumed)
		say(a, "",
		    "its sampling interval is not in it: the one given with --sample is taken, "
		    "5 ms unless it was");
}

/* "one in 50 k to 490 k accesses": the periods that were used; "" if there are none. */
static void tell_periods(char *buf, size_t size, const struct damon_stats *st)
{
	uint64_t least = st->period, most = st->period;
	char from[DAMON_UNITS_MAX], to[DAMON_UNITS_MAX];

	for (size_t i = 0; i < DAMON_MAX_RUNGS; i++) {
		if (!st->rungs[i].period || !(st->rungs[i].seconds > 0))
			continue;
		least = MIN(least, st->rungs[i].period);
		most = MAX(most, st->rungs[i].period);
	}
	buf[0] = '\0';
	if (!least)
		return;
	damon_print_count(from, (double)least);
	damon_print_count(to, (double)most);
	snprintf(buf, size, ", one in %s%s%s accesses", from, least == most ? "" : " to ",
		 least == most ? "" : to);
}

char *notes_source_text(char *buf, size_t size, const struct scan *sc, const struct damon_stats *st)
{
	char source[64], asked[64] = "", rate[DAMON_UNITS_MAX], periods[128];
	bool is_guess = st->period && !st->rungs[0].period;

	if (st->rate_bound == DAMON_RATE_RESOLUTION)
		snprintf(asked, sizeof(asked), ", enough for the resolution asked for");
	else if (st->rate_bound == DAMON_RATE_KERNEL)
		snprintf(asked, sizeof(asked), ", as many as the kernel allows");
	else if (sc->info.overhead_asked > 0)
		snprintf(asked, sizeof(asked), ", chosen %s cost %.3g %%",
			 is_guess ? "beforehand to" : "to", sc->info.overhead_asked);
	tell_periods(periods, sizeof(periods), st);
	print_clean(source, sizeof(source), st->source);
	if (st->rate_asked_hz > st->rate_hz)
		snprintf(asked, sizeof(asked), "; %s were asked for, and the kernel allows less",
			 print_rate(rate, st->rate_asked_hz));
	if (st->rate_hz > 0)
		snprintf(buf, size, "%s, %s observations per second of CPU time%s%s", source,
			 print_rate(rate, st->rate_hz), periods, asked);
	else
		snprintf(buf, size, "%s%s%s", source, periods, asked);
	return buf;
}

static void say_source(struct report_args *a, const struct scan *sc, const struct damon_stats *st)
{
	char text[400];

	say(a, "source", "%s", notes_source_text(text, sizeof(text), sc, st));
}

static void say_seen(struct report_args *a, const struct scan *sc, const struct damon_stats *st)
{
	char obs[DAMON_UNITS_MAX], accesses[DAMON_UNITS_MAX], time[DAMON_UNITS_MAX];
	char snaps[DAMON_UNITS_MAX];

	if (!(sc->info.scale > 0)) {
		say(a, "seen", "%s looks at accessed bits in %s, %s snapshots",
		    damon_print_count(obs, (double)st->checks),
		    damon_print_time(time, (double)st->duration_ns),
		    damon_print_count(snaps, (double)sc->nr_snapshots));
		return;
	}
	say(a, "seen", "%s observations with an address (%s accesses) in %s, %s snapshots",
	    damon_print_count(obs, (double)st->obs),
	    damon_print_count(accesses, (double)st->accesses),
	    damon_print_time(time, (double)st->duration_ns),
	    damon_print_count(snaps, (double)sc->nr_snapshots));
}

struct count {
	const char *what;
	uint64_t n;
	bool always;
};

static void say_not_seen(struct report_args *a, const struct scan *sc, const struct damon_stats *st)
{
	const struct count counts[] = {
		{"lost", st->lost, true},
		{"throttled", st->throttled, true},
		{"no address", st->no_address, true},
		{"in the kernel", st->kernel_ticks, true},
		{"outside of mappings", st->no_region, false},
		{"beyond the limit of targets", st->no_target, false},
		{"thinned", st->thinned, false},
		{"without code", st->no_code, false},
		{"of 32-bit code", st->foreign, false},
		{"mappings forgotten", st->forgotten_mappings, false},
		{"closed to us: processes", st->closed_procs, false},
		{"on CPUs that came online later: CPUs", st->unseen_cpus, false},
		{"of other events", st->unclaimed, false},
		{"of unknown events", st->no_event, false},
		{"malformed", st->malformed, false},
		{"too late for their order", st->late, false},
		{"pieces of traces cut off", st->aux_lost, false},
		{"ends of pieces of traces", st->traces_truncated, false},
		{"pieces of traces with collisions", st->traces_collided, false},
		{"damaged records of traces", st->traces_broken, false},
		{"bytes of traces without sense", st->traces_skipped, false},
		{"no memory accesses", st->filtered_no_access, false},
		{"the kernel's own", st->filtered_kernel, false},
		{"not asked for", st->filtered_unwanted, false},
		{"of other processes", st->strangers, false},
	};
	double addresses = (double)st->accesses + (double)st->unknown;
	char text[1200], n[DAMON_UNITS_MAX];
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (counts[i].n || counts[i].always)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s, ",
						counts[i].what,
						damon_print_count(n, (double)counts[i].n));
	print_percent(n, addresses > 0 ? (double)st->unknown / addresses : 0);
	if (!(sc->info.scale > 0)) { /* there are no accesses to tell an address of */
		text[len - 2] = '\0';
		say(a, "not seen", "%s", text);
		return;
	}
	say(a, "not seen", "%saccesses whose address could not be told %s", text, n);
	if (losses_by_turns(st))
		say(a, "",
		    "events had a counter for %s of their time, as others use them: rates are too "
		    "low",
		    print_percent(n, st->counter_percent / 100));
	if (st->uncovered_percent > UNCOVERED_MUCH)
		say(a, "",
		    "%s of the time was spent on CPUs that these events are not for: what ran "
		    "there is not seen",
		    print_percent(n, st->uncovered_percent / 100));
	if (st->likely && st->accesses)
		say(a, "", "%s of the addresses rest on a late read of memory",
		    print_percent(n, (double)st->likely / (double)st->accesses));
}

/* What looks at accessed bits told, where there were any. */
static void say_checks(struct report_args *a, const struct damon_stats *st)
{
	const struct count counts[] = {{"outside of mappings", st->check_no_region, true},
				       {"without a target", st->check_no_target, true},
				       {"thinned", st->check_thinned, true},
				       {"failed", st->check_failed, false}};
	char text[256] = "", touched[96] = "", n[DAMON_UNITS_MAX], pages[DAMON_UNITS_MAX];
	size_t len = 0;

	if (!st->checks && !st->checkers[0])
		return;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (counts[i].n || counts[i].always)
			len += (size_t)snprintf(text + len, sizeof(text) - len, ", %s %s",
						counts[i].what,
						damon_print_count(n, (double)counts[i].n));
	if (st->check_pages)
		snprintf(touched, sizeof(touched), ", of %s pages, %s of them touched",
			 damon_print_count(pages, (double)st->check_pages),
			 print_percent(n, (double)st->check_touched / (double)st->check_pages));
	say(a, "checks", "%s looks at accessed bits%s%s",
	    damon_print_count(n, (double)MAX(st->checks, st->checks_made)), touched, text);
}

static void say_cost(struct report_args *a, const struct damon_stats *st)
{
	char slowdown[64] = "slowdown not known", overhead[64] = "", cost[DAMON_UNITS_MAX];
	char text[DAMON_UNITS_MAX];

	if (st->slowdown_percent >= 0)
		snprintf(slowdown, sizeof(slowdown), "slowdown about %s",
			 print_estimate(text, st->slowdown_percent));
	if (st->overhead_percent >= 0)
		snprintf(overhead, sizeof(overhead), ", all together %s of the targets' CPU",
			 print_estimate(text, st->overhead_percent));
	say(a, "cost", "%s, own CPU %s of one CPU%s", slowdown,
	    print_estimate(text, st->own_cpu_percent), overhead);
	if (st->tick_cost_assumed && st->slowdown_percent >= 0)
		say(a, "",
		    "an interruption is taken to cost %s: that is an estimate, and nobody measured "
		    "it",
		    damon_print_time(cost, st->tick_cost_ns));
	if (st->overhead_asked_percent > 0 &&
	    st->overhead_percent > 1.2 * st->overhead_asked_percent)
		say(a, "",
		    st->period && !st->rungs[0].period ? "more than was asked for: this source's "
							 "period cannot be changed on the way; "
							 "choose a longer one"
						       : "more than was asked for: the recording "
							 "was short, or its targets used too "
							 "little "
							 "CPU for the work of intervals");
}

static void say_file(struct report_args *a, const struct scan *sc, const struct damon_stats *st)
{
	char bytes[DAMON_UNITS_MAX];

	if (st->truncated)
		say(a, "file", "cut off: the recording ends in the middle");
	if (st->inferred_mappings)
		say(a, "mappings",
		    "%s are made up around accesses, where the recording tells of none ('perf "
		    "record -d' does)",
		    damon_print_count(bytes, (double)st->inferred_mappings));
	if (!st->complete)
		say(a, "file",
		    "not complete: recording ended without closing it; what was "
		    "written is shown");
	if (sc->info.damaged_bytes)
		say(a, "file", "damaged: %s were skipped",
		    damon_print_bytes(bytes, (double)sc->info.damaged_bytes));
}

void notes_quality(struct report_args *a, const struct scan *sc)
{
	struct damon_stats st = {.size = sizeof(st)};

	if (damon_record_stats(a->rec, &st) < 0) {
		say(a, "quality", "not known: the record has no sums");
		return;
	}
	if (sc->info.origin[0])
		say_origin(a, &sc->info);
	say_source(a, sc, &st);
	say_seen(a, sc, &st);
	say_not_seen(a, sc, &st);
	say_checks(a, &st);
	if (!sc->info.origin[0]) /* what that cost is not told */
		say_cost(a, &st);
	say_file(a, sc, &st);
	notes_relative(a, &sc->info);
}

void notes_certainty(struct report_args *a, double n)
{
	char count[DAMON_UNITS_MAX];
	struct known tenth = known_share(.1, n), none = known_share(0, n);

	if (!(n > 0))
		return;
	say(a, "sure",
	    "%s observations of it: a share of 10 %% is known within %.2g points (95 %%), and less "
	    "than %.2g %% is not told from none",
	    damon_print_count(count, n), 50 * (tenth.hi - tenth.lo), 100 * none.hi);
}

void notes_more(struct report_args *a, const struct scan *sc, double n)
{
	struct damon_stats st = {.size = sizeof(st)};
	char why[96] = "", time[DAMON_UNITS_MAX];

	if (n >= FEW || sc->info.origin[0] || !(sc->info.scale > 0) ||
	    damon_record_stats(a->rec, &st) < 0)
		return;
	if (st.target_cpu_ns > 0)
		snprintf(why, sizeof(why), ", as the targets used %s of CPU time",
			 damon_print_time(time, st.target_cpu_ns));
	say(a, "few", "observations%s: %s", why,
	    st.period	     ? "record for longer, or with a lower '--period'"
	    : st.rate_hz > 0 ? "record a short program with '--rate 10000', or with a larger "
			       "input; what runs on, for longer ('--duration')"
			     : "record for longer");
}
