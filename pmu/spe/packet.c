/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pmu/spe/packet.h"

#include <endian.h>
#include <string.h>

/* Address and counter packets, the only ones that extended headers go with. */
static enum damon_spe_kind indexed_kind(uint8_t h)
{
	switch (h & 0xf8) {
	case 0xb0:
		return DAMON_SPE_ADDRESS;
	case 0x98:
		return DAMON_SPE_COUNTER;
	}
	return DAMON_SPE_BAD;
}

static enum damon_spe_kind short_kind(uint8_t h)
{
	if (h == 0x71)
		return DAMON_SPE_TIMESTAMP;
	switch (h & 0xcf) {
	case 0x42:
		return DAMON_SPE_EVENTS;
	case 0x43:
		return DAMON_SPE_SOURCE;
	}
	switch (h & 0xfc) {
	case 0x64:
		return DAMON_SPE_CONTEXT;
	case 0x48:
		return DAMON_SPE_OP;
	}
	return indexed_kind(h);
}

static uint8_t short_index(enum damon_spe_kind kind, uint8_t h)
{
	switch (kind) {
	case DAMON_SPE_ADDRESS:
	case DAMON_SPE_COUNTER:
		return h & 7;
	case DAMON_SPE_CONTEXT:
	case DAMON_SPE_OP:
		return h & 3;
	default:
		return 0;
	}
}

/* 1, 2, 4 or 8 bytes. */
static uint64_t load(const uint8_t *p, size_t size)
{
	uint64_t v = 0;

	switch (size) {
	case 1:
		return *p;
	case 2:
		memcpy(&v, p, 2);
		break;
	case 4:
		memcpy(&v, p, 4);
		break;
	default:
		memcpy(&v, p, 8);
	}
	return le64toh(v);
}

/* 'head' bytes of header, the last of which says how long the payload is. */
static size_t take(const uint8_t *p, size_t n, size_t head, struct damon_spe_packet *out)
{
	size_t size = (size_t)1 << (p[head - 1] >> 4 & 3);

	if (out->kind == DAMON_SPE_BAD)
		return 1;
	if (n < head + size)
		return 0;
	out->payload = load(p + head, size);
	return head + size;
}

static size_t extended(const uint8_t *p, size_t n, uint64_t pos, struct damon_spe_packet *out)
{
	size_t step = (size_t)2 << (p[0] & 3);

	if (n < 2)
		return 0;
	if (p[1]) {
		*out = (struct damon_spe_packet){
			.kind = (uint8_t)indexed_kind(p[1]),
			.index = (uint8_t)((p[0] & 3) << 3 | (p[1] & 7)),
		};
		return take(p, n, 2, out);
	}
	step -= pos & (step - 1);
	*out = (struct damon_spe_packet){.kind = DAMON_SPE_PAD};
	return n < step ? 0 : step;
}

size_t damon_spe_packet(const uint8_t *p, size_t n, uint64_t pos, struct damon_spe_packet *out)
{
	enum damon_spe_kind kind;

	if (p[0] <= 1) {
		*out = (struct damon_spe_packet){.kind = p[0] ? DAMON_SPE_END : DAMON_SPE_PAD};
		return 1;
	}
	if ((p[0] & 0xfc) == 0x20)
		return extended(p, n, pos, out);
	kind = short_kind(p[0]);
	*out = (struct damon_spe_packet){
		.kind = (uint8_t)kind,
		.index = short_index(kind, p[0]),
	};
	return take(p, n, 1, out);
}
