/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/html/parts.h"

/* The assembler reads the files: the makefile says that this one depends on them. */
#define PART(name, file)                                                                           \
	__asm__(".pushsection .rodata\n"                                                           \
		".global html_" #name "_start\n"                                                   \
		".global html_" #name "_end\n"                                                     \
		"html_" #name "_start:\n"                                                          \
		".incbin \"src/report/html/" file "\"\n"                                           \
		"html_" #name "_end:\n"                                                            \
		".byte 0\n"                                                                        \
		".popsection\n");                                                                  \
	extern const char html_##name##_start[], html_##name##_end[]

PART(page, "page.html");
PART(style, "page.css");
PART(text, "text.js");
PART(data, "data.js");
PART(grid, "grid.js");
PART(heatmap, "heatmap.js");
PART(wss, "wss.js");
PART(lists, "lists.js");
PART(search, "search.js");
PART(main, "main.js");

#define BOTH(name)                                                                                 \
	{                                                                                          \
		html_##name##_start, html_##name##_end                                             \
	}

const struct html_part html_page = BOTH(page), html_style = BOTH(style);
const struct html_part html_scripts[] = {
	BOTH(text),  BOTH(data),   BOTH(grid), BOTH(heatmap), BOTH(wss),
	BOTH(lists), BOTH(search), BOTH(main), {0},
};
