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

# a dry run plans all the same, and says so; but not what can work nowhere
planned()
{
	run "$1" damon-perf live --plain --dry-run --duration 1s --damos-action "${@:3}" -p $$
	expect_status "$1" 0
	expect_match "$1.err" "scheme 1, .*: acting would be refused: .*$2"
}
planned pageout 'there is no swap; add swap with swapon' pageout
planned migrate 'one NUMA node' migrate_cold 1
run nohugepage damon-perf live --plain --dry-run --damos-action nohugepage -p $$
expect_status nohugepage 125
