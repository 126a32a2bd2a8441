/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hot part that climbs through a buffer and starts again at the bottom: a heatmap shows stairs.
 */
#include "steps.h"

static int nr(int steps, double laps)
{
	return steps * laps;
}

static int order(int move, int steps)
{
	return move % steps;
}

int main(int argc, char **argv)
{
	return steps_main(argc, argv, "a hot part climbs through a buffer", nr, order);
}
