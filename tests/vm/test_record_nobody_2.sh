# SPDX-License-Identifier: GPL-2.0-or-later
# At perf_event_paranoid 2, any user records his own programs.
. "${BASH_SOURCE%/*}/kit.sh"

paranoid 2
run record as_nobody damon-perf record --source soft --rate 500 -o r.data -- \
	shares --mib 4 --seconds 2
expect_status record 0
expect_samples r.data soft
mode=$(stat -c '%a %u' r.data)
[ "$mode" = "600 65534" ] || fail "r.data: mode 600 of nobody" "$mode"
run report as_nobody damon-perf report -i r.data
expect_status report 0
expect_match report.out shares

# a process that runs already, of the same user
become_nobody shares --mib 4 --seconds 60 > truth &
pid=$!
trap 'kill $pid' EXIT
wait_for $pid shares
run attach as_nobody damon-perf record --source soft --rate 500 --duration 2s -o a.data -p $pid
expect_status attach 0
expect_samples a.data soft
kill -0 $pid || fail "a target that runs on"
