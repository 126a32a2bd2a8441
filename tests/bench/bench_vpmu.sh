#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hot sets, nr_accesses and working sets of real programs from the perf.data of virtual PMUs, through
# the whole chain of reading, against the exact truth of the same run; beside them the kernel's
# algorithm with as many events, and with as many as it likes. PROGRAMS, FORMATS, PERIODS: others.
. "$(dirname "$0")/kit.sh"

programs=${PROGRAMS:-sqlite3 python3 cc1 sort gzip}
formats=${FORMATS:-pebs ibs spe}
export PERIODS=${PERIODS:-20000,50000}

command -v qemu-x86_64 > /dev/null || {
	row "virtual PMUs" - "skipped: no qemu-x86_64 (scripts/deps install truth)"
	exit
}
# shellcheck disable=SC2086
B=$B "$root/tests/vpmu/make" $programs > made 2> log || { cat log >&2; exit 1; }
cd "$B/vpmu"
for program in $programs; do
	files=()
	for format in $formats; do
		for period in ${PERIODS//,/ }; do
			file=$program.$format.$period.data
			if "$B/tests/vpmu/tool" read "$file" > /dev/null 2>&1; then
				files+=(-r "$file")
			else
				row "$program, $format" - "not measured: no source decodes it"
			fi
		done
	done
	[ ${#files[@]} -gt 0 ] || continue
	"$B/tests/judge/judge" -s "$runs" -o recording,kernel-equal,kernel "${files[@]}" \
		"$program.trace" | awk -F '\t' -v OFS=' | ' -v name="$program" '
		{ v[$2, $3, $4] = $5 }
		$2 ~ /\.data$/ && $4 == "f1" { files[++n] = $2; rate[n] = $3 }
		function of(m, i, figure) { return v[m, m == "kernel" ? 0 : rate[i], figure] }
		function f1(m, i) { return of(m, i, "f1") }
		END { for (i = 1; i <= n; i++) {
			split(files[i], part, ".")
			what = name ", " part[2] ", period " part[3] " (" rate[i] " samples/s)"
			print what ": F1, by the kernel with as many events, with " \
				sprintf("%.0f", of("kernel", i, "events")), "the first >= 1.5 x the second",
				sprintf("%.2f / %.2f / %.2f", f1(files[i], i), f1("kernel-equal", i),
					f1("kernel", i))
			print what ": error of nr_accesses, the same three", "-",
				sprintf("%.3f / %.3f / %.3f", of(files[i], i, "mae"),
					of("kernel-equal", i, "mae"), of("kernel", i, "mae"))
			print what ": working set of 1 s, median error, in [L, U]", "-",
				sprintf("%.2f, %.2f", of(files[i], i, "wset_1s"),
					of(files[i], i, "inside_1s"))
		} }'
done
