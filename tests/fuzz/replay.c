/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over files: replays a corpus with any compiler, no fuzzer needed.
 *
 *	fuzz_NAME FILE|DIRECTORY...	every file once, directories by name, recursively
 *
 * A crash names its input on stderr first with -v. Exit status 1: nothing to replay, or unreadable.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int verbose;

/* Returns 1 (one input run) or -errno. The input is copied to its exact size, so that sanitizers
 * see every byte read beyond it. */
static int run_file(const char *path, size_t size)
{
	_cleanup_(freep) uint8_t *data = malloc(size + !size);
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!data || !f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		if (f)
			fclose(f);
		return -ENOENT;
	}
	n = fread(data, 1, size, f);
	fclose(f);
	if (n != size) {
		fprintf(stderr, "%s: short read\n", path);
		return -EIO;
	}
	if (verbose)
		fprintf(stderr, "%s (%zu bytes)\n", path, size);
	LLVMFuzzerTestOneInput(data, size);
	return 1;
}

static int run_path(const char *path);

static int run_dir(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), total = 0, err = 0;

	for (int i = 0; i < n; i++) {
		char sub[4096];
		int r = 0;

		snprintf(sub, sizeof(sub), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			r = run_path(sub);
		if (r < 0)
			err = r;
		else
			total += r;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return n < 0 ? -errno : err ? err : total;
}

/* Returns how many inputs were run, or -errno. */
static int run_path(const char *path)
{
	struct stat st;

	if (stat(path, &st)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -ENOENT;
	}
	return S_ISDIR(st.st_mode) ? run_dir(path) : run_file(path, st.st_size);
}

int main(int argc, char **argv)
{
	int total = 0, err = 0;

	for (int i = 1; i < argc; i++) {
		int r;

		if (!strcmp(argv[i], "-v")) {
			verbose = 1;
			continue;
		}
		r = run_path(argv[i]);
		if (r < 0)
			err = 1;
		else
			total += r;
	}
	printf("%s: %d inputs\n", argv[0], total);
	return err || !total;
}
