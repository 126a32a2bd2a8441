/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <string.h>

#include "cli/help/wrap.h"

void wrap_print(FILE *out, const char *text, int col, int indent, int width)
{
	bool first = true;

	while (*text) {
		int len = (int)strcspn(text, " \n");

		if (!first && len >= width - col) {
			fprintf(out, "\n%*s", indent, "");
			col = indent;
			first = true;
		}
		fprintf(out, "%s%.*s", first ? "" : " ", len, text);
		col += len + !first;
		first = false;
		for (text += len; *text == '\n'; text++) {
			fprintf(out, "\n%*s", text[1] == '\n' ? 0 : indent, "");
			col = indent;
			first = true;
		}
		text += strspn(text, " ");
	}
	fputc('\n', out);
}
