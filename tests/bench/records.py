# SPDX-License-Identifier: GPL-2.0-or-later
"""What benchmarks compute from 'report access --format json' and a workload's truth."""
import json


def load(path):
    with open(path) as f:
        return json.load(f)


def late_regions(path):
    """Regions (start, end, heat) of a snapshot near the end, when the workload still ran."""
    snapshots = [s for record in load(path) for s in record["snapshots"] if s["regions"]]
    regions = snapshots[int(len(snapshots) * 0.9)]["regions"]
    return [(r["start"], r["end"], r["heat"] or 0.0) for r in regions]


def overlap(a, b):
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def bounds(ranges):
    """Ranges of a truth as pairs."""
    return [(r["start"], r["end"]) for r in ranges]


def heat_within(regions, ranges):
    """Heat x size of the regions, as far as they lie in the ranges (which do not overlap)."""
    return sum(r[2] * overlap(r, x) for r in regions for x in ranges)


def hottest(regions, size):
    """The ranges that the hottest 'size' bytes lie in; of the last one, the beginning."""
    chosen = []
    for start, end, _ in sorted(regions, key=lambda r: -r[2]):
        if size <= 0:
            break
        end = min(end, start + size)
        chosen.append((start, end))
        size -= end - start
    return chosen


def f1(chosen, truth):
    """Of two sets of ranges: twice what they share over the sum of their sizes."""
    both = sum(overlap(a, b) for a in chosen for b in truth)
    return 2 * both / (sum(b - a for a, b in chosen) + sum(b - a for a, b in truth))
