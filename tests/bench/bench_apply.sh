#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How quickly schemes are applied to another process's memory: the worker, with all that it checks,
# beside the bare system call on the same ranges; medians of ratios of CPU time. Needs root. Swap is
# a zram device that nobody uses, reset at the end; without one, pageout and willneed are left out.
. "$(dirname "$0")/kit.sh"
. "$root/tests/bench/zram.sh"

# measure ACTION MIB AIM
measure()
{
	local status=0
	"$B/tests/bench/apply_speed" "$1" "$2" $((runs * 3)) > lines || status=$?
	[ $status != 77 ] || { row "$1 by the worker / by the bare call" "$3" "not here"; return; }
	[ $status = 0 ]
	row "$1 by the worker / by the bare call; GiB/s; changed; slices over 1 ms" "$3" \
		"$(cut -d' ' -f1 lines | median); $(cut -d' ' -f3 lines | median);$(
		) $(cut -d' ' -f4 lines | median); $(cut -d' ' -f6 lines | median)"
}

[ "$(id -u)" = 0 ] || { echo "bench: as root" >&2; exit 1; }
take_device 1G || echo "bench: no zram device is free" >&2
measure cold 256 ">= 0.95"
measure lru_prio 128 -
measure collapse 64 ">= 0.90"
measure migrate_hot 64 ">= 0.90"
if [ -n "$device" ]; then
	measure pageout 64 ">= 0.90"
	measure willneed 64 ">= 0.95"
fi
