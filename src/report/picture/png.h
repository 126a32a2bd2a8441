/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pixels as PNG (its specification, second edition, 2003). Pictures of cells and letters have long
 * runs of few colours: with a palette where there are no more than 256 of them, and without
 * filters, they are smaller than what Cairo writes, and sooner written. No time is in it: the same
 * pixels are the same bytes.
 */
#ifndef REPORT_PICTURE_PNG_H
#define REPORT_PICTURE_PNG_H

#include <stddef.h>
#include <stdint.h>

typedef void (*png_put)(void *priv, const unsigned char *data, size_t n);

/* 'pixels': 0x..RRGGBB, line by line. Returns 0 or -ENOMEM, before anything was put. */
int png_write(const uint32_t *pixels, unsigned width, unsigned height, png_put put, void *priv);

#endif
