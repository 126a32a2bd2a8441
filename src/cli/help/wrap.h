/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_WRAP_H
#define CLI_WRAP_H

#include <stdio.h>

/*
 * Prints the words of 'text' from column 'col' on, later lines from column 'indent' on, none beyond
 * 'width', and ends the line. '\n' in 'text' is a break, two make a paragraph.
 */
void wrap_print(FILE *out, const char *text, int col, int indent, int width);

#endif
