/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schemes in JSON. */
#ifndef CONFIG_READ_SCHEME_H
#define CONFIG_READ_SCHEME_H

#include "config/object.h"

/* A list of them, added to 'into', a struct config. */
int read_schemes(struct reader *r, const struct place *at, const json_t *v, void *into);

#endif
