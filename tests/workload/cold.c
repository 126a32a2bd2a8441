/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small hot part of a large memory, the rest of which was filled once; for schemes that page out.
 * The hot part is one piece, or many small ones all over the memory. It moves now and then: the
 * truth tells of each place how many pages went away and were missed after all of it had been
 * visited ("faults"), how many of these later than --late ("late_faults"), and how long after the
 * visit the last was ("last_ns"); and of each second how many operations were done by its end, in
 * how much CPU time ("seconds"). All memory can be walked through now and then, as programs do
 * whose working set is larger than a few seconds show. What comes back must be what was written.
 */
#include <sys/resource.h>

#include "work.h"

#define BATCH 20000
#define WORDS (WORK_PAGE / 8)

static struct {
	double mib, hot, piece, moves, walk, late;
} opt = {.mib = 512, .hot = 5, .moves = 1, .late = 200};

/* What was done after each second, so that parts of a run can be held against each other. */
static struct {
	uint64_t ops, cpu_ns;
} second[4096];
static unsigned nr_seconds;

static struct {
	uint64_t *data, pages;
	uint32_t *piece; /* where each piece of the hot part is, in pages */
	uint64_t nr_pieces, piece_pages;
	uint64_t walks, walk_ns;
} mem;

static uint64_t now_ns(void)
{
	return work_clock_ns(CLOCK_MONOTONIC);
}

static __attribute__((noinline)) uint64_t work(const uint64_t *data, const uint32_t *piece,
					       uint64_t n, uint64_t words, uint64_t *state)
{
	uint64_t sum = 0, s = *state;

	for (int i = 0; i < BATCH; i++) {
		uint64_t x = work_random(&s);
		uint64_t at = (uint64_t)piece[work_below(x << 16, n)] * WORDS;

		sum += data[at + work_below(x, words)];
	}
	*state = s;
	return sum;
}

/* Half of each page is a value of its own, which is all that compression leaves of the other. */
static void fill(uint64_t *page, uint64_t number)
{
	for (int i = 0; i < WORDS; i++)
		page[i] = i & 1 ? number : (number + i) * 0x9e3779b97f4a7c15ull;
}

static void walk(void)
{
	uint64_t start = now_ns();

	for (uint64_t i = 0; i < mem.pages; i++) {
		if (mem.data[i * WORDS + 1] != i) {
			fprintf(stderr, "cold: page %llu is not what it was\n",
				(unsigned long long)i);
			exit(1);
		}
	}
	mem.walks++;
	mem.walk_ns += now_ns() - start;
}

/* The hot part's pieces: one, or as many of the same size in different places. */
static void place(uint64_t *state)
{
	uint64_t slots = mem.pages / mem.piece_pages, first;

	if (mem.nr_pieces == 1) {
		mem.piece[0] = work_below(work_random(state), mem.pages - mem.piece_pages + 1);
		return;
	}
	for (uint64_t i = 0; i < mem.nr_pieces; i++) { /* one in each part: all over the memory */
		first = i * slots / mem.nr_pieces;
		mem.piece[i] = first + work_below(work_random(state),
						  (i + 1) * slots / mem.nr_pieces - first);
		mem.piece[i] *= mem.piece_pages;
	}
}

static uint64_t faults(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_minflt + r.ru_majflt;
}

/* A first visit: from here on all of it is in use, and was there. */
static uint64_t visit(void)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < mem.nr_pieces; i++)
		for (uint64_t j = 0; j < mem.piece_pages; j++)
			sum += mem.data[(mem.piece[i] + j) * WORDS];
	return sum;
}

/* What pages a place of the hot part missed after that, and when last. */
struct missed {
	uint64_t start_ns, seen, all, late, last_ns;
};

static void note_second(const struct work *w, uint64_t now)
{
	if (nr_seconds >= sizeof(second) / sizeof(second[0]) ||
	    now - w->wall_start_ns < (nr_seconds + 1) * 1000000000ull)
		return;
	second[nr_seconds].ops = w->done;
	second[nr_seconds++].cpu_ns = work_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - w->cpu_start_ns;
}

