/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "lib/replay/threads.h"

Test(threads, belong_to_the_latest_process_told)
{
	struct threads t = {.place = NULL};

	cr_expect_eq(threads_find(&t, 7), -1);
	threads_note(&t, 7, 5);
	threads_note(&t, 0, 5);
	threads_note(&t, 8, -1);
	cr_expect_eq(threads_find(&t, 7), 5);
	cr_expect_eq(threads_find(&t, 8), -1);
	cr_expect_eq(threads_find(&t, 0), -1);
	threads_note(&t, 7, 6); /* the number was used again */
	cr_expect_eq(threads_find(&t, 7), 6);
	threads_release(&t);
	cr_expect_eq(threads_find(&t, 7), -1);
}

Test(threads, are_bounded)
{
	struct threads t = {.place = NULL};

	for (int i = 1; i <= 200000; i++)
		threads_note(&t, i, i / 2 + 1);
	cr_expect_leq(t.nr, 1 << 16);
	for (int i = 1; i <= 1 << 16; i++)
		cr_assert_eq(threads_find(&t, i), i / 2 + 1);
	cr_expect_eq(threads_find(&t, 200000), -1);
	threads_release(&t);
}
