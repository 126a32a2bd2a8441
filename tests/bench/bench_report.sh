#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Time and memory of reports on a record of 600 snapshots of 1000 regions.
. "$(dirname "$0")/kit.sh"

"$B/tests/bench/record_size" --write large.data 600

# Wall time (s), CPU time (s) and largest resident size (MiB) of a report with its options.
measure()
{
	python3 - "$@" <<-'END'
		import os, subprocess, sys, time
		start = time.monotonic()
		p = subprocess.Popen([os.environ["perf"], "report", *sys.argv[1:],
		                      "-i", "large.data"], stdout=subprocess.DEVNULL)
		_, status, used = os.wait4(p.pid, 0)
		if status:
		    raise SystemExit("damon-perf report: wait status %d" % status)
		print("%.3f %.3f %.1f" % (time.monotonic() - start, used.ru_utime + used.ru_stime,
		                          used.ru_maxrss / 1024))
	END
}

# figures AIM NAME OPTION...
figures()
{
	local aim=$1
	shift
	: > figures
	for _ in $(seq $((2 * runs + 1))); do
		measure "$@" >> figures
	done
	row "report $* of 600 snapshots x 1000 regions" "$aim" \
		"$(cut -d' ' -f1 figures | median) s ($(cut -d' ' -f2 figures | median) s of CPU), \
$(cut -d' ' -f3 figures | median) MiB"
}

for name in heatmap wss; do
	figures "<= .1 s, <= 24 MiB" $name
done
for name in heatmap wss; do
	figures "<= .2 s" $name --format png
	figures "<= .2 s" $name --format svg
done
