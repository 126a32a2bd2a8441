# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Drives the kernel's own DAMON, as a user of its sysfs folder would; sourced behind kit.sh. In the
# virtual machine only: elsewhere DAMON may be at work for somebody.
[[ $(< /proc/cmdline) == *" vm_run="* ]] || fail "runs in the virtual machine only: make check-vm"
damon=/sys/kernel/mm/damon/admin/kdamonds
damon_trace=/sys/kernel/tracing/instances/damon-perf
damon_names=/sys/kernel/tracing/options/record-cmd # an instance takes it over
[ -e $damon ] || skip "this kernel has no DAMON"
[ -e /sys/kernel/tracing/events/damon ] || skip "this kernel does not trace DAMON"

# damon_on PID: monitors its virtual addresses; every 5 ms, reported every 100 ms, mappings read
# each second, 10 to 1000 regions. What it reports goes to a trace buffer, in time since boot.
damon_on()
{
	local context=$damon/0/contexts/0 attrs=$damon/0/contexts/0/monitoring_attrs
	# For the names of processes the scheduler would be traced: see scripts/vm/inside.
	echo 0 > $damon_names
	mkdir $damon_trace
	echo mono > $damon_trace/trace_clock
	echo 24576 > $damon_trace/buffer_size_kb
	echo 1 > $damon_trace/events/damon/damon_aggregated/enable
	echo 1 > $damon/nr_kdamonds
	echo 1 > $damon/0/contexts/nr_contexts
	echo vaddr > $context/operations
	echo 5000 > $attrs/intervals/sample_us
	echo 100000 > $attrs/intervals/aggr_us
	echo 1000000 > $attrs/intervals/update_us
	echo 10 > $attrs/nr_regions/min
	echo 1000 > $attrs/nr_regions/max
	echo 1 > $context/targets/nr_targets
	echo "$1" > $context/targets/0/pid_target
	echo on > $damon/0/state
	damon_fresh
}

# On each processor something that sleeps, and wakes up every 2 ms. DAMON clears accessed bits and
# leaves translations cached: a page is seen as accessed again once its translation has left the
# cache. Real ones hold some thousand pages. Those of the emulator hold any number until the address
# space is switched, and DAMON would see nothing of a program that has a processor to itself.
damon_fresh()
{
	local cpu
	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		taskset -c $cpu python3 -c 'import time
while True:
    time.sleep(.002)' &
		damon_wakers+=($!)
	done
}
damon_wakers=()

# damon_save FILE: what was traced so far, as text; fails if the buffer lost any of it.
damon_save()
{
	cp $damon_trace/trace "$1"
	! grep -Eh '^(overrun|dropped events): [^0]' $damon_trace/per_cpu/cpu*/stats ||
		fail "a trace of all aggregations"
}

# Turns it off and leaves it as a machine boots it. It turns itself off when its target has ended.
damon_off()
{
	[ ${#damon_wakers[@]} = 0 ] || kill "${damon_wakers[@]}" || true
	damon_wakers=()
	[ ! -e $damon/0/state ] || echo off 2> /dev/null > $damon/0/state || true
	echo 0 > $damon/nr_kdamonds
	[ ! -e $damon_trace ] || rmdir $damon_trace
	echo 1 > $damon_names
}
