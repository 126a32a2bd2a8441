#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How many accesses 'soft' believes that programs made, without a PMU, against their exact number
# (tests/truth). What is printed is per second of the program's user CPU time on this machine.
#	PROGRAMS="NAME..."	only these
set -euo pipefail

# --run TOOL TIMES FILE PROGRAM ARGUMENT...: the program, as often as told with the same input,
# under the tool, whose line goes to FILE. What the last one printed is printed.
if [ "${1-}" = --run ]; then
	tool=$2 times=$3 file=$4
	shift 4
	cat > "$file.in"
	# shellcheck disable=SC2016
	"$tool" bash -c 'in=$1 times=$2; shift 2
		for ((i = 0; i < times; i++)); do "$@" < "$in" > "$in.out"; done; cat "$in.out"' \
		repeat "$file.in" "$times" "$@" 2> "$file"
	exit
fi

. "$(dirname "$0")/kit.sh"

# measure NAME TIMES
measure()
{
	local file accesses instructions i
	B=$B "$root/tests/truth/make" "$1" > /dev/null
	[ -e "$B/truth/$1.trace" ] || return 0 # not on this machine: it said so
	read -r file accesses _ instructions _ < <("$B/tests/truth/tool" info "$B/truth/$1.trace")
	for i in $(seq "$runs"); do
		B=$B "$root/tests/truth/make" --run "$1" bash "$root/tests/bench/bench_scale.sh" \
			--run "$B/tests/bench/scale" "$2" "$PWD/line" < /dev/null > /dev/null
		sed -n 's/^scale //p' line >> "lines.$1"
	done
	for i in 1 2 3 4; do
		cut -d' ' -f$i "lines.$1" | median
	done | paste -sd' ' | awk -v n="$accesses" -v k="$instructions" -v times="$2" '{
		n *= times; k *= times
		printf "%.3g G of %.3g G: %.2f times, limits %.2f to %.2f times%s " \
			"(%.2g G instructions/s)\n", $1 / $4 / 1e9, n / $4 / 1e9,
			$1 / n, $2 / n, $3 / n, $2 <= n && n <= $3 ? "" : ": WRONG",
			k / $4 / 1e9 }' > figure
	row "scale: $1: accesses per second, estimated of true" "within the limits" "$(cat figure)"
}

all="sqlite3 python3 cc1 sort gzip redis shares chunks zipf dense scan_index chase"
for program in ${PROGRAMS:-$all}; do
	case $program in
	sqlite3 | python3 | cc1 | sort | gzip) measure "$program" 10 ;;
	*) measure "$program" 1 ;;
	esac
done
