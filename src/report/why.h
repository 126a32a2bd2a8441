/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 'report access --why ADDR': one region, its history, and who touches it. */
#ifndef REPORT_WHY_H
#define REPORT_WHY_H

#include "report/report.h"

int why_report(struct report_args *a);

#endif
