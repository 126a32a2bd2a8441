/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "report/notes.h"
#include "report/print.h"

#define LABEL_WIDTH 10

/* A label and a sentence, broken between words at the width of the page. */
static void say(struct report_args *a, const char *label, const char *fmt, ...) _printf_(3, 4);
static void say(struct report_args *a, const char *label, const char *fmt, ...)
{
	size_t at = LABEL_WIDTH, width = MAX(a->width, 40u);
	char text[512], *save = NULL;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(a->out, "%-*s", LABEL_WIDTH - 1, label);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		size_t len = print_width(word) + 1;

		if (at > LABEL_WIDTH && at + len > width) {
			fprintf(a->out, "\n%*s", LABEL_WIDTH - 1, "");
			at = LABEL_WIDTH;
		}
		fprintf(a->out, " %s", word);
		at += len;
	}
	fputc('\n', a->out);
}

void notes_empty(struct report_args *a, const struct scan *sc)
{
	if (!sc->nr_snapshots)
		fputs("nothing to show: the record holds no snapshot\n", a->out);
	else
		fputs("nothing to show: no process was seen\n", a->out);
	if (sc->info.damaged_bytes)
		fprintf(a->out, "%llu bytes of the file are damaged and were skipped\n",
			(unsigned long long)sc->info.damaged_bytes);
}

void notes_relative(struct report_args *a, const struct damon_record_info *info)
{
	double scale = info->scale > 0 ? info->scale : 1;
	char low[DAMON_UNITS_MAX], high[DAMON_UNITS_MAX];

	if (info->scale_lo == info->scale_hi)
		return;
	say(a, "heat",
	    "is relative: true rates may be %s to %s times as high; shares and ranks "
	    "are not affected",
	    damon_print_count(low, info->scale_lo / scale),
	    damon_print_count(high, info->scale_hi / scale));
}

static void say_source(struct report_args *a, const struct scan *sc, const struct damon_stats *st)
{
	char rate[DAMON_UNITS_MAX], source[64], asked[64] = "";

	if (sc->info.overhead_asked > 0)
		snprintf(asked, sizeof(asked), ", chosen to cost %.3g %%", sc->info.overhead_asked);
	print_clean(source, sizeof(source), st->source);
	if (st->rate_hz > 0)
		say(a, "source", "%s, %s observations per second of CPU time%s", source,
		    damon_print_count(rate, st->rate_hz), asked);
	else
		say(a, "source", "%s%s", source, asked);
}

static void say_seen(struct report_args *a, const struct scan *sc, const struct damon_stats *st)
{
	char obs[DAMON_UNITS_MAX], accesses[DAMON_UNITS_MAX], time[DAMON_UNITS_MAX];
	char snaps[DAMON_UNITS_MAX];

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

static void say_not_seen(struct report_args *a, const struct damon_stats *st)
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
	};
	double addresses = (double)st->accesses + (double)st->unknown;
	char text[400], n[DAMON_UNITS_MAX];
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (counts[i].n || counts[i].always)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s, ",
						counts[i].what,
						damon_print_count(n, (double)counts[i].n));
	print_percent(n, addresses > 0 ? (double)st->unknown / addresses : 0);
	say(a, "not seen", "%saccesses whose address could not be told %s", text, n);
	if (st->likely && st->accesses)
		say(a, "", "%s of the addresses rest on a late read of memory",
		    print_percent(n, (double)st->likely / (double)st->accesses));
}

static void say_cost(struct report_args *a, const struct damon_stats *st)
{
	char own[DAMON_UNITS_MAX], slow[DAMON_UNITS_MAX], all[DAMON_UNITS_MAX];
	const char *slowdown = "slowdown not known", *overhead = "";
	char slow_text[64], all_text[64];

	if (st->slowdown_percent >= 0) {
		snprintf(slow_text, sizeof(slow_text), "slowdown about %s",
			 print_percent(slow, st->slowdown_percent / 100));
		slowdown = slow_text;
	}
	if (st->overhead_percent >= 0) {
		snprintf(all_text, sizeof(all_text), ", all together %s of the targets' CPU time",
			 print_percent(all, st->overhead_percent / 100));
		overhead = all_text;
	}
	say(a, "cost", "%s, own CPU %s of one CPU%s", slowdown,
	    print_percent(own, st->own_cpu_percent / 100), overhead);
}

static void say_file(struct report_args *a, const struct scan *sc, const struct damon_stats *st)
{
	char bytes[DAMON_UNITS_MAX];

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
	say_source(a, sc, &st);
	say_seen(a, sc, &st);
	say_not_seen(a, &st);
	say_cost(a, &st);
	say_file(a, sc, &st);
	notes_relative(a, &sc->info);
}
