# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# What goes wrong in the middle: a second damon-perf, exit, exec, SIGTERM, no room in swap.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

# much of it, so that it lasts
begin()
{
	target --hot 1 --cold 24
	act "$@" --damos-action pageout "${cold[@]}"
	eventually mem cold Swap -ge 500
}

begin
run second damon-perf live --plain --damos-action cold -p "$pid"
expect_status second 125
expect_match second.err "^damon-perf: another damon-perf acts upon process $pid"
run second damon-perf live --plain --duration 1s --dry-run --damos-action cold -p "$pid"
expect_status second 0
kill -KILL "$pid"
wait "$live" || fail "the target's end is an end" "$?" "$(cat live.err)"
live=

begin
kill -USR1 "$pid"
wait_for "$pid" sleep
scheme nr_snapshots
eventually scheme nr_snapshots -ge $((is + 5))
end_act
kill -0 "$pid" || fail "what was executed lives on"

begin -o live.data
end_act
kill -0 "$pid" || fail "the target lives on"
mem cold Swap
swap=$is
for ((i = 0; i < 5; i++)); do
	rest
done
expect mem cold Swap -eq "$swap"
damon-perf report info -i live.data > info
expect_match info 'pageout'
! grep 'not complete' info || fail "a complete record"

swap_of 4
target --hot 1 --cold 8
act --damos-action pageout "${cold[@]}"
eventually says reason 'swap is full' -eq 1
expect mem cold Swap -ge 3000
expect mem cold Rss -ge 4000
end_act
end_target
swap_of 0
run noswap damon-perf live --plain --damos-action pageout -p $$
expect_status noswap 125
expect_match noswap.err 'there is no swap; add swap with swapon'
swap_of 256

: > live.out
pid=1
act --damos-action cold "${all[@]}" --duration 2s
wait "$live"
live=
pid=
expect says reason 'init .process 1. is never acted upon' -eq 1
expect scheme sz_applied -eq 0
