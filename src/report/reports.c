/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/reports.h"

const struct report_row report_rows[] = {
	{"summary", "processes, the hottest one's memory, and how sure that is", report_summary},
	{"heatmap", "heat over time and addresses", report_heatmap, true},
	{"wss", "working set size over time and its distribution", report_wss, true},
	{"access", "regions of one snapshot, with heat and age", report_access},
	{"hotspots", "the code that touches the memory, and what it touches", report_hotspots},
	{"objects", "variables, heap, files, stacks by their accesses", report_objects},
	{"levels", "which caches and memory served the accesses, how fast, and whom",
	 report_levels},
	{"html", "a page to explore all of that: -o report.html", report_html},
	{"annotate", "source and instructions of a function, with their accesses", report_annotate,
	 .operand = "FUNCTION"},
	{"advice", "idle memory, huge pages, a limit that fits, and the schemes for it",
	 report_advice},
	{"recency", "bytes by how long they have been idle", report_recency},
	{"temperature", "bytes and accesses by heat", report_temperature},
	{"footprints", "mapped, touched and hot memory: least, half of the time, most",
	 report_footprints},
	{"times", "when snapshots were taken", report_times},
	{"nr_regions", "how many regions there were", report_nr_regions},
	{"info", "how it was recorded, and what was lost or not seen", report_info},
	{0},
};

const struct report_row export_rows[] = {
	{"damo", "damo's json_compressed records", export_damo},
	{"damo-json", "the same, not compressed", export_damo_json},
	{"csv", "a line per region and snapshot", export_csv},
	{"json", "the same as one JSON object, with working sets and marks", export_json},
	{"perf", "the log of samples as perf.data, for perf", export_perf},
	{"pprof", "the log by code and objects, for pprof", export_pprof},
	{"perfetto", "heat and working sets over time, for ui.perfetto.dev", export_perfetto},
	{"folded", "the log as stacks, for flamegraph.pl and speedscope", export_folded},
	{"record", "the record itself, with --anonymize to be given away", export_record},
	{0},
};
