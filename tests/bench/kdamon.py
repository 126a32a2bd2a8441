# SPDX-License-Identifier: GPL-2.0-or-later
"""
The kernel's DAMON as its tracepoint damon:damon_aggregated tells of it, one event for each region
at the end of each aggregation, after merging and before counts are reset. The trace's clock is
CLOCK_MONOTONIC; intervals are 5 ms and 100 ms.
"""
import re

EVENT = re.compile(r"(\d+)\.(\d{6}): damon_aggregated: target_id=\d+ nr_regions=(\d+) "
                   r"(\d+)-(\d+): (\d+) (\d+)$")


def aggregations(path):
    """(time in ns, regions) of each."""
    left, regions = 0, []
    with open(path) as f:
        for line in f:
            event = EVENT.search(line)
            if not event:
                continue
            n = list(map(int, event.groups()))
            if not left:
                left, regions = n[2], []
            if n[2] < left or regions and n[3] < regions[-1]["end"]:
                raise ValueError("%s: an aggregation with a hole: %s" % (path, line))
            regions.append({"start": n[3], "end": n[4], "heat": n[5],
                            "nr_accesses": {"samples": n[5]}, "age": {"aggr_intervals": n[6]}})
            left -= 1
            if not left:
                yield n[0] * 10**9 + n[1] * 1000, regions


def snapshots(path, real_ns):
    """All aggregations but the first, whose beginning is not known, as snapshots of a record of
    damon-perf; CLOCK_REALTIME was ahead by 'real_ns'. Heat is nr_accesses: DAMON has no other."""
    found, since = [], None
    for until, regions in aggregations(path):
        if since:
            found.append({"start_time": since + real_ns, "end_time": until + real_ns,
                          "regions": regions})
        since = until
    if not found:
        raise ValueError("%s: no aggregation" % path)
    return found
