#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the core costs per observation of one page at 20,000/s, for targets of 40 MiB to 1 TiB: the
# work of aggregations and working sets in it, sources, rings and records not. Besides, what it is
# at other rates, and with observations of 16 pages.
. "$(dirname "$0")/kit.sh"

# cost MIB RATE PAGES: median ns
cost()
{
	for _ in $(seq "$runs"); do
		"$B/tests/bench/core_cost" "$@" | cut -d ' ' -f 1
	done | median
}

for mib in 40 4096 1048576; do
	row "core, ns per observation at 20,000/s, $mib MiB" "<= 100" "$(cost "$mib" 20000 1)"
done
for rate in 1000 4000; do
	row "the same at $rate/s, 4096 MiB" - "$(cost 4096 "$rate" 1)"
done
row "the same at 1000/s of 16 pages each, 4096 MiB" - "$(cost 4096 1000 16)"
