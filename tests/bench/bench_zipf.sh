#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pages accessed by Zipf's law over 64 MiB, through a table of indices: the share of accesses that
# the top 10 % of pages have. In the order of their ranks, regions can tell pages apart: what is
# tested is whether addresses that come out of tables are found without bias. Shuffled, hot pages
# lie among cold ones closer than 1000 regions can follow: that figure has no aim.
. "$(dirname "$0")/kit.sh"

# Share of the true top 10 % of pages: by the truth, by heat.
shares()
{
	python3 - "$1" "$2" <<-'END'
		import sys
		from records import *
		truth = load(sys.argv[2])
		data = bounds(truth["ranges"])[0]
		slots = truth["slots"]
		top = sorted(range(len(slots)), key=lambda p: -slots[p])[:len(slots) // 10]
		pages = sorted(top)
		ranges = []
		for p in pages: # neighbours as one range
		    start = data[0] + p * 4096
		    if ranges and ranges[-1][1] == start:
		        ranges[-1] = (ranges[-1][0], start + 4096)
		    else:
		        ranges.append((start, start + 4096))
		regions = late_regions(sys.argv[1])
		print("%.3f %.3f" % (sum(slots[p] for p in top) / sum(slots),
		      heat_within(regions, ranges) / heat_within(regions, [data])))
	END
}

# measure NAME AIM OPTION...
measure()
{
	local i
	for i in $(seq "$runs"); do
		record r.data --rate 1000 -- "$work/zipf" --seconds 6 --truth truth "${@:3}"
		shares "$(report r.data access)" truth > "zipf.$i"
	done
	row "zipf over 64 MiB through a table, $1, 1 kHz: share of the top 10 % of pages" "$2" \
		"$(cut -d' ' -f2 zipf.* | median) of $(cut -d' ' -f1 zipf.1)"
}

measure "in order" "within .03" --shuffle 0
measure "shuffled" "-" --shuffle 1
