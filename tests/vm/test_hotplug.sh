# SPDX-License-Identifier: GPL-2.0-or-later
# A CPU goes offline and comes back while a program is recorded that runs on both: the recording
# goes on, what ran on it before and after is seen, and one that comes online later is told. Of all
# processes its events are gone for good, and that is told.
. "${BASH_SOURCE%/*}/kit.sh"

cpu1=/sys/devices/system/cpu/cpu1/online
[ -w "$cpu1" ] || skip "CPU 1 cannot be taken offline"
trap 'echo 1 > "$cpu1"' EXIT

# record_threads NAME COMMAND...: records for six seconds, COMMAND after two; all processes if NAME
# begins with "all".
record_threads()
{
	local name=$1 work
	shift
	threads --threads 4 --late 0 --seconds 100 --truth truth &
	work=$!
	wait_for $work threads
	sleep 0.5
	case $name in
	all*) set -- -a "$@" ;;
	*) set -- "-p$work" "$@" ;;
	esac
	damon-perf record --overhead 3 --duration 6s -o "$name.data" "$1" 2> "$name.err" &
	shift
	sleep 2
	"$@"
	wait $! || fail "damon-perf record ends well" "$(cat "$name.err")"
	kill $work
	damon-perf report info -i "$name.data" --format csv > "$name.csv"
}

value()
{
	sed -n "s/^$2,//p" "$1.csv"
}

away_and_back()
{
	echo 0 > "$cpu1"
	sleep 1
	echo 1 > "$cpu1"
}

record_threads back away_and_back
[ "$(value back complete)" = 1 ] || fail "a complete record" "$(cat back.csv)"
[ "$(value back unseen_cpus)" = 0 ] || fail "CPU 1 is known from before" "$(cat back.csv)"
samples=$(value back samples)
[ "$samples" -gt 100 ] || fail "samples go on" "$samples"

record_threads all away_and_back
[ "$(value all complete)" = 1 ] || fail "a complete record" "$(cat all.csv)"
[ "$(value all unseen_cpus)" = 1 ] || fail "CPU 1 has lost its events" "$(cat all.csv)"
record_threads all_stay true
[ "$(value all_stay unseen_cpus)" = 0 ] || fail "no CPU was away" "$(cat all_stay.csv)"

echo 0 > "$cpu1"
record_threads late sh -c "echo 1 > $cpu1"
[ "$(value late complete)" = 1 ] || fail "a complete record" "$(cat late.csv)"
[ "$(value late unseen_cpus)" = 1 ] || fail "CPU 1 came later" "$(cat late.csv)"
grep -q '1 CPU came online after the start' late.err || fail "said so" "$(cat late.err)"
