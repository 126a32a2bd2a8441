/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the tests that are linked in, each in a process of its own, and prints what failed or was
 * skipped, and 'N passed, N failed, N skipped' as the last line. Exit status 1: one failed, or
 * there is none.
 */
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/arm/criterion/criterion.h"

enum { FAILED = 1, SKIPPED = 77 };

static struct arm_test *tests, **last = &tests;
static bool has_failed;

void arm_test_add(struct arm_test *t)
{
	*last = t;
	last = &t->next;
}

void arm_test_check(bool ok, bool fatal, const char *file, int line, const char *what,
		    const char *text, ...)
{
	va_list args;

	if (ok)
		return;
	has_failed = true;
	printf("\t%s:%d: %s: ", file, line, what);
	va_start(args, text);
	vprintf(text, args);
	va_end(args);
	putchar('\n');
	if (fatal)
		exit(FAILED);
}

void arm_test_skip(const char *text, ...)
{
	va_list args;

	putchar('\t');
	va_start(args, text);
	vprintf(text, args);
	va_end(args);
	putchar('\n');
	exit(SKIPPED);
}

/* Returns what it exited with, or FAILED. */
static int run(const struct arm_test *t)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(120);
		t->run();
		exit(has_failed ? FAILED : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return FAILED;
	if (WIFSIGNALED(status))
		printf("\tkilled by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}

int main(void)
{
	unsigned int passed = 0, failed = 0, skipped = 0;

	for (struct arm_test *t = tests; t; t = t->next) {
		int status = run(t);

		if (status)
			printf("%s %s::%s\n", status == SKIPPED ? "skipped" : "FAILED", t->suite,
			       t->name);
		passed += !status;
		skipped += status == SKIPPED;
		failed += status && status != SKIPPED;
	}
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed || !passed;
}
