/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many short-lived children, each touching memory of its own; an operation is a child. */
#include <sys/wait.h>

#include "work.h"

/* A child's life. */
static int child(size_t pages, bool exec)
{
	volatile uint64_t *p = work_map(pages * WORK_PAGE, false);

	for (size_t i = 0; i < pages; i++)
		p[i * WORK_PAGE / 8] = i;
	if (exec) {
		execl("/bin/true", "true", (char *)NULL);
		return 127;
	}
	return 0;
}

int main(int argc, char **argv)
{
	double nr = 1000, pages = 64, at_once = 4, exec = 0;
	struct work w = {0};
	uint64_t failed = 0, running = 0;
	int status;
	const struct work_option options[] = {
		{"children", "how many", &nr, 1, 1e6, NULL},
		{"pages", "that each one writes to", &pages, 1, 1e6, NULL},
		{"at-once", "how many run at a time", &at_once, 1, 1000, NULL},
		{"exec", "1: each one then executes /bin/true", &exec, 0, 1, NULL},
		{NULL, NULL, NULL, 0, 0, NULL}};

	work_init(&w, argc, argv, "many short-lived children", options);
	fflush(w.out);
	work_start(&w);
	for (w.done = 0; w.done < nr || running;) {
		pid_t pid = w.done < nr && running < at_once ? fork() : 1;

		if (pid == 0)
			_exit(child(pages, exec));
		if (pid > 1) {
			w.done++;
			running++;
		} else if (wait(&status) > 0) {
			failed += status != 0;
			running--;
		} else {
			perror("forkstorm");
			return 1;
		}
	}
	fprintf(w.out, ", \"failed\": %llu, \"pages\": %.0f", (unsigned long long)failed, pages);
	return work_end(&w) || failed;
}
