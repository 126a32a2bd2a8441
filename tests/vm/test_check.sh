# SPDX-License-Identifier: GPL-2.0-or-later
# 'check' tells the same as 'record' does: what is refused at 3 and usable at 2.
. "${BASH_SOURCE%/*}/kit.sh"

# The object that describes source $2 in $1.
source_of()
{
	tr -d '\n' < "$1" | grep -o '{[^{}]*"name"[^{}]*}' | grep "\"name\": *\"$2\""
}

run refused as_nobody damon-perf check --format json
item=$(source_of refused.out soft) || fail "source 'soft' in the list" "$(cat refused.out)"
grep -Eq '"usable": *(false|0)' <<< "$item" || fail "soft is not usable for nobody at 3" "$item"
grep -q 'perf_event_paranoid' <<< "$item" || fail "the reason" "$item"
grep -Eq '"remedy": *"[^"]+' <<< "$item" || fail "a remedy" "$item"

paranoid 2
run usable as_nobody damon-perf check --format json
item=$(source_of usable.out soft) || fail "source 'soft' in the list" "$(cat usable.out)"
grep -Eq '"usable": *(true|1)' <<< "$item" || fail "soft is usable for nobody at 2" "$item"

run text as_nobody damon-perf check
expect_match text.out soft
