# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# What bounds a scheme: the refault guard, quotas, a goal, filters, watermarks.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

# lines: how many there are
lines()
{
	local all
	mapfile -t all < live.out
	is=${#all[@]}
}

# quiet: for how many looks there was no new line
quiet()
{
	local was=${lines-}
	lines
	[ "$is" = "$was" ] && still=$((still + 1)) || still=0
	lines=$is
	is=$still
}

# in a folder of its own, beside the rest: it waits most of the time
guard()
{
	mkdir guard
	cd guard
	# pages of libraries would use up the little that it may do: others use them, and they stay
	target --hot 1 --cold 2 --again 1 --rest 20
	act --rate 50 --damos-action pageout --damos-compare plain \
		--damos-access-rate 0% 0% \
		--damos-filter allow addr $((0x${start[cold]})) $((0x${end[cold]}))
	eventually says state '^slowed' -eq 1
	expect says state_reason 'came? back' -eq 1
	expect says refault_bp '^[0-9.]+$' -eq 1
	eventually says state '^paused' -eq 1
	scheme sz_applied
	was=$is
	lines
	eventually lines -ge $((is + 10))
	expect scheme sz_applied -eq "$was"
	end_act
}
(trap cleanup EXIT; guard) > said 2>&1 &
guard=$!
trap 'kill $guard 2> /dev/null || true; cleanup' EXIT

now_ms()
{
	is=${EPOCHREALTIME/./}
	is=${is%???}
}

# at most 1 MiB in each interval that began
target --hot 1 --cold 16
now_ms
before=$is
act --damos-action pageout "${cold[@]}" --damos-quota-space 1M --damos-quota-interval 1s
eventually scheme qt_exceeds -ge 2
expect mem cold Swap -gt 0
expect scheme quota_bytes -eq 1048576
expect scheme quota_used -le 1048576
end_act
now_ms
expect mem cold Swap -le $((((is - before) / 1000 + 2) * 1024))

# time is bytes by what was measured
act --damos-action pageout "${cold[@]}" --damos-quota-time 2 --damos-quota-interval 1s
eventually scheme qt_exceeds -ge 1
expect scheme quota_bytes -lt 16777216
end_act

# until the target has 10 MiB in memory, and no further
target --hot 1 --cold 16
act --damos-action pageout "${cold[@]}" --damos-quota-space 1M --damos-quota-interval 500ms \
	--damos-quota-goal target_rss 10M --damos-quota-goal-tuner temporal
eventually scheme goal_current -le 10500000
scheme nr_snapshots
eventually scheme nr_snapshots -ge $((is + 10))
expect mem cold Rss -ge 5000
end_act

# not the upper half, for the core; no anonymous pages, for pages
target --hot 1 --cold 4 --file "$(command -v python3)"
mem file Rss
file=$is
middle=$((0x${start[cold]} + (2 << 20)))
act --damos-action pageout "${cold[@]}" --damos-filter reject addr "$middle" $((0x${end[cold]}))
eventually mem cold Swap -ge 2000
eventually scheme sz_applied -ge 2000000
expect mem cold Rss -ge 2048
end_act
target --hot 1 --cold 4 --file "$(command -v python3)"
act --damos-action pageout "${cold[@]}" --damos-filter reject anon
eventually mem file Rss -le $((file / 10))
eventually scheme sz_applied -ge $((file * 900))
expect mem cold Swap -eq 0
expect scheme sz_tried -ge $((4096 * 1024 + file * 1024))
end_act

# of one memory cgroup
mkdir /sys/fs/cgroup/in /sys/fs/cgroup/out
of_cgroup=("${cold[@]}" --damos-filter allow memcg /in)
cgroup=out target --hot 1 --cold 4
act --damos-action pageout "${of_cgroup[@]}"
eventually scheme sz_tried -ge 4194304
end_act
expect scheme sz_applied -eq 0
expect mem cold Swap -eq 0
cgroup=in target --hot 1 --cold 4
act --damos-action pageout "${of_cgroup[@]}"
eventually mem cold Swap -ge 4000
end_act

# watermarks: much is free, so neither the scheme nor sampling is on
target --hot 1 --cold 4
meminfo MemTotal
total=$is
meminfo MemFree
free=$((is * 1000 / total))
act -o live.data --damos-action pageout "${cold[@]}" \
	--damos-wmarks free_mem_rate 200ms $((free - 60)) $((free - 80)) 10
still=0
eventually quiet -ge 15
expect mem cold Swap -eq 0
head -c $((total / 10))K /dev/zero > /dev/shm/eaten
eventually mem cold Swap -ge 4000
rm /dev/shm/eaten
still=0
eventually quiet -ge 15
end_act

wait $guard || fail "the guard" "$(cat said)"
