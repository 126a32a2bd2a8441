#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kdamon_record.sh FOLDER SEED RATE "PAGES..." "PROGRAM OPTION..."...
# Behind tests/bench/bench_kdamon.sh, in the guest: each program under the kernel's DAMON and under
# damon-perf at RATE, both at the same time. PAGES are settings of transparent huge pages.
# Leaves FOLDER/PAGES/PROGRAM/{truth,damon.trace,RATE.data}. What is there, from a machine that
# ended early, is not made again.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/damon.sh"
PATH=${BASH_SOURCE%/*}:$PATH
folder=$1 seed=$2 rate=$3
read -ra pages <<< "$4"
shift 4

# Ends with everything that it started. 'pid' is the program's, for the trap.
observe()
{
	"$@" --seed "$seed" --truth truth --go go > said &
	pid=$!
	trap 'kill $pid 2>/dev/null || true; damon_off' EXIT
	settled $pid "$1"
	damon_on $pid
	damon-perf record -q --rate "$rate" -o "$rate.data" -p $pid &
	monitor=$!
	until [ -s "$rate.data" ]; do
		sleep 0.1
	done
	touch go
	wait $pid
	wait $monitor
	damon_save damon.trace
	trap - EXIT
	damon_off
}

for setting in "${pages[@]}"; do
	echo "$setting" > /sys/kernel/mm/transparent_hugepage/enabled
	for world in "$@"; do
		read -ra command <<< "$world"
		mkdir -p "$folder/$setting/${command[0]}"
		cd "$folder/$setting/${command[0]}" || exit
		[ ! -e done ] || continue
		rm -f ./*
		observe "${command[@]}"
		touch done
	done
done
