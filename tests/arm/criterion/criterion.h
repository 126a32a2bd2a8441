/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the unit tests of decoders use of Criterion, for builds where there is no Criterion: those
 * for other architectures, run under an emulator (tests/arm/main.c). Each test runs in a process of
 * its own, as there. What it lacks does not compile.
 */
#ifndef ARM_CRITERION_H
#define ARM_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct arm_test {
	const char *suite, *name;
	void (*run)(void);
	struct arm_test *next;
};

void arm_test_add(struct arm_test *t);

/* 'ok' or a failure, which ends the test if it is 'fatal'. */
_printf_(6, 7) void arm_test_check(bool ok, bool fatal, const char *file, int line,
				   const char *what, const char *text, ...);
_printf_(1, 2) void arm_test_skip(const char *text, ...) __attribute__((noreturn));

#define Test(suite_, name_)                                                                        \
	static void suite_##_##name_##_run(void);                                                  \
	__attribute__((constructor)) static void suite_##_##name_##_add(void)                      \
	{                                                                                          \
		static struct arm_test t = {#suite_, #name_, suite_##_##name_##_run, NULL};        \
		arm_test_add(&t);                                                                  \
	}                                                                                          \
	static void suite_##_##name_##_run(void)

#define ARM_CHECK(fatal, cond, ...)                                                                \
	arm_test_check(cond, fatal, __FILE__, __LINE__, #cond, "" __VA_ARGS__)
#define ARM_NEAR(a, b, eps) ((a) - (b) <= (eps) && (b) - (a) <= (eps))

#define cr_assert(c, ...)		   ARM_CHECK(true, c, __VA_ARGS__)
#define cr_assert_fail(...)		   ARM_CHECK(true, false, __VA_ARGS__)
#define cr_assert_eq(a, b, ...)		   ARM_CHECK(true, (a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...)	   ARM_CHECK(true, (a) != (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...)		   ARM_CHECK(true, (a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...)	   ARM_CHECK(true, (a) <= (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...)		   ARM_CHECK(true, (a) > (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...)	   ARM_CHECK(true, (a) >= (b), __VA_ARGS__)
#define cr_assert_not_null(a, ...)	   ARM_CHECK(true, (a) != NULL, __VA_ARGS__)
#define cr_assert_null(a, ...)		   ARM_CHECK(true, (a) == NULL, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)	   ARM_CHECK(true, !strcmp(a, b), __VA_ARGS__)
#define cr_expect(c, ...)		   ARM_CHECK(false, c, __VA_ARGS__)
#define cr_expect_not(c, ...)		   ARM_CHECK(false, !(c), __VA_ARGS__)
#define cr_assert_fail(...)		   ARM_CHECK(true, false, __VA_ARGS__)
#define cr_expect_eq(a, b, ...)		   ARM_CHECK(false, (a) == (b), __VA_ARGS__)
#define cr_expect_neq(a, b, ...)	   ARM_CHECK(false, (a) != (b), __VA_ARGS__)
#define cr_expect_lt(a, b, ...)		   ARM_CHECK(false, (a) < (b), __VA_ARGS__)
#define cr_expect_leq(a, b, ...)	   ARM_CHECK(false, (a) <= (b), __VA_ARGS__)
#define cr_expect_gt(a, b, ...)		   ARM_CHECK(false, (a) > (b), __VA_ARGS__)
#define cr_expect_geq(a, b, ...)	   ARM_CHECK(false, (a) >= (b), __VA_ARGS__)
#define cr_expect_not_null(a, ...)	   ARM_CHECK(false, (a) != NULL, __VA_ARGS__)
#define cr_expect_null(a, ...)		   ARM_CHECK(false, (a) == NULL, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)	   ARM_CHECK(false, !strcmp(a, b), __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)	   ARM_CHECK(false, strcmp(a, b), __VA_ARGS__)
#define cr_expect_float_eq(a, b, eps, ...) ARM_CHECK(false, ARM_NEAR(a, b, eps), __VA_ARGS__)
#define cr_skip				   arm_test_skip
#define cr_skip_test			   arm_test_skip

#endif
