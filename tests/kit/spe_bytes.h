/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of Arm SPE, byte by byte. */
#ifndef KIT_SPE_BYTES_H
#define KIT_SPE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct spe_bytes {
	uint8_t bytes[1 << 16];
	size_t len;
};

static inline void spe_add(struct spe_bytes *b, uint8_t header, size_t size, uint64_t payload)
{
	b->bytes[b->len++] = header;
	for (size_t i = 0; i < size; i++)
		b->bytes[b->len++] = (uint8_t)(payload >> 8 * i);
}

#define SPE_EL0 (1ull << 63) /* of a program counter: user mode, not secure */

static inline void spe_pc(struct spe_bytes *b, uint64_t pc)
{
	spe_add(b, 0xb0, 8, pc);
}
static inline void spe_va(struct spe_bytes *b, uint64_t va)
{
	spe_add(b, 0xb2, 8, va);
}
static inline void spe_pa(struct spe_bytes *b, uint64_t pa)
{
	spe_add(b, 0xb3, 8, pa);
}
static inline void spe_load(struct spe_bytes *b)
{
	spe_add(b, 0x49, 1, 0);
}
static inline void spe_store(struct spe_bytes *b)
{
	spe_add(b, 0x49, 1, 1);
}
static inline void spe_events(struct spe_bytes *b, uint16_t events)
{
	spe_add(b, 0x52, 2, events);
}
static inline void spe_total(struct spe_bytes *b, uint16_t cycles)
{
	spe_add(b, 0x98, 2, cycles);
}
static inline void spe_context(struct spe_bytes *b, uint32_t tid)
{
	spe_add(b, 0x65, 4, tid);
}
static inline void spe_time(struct spe_bytes *b, uint64_t t)
{
	spe_add(b, 0x71, 8, t);
}
static inline void spe_end(struct spe_bytes *b)
{
	spe_add(b, 0x01, 0, 0);
}
/* Up to a multiple of 64, as hardware does after each record. */
static inline void spe_pad(struct spe_bytes *b)
{
	while (b->len % 64)
		b->bytes[b->len++] = 0;
}

#endif
