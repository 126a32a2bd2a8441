# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For benchmarks that page out, sourced after kit.sh: swap on a zram device that nobody uses, given
# back on every exit.

device=''
give_back()
{
	if [ -n "$device" ]; then
		swapoff "$device" || true
		echo 1 > "/sys/block/${device##*/}/reset" || true
	fi
	rm -rf "$fresh"
}
trap give_back EXIT
trap 'exit 1' INT TERM HUP

# take_device SIZE: a device without a size gets this one.
take_device()
{
	local sys
	for sys in /sys/block/zram*; do
		[ "$(cat "$sys/disksize" 2> /dev/null)" = 0 ] || continue
		echo "$1" > "$sys/disksize" || continue
		device=/dev/${sys##*/}
		mkswap -q "$device" > /dev/null && swapon -p 10 "$device" && return
		echo 1 > "$sys/reset"
		device=''
	done
	return 1
}
