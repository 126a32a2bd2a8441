/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/find.h"
#include "cli/say.h"

/* 0 if 'path' can be executed, else the exit status that says why not. */
static int try_command(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == EACCES ? NOT_EXECUTABLE : NOT_FOUND;
	return S_ISREG(st.st_mode) && !access(path, X_OK) ? 0 : NOT_EXECUTABLE;
}

/* As execvp(3) looks: a file that may not be executed counts only if no other can be. */
static int search_command(const char *name)
{
	const char *dir = getenv("PATH");
	int status = NOT_FOUND;

	for (dir = dir ? dir : "/bin:/usr/bin";; dir++) {
		int len = (int)strcspn(dir, ":");
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%.*s%s%s", len, dir, len ? "/" : "", name) <
		    (int)sizeof(path)) {
			int tried = try_command(path);

			if (!tried)
				return 0;
			if (tried == NOT_EXECUTABLE)
				status = tried;
		}
		dir += len;
		if (!*dir)
			return status;
	}
}

/* 0, or the exit status after having said why the command cannot run. */
int find_command(const char *name)
{
	bool is_path = strchr(name, '/') != NULL;
	int status = is_path ? try_command(name) : search_command(name);
	struct damon_fail fail = {0};

	if (status == NOT_FOUND) {
		damon_fail(&fail, ENOENT, "cannot run '%.200s': %s", name,
			   is_path ? "no such file" : "not found in PATH");
		damon_fail_remedy(&fail, "check its spelling");
	} else if (status) {
		damon_fail(&fail, EACCES, "cannot run '%.200s': it cannot be executed", name);
		damon_fail_remedy(&fail, "name a program, or make it one with 'chmod +x'");
	}
	if (status)
		say_fail(&fail);
	return status;
}
