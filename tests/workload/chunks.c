/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small hot chunks scattered over a large buffer; the rest of it is touched evenly and rarely. */
#include "work.h"

#define BATCH 100000

struct layout {
	uint64_t nr, slot, bytes; /* chunks, bytes between their slots, bytes of each */
};

/* Where a chunk begins: somewhere in its slot. No table is read, which would be hotter than any
 * chunk. */
static inline uint64_t chunk_at(const struct layout *l, uint64_t k)
{
	uint64_t room = (l->slot - l->bytes) / WORK_PAGE;

	return k * l->slot + work_below(k * 0x9e3779b97f4a7c15ull, room) * WORK_PAGE;
}

static __attribute__((noinline)) uint64_t work(const char *base, const struct layout *where,
					       uint32_t hot, uint64_t *state, uint64_t *nr_hot)
{
	const struct layout l = *where;
	uint64_t sum = 0, s = *state, n = 0;

	for (int i = 0; i < BATCH; i++) {
		uint64_t x = work_random(&s), y = x * 0x9e3779b97f4a7c15ull;
		bool is_hot = (x & 0xffff) < hot;
		uint64_t off = is_hot ? chunk_at(&l, work_below(y, l.nr)) + work_below(x, l.bytes)
				      : work_below(x, l.nr * l.slot);

		sum += *(const uint64_t *)(base + (off & ~7ull));
		n += is_hot;
	}
	*state = s;
	*nr_hot += n;
	return sum;
}

int main(int argc, char **argv)
{
	double mib = 1024, nr = 64, size = .1, hot = 90;
	struct work w = {0};
	uint64_t state, sum = 0, nr_hot = 0;
	struct layout l;
	char *base;
	const struct work_option options[] = {
		{"mib", "size of the buffer", &mib, 16, 4000, NULL},
		{"chunks", "how many are hot", &nr, 1, 1024, NULL},
		{"size", "percent of the buffer that each one covers", &size, .001, 50, NULL},
		{"hot", "percent of accesses that go to them", &hot, 0, 100, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "hot chunks scattered over a large buffer", options);
	l.nr = nr;
	l.slot = (uint64_t)(mib * WORK_MIB) / l.nr / WORK_PAGE * WORK_PAGE;
	l.bytes = (uint64_t)(mib * WORK_MIB * size / 100 / WORK_PAGE + .5) * WORK_PAGE;
	if (!l.bytes || l.bytes >= l.slot) {
		fprintf(stderr, "chunks: chunks of %g %% do not fit\n", size);
		return 2;
	}
	base = (char *)work_map(l.nr * l.slot, true);
	state = work_seed(&w, 0);
	for (work_start(&w); work_more(&w); w.done += BATCH)
		sum += work(base, &l, hot * 655.36, &state, &nr_hot);
	fprintf(w.out, ", \"ranges\": [");
	work_range(&w, true, "buffer", base, l.nr * l.slot, w.done);
	fprintf(w.out, "}], \"hot_accesses\": %llu, \"hot\": [", (unsigned long long)nr_hot);
	for (uint64_t k = 0; k < l.nr; k++) {
		work_range(&w, !k, "chunk", base + chunk_at(&l, k), l.bytes, nr_hot / l.nr);
		fprintf(w.out, "}");
	}
	fprintf(w.out, "], \"sum\": %llu", (unsigned long long)sum);
	return work_end(&w);
}