static void print_seconds(FILE *out)
{
	fprintf(out, ", \"seconds\": [");
	for (unsigned i = 0; i < nr_seconds; i++)
		fprintf(out, "%s[%llu, %.9f]", i ? ", " : "", (unsigned long long)second[i].ops,
			second[i].cpu_ns / 1e9);
	fprintf(out, "]");
}

/* Reads of the hot part until 'end', a part of the whole. */
static uint64_t stay(struct work *w, double end, struct missed *m, uint64_t *state)
{
	uint64_t sum = 0, next_walk = w->wall_start_ns + (mem.walks + 1) * (opt.walk * 1e9);

	for (; work_progress(w) < end; w->done += BATCH) {
		uint64_t n, now;

		sum += work(mem.data, mem.piece, mem.nr_pieces, mem.piece_pages * WORDS, state);
		now = now_ns();
		note_second(w, now);
		if (opt.walk > 0 && now > next_walk) {
			walk();
			next_walk = now_ns() + opt.walk * 1e9;
			m->seen = faults();
		}
		n = faults() - m->seen;
		if (!n)
			continue;
		m->seen += n;
		m->all += n;
		m->last_ns = now - m->start_ns;
		m->late += m->last_ns > opt.late * 1e6 ? n : 0;
	}
	return sum;
}

static void prepare(void)
{
	uint64_t hot;

	mem.pages = opt.mib * WORK_MIB / WORK_PAGE;
	hot = mem.pages * opt.hot / 100;
	mem.piece_pages = opt.piece > 0 ? opt.piece * 1024 / WORK_PAGE : hot;
	mem.nr_pieces = mem.piece_pages ? hot / mem.piece_pages : 0;
	mem.piece = calloc(mem.nr_pieces + 1, sizeof(*mem.piece));
	if (!mem.nr_pieces || !mem.piece) {
		fprintf(stderr, "cold: the hot part is smaller than a piece\n");
		exit(2);
	}
	mem.data = work_map(mem.pages * WORK_PAGE, false);
	for (uint64_t i = 0; i < mem.pages; i++)
		fill(mem.data + i * WORDS, i);
}

int main(int argc, char **argv)
{
	struct work w = {0};
	uint64_t state, places, sum = 0;
	const struct work_option options[] = {
		{"mib", "size of the memory", &opt.mib, 1, 16384, NULL},
		{"hot", "percent of it that is hot", &opt.hot, .1, 90, NULL},
		{"piece", "KiB of each of the hot pieces; 0: one", &opt.piece, 0, 65536, NULL},
		{"moves", "places that the hot part is at", &opt.moves, 1, 1000, NULL},
		{"walk", "seconds between walks through all; 0: none", &opt.walk, 0, 1e6, NULL},
		{"late", "ms after a move from which on a fault is late", &opt.late, 0, 1e6, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "a small hot part of a large memory", options);
	prepare();
	state = work_seed(&w, 0);
	places = work_seed(&w, 1);
	work_start(&w);
	fprintf(w.out, ", \"phases\": [");
	for (int i = 0; i < (int)opt.moves; i++) {
		uint64_t from_ns = now_ns();
		struct missed m = {0};

		place(&places);
		sum += visit();
		m.start_ns = now_ns();
		m.seen = faults();
		sum += stay(&w, (i + 1.) / (int)opt.moves, &m, &state);
		fprintf(w.out,
			"%s{\"from_ns\": %llu, \"to_ns\": %llu, \"faults\": %llu,"
			" \"late_faults\": %llu, \"last_ns\": %llu}",
			i ? ", " : "", (unsigned long long)from_ns, (unsigned long long)now_ns(),
			(unsigned long long)m.all, (unsigned long long)m.late,
			(unsigned long long)m.last_ns);
	}
	fprintf(w.out, "]");
	print_seconds(w.out);
	fprintf(w.out, ", \"walks\": %llu, \"walk_ns\": %llu, \"ranges\": [",
		(unsigned long long)mem.walks, (unsigned long long)mem.walk_ns);
	work_range(&w, true, "memory", mem.data, mem.pages * WORK_PAGE, w.done);
	fprintf(w.out, "}], \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}
