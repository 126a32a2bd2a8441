/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small seeded generator (xoroshiro128+ of Blackman and Vigna), so that every run can be
 * repeated. Not for secrets. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[2];
};

static inline void rng_seed(struct rng *r, uint64_t seed)
{
	uint64_t z = seed;

	for (int i = 0; i < 2; i++) { /* splitmix64 */
		uint64_t x = z += 0x9e3779b97f4a7c15ull;

		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
		x = (x ^ x >> 27) * 0x94d049bb133111ebull;
		r->s[i] = x ^ x >> 31;
	}
}

static inline uint64_t rng_next(struct rng *r)
{
	uint64_t a = r->s[0], b = r->s[1], sum = a + b;

	b ^= a;
	r->s[0] = (a << 24 | a >> 40) ^ b ^ b << 16;
	r->s[1] = b << 37 | b >> 27;
	return sum;
}

/* Uniform in [0, n). 'n' must not be 0. */
static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
	return (uint64_t)((unsigned __int128)rng_next(r) * n >> 64);
}

/* Uniform in [0, 1). */
static inline double rng_unit(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

#endif
