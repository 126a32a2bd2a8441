# SPDX-License-Identifier: GPL-2.0-or-later
# Another user's process: refused, in a sentence that names the pid.
. "${BASH_SOURCE%/*}/kit.sh"

paranoid 2
sleep 30 &
pid=$!
trap 'kill $pid' EXIT
wait_for $pid sleep
run record as_nobody damon-perf record --duration 1s -o r.data -p $pid
expect_status record 125
expect_match record.err "^damon-perf: .*$pid"
[ ! -e r.data ] || fail "no file left behind" "$(ls -l r.data)"
kill -0 $pid || fail "a target that lives on"
