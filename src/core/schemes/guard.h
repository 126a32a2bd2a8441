/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The refault guard of a scheme: what is paged out and comes back soon was not cold, and costs the
 * program twice. Pages that were paged out are looked at 10 s later; where more of them are back
 * than is allowed, the scheme is slowed: it may act upon half of what it did lately, then half of
 * that. Several such windows in a row pause it, for a while that doubles each time. After a pause
 * it goes on as slowly as it ended, and the first bad window pauses it again. Each good window
 * doubles what it may do, until it is where it began. Not DAMOS's.
 *
 * What comes within the time that a look takes is of before the last judgement, and says nothing of
 * what followed from it: it is shown, not judged.
 */
#ifndef CORE_GUARD_H
#define CORE_GUARD_H

#include <stddef.h>
#include <stdint.h>

#include "damos.h"

struct damos_guard_params {
	uint64_t look_ns;     /* until what a judgement brought about can be seen */
	double least_bytes;   /* looked at, before it judges */
	uint64_t floor_bytes; /* per reset interval: it is never slower */
	uint32_t strikes;     /* bad windows in a row that pause */
	uint64_t pause_ns;    /* the first pause */
	uint64_t longest_ns;  /* pause */
	uint64_t lately_ns;   /* what it did lately: a mean that fades with this time */
};
extern const struct damos_guard_params damos_guard_defaults;

struct damos_guard {
	const struct damos_guard_params *p;
	double looked, back;	  /* to be judged */
	uint64_t counts_ns;	  /* from then on */
	double shown, shown_back; /* fades */
	double refault_bp;	  /* the latest, NAN: not known */
	double bad_bp;		  /* of the last bad window */
	uint64_t limit, base;	  /* bytes per reset interval, UINT64_MAX: none; 'base' lifts it */
	uint32_t strikes;
	uint64_t pause_ns, until_ns; /* the next pause; the end of the present one, 0: none */
	double lately;		     /* bytes per second */
	uint64_t lately_at_ns;
};
void damos_guard_init(struct damos_guard *g, const struct damos_guard_params *p);

/* The scheme changed so many bytes. */
void damos_guard_applied(struct damos_guard *g, double bytes, uint64_t now_ns);

/* Of 'looked' bytes 'back' were back. 'max_bp' 0: it is only counted. 'quota' is the effective one,
 * UINT64_MAX for none; 'grain' the least that the action works with. */
void damos_guard_refault(struct damos_guard *g, uint32_t max_bp, double looked, double back,
			 uint64_t quota, uint64_t reset_ns, uint64_t grain, uint64_t now_ns);

/* DAMOS_ON, DAMOS_SLOWED or DAMOS_PAUSED. */
enum damos_state damos_guard_state(const struct damos_guard *g, uint64_t now_ns);

/* Bytes per reset interval: UINT64_MAX no limit, 0 while it is paused. */
uint64_t damos_guard_limit(const struct damos_guard *g, uint64_t now_ns);

/* Why it is not on, in one sentence; "" if it is. */
void damos_guard_reason(const struct damos_guard *g, uint64_t now_ns, char *out, size_t size);

#endif
