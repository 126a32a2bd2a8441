#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/bench/live.py computes, by examples whose figures are known by hand.
. "${BASH_SOURCE%/*}/kit.sh"

PYTHONPATH=$root/tests/bench PYTHONDONTWRITEBYTECODE=1 python3 - << 'END' ||
import json, math
import kdamon, live
from truth import Phase, Truth, PAGE

def near(what, is_so, expected):
    assert math.isclose(is_so, expected, rel_tol=1e-6), "%s: %s, not %s" % (what, is_so, expected)

# eight pages: 0-2 hot at 100/s, the others 1/s
phase = Phase(0, 10**9, [(0, 2 * PAGE, 100), (2 * PAGE, 8 * PAGE, 1)], [(0, 2 * PAGE)])
near("hot rate", phase.hot_rate, 200)
near("rate", phase.rate, 206)
for what, regions, f1, caught in (
        ("exact", [(0, 2, 9), (2, 8, 1)], 1, 1),
        ("inverted", [(0, 2, 1), (2, 8, 9)], 0, 2 / 200),
        ("a border off", [(0, 1, 9), (1, 8, 1)], (1 + 1 / 7) / 2, (100 + 106 / 7) / 200),
        ("all alike", [(0, 8, 5)], .25, 206 * .25 / 200),
        ("ties are shared, whatever their order", [(0, 4, 5), (4, 8, 5)], .25, 206 * .25 / 200),
        ("memory outside of the truth", [(0, 1, 5), (8, 16, 9)], 0, 0),
        ("nothing", [], 0, 0)):
    scores = phase.score_hot([(a * PAGE, b * PAGE, heat) for a, b, heat in regions])
    near(what, scores[0], f1)
    near(what, scores[1], caught)

# how often a page is accessed within a sampling interval
often, seldom = -math.expm1(-100 * .01), -math.expm1(-1 * .01)
near("no region", phase.score_nr([], .01), (2 * often + 6 * seldom) / 8)
near("the truth", 1 + phase.score_nr([(0, 2 * PAGE, often), (2 * PAGE, 9 * PAGE, seldom)], .01), 1)
near("one region", phase.score_nr([(0, 8 * PAGE, .5)], .01),
     (2 * abs(often - .5) + 6 * abs(seldom - .5)) / 8)

near("age", phase.score_age([(0, 2 * PAGE, 5), (2 * PAGE, 8 * PAGE, 99)], 10),
     (2 * 5 + 6 * 10) / 80)

# two seconds; the hot part moves from page 0 to page 1 after the first
part = {"end": PAGE, "start": 0, "accesses": 1000, "from_ns": 10**9, "to_ns": 2 * 10**9}
move = dict(part, start=PAGE, end=2 * PAGE, from_ns=2 * 10**9, to_ns=3 * 10**9)
json.dump({"phases": [part, move], "real_ns": 7}, open("truth", "w"))
truth = Truth("truth")
near("touched in one phase", truth.touched(10**9 + 7, 2 * 10**9 + 7), PAGE)
near("touched in both", truth.touched(10**9 + 7, 3 * 10**9 + 7), 2 * PAGE)
near("touched hardly", truth.touched(10**9 + 7, 10**9 + 7 + 10**6), PAGE * -math.expm1(-1))

def event(time, nr, start, end, accesses, age):
    return ("kdamond.0-1 [000] ..... %f: damon_aggregated: target_id=0 nr_regions=%d %d-%d: %d %d\n"
            % (time, nr, start, end, accesses, age))

# aggregations of 100 ms: it finds out in the third after the move
with open("damon.trace", "w") as f:
    f.write("# tracer: nop\n")
    for i in range(21):
        first = (20, 0) if i < 13 else (0, 20)
        for page in 0, 1:
            f.write(event(1 + i / 10, 2, page * PAGE, (page + 1) * PAGE, first[page], i))
figures = live.score("damon.trace")
near("follow", figures["follow"], 3)
near("F1", figures["f1"], 1)
near("worst tenth", figures["worst"], 1) # two of twenty have missed it
near("checks", figures["events"], 2 * 20 * 10)
near("working set", 1 + figures["aggr"], 1)
near("share", 1 + figures["share"], 1)
assert "wss" not in figures and "age" not in figures

for what, bad in (("an event is missing", event(1, 2, 0, PAGE, 1, 1) + event(2, 1, 0, PAGE, 1, 1)),
                  ("out of order", event(1, 2, PAGE, 2 * PAGE, 1, 1) + event(1, 2, 0, PAGE, 1, 1)),
                  ("empty", "")):
    open("bad.trace", "w").write(bad)
    try:
        kdamon.snapshots("bad.trace", 0)
        raise AssertionError(what + ": taken")
    except ValueError:
        pass
END
	fail "figures as computed by hand"
