# SPDX-License-Identifier: GPL-2.0-or-later
# One node, no swap: what needs them is refused, with the reason.
. "${BASH_SOURCE%/*}/kit.sh"

run pageout damon-perf live --plain --damos-action pageout -p $$
expect_status pageout 125
expect_match pageout.err 'there is no swap; add swap with swapon'
run migrate damon-perf live --plain --damos-action migrate_cold 1 -p $$
expect_status migrate 125
expect_match migrate.err 'one NUMA node'
run nohugepage damon-perf live --plain --damos-action nohugepage -p $$
expect_status nohugepage 125
expect_match nohugepage.err 'only from the process itself'
