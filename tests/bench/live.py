# SPDX-License-Identifier: GPL-2.0-or-later
"""
Scores what monitors said of a workload against its truth.

live.py rows WHAT AIMS MONITOR...   lines of 'make bench': an aim for each of AIMED, '.': no line
live.py value KEY MONITOR...        one figure
live.py line CELLS KEYS MONITOR...  a line of a table: CELLS, then the figures KEYS, all by commas

MONITOR is one run of one monitor: a folder with 'access.json', 'info.json' and 'wss-*.json',
reports of damon-perf, or a file 'damon.trace', the kernel's DAMON (kdamon.py). The workload's
truth is 'truth' beside it. Figures are medians over the runs. All monitors are scored by the same
code, from each snapshot that lies within a phase, not the good ones alone.

The truth is phases: from, to (ns), parts, hot; a part is (start, end, accesses per second and
page), parts do not overlap; hot are ranges.
"""
import collections
import math
import os
import statistics
import sys

import kdamon
from records import load, overlap
from truth import Truth

FOLLOWED = 0.8  # F1 from which on a change was followed
MOST = 20  # nr_accesses at most: sampling intervals of an aggregation

FIGURES = {
    "f1": ("F1 of the hot part, median", 3),
    "worst": ("the same, worst tenth", 3),
    "caught": ("accesses of the chosen, of those of the hot part", 3),
    "follow": ("aggregations to follow a change", 1),
    "share": ("share of the hot part, points off", 1),
    "nr": ("nr_accesses, mean error, of 1", 3),
    "age": ("age kept", 2),
    "aggr": ("working set of an aggregation, % off", 1),
    "wss": ("working set within 1 s, % off", 1),
    "inside": ("working sets with the truth in [lo, hi], %", 1),
    "regions": ("regions", 0),
    "events": ("observations or checks per second", 0),
}
AIMED = ["f1", "follow", "share", "wss", "inside"]

Monitor = collections.namedtuple("Monitor", "snapshots windows events own_time")


def of_program(folder):
    """What damon-perf said: the longest of its records, and of its working sets."""
    windows = {}
    for name in "aggr", "1s":
        path = "%s/wss-%s.json" % (folder, name)
        if os.path.exists(path):
            windows[name] = max((t["snapshots"] for t in load(path)["targets"]), key=len)
    info = load(folder + "/info.json")
    return Monitor(max((r["snapshots"] for r in load(folder + "/access.json")), key=len),
                   windows, info["samples"] * 1e9 / info["duration_ns"], False)


def of_kernel(path, truth):
    """What the kernel's DAMON said. Its working set is what has any nr_accesses, as far as the
    truth tells of that memory; it has none of other windows, and no bounds."""
    snapshots = kdamon.snapshots(path, truth.real_ns)
    sets = []
    for s in snapshots:
        hit = [(r["start"], r["end"]) for r in s["regions"] if r["nr_accesses"]["samples"]]
        sets.append({"start_time": s["start_time"], "end_time": s["end_time"], "lo": math.nan,
                     "hi": math.nan,
                     "bytes": sum(overlap(a, b) for a in hit for b in truth.whole)})
    seconds = (snapshots[-1]["end_time"] - snapshots[0]["start_time"]) / 1e9
    checks = sum(MOST * len(s["regions"]) for s in snapshots)
    return Monitor(snapshots, {"aggr": sets}, checks / seconds, True)


def heats(snapshot):
    return [(r["start"], r["end"], r["heat"] or 0.0) for r in snapshot["regions"]]


def within(phase, snapshots):
    return [s for s in snapshots
            if phase.since <= s["start_time"] and s["end_time"] <= phase.until]


def share_off(truth, phase, regions):
    """Of the accesses to what the truth tells of: the hot part's share, in points off."""
    total = sum(heat * truth.wholes.between(start, end) for start, end, heat in regions)
    hot = sum(heat * phase.hots.between(start, end) for start, end, heat in regions)
    told = hot / total if total else 0
    return 100 * abs(told - phase.hot_rate / phase.rate)


