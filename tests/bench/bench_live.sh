#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs whose accesses are known, recorded for real at the default rate, and scored by live.py:
# every snapshot that lies within a phase, not the good ones alone.
# --table: prints the table of docs/ACCURACY.md instead.
. "$(dirname "$0")/kit.sh"

keys=events,f1,worst,caught,follow,share,nr,age,wss,inside
if [ "${1-}" = --table ]; then
	table=1
	echo "| program | ticks/s | F1 | worst tenth | caught | to follow | share, points off" \
		"| nr_accesses off | age kept | 1 s working set, % off | in [lo, hi], % |"
	echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
fi

# score WHAT AIMS WORKLOAD OPTION...: AIMS are those of live.py.
score()
{
	local what=$1 aims=$2 program=$3 dirs=() i
	for i in $(seq "$runs"); do
		mkdir -p "$program.$i/perf"
		record r.data -- "$work/$program" --truth "$program.$i/truth" --seed "$i" "${@:4}"
		reports r.data "$program.$i/perf"
		dirs+=("$program.$i/perf")
	done
	if [ -n "${table-}" ]; then
		python3 "$root/tests/bench/live.py" line "$what" $keys "${dirs[@]}"
	else
		python3 "$root/tests/bench/live.py" rows "$what" "$aims" "${dirs[@]}"
	fi
}

score "70/20/10" "- . <=2 <=15 >=95" shares --seconds 6
score "64 hot chunks in 1 GiB" ">=.90 . <=2 <=15 >=95" chunks --seconds 10
score "even part" ">=.97 . . <=15 >=95" dense --seconds 6
score "zipf in order" "- . <=3 <=15 >=95" zipf --seconds 6 --shuffle 0
score "stairs" ">=.95 1 <=2 <=15 >=95" stairs --seconds 10 --laps 1
score "zigzag" ">=.95 1 <=2 <=15 >=95" zigzag --seconds 10 --laps 1 --steps 6
score "small moving hot part" ">=.99 1 <=2 <=15 >=95" moving --seconds 9
