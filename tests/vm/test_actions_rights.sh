# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# Rights: a user is refused, with the remedy; with these capabilities it works as nobody
# (docs/SCHEMES-vm.md), and no other.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

# as nobody; programs may bring capabilities
as=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all env HOME="$PWD")
program=/dev/shm/damon-perf
cp "$(command -v damon-perf)" $program
PATH=/dev/shm:$PATH

# refused NAME PATTERN OPTION...: 'live' ends at once, with the reason.
refused()
{
	run "$1" "${as[@]}" damon-perf live --plain "${@:3}"
	expect_status "$1" 125
	expect_match "$1.err" "^damon-perf: .*$2"
}

paranoid 2
target --hot 1 --cold 4
own=$pid
refused none 'CAP_SYS_NICE; run as root, or .setcap cap_sys_nice,cap_perfmon' \
	--damos-action pageout -p "$own"
refused none 'CAP_SYS_NICE' --damos-action collapse -p "$own"
run dry "${as[@]}" damon-perf live --plain --dry-run --duration 1s --damos-action cold -p "$own"
expect_status dry 0
# to move pages of the same user's process takes no right
act --damos-action migrate_cold 2 "${cold[@]}"
eventually on_node cold 2 -eq 1024
end_act

setcap cap_sys_nice+ep $program
act --damos-action pageout "${cold[@]}"
eventually mem cold Swap -ge 4000
eventually scheme sz_applied -ge 4000000
end_act
# of memory that is all in swap the kernel makes no huge page
target --hot 1 --cold 4
act --damos-action collapse "${all[@]}" --damos-sz-region 1M max
eventually mem cold AnonHugePages -eq 4096
end_act
# a command is not ours to see before it executes
refused command 'does not let this user look into it' --damos-action cold -- kinds

setcap cap_sys_nice,cap_perfmon+ep $program
: > live.out
"${as[@]}" damon-perf live --format json --rate 250 --aggr 200ms --damos-action pageout \
	"${cold[@]}" -- kinds --seconds 1000 --hot 1 --cold 4 \
	2> live.err > live.out &
live=$!
eventually scheme sz_applied -ge 4000000
kill -TERM "$live"
wait "$live" || [ $? = 143 ] || fail "the command's end" "$?" "$(cat live.err)"
live=

# other users' processes
as_nobody=("${as[@]}")
as=()
target --hot 1 --cold 4
as=("${as_nobody[@]}")
refused other "cannot read the mappings of process $pid" --damos-action cold -p "$pid"
expect_match other.err cap_sys_ptrace
others=cap_sys_nice,cap_perfmon,cap_sys_ptrace
setcap $others+ep $program
act --damos-action cold "${all[@]}" --damos-sz-region 1M max
eventually scheme sz_applied -ge 4194304
end_act
act --damos-action pageout "${cold[@]}"
eventually says reason 'cannot be told: .*; add cap_sys_ptrace,cap_dac_read_search' -eq 1
expect mem cold Swap -eq 0
end_act
setcap $others,cap_dac_read_search+ep $program
act --damos-action pageout "${cold[@]}"
eventually mem cold Swap -ge 4000
end_act

# Debian's default lets only root open events, and CAP_SYS_ADMIN
paranoid 3
refused level 'perf_event_paranoid is 3.*CAP_PERFMON is not enough' --damos-action cold -p "$pid"
setcap cap_sys_nice,cap_sys_admin,cap_sys_ptrace+ep $program
act --damos-action cold "${all[@]}"
eventually scheme sz_applied -ge 1000000
end_act
