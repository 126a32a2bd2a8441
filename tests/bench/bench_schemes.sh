#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What schemes do to programs that are known: memory saved and slowdown of paging out what is idle,
# quotas, memory that turns hot, the refault guard; huge pages where it is hot. Needs root and a
# free zram device.
. "$(dirname "$0")/kit.sh"
. "$root/tests/bench/zram.sh"

[ "$(id -u)" = 0 ] || { echo "bench: as root" >&2; exit 1; }
take_device 3G || { echo "bench: no zram device is free" >&2; exit 1; }
for rows in ${ROWS:-reclaim dense quota moves guard thp}; do
	python3 "$root/tests/bench/schemes.py" "$rows" "$runs"
done
