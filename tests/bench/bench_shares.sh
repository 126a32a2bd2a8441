#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Three buffers of 64 MiB, read at random at 70/20/10: their shares of the heat x size of the
# three. (The program's stack is hot, too: its truth is not told.)
. "$(dirname "$0")/kit.sh"

# The buffers' shares in percent, of the heat of the three.
shares()
{
	python3 - "$1" "$2" <<-'END'
		import sys
		from records import *
		regions = late_regions(sys.argv[1])
		heat = [heat_within(regions, [r]) for r in bounds(load(sys.argv[2])["ranges"])]
		print(*("%.2f" % (100 * h / sum(heat)) for h in heat))
	END
}

for i in $(seq "$runs"); do
	record r.data --rate 1000 -- "$work/shares" --seconds 5 --truth truth
	shares "$(report r.data access)" truth > "shares.$i"
	json truth '" ".join("%.2f" % (100 * r["share"]) for r in d["ranges"])' > true
done
for column in 1 2 3; do
	measured+=("$(cut -d' ' -f$column shares.* | median)")
done
worst=$(awk -v m="${measured[*]}" '{ split(m, x, " "); for (i = 1; i <= 3; i++) {
	off = x[i] - $i; off = off < 0 ? -off : off; if (off > worst) worst = off } }
	END { printf "%.1f", worst }' true)
row "three buffers at $(tr ' ' / < true) %, 1 kHz" "within 2 points" \
	"${measured[*]}: off by $worst at most"
