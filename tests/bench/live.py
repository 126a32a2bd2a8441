# SPDX-License-Identifier: GPL-2.0-or-later
"""
Scores a record of a workload against its truth: live.py ACCESS.json WSS.json TRUTH

The truth is phases: (from, to, parts, hot), in ns; a part is (start, end, accesses per second and
page), parts do not overlap; hot are ranges. Prints numbers, '-' where there is none:
    F1 of the hottest regions at the true hot size, over snapshots: median, 10th percentile;
    snapshots to follow a change of phase (1: the first one that lies within it), median;
    share of the accesses that hot ranges have: median distance from the truth, in points;
    working set within 1 s: median error in percent, percent of snapshots with the truth in [lo, hi]
"""
import math
import statistics
import sys

from records import bounds, f1, heat_within, hottest, load

PAGE = 4096
FOLLOWED = 0.8  # F1 from which on a change was followed


def rest(whole, ranges):
    """What is left of a range without others in it."""
    left, at = [], whole[0]
    for start, end in sorted(ranges):
        left.append((at, start))
        at = end
    return [r for r in left + [(at, whole[1])] if r[0] < r[1]]


def part(ranges, accesses, seconds):
    """Ranges that are accessed evenly, as parts."""
    rate = accesses / seconds / (sum(end - start for start, end in ranges) / PAGE)
    return [(start, end, rate) for start, end in ranges]


def phases_of(truth):
    """A truth with phases: a hot part each, what else is accessed is the buffer's."""
    buffer = bounds(truth.get("ranges", []))
    for p in truth["phases"]:
        hot, seconds = bounds([p]), (p["to_ns"] - p["from_ns"]) / 1e9
        parts = part(hot, p["accesses"], seconds)
        if buffer:
            parts += part(rest(buffer[0], hot), p["elsewhere"], seconds)
        yield p["from_ns"], p["to_ns"], parts, hot


def parts_of(truth):
    """Of a truth without phases: parts, hot ranges."""
    seconds, ranges = truth["wall_seconds"], bounds(truth["ranges"])
    parts = [x for r in truth["ranges"] for x in part(bounds([r]), r["accesses"], seconds)]
    if "hot" in truth:
        hot, buffer = bounds(truth["hot"]), ranges[0]
        cold = truth["ops"] - truth["hot_accesses"]
        cover = sum(end - start for start, end in hot) / (buffer[1] - buffer[0])
        return (part(hot, truth["hot_accesses"] + cold * cover, seconds) +
                part(rest(buffer, hot), cold * (1 - cover), seconds)), hot
    if "slots" in truth:
        slots, start = truth["slots"], ranges[0][0]
        pages = [(start + i * PAGE, start + (i + 1) * PAGE,
                  truth["ops"] * n / sum(slots) / seconds) for i, n in enumerate(slots)]
        top = sorted(pages, key=lambda p: -p[2])[:len(pages) // 10]
        return pages + parts[1:], [p[:2] for p in top] + [ranges[1]]
    return parts, ranges[:1]


def touched(phases, since, until):
    """Bytes that are accessed in a time, as expected of random accesses."""
    borders = sorted({x for p in phases for a in p[2] for x in a[:2]})
    at = {x: i for i, x in enumerate(borders)}
    visits = [0.0] * len(borders)  # of a page, from this border to the next
    for start, end, parts, _ in phases:
        seconds = max(0, min(end, until) - max(start, since)) / 1e9
        for a in parts if seconds else []:
            for i in range(at[a[0]], at[a[1]]):
                visits[i] += seconds * a[2]
    return sum((b - a) * -math.expm1(-n) for a, b, n in zip(borders, borders[1:], visits))


def inside(phase, snapshot):
    return phase[0] <= snapshot["start_time"] and snapshot["end_time"] <= phase[1]


def score_regions(phases, snapshots):
    scores, follow, off = [], [], []
    whole = [a[:2] for a in max((p[2] for p in phases), key=len)]
    if len(phases) > 1:  # all places that the hot part was at
        whole = [(min(a[0] for p in phases for a in p[2]), max(a[1] for p in phases for a in p[2]))]
    for phase in phases:
        parts, hot = phase[2:]
        size = sum(end - start for start, end in hot)
        heat = [(a[0], a[1], a[2]) for a in parts]
        share = heat_within(heat, hot) / heat_within(heat, whole)
        first, mine = None, [s for s in snapshots if inside(phase, s)]
        for i, s in enumerate(mine):
            regions = [(r["start"], r["end"], r["heat"] or 0.0) for r in s["regions"]]
            regions = [r for r in regions if r[2] > 0]
            total = heat_within(regions, whole)
            scores.append(f1(hottest(regions, size), hot))
            off.append(100 * abs(heat_within(regions, hot) / total - share) if total else 100)
            if first is None and scores[-1] >= FOLLOWED:
                first = i + 1
        if mine and phase is not phases[0]:
            follow.append(first or len(mine) + 1)
    scores.sort()
    told = whole != hot  # or the share is 1, whatever was measured
    return ["%.3f" % statistics.median(scores), "%.3f" % scores[len(scores) // 10],
            "%g" % statistics.median(follow) if follow else "-",
            "%.1f" % statistics.median(off) if told else "-"]


def score_wset(phases, snapshots):
    """Of windows that lie within the time that the truth tells of."""
    errors, held = [], 0
    for s in snapshots:
        since, until = s["end_time"] - 10**9, s["end_time"]
        if since < phases[0][0] or until > phases[-1][1]:
            continue
        truth = touched(phases, since, until)
        errors.append(100 * abs(s["bytes"] / truth - 1))
        held += s["lo"] <= truth <= s["hi"]
    return ["%.1f" % statistics.median(errors), "%.1f" % (100 * held / len(errors))]


def main(access, wset, path):
    truth = load(path)
    if "phases" in truth:
        phases = list(phases_of(truth))
    else:
        phases = [(truth["from_ns"], truth["to_ns"], *parts_of(truth))]
    real = truth["real_ns"]
    phases = [(p[0] + real, p[1] + real, *p[2:]) for p in phases]
    snapshots = max((r["snapshots"] for r in load(access)), key=len)
    windows = max((t["snapshots"] for t in load(wset)["targets"]), key=len)
    print(*score_regions(phases, snapshots), *score_wset(phases, windows))


main(*sys.argv[1:])
