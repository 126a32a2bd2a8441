#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs whose accesses are known, recorded for real at the default rate; live.py has the scores.
# Of every snapshot that lies within a phase, not just of good ones.
. "$(dirname "$0")/kit.sh"

# column N: the median over runs; '-' if there is none.
column()
{
	cut -d' ' -f"$1" scores.* | { ! grep -v '^-$' || true; } | median_or_none
}

median_or_none()
{
	local numbers
	numbers=$(cat)
	[ -n "$numbers" ] && median <<< "$numbers" || echo -
}

# tell N WHAT MEASURED: a row, unless the aim of that column is '.'. Uses 'what' and 'aims'.
tell()
{
	[ "${aims[$1]}" = . ] || row "$what: $2" "${aims[$1]}" "$3"
}

# score WHAT WORKLOAD AIMS OPTION...: AIMS are those of F1, snapshots to follow, points of share,
# percent of working set, percent held; '-': no aim, '.': no row.
score()
{
	local what=$1 program=$2 aims i
	read -ra aims <<< "$3"
	rm -f scores.*
	for i in $(seq "$runs"); do
		record r.data -- "$work/$program" --truth truth --seed "$i" "${@:4}"
		python3 "$root/tests/bench/live.py" "$(report r.data access)" \
			"$(report r.data wss --window 1s)" truth > "scores.$i"
	done
	tell 0 "F1 of the hot part, median (worst tenth)" "$(column 1) ($(column 2))"
	tell 1 "aggregations to follow a change" "$(column 3)"
	tell 2 "share of the hot part, points off" "$(column 4)"
	tell 3 "working set of 1 s, % off" "$(column 5)"
	tell 4 "working sets with the truth in [lo, hi], %" "$(column 6)"
}

score "70/20/10" shares "- . <=2 <=15 >=95" --seconds 6
score "64 hot chunks in 1 GiB" chunks ">=.90 . <=2 <=15 >=95" --seconds 10
score "even part" dense ">=.97 . . <=15 >=95" --seconds 6
score "zipf in order" zipf "- . <=3 <=15 >=95" --seconds 6 --shuffle 0
score "stairs" stairs ">=.95 1 <=2 <=15 >=95" --seconds 10 --laps 1
score "zigzag" zigzag ">=.95 1 <=2 <=15 >=95" --seconds 10 --laps 1 --steps 6
score "small moving hot part" moving ">=.99 1 <=2 <=15 >=95" --seconds 9
