# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# collapse and hugepage make huge pages.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

target --hot 4 --cold 8
expect mem hot AnonHugePages -eq 0
act --damos-action hugepage "${hot[@]}"
eventually mem hot AnonHugePages -eq 4096
eventually scheme sz_applied -eq 4194304
expect mem cold AnonHugePages -eq 0
end_act

act --damos-action collapse "${all[@]}"
eventually mem cold AnonHugePages -eq 8192
eventually scheme sz_applied -ge 8388608
expect says verified yes -eq 1
end_act
