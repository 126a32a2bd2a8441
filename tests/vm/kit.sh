# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests in the virtual machine: sourced first. The current folder is fresh and writable for
# everybody; damon-perf and the workloads are in PATH.
set -euo pipefail

# Ends the test: what was expected, and what was found instead.
fail()
{
	echo "$1"
	shift
	[ $# = 0 ] || printf 'instead: %s\n' "$@"
	exit 1
}

skip()
{
	echo "$*"
	exit 77
}

paranoid()
{
	echo "$1" > /proc/sys/kernel/perf_event_paranoid
}

# Becomes a command of the user 'nobody', without any capability: for '&', so that '$!' is it.
become_nobody()
{
	exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --no-new-privs \
		env HOME="$PWD" "$@"
}

# Runs a command as 'nobody'.
as_nobody()
{
	(become_nobody "$@")
}

# Waits until process $1 executes the program $2.
wait_for()
{
	until [ "$(cat "/proc/$1/comm")" = "$2" ]; do
		sleep 0.1
	done
}

# Waits until process $1 executes $2 and then sleeps: a workload that has prepared its memory and
# waits for --go.
settled()
{
	wait_for "$1" "$2"
	until [[ $(< "/proc/$1/wchan") == *nanosleep* ]]; do
		sleep 0.1
	done
}

# run NAME COMMAND...: its output in NAME.out and NAME.err, its exit status in 'status'.
run()
{
	local name=$1
	shift
	status=0
	"$@" > "$name.out" 2> "$name.err" || status=$?
}

# The exit status of the last 'run' is $2; else its output is shown.
expect_status()
{
	[ "$status" = "$2" ] ||
		fail "$1: exit status $2" "$status" "$(cat "$1.out")" "$(cat "$1.err")"
}

# File $1 has a line that matches the extended expression $2.
expect_match()
{
	grep -Eq -- "$2" "$1" || fail "$1: a match of '$2'" "$(cat "$1")"
}

# A number of the flat object that 'report info --format json' prints for record $1.
info()
{
	damon-perf report info -i "$1" --format json |
		tr ',{}' '\n\n\n' | sed -n 's/^[[:space:]]*"'"$2"'"[[:space:]]*:[[:space:]]*//p'
}

# Record $1 has observations, snapshots, and was sampled by source $2.
expect_samples()
{
	local n
	n=$(info "$1" samples)
	[ "${n:-0}" -gt 0 ] || fail "$1: samples" "'$n'"
	n=$(info "$1" snapshots)
	[ "${n:-0}" -gt 0 ] || fail "$1: snapshots" "'$n'"
	n=$(info "$1" source)
	[ "$n" = "\"$2\"" ] || fail "$1: source \"$2\"" "$n"
}
