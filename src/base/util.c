/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/util.h"

int vec_reserve(void *data, size_t *cap, size_t need, size_t size)
{
	size_t want = MAX(*cap, (size_t)8);
	void *old, *grown;

	if (need <= *cap)
		return 0;
	while (want < need) {
		if (want > SIZE_MAX / 2)
			return -ENOMEM;
		want *= 2;
	}
	memcpy(&old, data, sizeof(old));
	grown = reallocarray(old, want, size);
	if (!grown)
		return -ENOMEM;
	memcpy(data, &grown, sizeof(grown));
	*cap = want;
	return 0;
}
