# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# lru_prio, lru_deprio: places in the lists of reclaim, by flags of pages; with generations (MGLRU)
# and without.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

REFERENCED=2 ACTIVE=6
lru=/sys/kernel/mm/lru_gen/enabled
was=$(< $lru)
trap 'echo $was > $lru; cleanup' EXIT

echo 0 > $lru
target --hot 1 --cold 4
act --damos-action lru_prio "${all[@]}" --damos-sz-region 1M max
eventually scheme sz_applied -ge 4194304
end_act
expect flagged cold $ACTIVE -ge 1000
act --damos-action lru_deprio "${cold[@]}"
eventually scheme sz_applied -ge 4000000
end_act
expect flagged cold $ACTIVE -lt 100
expect flagged cold $REFERENCED -lt 100

echo y > $lru
target --hot 1 --cold 4
act --damos-action lru_prio "${all[@]}" --damos-sz-region 1M max
eventually scheme sz_applied -ge 4194304
end_act
expect flagged cold $REFERENCED -ge 1000
act --damos-action lru_deprio "${cold[@]}"
eventually scheme sz_applied -ge 4000000
end_act
expect flagged cold $REFERENCED -lt 100