def score_phase(truth, phase, monitor, values):
    mine, follow = within(phase, monitor.snapshots), math.inf
    for i, s in enumerate(mine):
        regions = heats(s)
        f1, caught = phase.score_hot(regions)
        values["f1"].append(f1)
        values["caught"].append(caught)
        values["regions"].append(len(regions))
        if phase.hot != truth.whole:  # or the share is 1, whatever was measured
            values["share"].append(share_off(truth, phase, regions))
        # damon-perf's sampling intervals are virtual, the kernel's were as long as they were
        seconds = (s["end_time"] - s["start_time"]) / 1e9 / MOST if monitor.own_time else .005
        values["nr"].append(phase.score_nr([(r["start"], r["end"],
            r["nr_accesses"]["samples"] / MOST) for r in s["regions"]], seconds))
        if follow == math.inf and f1 >= FOLLOWED:
            follow = i + 1
    if mine and phase is not truth.phases[0]:
        values["follow"].append(follow)
    if mine and len(truth.phases) == 1:
        values["age"].append(phase.score_age([(r["start"], r["end"], r["age"]["aggr_intervals"])
                                              for r in mine[-1]["regions"]], len(mine)))


def score_wset(truth, windows, length=None):
    """Errors in percent, and whether the truth was inside of the bounds; of windows that lie
    within the time that the truth tells of."""
    off, inside = [], []
    for s in windows:
        until = s["end_time"]
        since = until - length if length else s["start_time"]
        if truth.phases[0].since <= since and until <= truth.phases[-1].until:
            is_so = truth.touched(since, until)
            off.append(100 * abs(s["bytes"] / is_so - 1))
            inside.append(100 * (s["lo"] <= is_so <= s["hi"]))
    return off, inside


def score(path):
    """Figures of one run, those that there are."""
    truth = Truth(os.path.join(os.path.dirname(path), "truth"))
    monitor = of_kernel(path, truth) if path.endswith(".trace") else of_program(path)
    values = collections.defaultdict(list)
    for phase in truth.phases:
        score_phase(truth, phase, monitor, values)
    figures = {k: statistics.median(v) for k, v in values.items()}
    figures["worst"] = sorted(values["f1"])[len(values["f1"]) // 10]
    figures["events"] = monitor.events
    if "1s" in monitor.windows:
        off, inside = score_wset(truth, monitor.windows["1s"], 10**9)
        figures["wss"], figures["inside"] = statistics.median(off), statistics.fmean(inside)
    if "aggr" in monitor.windows:
        figures["aggr"] = statistics.median(score_wset(truth, monitor.windows["aggr"])[0])
    return figures


def shown(runs, key):
    """The median over runs, '-' if there is none."""
    values = [r[key] for r in runs if key in r]
    if not values:
        return "-"
    middle = statistics.median(values)
    return "never" if middle == math.inf else "%.*f" % (FIGURES[key][1], middle)


def print_value(key, *paths):
    print(shown([score(p) for p in paths], key))


def print_line(cells, keys, *paths):
    runs = [score(p) for p in paths]
    print("| " + " | ".join(cells.split(",") + [shown(runs, k) for k in keys.split(",")]) + " |")


def print_rows(what, aims, *paths):
    runs = [score(p) for p in paths]
    for key, aim in zip(AIMED, aims.split(), strict=True):
        if aim == ".":
            continue
        text = FIGURES[key][0] + (" (worst tenth)" if key == "f1" else "")
        value = shown(runs, key) + (" (%s)" % shown(runs, "worst") if key == "f1" else "")
        print("live: %s: %s | %s | %s" % (what, text, aim.replace("=", "= "), value))


if __name__ == "__main__":
    {"rows": print_rows, "value": print_value, "line": print_line}[sys.argv[1]](*sys.argv[2:])
