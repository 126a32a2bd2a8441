/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hot part that goes up through a buffer and down again: a heatmap shows a zigzag. */
#include "steps.h"

static int nr(int steps, double laps)
{
	return 2 * (steps - 1) * laps;
}

static int order(int move, int steps)
{
	int at = move % (2 * (steps - 1));

	return at < steps ? at : 2 * (steps - 1) - at;
}

int main(int argc, char **argv)
{
	return steps_main(argc, argv, "a hot part goes up and down a buffer", nr, order);
}
