/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tables of commands and options say, as text, manual pages and shell completion. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* 'commands' is NULL-ended and listed; NULL for the help of one command. */
void help_print(FILE *out, const struct command *cmd, const struct command *const *commands);
void help_man(FILE *out, const struct command *cmd, const struct command *const *commands);
void help_completion(FILE *out, const struct command *const *commands);

/* An option's whole sentence: help, range, default. Cut to 'size'. */
void help_option_text(char *buf, size_t size, const struct option_row *row);
/* Its value as the user is shown it: its name or its words. */
void help_option_arg(char *buf, size_t size, const struct option_row *row);

#endif
