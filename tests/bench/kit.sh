# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For benchmarks: sourced first. 'perf' is damon-perf, 'work' a folder of workloads; the current
# folder is fresh and goes away at the end. Figures are medians of RUNS runs (3).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
B=$(cd "$root" && realpath "${B:-build}")
export perf=$B/damon-perf work=$B/tests/workload
runs=${RUNS:-3}
export PYTHONPATH=$root/tests/bench PYTHONDONTWRITEBYTECODE=1
fresh=$(mktemp -d "$B/bench.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
cd "$fresh"

# A line of the table: what | aim | measured.
row()
{
	printf '%s | %s | %s\n' "$1" "$2" "$3"
}

# Median of the numbers on standard input, one per line.
median()
{
	python3 -c 'import statistics as s, sys; print("%.6g" % s.median(map(float, sys.stdin)))'
}

# json FILE EXPRESSION: of the document, as 'd'.
json()
{
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$@"
}

# record FILE OPTION... -- COMMAND...: what the command and damon-perf say goes to FILE.log.
record()
{
	local file=$1
	shift
	"$perf" record -o "$file" "$@" > "$file.log" 2>&1 || {
		echo "damon-perf record $*: exit status $?" >&2
		cat "$file.log" >&2
		return 1
	}
}

# report FILE NAME OPTION...: into FILE.NAME.json; prints its name.
report()
{
	local out=$1.$2.json
	"$perf" report "$2" -i "$1" "${@:3}" --format json > "$out"
	echo "$out"
}

# reports FILE FOLDER: what live.py scores.
reports()
{
	local name window
	for name in access info; do
		"$perf" report $name -i "$1" --format json > "$2/$name.json"
	done
	for window in aggr 1s; do
		"$perf" report wss --window $window -i "$1" --format json > "$2/wss-$window.json"
	done
}
