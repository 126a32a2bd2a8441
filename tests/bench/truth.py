# SPDX-License-Identifier: GPL-2.0-or-later
"""
The truth of a workload as phases, and how far what a monitor says of one is from it. Within a
phase, each part is accessed evenly and at random, at a rate that does not change.
"""
import bisect
import itertools
import math

from records import bounds, load, overlap

PAGE = 4096


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


class Sums:
    """Of (start, end, density): the sum below an address."""

    def __init__(self, ranges):
        ranges = sorted(ranges)
        self.starts = [r[0] for r in ranges]
        self.ranges = ranges
        self.below = [0] + list(itertools.accumulate((r[1] - r[0]) * r[2] for r in ranges))

    def at(self, address):
        i = bisect.bisect_right(self.starts, address)
        if not i:
            return 0
        start, end, density = self.ranges[i - 1]
        return self.below[i - 1] + (min(address, end) - start) * density

    def between(self, start, end):
        return self.at(end) - self.at(start)


class Phase:
    def __init__(self, since, until, parts, hot):
        self.since, self.until, self.hot = since, until, hot
        self.parts = sorted(parts)
        self.size = sum(end - start for start, end in hot)
        self.rates = Sums((start, end, rate / PAGE) for start, end, rate in parts)
        self.hots = Sums((start, end, 1) for start, end in hot)
        self.rate = self.rates.below[-1]
        self.hot_rate = sum(self.rates.between(start, end) for start, end in hot)

    def score_hot(self, regions):
        """Of the hottest regions (start, end, heat) that are together as large as the hot part:
        F1, and their accesses over those of the hot part. Ties are shared."""
        need, hot, rate = self.size, 0, 0
        ordered = sorted(regions, key=lambda r: -r[2])
        for _, tied in itertools.groupby(ordered, key=lambda r: r[2]):
            tied = [r[:2] for r in tied]
            size = sum(end - start for start, end in tied)
            take = min(1, need / size)
            hot += take * sum(self.hots.between(*r) for r in tied)
            rate += take * sum(self.rates.between(*r) for r in tied)
            need -= size
            if need <= 0:
                break
        return hot / self.size, min(1, rate / self.hot_rate)

    def score_nr(self, regions, seconds):
        """Mean error of how often (of 1) a page is accessed within a sampling interval; regions
        are (start, end, that), sorted. What no region has counts as never."""
        off, at = 0, 0
        for start, end, rate in self.parts:
            real = -math.expm1(-rate * seconds)
            while at < len(regions) and regions[at][1] <= start:
                at += 1
            i, seen = at, 0
            while i < len(regions) and regions[i][0] < end:
                size = overlap(regions[i], (start, end))
                off += size * abs(regions[i][2] - real)
                seen += size
                i += 1
            off += (end - start - seen) * real
        return off / sum(end - start for start, end, _ in self.parts)

    def score_age(self, regions, aggrs):
        """Mean age of regions (start, end, age) over how long it could be."""
        kept = size = 0
        for start, end, age in regions:
            n = sum(overlap((start, end), p) for p in self.parts)
            kept += n * min(age, aggrs)
            size += n
        return kept / size / aggrs if size else 0


class Truth:
    def __init__(self, path):
        truth = load(path)
        self.real_ns = truth["real_ns"]
        self.phases = []
        for since, until, parts, hot in self.read(truth):
            self.phases.append(Phase(since + self.real_ns, until + self.real_ns, parts, hot))
        self.whole = [p[:2] for p in max((p.parts for p in self.phases), key=len)]
        if len(self.phases) > 1:  # all places that the hot part was at
            self.whole = [(min(p.parts[0][0] for p in self.phases),
                           max(p.parts[-1][1] for p in self.phases))]
        self.wholes = Sums((start, end, 1) for start, end in self.whole)
        borders = sorted({x for p in self.phases for a in p.parts for x in a[:2]})
        self.spans = list(zip(borders, borders[1:]))
        at = {x: i for i, x in enumerate(borders)}
        self.of_span = [[(at[a[0]], at[a[1]], a[2]) for a in p.parts] for p in self.phases]

    def read(self, truth):
        """(from, to, parts, hot): a hot part each, what else is accessed is the buffer's."""
        if "phases" not in truth:
            yield (truth["from_ns"], truth["to_ns"], *parts_of(truth))
            return
        buffer = bounds(truth.get("ranges", []))
        for p in truth["phases"]:
            hot, seconds = bounds([p]), (p["to_ns"] - p["from_ns"]) / 1e9
            parts = part(hot, p["accesses"], seconds)
            if buffer:
                parts += part(rest(buffer[0], hot), p["elsewhere"], seconds)
            yield p["from_ns"], p["to_ns"], parts, hot

    def touched(self, since, until):
        """Bytes that are accessed in a time, as expected of random accesses."""
        visits = [0.0] * len(self.spans)
        for phase, spans in zip(self.phases, self.of_span):
            seconds = max(0, min(phase.until, until) - max(phase.since, since)) / 1e9
            for first, last, rate in spans if seconds else []:
                for i in range(first, last):
                    visits[i] += seconds * rate
        return sum((b - a) * -math.expm1(-n) for (a, b), n in zip(self.spans, visits))
