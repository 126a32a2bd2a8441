#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hot sets, nr_accesses and working sets of real programs from the perf.data of virtual PMUs,
# through the whole chain of reading, against the exact truth of the same run; beside them the
# kernel's algorithm with as many events, and with as many as it likes.
# PROGRAMS, FORMATS, PERIODS: others.
. "$(dirname "$0")/kit.sh"

programs=${PROGRAMS:-sqlite3 python3 cc1 sort gzip}
formats=${FORMATS:-pebs ibs spe}
export PERIODS=${PERIODS:-20000,50000}

command -v qemu-x86_64 > /dev/null || {
	row "virtual PMUs" - "skipped: no qemu-x86_64 (scripts/deps install truth)"
	exit
}
# shellcheck disable=SC2086
B=$B "$root/tests/vpmu/make" $programs > log 2>&1 || { cat log >&2; exit 1; }
cd "$B/vpmu"

# Lines of the judge, as rows.
rows()
{
	awk -F '\t' -v OFS=' | ' -v name="$1" '
	{ v[$2, $3, $4] = $5 }
	$2 ~ /\.data$/ && $4 == "f1" { file[++n] = $2; rate[n] = $3 }
	function three(i, figure, digits,   form)
	{
		form = "%." digits "f"
		return sprintf(form " / " form " / " form, v[file[i], rate[i], figure],
			v["kernel-equal", rate[i], figure], v["kernel", 0, figure])
	}
	END {
		for (i = 1; i <= n; i++) {
			split(file[i], part, ".")
			what = name ", " part[2] " each " part[3] ", " rate[i] " samples/s"
			print what ": F1, DAMON with as many events, DAMON with " \
				sprintf("%.0f", v["kernel", 0, "events"]),
				"the first >= 1.5 x the second", three(i, "f1", 2)
			print what ": error of nr_accesses, the same", "-", three(i, "mae", 3)
			print what ": working set of 1 s, median error, in [L, U]", "-",
				sprintf("%.2f, %.2f", v[file[i], rate[i], "wset_1s"],
					v[file[i], rate[i], "inside_1s"])
		}
	}'
}

for program in $programs; do
	files=()
	for format in $formats; do
		first=$program.$format.${PERIODS%%,*}.data
		if ! "$B/tests/vpmu/tool" read "$first" > /dev/null 2> "$fresh/log"; then
			row "$program, $format" - "not measured: $(cat "$fresh/log")"
			continue
		fi
		for period in ${PERIODS//,/ }; do
			files+=(-r "$program.$format.$period.data")
		done
	done
	[ ${#files[@]} = 0 ] || "$B/tests/judge/judge" -s "$runs" -o recording,kernel-equal,kernel \
		"${files[@]}" "$program.trace" | rows "$program"
done
