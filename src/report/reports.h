/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions behind the rows of reports.c; each is in the file of its name. */
#ifndef REPORT_REPORTS_H
#define REPORT_REPORTS_H

#include "report/report.h"

int report_summary(struct report_args *a);
int report_heatmap(struct report_args *a);
int report_wss(struct report_args *a);
int report_access(struct report_args *a);
int report_hotspots(struct report_args *a);
int report_objects(struct report_args *a);
int report_levels(struct report_args *a);
int report_html(struct report_args *a);
int report_annotate(struct report_args *a);
int report_advice(struct report_args *a);
int report_recency(struct report_args *a);
int report_temperature(struct report_args *a);
int report_footprints(struct report_args *a);
int report_times(struct report_args *a);
int report_nr_regions(struct report_args *a);
int report_info(struct report_args *a);
int report_diff(struct report_args *a); /* a command of its own: it has two records */

int export_damo(struct report_args *a);
int export_damo_json(struct report_args *a);
int export_csv(struct report_args *a);
int export_perf(struct report_args *a);
int export_pprof(struct report_args *a);
int export_folded(struct report_args *a);
int export_perfetto(struct report_args *a);
int export_json(struct report_args *a);
int export_record(struct report_args *a);

#endif
