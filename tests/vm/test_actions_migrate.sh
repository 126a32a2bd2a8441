# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# migrate_cold, migrate_hot: to a slower node without processors, back, and to several by weight.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

target --hot 2 --cold 4
act --damos-action migrate_cold 2 "${cold[@]}"
eventually on_node cold 2 -eq 1024
expect on_node hot 2 -eq 0
eventually scheme sz_applied -ge 4194304
expect says verified yes -eq 1
end_act

act --damos-action migrate_hot 2 "${all[@]}"
eventually on_node hot 2 -eq 512
end_act
act --damos-action migrate_hot 1 "${hot[@]}"
eventually on_node hot 1 -eq 512
expect on_node cold 2 -eq 1024
end_act

# three of four pages, and one of four
act --damos-action migrate_cold 0 3 2 1 "${cold[@]}"
eventually on_node cold 0 -eq 768
expect on_node cold 2 -eq 256
expect on_node hot 1 -eq 512
end_act

run none damon-perf live --plain --damos-action migrate_hot 7 -p "$pid"
expect_status none 125
expect_match none.err 'no NUMA node 7'
run none damon-perf live --plain --damos-action migrate_hot -p "$pid"
expect_status none 125
expect_match none.err 'node'
run none damon-perf live --plain --damos-action pageout --damos-quota-space 1M \
	--damos-quota-goal node_mem_free_bp 50% 7 -p "$pid"
expect_status none 125
expect_match none.err 'NUMA node 7'
