/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <endian.h>

#include "base/util.h"
#include "record/pack.h"

void damon_pack_release(struct damon_pack *p)
{
	if (p->cap)
		free(p->data);
	*p = (struct damon_pack){.writing = p->writing};
}

bool damon_pack_grow(struct damon_pack *p, size_t n)
{
	if (n > SIZE_MAX - p->len ||
	    vec_reserve(&p->data, &p->cap, MAX(p->len + n, (size_t)256), 1)) {
		p->err = -ENOMEM;
		return false;
	}
	return true;
}

void damon_pack_bytes(struct damon_pack *p, void *bytes, size_t n)
{
	if (p->writing) {
		if (p->cap - p->len < n && !damon_pack_grow(p, n))
			return;
		if (n)
			memcpy(p->data + p->len, bytes, n);
		p->len += n;
		return;
	}
	if (pack_left(p) < n) {
		pack_bad(p);
		return;
	}
	if (n)
		memcpy(bytes, p->data + p->pos, n);
	p->pos += n;
}

void damon_pack_str(struct damon_pack *p, char *s, size_t cap)
{
	size_t n = pack_var(p, p->writing ? strnlen(s, cap - 1) : 0), kept = MIN(n, cap - 1);

	if (!p->writing && n > pack_left(p)) {
		pack_bad(p);
		n = kept = 0;
	}
	damon_pack_bytes(p, s, kept);
	if (p->writing)
		return;
	s[kept] = '\0';
	p->pos += n - kept;
}

struct damon_pack damon_pack_sub(struct damon_pack *p, size_t n)
{
	struct damon_pack sub = {0};

	if (n > pack_left(p)) {
		pack_bad(p);
		sub.err = p->err;
		return sub;
	}
	sub = PACK_READER(p->data + p->pos, n);
	p->pos += n;
	return sub;
}

double damon_pack_f64(struct damon_pack *p, double v)
{
	uint64_t u;

	memcpy(&u, &v, sizeof(u));
	u = htole64(u);
	damon_pack_bytes(p, &u, sizeof(u));
	if (p->err)
		return 0;
	u = le64toh(u);
	memcpy(&v, &u, sizeof(v));
	return v;
}
