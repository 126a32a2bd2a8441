#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The page of 12,000 snapshots of some 300 regions, 20 minutes: to make it, its size, and how
# quickly it opens and zooms in a browser without a window and without a GPU.
. "$(dirname "$0")/kit.sh"

"$B/tests/bench/record_size" --synth long.data 12000
"$perf" report access -i long.data --format json --snapshot 6000 > access.json
regions=$(json access.json 'len(d[0]["snapshots"][-1]["regions"])')

: > made
for _ in $(seq "$runs"); do
	python3 - >> made <<-'END'
		import os, subprocess, time
		start = time.monotonic()
		p = subprocess.Popen([os.environ["perf"], "report", "html", "-i", "long.data",
		                      "-o", "long.html"])
		_, status, used = os.wait4(p.pid, 0)
		if status:
		    raise SystemExit("damon-perf report html: wait status %d" % status)
		print("%.2f %.2f %.1f" % (time.monotonic() - start, used.ru_utime + used.ru_stime,
		                          used.ru_maxrss / 1024))
	END
done
what="report html of 12000 snapshots x $regions regions"
wall=$(cut -d' ' -f1 made | median) cpu=$(cut -d' ' -f2 made | median)
row "$what: to make it" "-" "$wall s ($cpu s of CPU), $(cut -d' ' -f3 made | median) MiB"
row "$what: size" "< 3 MB" "$(stat -c %s long.html | awk '{printf "%.2f", $1 / 1e6}') MB"
if command -v node > /dev/null && [ -n "$(command -v chromium google-chrome)" ]; then
	: > opened
	for _ in $(seq "$runs"); do
		node "$root/tests/html/measure.js" long.html >> opened
	done
	row "$what: opens" "<= 2 s" "$(cut -d' ' -f1 opened | median) ms"
	row "$what: zooms, 1920 x 1080" ">= 30 frames/s" \
		"$(cut -d' ' -f2 opened | median) frames/s"
else
	row "$what: opens, zooms" "<= 2 s, >= 30 frames/s" \
		"no browser (scripts/deps install browser)"
fi
