# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# The kernel's own DAMON monitors the same process: it is left as it is, and acts as it did.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

. "${BASH_SOURCE%/*}/damon.sh"

state()
{
	(cd $damon && grep -r . --include='*' . | grep -v refresh)
}

target --hot 1 --cold 4
damon_on "$pid"
trap 'cleanup; damon_off' EXIT
before=$(state)
grep -q 'state:on' <<< "$before" || fail "a kdamond that runs" "$before"
act --damos-action pageout "${cold[@]}"
eventually mem cold Swap -ge 4000
end_act
after=$(state)
[ "$before" = "$after" ] || fail "the same as before" "$(diff <(echo "$before") <(echo "$after"))"
grep -q damon_aggregated $damon_trace/trace || fail "it monitors"
end_target
damon_off
