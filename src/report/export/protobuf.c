/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/export/protobuf.h"

#include <string.h>

#include "base/util.h"
#include "report/print.h"

#define STRING_MAX 4096

enum wire { VARINT = 0, I64 = 1, LEN = 2 };

void protobuf_release(struct protobuf *p)
{
	free(p->data);
	*p = (struct protobuf){0};
}

void protobuf_clear(struct protobuf *p)
{
	p->len = 0;
	p->failed = false;
}

static bool room(struct protobuf *p, size_t n)
{
	p->failed = p->failed || vec_reserve(&p->data, &p->cap, p->len + n, 1);
	return !p->failed;
}

static void put(struct protobuf *p, const void *v, size_t n)
{
	if (!n || !room(p, n))
		return;
	memcpy(p->data + p->len, v, n);
	p->len += n;
}

void protobuf_packed(struct protobuf *p, uint64_t v)
{
	if (!room(p, 10))
		return;
	for (; v >= 0x80; v >>= 7)
		p->data[p->len++] = (uint8_t)(v | 0x80);
	p->data[p->len++] = (uint8_t)v;
}

static void tag(struct protobuf *p, uint32_t field, enum wire w)
{
	protobuf_packed(p, (uint64_t)field << 3 | w);
}

void protobuf_u64(struct protobuf *p, uint32_t field, uint64_t v)
{
	if (!v)
		return;
	tag(p, field, VARINT);
	protobuf_packed(p, v);
}

void protobuf_i64(struct protobuf *p, uint32_t field, int64_t v)
{
	protobuf_u64(p, field, (uint64_t)v);
}

void protobuf_double(struct protobuf *p, uint32_t field, double v)
{
	uint64_t u;
	uint8_t bytes[8];

	memcpy(&u, &v, sizeof(u));
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(u >> 8 * i);
	tag(p, field, I64);
	put(p, bytes, sizeof(bytes));
}

void protobuf_bytes(struct protobuf *p, uint32_t field, const void *v, size_t n)
{
	tag(p, field, LEN);
	protobuf_packed(p, n);
	put(p, v, n);
}

void protobuf_str(struct protobuf *p, uint32_t field, const char *v)
{
	char text[STRING_MAX];

	print_clean(text, sizeof(text), v);
	protobuf_bytes(p, field, text, strlen(text));
}

void protobuf_message(struct protobuf *p, uint32_t field, const struct protobuf *m)
{
	protobuf_bytes(p, field, m->data, m->len);
	p->failed |= m->failed;
}
