/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of the virtual PMU, written to rings and areas as the kernel would, at its times. */
#ifndef VPMU_PLAY_H
#define VPMU_PLAY_H

#include "tests/vpmu/machine.h"

struct vpmu_play;

/* The whole of 'path'; sets the machine's source and clock: just before the first record. What was
 * mapped before is in its space. Exits with what is wrong. */
struct vpmu_play *vpmu_play_open(struct vpmu_machine *m, const char *path);

/* Writes what happens up to the machine's time. False: the program has ended a while ago. */
bool vpmu_play_on(struct vpmu_play *p, struct vpmu_machine *m);

#endif
