# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# What bounds a scheme: quotas, a goal, filters.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

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
