#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Workloads: the truth is JSON and adds up, equal seeds do equal things, wrong options are refused.
. "$(dirname "$0")/kit.sh"

bin=$(cd "$root" && realpath "${B:-build}")/tests/workload
small=(--mib 16 --ops 300000)
declare -A options=(
	[objects]="--ops 300000" [cold]="--mib 16 --ops 300000"
	[thp]="--mib 16 --sparse 16 --ops 300000"
	[shares]="--mib 4 --ops 300000 --stores 25" [chunks]="--mib 64 --ops 300000 --size 1"
	[zipf]="--mib 4 --ops 300000" [dense]="--mib 16 --ops 300000"
	[stairs]="--mib 4 --ops 1600000" [zigzag]="--mib 4 --ops 1600000"
	[moving]="--mib 16 --ops 600000 --kib 64" [scan_index]="--mib 16 --ops 300000"
	[chase]="--mib 4 --ops 300000 --tables 3"
	[forkstorm]="--children 20 --exec 1" [churn]="--ops 200"
	[sharers]="--mib 4 --ops 300000"
	[kinds]="--hot 2 --cold 4 --ops 300000 --file /bin/sh"
	[threads]="--ops 200000 --mib 1" [sleeper]="--ops 2"
)
# hard cases without a truth: tests/cli runs them
hard=" background spaces spawn "

for source in "$root"/tests/workload/*.c; do
	name=$(basename "$source" .c)
	[[ $hard != *" $name "* ]] || continue
	[ -x "$bin/$name" ] || fail "$bin/$name"
	[ -n "${options[$name]-}" ] || fail "options for '$name' in this test"
	expect "$name: a wrong option" 2 "*bad option*usage: $name*" "$bin/$name" --nothing 3
	expect "$name: a wrong value" 2 "*bad option*" "$bin/$name" --seconds 3x
	expect "$name: no value" 2 "*bad option*" "$bin/$name" --seed
	expect "$name: help" 0 "usage: $name*--seconds*" "$bin/$name" --help
	# shellcheck disable=SC2086
	for i in 1 2; do
		expect "$name: a run" 0 "" "$bin/$name" ${options[$name]} --seed 7 --truth $name.$i
	done
done
expect "nowhere to write" 1 "*cannot write*" "$bin/dense" --truth nowhere/truth "${small[@]}"

python3 - "${!options[@]}" <<'END'
import json, sys


def load(name, i):
    with open("%s.%d" % (name, i)) as f:
        return json.load(f)


def counts(truth):
    """What has to be equal in two runs: not addresses, not times."""
    ranges = truth.get("ranges", []) + truth.get("hot", []) + truth.get("phases", [])
    return [truth["ops"]] + [truth.get(k) for k in ("sum", "stores", "slots", "mapped_bytes")] + [
        (r["name"], r["end"] - r["start"], r["accesses"]) for r in ranges if "name" in r]


for name in sys.argv[1:]:
    truth = load(name, 1)
    assert truth["workload"] == name and truth["ops"] > 0, truth
    if name not in ("threads", "sleeper"):
        assert counts(truth) == counts(load(name, 2)), "%s: equal seeds differ" % name
    for r in truth.get("ranges", []) if name != "objects" else []:
        assert r["start"] % 4096 == 0 and r["end"] > r["start"], (name, r)

objects = load("objects", 1)
assert abs(sum(r["share"] for r in objects["ranges"]) - 1) < 1e-5
assert [r["name"] for r in objects["ranges"]] == ["table", "counters", "lookup", "accounts",
                                                  "[heap]", "objects.map", "[stack]"]

shares = load("shares", 1)
assert sum(r["accesses"] for r in shares["ranges"]) == shares["ops"]
for r, share in zip(shares["ranges"], (0.7, 0.2, 0.1)):
    assert abs(r["share"] - share) < 0.01, r
assert abs(shares["stores"] / shares["ops"] - 0.25) < 0.01

chunks = load("chunks", 1)
assert abs(chunks["hot_accesses"] / chunks["ops"] - 0.9) < 0.01
hot, buffer = chunks["hot"], chunks["ranges"][0]
assert len(hot) == 64 and hot[0]["start"] >= buffer["start"] and hot[-1]["end"] <= buffer["end"]
assert all(a["end"] <= b["start"] for a, b in zip(hot, hot[1:])), "chunks overlap"

chase = load("chase", 1)
listed, table = (r["accesses"] for r in chase["ranges"])
assert table == 3 * listed and listed + table == chase["ops"]
zipf = load("zipf", 1)
assert sum(zipf["slots"]) == 65536 and len(zipf["slots"]) == 1024
dense = load("dense", 1)
assert abs(dense["working_set_bytes"] / (16 << 20) - 0.2) < 0.01
for name, moves in (("stairs", 16), ("zigzag", 28)):
    phases = load(name, 1)["phases"]
    assert len(phases) == moves and sum(p["accesses"] for p in phases) == load(name, 1)["ops"]
    assert all(a["to_ns"] <= b["from_ns"] for a, b in zip(phases, phases[1:]))
moving = load("moving", 1)
phases, buffer = moving["phases"], moving["ranges"][0]
assert len(phases) == 6 and sum(p["accesses"] + p["elsewhere"] for p in phases) == moving["ops"]
assert all(abs(p["accesses"] / (p["accesses"] + p["elsewhere"]) - 0.9) < 0.01 for p in phases)
for a, b in zip(phases, phases[1:]):
    assert a["end"] - a["start"] == 65536 and moving["from_ns"] <= a["from_ns"] < a["to_ns"]
    assert a["end"] <= b["start"] or b["end"] <= a["start"], "a part that stays"
    assert buffer["start"] <= a["start"] and a["end"] <= buffer["end"]
    assert a["to_ns"] <= b["from_ns"] and b["to_ns"] <= moving["to_ns"]
assert load("forkstorm", 1)["ops"] == 20 and load("forkstorm", 1)["failed"] == 0
assert [r["name"] for r in load("threads", 1)["ranges"]] == ["early"] * 4 + ["late"] * 4
END
