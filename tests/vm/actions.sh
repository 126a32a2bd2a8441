# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of actions by their effect, in the virtual machine; sourced behind kit.sh. One target at
# a time, 'kinds' (tests/workload) with process number 'pid', whose ranges of memory are called by
# their names; one 'damon-perf live' at a time, 'live', which writes to live.out and live.err. Both
# are run by the command 'as', if that is set.
pid='' live='' cgroup='' cpu='' as=()
declare -A start=() end=()
# shellcheck disable=SC2154
cleanup()
{
	local p
	for p in $live $pid; do
		kill -KILL "$p" 2> /dev/null || true
	done
}
trap cleanup EXIT
# pages are small, and stay where they are, unless a test says otherwise
echo never > /sys/kernel/mm/transparent_hugepage/enabled
echo 0 > /proc/sys/kernel/numa_balancing

# target OPTION...: starts 'kinds', in the cgroup 'cgroup' and on the processor 'cpu' if these are
# set, and waits until its memory is there.
target()
{
	local name from to
	end_target
	rm -f map
	(
		[ -z "$cgroup" ] ||
			echo "$BASHPID" > "/sys/fs/cgroup/$cgroup/cgroup.procs"
		exec "${as[@]}" ${cpu:+taskset -c "$cpu"} \
			kinds --seconds 1000 --map map "$@" > truth
	) &
	pid=$!
	until [ -s map ]; do
		rest
	done
	while read -r name from to; do
		start[$name]=$from end[$name]=$to
	done < map
}

end_target()
{
	local name from to
	[ -z "$pid" ] || kill "$pid" 2> /dev/null || true
	[ -z "$pid" ] || wait "$pid" 2> /dev/null || true
	pid=
}

# What follows starts no process, as that takes long in here, and leaves what it found in 'is'.

# file PATH: all of it.
file()
{
	IFS= read -r -d '' is < "$1" || true
}

# mem NAME FIELD: a line of /proc/PID/smaps of a range, in KiB: 'mem cold Rss'.
mem()
{
	file "/proc/$pid/smaps"
	is=${is#*"${start[$1]}-"}
	is=${is#*$'\n'"$2:"}
	is=${is%% kB*}
	is=${is##* }
}

# on_node NAME NODE: pages of a range that are on a node.
on_node()
{
	file "/proc/$pid/numa_maps"
	is=${is#*"${start[$1]} "}
	is=${is%%$'\n'*}
	[[ $is == *" N$2="* ]] || { is=0 && return; }
	is=${is#*" N$2="}
	is=${is%% *}
}

# scheme KEY [INDEX]: a figure of a scheme in the last line, without quotes; nothing if there is
# none.
scheme()
{
	local lines i
	mapfile -t lines < live.out
	is=
	for ((i = ${#lines[@]} - 1; i >= 0; i--)); do
		[[ ${lines[i]} != *'}}' ]] || break
	done
	[ $i -ge 0 ] || return 0
	is=${lines[i]#*'"schemes":['}
	for ((i = ${2:-0}; i > 0; i--)); do
		is=${is#*'},{'}
	done
	is=${is#*"\"$1\":"}
	if [[ $is == '"'* ]]; then
		is=${is#'"'}
		is=${is%%'"'*}
	else
		is=${is%%[,\}]*}
		is=${is#[}
	fi
}

# says KEY PATTERN [INDEX]: scheme() has a text that matches an extended expression: 1, or 0.
says()
{
	scheme "$1" "${3:-0}"
	[[ $is =~ $2 ]] && is=1 || is=0
}

# A figure of /proc/meminfo.
meminfo()
{
	file /proc/meminfo
	is=${is#*"$1:"}
	is=${is%% kB*}
	is=${is##* }
}

rest()
{
	read -rt .2 -u "$quiet" || true
}
mkfifo quiet
exec {quiet}<> quiet

# eventually FUNCTION... OPERATOR NUMBER: waits until what it finds compares so: 'eventually mem
# cold Rss -lt 100'.
eventually()
{
	local op=${*: -2:1} value=${*: -1} limit=$((SECONDS + 60))
	while [ $SECONDS -lt $limit ]; do
		"${@:1:$#-2}"
		if [ -n "$is" ] && test "$is" "$op" "$value"; then
			echo "after $SECONDS s: $*" # shown if the test fails
			return
		fi
		rest
	done
	told "in time: $*"
}

# expect FUNCTION... OPERATOR NUMBER: at once.
expect()
{
	"${@:1:$#-2}"
	[ -n "$is" ] && test "$is" "${*: -2:1}" "${*: -1}" || told "$*"
}

told()
{
	fail "$1" "$is" "$(tail -n 1 live.out | grep -o '"schemes".*')" "$(cat live.err)"
}

# act OPTION...: 'damon-perf live' on the target, until it has begun: lines, or a record live.data.
act()
{
	local i
	rm -f live.data
	: > live.out
	: > live.err
	"${as[@]}" damon-perf live --format json --rate 250 --aggr 200ms "$@" -p "$pid" \
		> live.out 2> live.err &
	live=$!
	for ((i = 0; i < 400; i++)); do
		[ ! -s live.out ] && [ ! -s live.err ] && [ ! -s live.data ] || break
		rest
	done
}

# Patterns. Little memory is surely cold only after a while (docs/SCHEMES-plan.md), and acting on
# much of it takes long in here: by the estimate, but for tests that say otherwise.
cold=(--damos-compare plain --damos-access-rate 0% 0% --damos-age 400ms max
	--damos-sz-region 64K max)
hot=(--damos-compare plain --damos-access-rate 50% 100% --damos-sz-region 64K max)
all=(--damos-compare plain)

# Ends it, as a user's service manager would. Its status is $1 [0].
end_act()
{
	local status=0
	kill -TERM "$live" 2> /dev/null || true
	wait "$live" || status=$?
	live=
	[ "$status" = "${1:-0}" ] || fail "exit status ${1:-0}" "$status" "$(cat live.err)"
}

# flagged NAME BIT: pages of a range whose flags have it (linux/kernel-page-flags.h).
flagged()
{
	is=$(python3 "${BASH_SOURCE%/*}/flagged.py" "$pid" "$2" "${start[$1]}" "${end[$1]}")
}

# Swap of so many MiB instead of what there is; 0: none.
swap_of()
{
	! grep -q zram0 /proc/swaps || swapoff /dev/zram0
	echo 1 > /sys/block/zram0/reset
	[ "$1" != 0 ] || return 0
	echo "$1M" > /sys/block/zram0/disksize
	busybox mkswap /dev/zram0 > /dev/null
	swapon /dev/zram0
}
