# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 512:1,512:1
# Two equal nodes: memory goes to the other one, and by weight to both.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

cpu=0 target --hot 2 --cold 4
act --damos-action migrate_hot 1 "${all[@]}"
eventually on_node hot 1 -eq 512
eventually on_node cold 1 -eq 1024
end_act
act --damos-action migrate_hot 0 "${hot[@]}"
eventually on_node hot 0 -eq 512
expect on_node cold 1 -eq 1024
end_act
# one scheme for one range: what is counted is known to the byte
act --damos-action migrate_cold 0 1 1 1 "${cold[@]}" \
	--damos-filter allow addr "$((16#${start[cold]}))" "$((16#${end[cold]}))"
eventually on_node cold 0 -eq 512
expect on_node cold 1 -eq 512
# a second time there is nothing to move
eventually scheme sz_skipped -ge 8388608
expect scheme sz_applied -eq 2097152
end_act
