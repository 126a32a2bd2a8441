/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a command can run, before anything is done for it. */
#ifndef CLI_FIND_H
#define CLI_FIND_H

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 }; /* exit statuses, as of a shell */

/* 0, or the exit status after having said why the command cannot run. */
int find_command(const char *name);

#endif
