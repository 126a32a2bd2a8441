/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kit/corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"

char *corpus_path(const char *name)
{
	const char *const folders[] = {getenv("DAMON_PERF_CORPUS"), "../shared/corpus",
				       "../../shared/corpus", "../../../shared/corpus"};
	char *path;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		if (!folders[i] || asprintf(&path, "%s/%s", folders[i], name) < 0)
			continue;
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

char *corpus_read(const char *name, size_t *len)
{
	enum { MAX_BYTES = 16 << 20 };
	_cleanup_(freep) char *path = corpus_path(name), *bytes = NULL;
	FILE *f = path ? fopen(path, "rb") : NULL;

	if (!f)
		return NULL;
	bytes = malloc(MAX_BYTES + 1);
	*len = bytes ? fread(bytes, 1, MAX_BYTES, f) : 0;
	fclose(f);
	if (bytes)
		bytes[*len] = '\0';
	return steal(&bytes);
}
