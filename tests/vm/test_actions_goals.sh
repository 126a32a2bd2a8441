# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# Goals that the kernel is asked for: memory of a cgroup on a node, active memory.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

# on_lists: KiB that the cgroup's processes have on node 0, as the kernel counts them there.
on_lists()
{
	local list
	sum=0
	for list in active_anon inactive_anon active_file inactive_file; do
		file /sys/fs/cgroup/goal/memory.numa_stat
		is=$'\n'$is
		is=${is#*$'\n'"$list "*N0=}
		sum=$((sum + ${is%%[!0-9]*} / 1024))
	done
	is=$sum
}

mkdir /sys/fs/cgroup/goal
echo +memory > /sys/fs/cgroup/cgroup.subtree_control

# until the cgroup leaves 98 % of the node to others, and no further
file /sys/devices/system/node/node0/meminfo
total=${is#*MemTotal:}
total=$((${total%%kB*}))
cpu=0 cgroup=goal target --hot 1 --cold 16
on_lists
expect on_lists -gt $((total * 3 / 100))
act --damos-action pageout "${cold[@]}" --damos-quota-space 1M --damos-quota-interval 500ms \
	--damos-quota-goal node_memcg_free_bp 98% 0 /goal --damos-quota-goal-tuner temporal
eventually scheme goal_current -ge 9800
scheme nr_snapshots
eventually scheme nr_snapshots -ge $((is + 10))
expect on_lists -le $((total * 2 / 100 + 512))
expect on_lists -ge $((total * 1 / 100))
expect mem cold Rss -ge 1000
end_act

# a cgroup that is not there; its node has no memory
act --damos-action stat --damos-quota-goal node_memcg_used_bp 5% 0 /none || true
expect_match live.err "there is no cgroup '/none'"
act --damos-action stat --damos-quota-goal node_memcg_used_bp 5% 9 /goal || true
expect_match live.err 'NUMA node 9, which has no memory'

# active memory, as /proc/meminfo has it
act --damos-action stat --damos-quota-space 1M --damos-quota-goal active_mem_bp 50%
eventually scheme nr_snapshots -ge 15
meminfo Active
active=$is
meminfo Inactive
share=$((active * 10000 / (active + is)))
expect scheme goal_current -ge $((share - 300))
expect scheme goal_current -le $((share + 300))
end_act
