#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's DAMON and damon-perf on the same processes at the same time, in the virtual machine,
# scored by live.py. Emulation stretches time: phases are longer than elsewhere, and nothing is said
# of speed or cost. Needs root. RUNS machines [1] are booted, one after the other, for about seven
# minutes each. --table: prints the tables of docs/ACCURACY.md instead, of 3.
. "$(dirname "$0")/kit.sh"
[ -n "${RUNS-}" ] || [ "${1-}" = --table ] || runs=1

names=("70/20/10" "even part" "64 hot chunks in 512 MiB" "zipf in order" "stairs" "zigzag"
	"small moving hot part")
worlds=("shares --seconds 15" "dense --seconds 15" "chunks --mib 512 --seconds 15"
	"zipf --shuffle 0 --seconds 15" "stairs --laps 1 --seconds 32"
	"zigzag --laps 1 --steps 6 --seconds 30" "moving --moves 5 --seconds 30")
rate=200 # what damon-perf chooses by itself, about, where nothing is emulated

# One processor: kernels that patch themselves while another runs are not always emulated well.
boot()
{
	"$root/scripts/vm/run" -s "$fresh" -n 2048:1 -t 1500 -- \
		bash "$fresh/bin/kdamon_record.sh" "$fresh/$1" "$1" $rate "never always" \
		"${worlds[@]}" >&2
}

# How programs get their memory: 'never' huge pages, or 'always' where it is possible.
measure()
{
	local i r
	for i in $(seq "$runs"); do
		boot "$i" || boot "$i" || boot "$i" # emulation is not perfect
	done
	for r in */*/*/*.data; do
		mkdir "${r%.data}"
		reports "$r" "${r%.data}"
	done
}

live()
{
	python3 "$root/tests/bench/live.py" "$@"
}

# lines PAGES KEYS: two lines of a table for each program.
lines()
{
	local i program
	for i in "${!names[@]}"; do
		program=${worlds[i]%% *}
		live line "${names[i]},DAMON" "$2" */"$1/$program"/damon.trace
		live line ",damon-perf" "$2" */"$1/$program/$rate"
	done
}

table()
{
	echo "| program | monitor | checks, ticks/s | F1 | worst tenth | caught | to follow" \
		"| share, points off | nr_accesses off | age kept | working set, % off |"
	echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
	lines "$1" events,f1,worst,caught,follow,share,nr,age,aggr
}

# F1 of both, for 'make bench'.
rows()
{
	local i program f1
	for i in "${!names[@]}"; do
		program=${worlds[i]%% *}
		f1=$(live value f1 */"$1/$program/$rate")
		row "beside the kernel's DAMON, $2: ${names[i]}: F1 (DAMON's)" ">= DAMON's" \
			"$f1 ($(live value f1 */"$1/$program"/damon.trace))"
	done
}

[ "$(id -u)" = 0 ] || { echo "kdamon: the virtual machine needs root" >&2; exit 1; }
mkdir bin
cp "$perf" "$root"/tests/vm/{kit,damon,kdamon_record}.sh bin/
for world in "${worlds[@]}"; do
	cp "$work/${world%% *}" bin/
done
measure
if [ "${1-}" = --table ]; then
	printf 'Pages of 4 KiB:\n\n'
	table never
	printf '\nHuge pages, as Debian boots:\n\n'
	table always
else
	rows never "4 KiB pages"
	rows always "huge pages"
fi
