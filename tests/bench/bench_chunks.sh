#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 64 hot chunks (0.1 % each, 90 % of accesses) scattered in 1 GiB: how well the hottest regions,
# taken until they are as large as the chunks, match them.
. "$(dirname "$0")/kit.sh"

score()
{
	python3 - "$1" "$2" <<-'END'
		import sys
		from records import *
		hot = bounds(load(sys.argv[2])["hot"])
		size = sum(end - start for start, end in hot)
		print("%.3f" % f1(hottest(late_regions(sys.argv[1]), size), hot))
	END
}

# measure NAME AIM OPTION...
measure()
{
	local i scores=()
	for i in $(seq "$runs"); do
		record r.data "${@:3}" -- "$work/chunks" --seconds 12 --truth truth
		scores+=("$(score "$(report r.data access)" truth)")
	done
	row "64 hot chunks in 1 GiB, F1, $1" "$2" "$(printf '%s\n' "${scores[@]}" | median)"
}

measure "1 kHz" ">= .95" --rate 1000
measure "default" ">= .90"
