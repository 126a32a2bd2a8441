# SPDX-License-Identifier: GPL-2.0-or-later
# At perf_event_paranoid 3, Debian's default, a user without privilege is refused, and is told what
# would help. The command is not run.
. "${BASH_SOURCE%/*}/kit.sh"

run record as_nobody damon-perf record -o r.data -- touch ran
expect_status record 125
[ "$(wc -l < record.err)" -le 2 ] || fail "one sentence" "$(cat record.err)"
expect_match record.err '^damon-perf: .*perf_event_paranoid'
expect_match record.err 'root|CAP_PERFMON|set it to 2|sysctl'
[ ! -e ran ] || fail "a command that is not started"
[ ! -e r.data ] || fail "no file left behind" "$(ls -l r.data)"
