/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moments that somebody names: kept by whichever thread is told, written with the next flush. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/ctx.h"
#include "record/chunk.h"

/* As much of 'name' as fits, without half a character of UTF-8. */
static void copy_name(char *to, const char *name)
{
	size_t n = strnlen(name, DAMON_MARK_BYTES + 1);

	if (n > DAMON_MARK_BYTES) {
		n = DAMON_MARK_BYTES;
		while (n && ((unsigned char)name[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(to, name, n);
	to[n] = '\0';
}

static int add(struct ctx_marks *m, const char *name, uint64_t time_ns)
{
	struct damon_mark *new;

	if (!m->open)
		return -ENODATA;
	if (m->nr_all >= RECORD_MAX_MARKS) {
		m->refused++;
		return -ENOSPC;
	}
	if (vec_reserve(&m->v, &m->cap, m->nr + 1, sizeof(*m->v)))
		return -ENOMEM;
	new = &m->v[m->nr++];
	new->time_ns = time_ns;
	m->nr_all++;
	if (name && *name)
		copy_name(new->name, name);
	else
		snprintf(new->name, sizeof(new->name), "mark%u", ++m->unnamed);
	return 0;
}

int damon_mark(struct damon_ctx *ctx, const char *name, uint64_t time_ns)
{
	uint64_t now_ns = ctx->sys->clock_ns(ctx->sys);
	int err;

	if (!time_ns || time_ns > now_ns)
		time_ns = now_ns;
	pthread_mutex_lock(&ctx->marks.lock);
	err = add(&ctx->marks, name, MAX(time_ns, ctx->marks.start_ns));
	pthread_mutex_unlock(&ctx->marks.lock);
	return err;
}

void marks_init(struct ctx_marks *m)
{
	pthread_mutex_init(&m->lock, NULL);
}

void marks_open(struct ctx_marks *m, uint64_t start_ns)
{
	pthread_mutex_lock(&m->lock);
	m->open = true;
	m->start_ns = start_ns;
	pthread_mutex_unlock(&m->lock);
}

int marks_write(struct ctx_marks *m, struct damon_writer *w, bool last)
{
	int err;

	pthread_mutex_lock(&m->lock);
	err = damon_writer_marks(w, m->v, m->nr, m->refused);
	if (!err)
		m->nr = 0;
	if (last)
		m->open = false;
	pthread_mutex_unlock(&m->lock);
	return err;
}

void marks_release(struct ctx_marks *m)
{
	pthread_mutex_destroy(&m->lock);
	free(m->v);
}
