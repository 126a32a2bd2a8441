# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of scripts: sourced first. 'root' is the project, the current folder is fresh and goes
# away when the test ends.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fresh=$(mktemp -d)
export HOME=$fresh
umask 022
unset COLUMNS LINES # a terminal's size is what a test makes it
trap 'rm -rf "$fresh"' EXIT
cd "$fresh"

# Ends the test: what was expected, and what was found instead.
fail()
{
	echo "$1"
	shift
	[ $# = 0 ] || printf 'instead: %s\n' "$@"
	exit 1
}

# expect WHAT STATUS PATTERN COMMAND...: its exit status, and a pattern (of [[ ==) of its output.
expect()
{
	local what=$1 wanted=$2 pattern=$3 status=0
	shift 3
	"$@" > output 2>&1 || status=$?
	[ $status = "$wanted" ] || fail "$what: exit status $wanted" "$status" "$(cat output)"
	# shellcheck disable=SC2053
	[[ $(cat output) == $pattern ]] || fail "$what: '$pattern'" "$(cat output)"
}

# Makes an executable of standard input.
program()
{
	mkdir -p "$(dirname "$1")"
	cat > "$1"
	chmod +x "$1"
}
