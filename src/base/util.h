/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small things that every file may use: sizes, extremes, and locals that clean up after themselves.
 *
 *	_cleanup_(freep) char *name = strdup("x");	freed when 'name' leaves scope
 *	return steal(&name);				hands it to the caller instead
 */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MIN(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) min_a_ = (a);                                                        \
		__typeof__(b) min_b_ = (b);                                                        \
		min_a_ < min_b_ ? min_a_ : min_b_;                                                 \
	})
#define MAX(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) max_a_ = (a);                                                        \
		__typeof__(b) max_b_ = (b);                                                        \
		max_a_ > max_b_ ? max_a_ : max_b_;                                                 \
	})

#define NS_PER_US  1000ull
#define NS_PER_MS  1000000ull
#define NS_PER_SEC 1000000000ull

/* The page of all bookkeeping. Base pages of other sizes count as several (or a part) of these. */
#define DAMON_PAGE_SHIFT 12
#define DAMON_PAGE_SIZE	 (1ull << DAMON_PAGE_SHIFT)

#define _cleanup_(fn)	    __attribute__((cleanup(fn)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Takes the value out of '*p' so that its cleanup does nothing. */
#define steal(p)                                                                                   \
	({                                                                                         \
		__typeof__(*(p)) steal_ = *(p);                                                    \
		*(p) = NULL;                                                                       \
		steal_;                                                                            \
	})

/*
 * Makes room for 'need' elements of 'size' bytes in the array at '*data' that holds '*cap' of them.
 * Grows by doubling. Returns 0, or -ENOMEM with the array as it was.
 */
int vec_reserve(void *data, size_t *cap, size_t need, size_t size);

#endif
