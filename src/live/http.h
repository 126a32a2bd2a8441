/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text, in two forms, at /metrics of a port; a thread of libmicrohttpd answers. */
#ifndef LIVE_HTTP_H
#define LIVE_HTTP_H

#include <stddef.h>

#include "base/fail.h"

struct http;

enum http_form {
	HTTP_OPENMETRICS, /* what is served if nothing else is asked for */
	HTTP_CLASSIC, /* Prometheus's text format, to who takes text/plain and not OpenMetrics */
	HTTP_NR_FORMS
};

/* Is it a "[ADDR:]PORT"? */
int http_check(const char *where, struct damon_fail *fail);
/* 127.0.0.1 where there is no ADDR. */
int http_new(const char *where, struct http **out, struct damon_fail *fail);
void http_free(struct http *h); /* NULL is fine */

/* Copied. Without memory the old text stays. */
void http_set(struct http *h, enum http_form form, const char *text, size_t len);

#endif
