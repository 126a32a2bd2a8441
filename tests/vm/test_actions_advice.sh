# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# Advice on pages: cold, willneed, lru_prio, lru_deprio; stat, which does nothing.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

# With bounds, as is the default: much memory is surely cold within seconds.
mkdir /sys/fs/cgroup/cold
echo +memory > /sys/fs/cgroup/cgroup.subtree_control
cgroup=cold target --hot 4 --cold 64
expect mem cold Referenced -eq 65536
act --damos-action stat --damos-action cold --damos-access-rate 0% 100% \
	--damos-access-rate 0% 0% --damos-age 0 max --damos-age 400ms max
eventually mem cold Referenced -lt 6000
eventually scheme sz_applied 1 -ge 60000000
expect mem hot Referenced -ge 3500
expect says verified sampled 1 -eq 1
expect scheme sz_tried 0 -ge 60000000
expect scheme sz_applied 0 -eq 0
end_act
expect mem cold Rss -eq 65536

# and is reclaimed first
echo 4M > /sys/fs/cgroup/cold/memory.reclaim || true
expect mem cold Swap -ge 3000
expect mem hot Swap -lt 400

# what is out comes into the swap cache, and is not mapped
target --hot 1 --cold 4
act --damos-action pageout "${cold[@]}"
eventually mem cold Swap -ge 4000
end_act
meminfo SwapCached
before=$is
act --damos-action willneed "${all[@]}" --damos-sz-region 1M max
eventually meminfo SwapCached -ge $((before + 3500))
eventually scheme sz_applied -ge 3500000
expect mem cold Swap -ge 4000
end_act
