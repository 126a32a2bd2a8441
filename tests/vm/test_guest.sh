# SPDX-License-Identifier: GPL-2.0-or-later
# The machine is what a user's stock Debian is: everything below relies on it.
. "${BASH_SOURCE%/*}/kit.sh"

value()
{
	local is
	is=$(cat "$1")
	[ "$is" = "$2" ] || fail "$1: $2" "$is"
}

value /proc/sys/kernel/perf_event_paranoid 3
value /proc/sys/kernel/yama/ptrace_scope 0
[ -e /sys/fs/cgroup/cgroup.controllers ] || fail "cgroup v2 alone"
[ ! -e /sys/fs/cgroup/cpu ] || fail "no cgroup v1"
grep -q yama /sys/kernel/security/lsm || fail "yama"
[ "$(as_nobody id -u)" = 65534 ] || fail "a user 'nobody'"
as_nobody grep -q 'CapEff:.0000000000000000' /proc/self/status || fail "no capabilities"
as_nobody touch mine || fail "a writable folder"
! as_nobody touch "$BASH_SOURCE" 2>/dev/null || fail "a root that is read-only"
[ "$(nproc)" -ge 2 ] || fail "two processors"
