/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A config as a line of text: what is not as by default, so that tests can compare. */
#ifndef KIT_CONFIG_SHOW_H
#define KIT_CONFIG_SHOW_H

#include "config/config.h"

#define CONFIG_SHOW_MAX 4000

/* "pageout sz=4096..max rate=0..0.05 age=1000000000..max | stat"; returns 'buf'. */
const char *config_show_schemes(char *buf, const struct config *c);
/* "fvaddr 12[1000-2000] sample=5000000 ..."; without schemes. */
const char *config_show_context(char *buf, const struct config *c);

/* What config_warn() was told: "WHERE: TEXT\n" for each. */
struct config_warnings {
	char text[2000];
	size_t nr;
};
void config_warnings_add(void *priv, const char *file, const char *where, const char *text);

#endif
