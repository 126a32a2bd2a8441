/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that the page is made of: page.html, whose comments <!--style-->, <!--data--> and
 * <!--script--> say where the others go.
 */
#ifndef REPORT_HTML_PARTS_H
#define REPORT_HTML_PARTS_H

struct html_part {
	const char *text, *end; /* a NUL follows */
};

extern const struct html_part html_page, html_style;
/* In the order in which they have to be; NULL-texted at the end. */
extern const struct html_part html_scripts[];

#endif
