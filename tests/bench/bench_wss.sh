#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The working set of a program that touches 20 % of 512 MiB evenly, all of it in every window.
. "$(dirname "$0")/kit.sh"

# The estimate over the truth, and the share of snapshots whose bounds hold the truth; of the second
# half of the run, in which what prepared the buffer is out of the window.
compare()
{
	python3 - "$1" "$2" <<-'END'
		import statistics, sys
		from records import *
		truth = load(sys.argv[2])["working_set_bytes"]
		snapshots = max((t["snapshots"] for t in load(sys.argv[1])["targets"]), key=len)
		late = snapshots[len(snapshots) // 2:-1]
		ratio = statistics.median(s["bytes"] for s in late) / truth
		held = sum(s["lo"] <= truth <= s["hi"] for s in late) / len(late)
		print("%.3f %.1f" % (ratio, 100 * held))
	END
}

# measure NAME OPTION...
measure()
{
	local i
	for i in $(seq "$runs"); do
		record r.data "${@:2}" -- "$work/dense" --seconds 8 --truth truth
		compare "$(report r.data wss --window 1s)" truth > "wss.$i"
	done
	row "working set within 1 s, dense, over the truth, $1" "1 +- .05" \
		"$(cut -d' ' -f1 wss.* | median)"
	row "snapshots with the truth in [lo, hi], $1" "100 %" "$(cut -d' ' -f2 wss.* | median) %"
}

measure "1 kHz" --rate 1000
measure "default"
