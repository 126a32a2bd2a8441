/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <string.h>

#include "base/name.h"
#include "base/util.h"

static char folded(char c)
{
	if (c == '_')
		return '-';
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool name_equal(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if (*a != *b && !(folded(*a) == '-' && folded(*b) == '-'))
			return false;
	}
	return *a == *b;
}

#define NEAR_MAX 40

/* One cell of the table below: letters inserted, left out, replaced, and neighbours swapped each
 * cost one (Damerau's distance, optimal string alignment). */
static int near_cell(const char *a, const char *b, size_t i, size_t j, int d[][NEAR_MAX + 1])
{
	int best = d[i - 1][j - 1] + (folded(a[i - 1]) != folded(b[j - 1]));

	best = MIN(best, d[i - 1][j] + 1);
	best = MIN(best, d[i][j - 1] + 1);
	if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
	    folded(a[i - 2]) == folded(b[j - 1]))
		best = MIN(best, d[i - 2][j - 2] + 1);
	return best;
}

static int edit_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	int d[NEAR_MAX + 1][NEAR_MAX + 1];

	if (na > NEAR_MAX || nb > NEAR_MAX)
		return INT_MAX;
	for (size_t i = 0; i <= na; i++)
		d[i][0] = (int)i;
	for (size_t j = 0; j <= nb; j++)
		d[0][j] = (int)j;
	for (size_t i = 1; i <= na; i++) {
		for (size_t j = 1; j <= nb; j++)
			d[i][j] = near_cell(a, b, i, j, d);
	}
	return d[na][nb];
}

void name_near_init(struct name_near *n, const char *wrong)
{
	*n = (struct name_near){.wrong = wrong, .distance = INT_MAX};
}

static bool begins(const char *s, const char *start)
{
	size_t i = 0;

	while (start[i] && folded(s[i]) == folded(start[i]))
		i++;
	return !start[i];
}

void name_near_add(struct name_near *n, const char *known)
{
	size_t len = strlen(n->wrong);
	int distance = edit_distance(n->wrong, known);

	if (len >= 2 && begins(known, n->wrong)) /* shortened */
		distance = MIN(distance, 1);
	if (distance > (int)MAX(len / 3, (size_t)1) || distance >= (int)len)
		return;
	if (distance < n->distance) {
		n->distance = distance;
		n->best = known;
	}
}
