/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports as pictures: PNG or SVG, of a->pixels, light or dark. */
#ifndef REPORT_PICTURE_PICTURE_H
#define REPORT_PICTURE_PICTURE_H

#include "report/report.h"

int picture_heatmap(struct report_args *a);
int picture_wss(struct report_args *a);

/* Whether a picture can have that size: 0, or -EINVAL with the sentence in 'fail'. 0x0 is none. */
int picture_check_size(uint64_t width, uint64_t height, struct damon_fail *fail);

#endif
