/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes messages in the wire format of protocol buffers
 * (https://protobuf.dev/programming-guides/encoding/): a tag before each value, numbers as varints,
 * the rest with its length in front. As in proto3, what is 0 or empty is not written.
 */
#ifndef REPORT_PROTOBUF_H
#define REPORT_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct protobuf {
	uint8_t *data;
	size_t len, cap;
	bool failed; /* no memory: nothing more is added */
};

void protobuf_release(struct protobuf *p);
void protobuf_clear(struct protobuf *p); /* empty again, with its memory */

void protobuf_u64(struct protobuf *p, uint32_t field, uint64_t v);
void protobuf_i64(struct protobuf *p, uint32_t field, int64_t v); /* of type int64 */
void protobuf_double(struct protobuf *p, uint32_t field, double v);
void protobuf_bytes(struct protobuf *p, uint32_t field, const void *v, size_t n);
/* A string, safe to be shown: as print_clean() makes it, at most 4095 bytes. Even if it is empty.
 */
void protobuf_str(struct protobuf *p, uint32_t field, const char *v);
/* A number of a packed list, whose bytes are then put in by protobuf_message(). */
void protobuf_packed(struct protobuf *p, uint64_t v);
/* 'm' as a message, or as a packed list; even if it is empty. */
void protobuf_message(struct protobuf *p, uint32_t field, const struct protobuf *m);

#endif
