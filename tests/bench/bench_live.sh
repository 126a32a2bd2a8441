#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs whose accesses are known, recorded for real at the default rate, and scored by live.py:
# every snapshot that lies within a phase, not the good ones alone.
. "$(dirname "$0")/kit.sh"

names=("F1 of the hot part, median (worst tenth)" "aggregations to follow a change"
	"share of the hot part, points off" "working set within 1 s, % off"
	"working sets with the truth in [lo, hi], %")
columns=("1 2" 3 4 5 6)

# column N: of the scores, the median over runs; '-' if there is none.
column()
{
	local numbers
	numbers=$(cut -d' ' -f"$1" scores.* | sed '/^-$/d')
	if [ -n "$numbers" ]; then
		median <<< "$numbers"
	else
		echo -
	fi
}

# score WHAT WORKLOAD AIMS OPTION...: AIMS are those of the names; '-': no aim, '.': no row.
score()
{
	local what=$1 program=$2 aims i measured
	read -ra aims <<< "$3"
	for i in $(seq "$runs"); do
		record r.data -- "$work/$program" --truth truth --seed "$i" "${@:4}"
		python3 "$root/tests/bench/live.py" "$(report r.data access)" \
			"$(report r.data wss --window 1s)" truth > "scores.$i"
	done
	for i in "${!names[@]}"; do
		[ "${aims[i]}" != . ] || continue
		measured=$(column "${columns[i]%% *}")
		[[ ${columns[i]} != *\ * ]] || measured+=" ($(column "${columns[i]##* }"))"
		row "live: $what: ${names[i]}" "${aims[i]//=/= }" "$measured"
	done
}

score "70/20/10" shares "- . <=2 <=15 >=95" --seconds 6
score "64 hot chunks in 1 GiB" chunks ">=.90 . <=2 <=15 >=95" --seconds 10
score "even part" dense ">=.97 . . <=15 >=95" --seconds 6
score "zipf in order" zipf "- . <=3 <=15 >=95" --seconds 6 --shuffle 0
score "stairs" stairs ">=.95 1 <=2 <=15 >=95" --seconds 10 --laps 1
score "zigzag" zigzag ">=.95 1 <=2 <=15 >=95" --seconds 10 --laps 1 --steps 6
score "small moving hot part" moving ">=.99 1 <=2 <=15 >=95" --seconds 9
