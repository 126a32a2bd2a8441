#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Size of a real record per region and snapshot: the whole file, with sample log and mappings.
. "$(dirname "$0")/kit.sh"

# measure NAME COMMAND...
measure()
{
	local i
	: > sizes
	for i in $(seq "$runs"); do
		record r.data --rate 1000 -- "${@:2}"
		json "$(report r.data access)" "'%.2f' % ($(stat -c %s r.data) /
			sum(len(s['regions']) for t in d for s in t['snapshots']))" >> sizes
	done
	row "record, bytes per region and snapshot, $1, 1 kHz" "<= 2" "$(median < sizes)"
}

measure "chunks" "$work/chunks" --seconds 8 --truth truth
measure "zipf" "$work/zipf" --seconds 8 --truth truth
