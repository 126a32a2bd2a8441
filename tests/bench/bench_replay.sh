#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Recordings of perf into the core: 2 million samples of a PMU over 1000 regions, at two densities,
# beside what perf needs to print them, and to sum them up.
. "$(dirname "$0")/kit.sh"

samples=2000000

# CPU time of a command in seconds, and its largest resident size in MiB.
measure()
{
	python3 - "$@" <<-'END'
		import os, subprocess, sys
		p = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL,
		                     stderr=subprocess.DEVNULL)
		_, status, used = os.wait4(p.pid, 0)
		if status:
		    raise SystemExit("%s: wait status %d" % (sys.argv[1], status))
		print("%.3f %.1f" % (used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))
	END
}

# line WHAT AIM COMMAND...: millions of samples per second of CPU time.
line()
{
	: > figures
	for _ in $(seq "$runs"); do
		measure "${@:3}" >> figures
	done
	seconds=$(cut -d' ' -f1 figures | median)
	mib=$(cut -d' ' -f2 figures | median)
	row "$1" "$2" "$(awk -v n=$samples -v s="$seconds" \
		'BEGIN { printf "%.2f M samples/s", n / 1e6 / s }'), $mib MiB"
}

for hz in 100000 500000; do
	"$B/tests/bench/perf_samples" perf.data $samples 1000 $hz
	line "perf.data into the core, $hz samples a second" ">= 5 M samples/s, <= 32 MiB" \
		"$perf" record -q --replay perf.data -o out.data
	rm -f out.data*
done
command -v perf > /dev/null || { row "perf" "-" "not installed"; exit 0; }
line "perf script of it" "-" perf script -i perf.data
line "perf report --mem-mode of it" "-" perf report --mem-mode --stdio -i perf.data
