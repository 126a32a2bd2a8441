/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The beginning of a file as a target has it in its memory. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/util.h"
#include "os/build_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *data;
	size_t size;
};

static ssize_t read_bytes(void *priv, uint64_t offset, void *buf, size_t len)
{
	const struct bytes *b = priv;

	if (offset > b->size)
		return -14; /* EFAULT */
	len = MIN(len, b->size - offset);
	memcpy(buf, b->data + offset, len);
	return (ssize_t)len;
}

/* Once as the whole file, once as if it went on for long. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = {data, size};
	uint8_t id[DAMON_BUILD_ID_MAX];

	for (int i = 0; i < 2; i++) {
		ssize_t n = damon_build_id_read(read_bytes, &b, i ? UINT64_MAX : size, id);

		if (n > DAMON_BUILD_ID_MAX)
			abort();
	}
	return 0;
}
