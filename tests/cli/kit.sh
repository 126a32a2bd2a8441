# SPDX-License-Identifier: GPL-2.0-or-later
# For golden tests that record: '. "$TESTDIR/kit.sh"'. Ends with 80, skipped, where nothing can be
# recorded.
export W=$BUILD/tests/workload
damon-perf check > /dev/null || { echo "nothing can be recorded here"; exit 80; }

as_root()
{
	[ "$(id -u)" = 0 ] || { echo "needs root"; exit 80; }
}

# Runs a command as nobody, who can read this folder and the program.
as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

wait_for()
{
	for _ in $(seq 500); do test "$@" && return; sleep 0.02; done
	echo "waited in vain: $*"
	return 1
}

# Waits until a process executes the program of that name.
executes()
{
	for _ in $(seq 500); do
		[ "$(cat "/proc/$1/comm")" = "$2" ] && return
		sleep 0.02
	done
	echo "process $1 never was $2"
	return 1
}

# Waits until a process has as many threads as that.
has_threads()
{
	for _ in $(seq 500); do
		[ "$(ls "/proc/$1/task" | wc -l)" -ge "$2" ] && return
		sleep 0.02
	done
	echo "process $1 never had $2 threads"
	return 1
}

# A number of a record: number KEY [FILE]
number()
{
	damon-perf report info -i "${2:-damon-perf.data}" --format json |
		grep -o "\"$1\":[^,}]*" | cut -d: -f2
}

# Every report and export works on a record.
reports_work()
{
	local f=${1:-damon-perf.data} name status=0
	for name in "" heatmap wss access hotspots objects advice recency temperature footprints \
		times nr_regions info html "heatmap --format svg" "wss --format png"; do
		# shellcheck disable=SC2086 # no name is no argument
		damon-perf report $name -i "$f" > /dev/null ||
			{ echo "report $name: exit status $?"; status=1; }
	done
	for name in damo damo-json csv json perfetto; do
		damon-perf convert -i "$f" --to $name -o exported ||
			{ echo "convert to $name: exit status $?"; status=1; }
	done
	rm -f exported
	return $status
}

# Runs a command that must fail: prints its status and what it said, if that is one sentence.
fails()
{
	local status=0
	"$@" > said 2>&1 || status=$?
	if [ "$(wc -l < said)" = 1 ] && grep -q '^damon-perf: ' said; then
		sed "s/\(process \|^damon-perf: \)[0-9]\{2,\}/\1N/g
			s/[0-9]\{4,\}/N/g; s/\$/ [$status]/" said
	else
		echo "not one sentence, [$status]:"
		cat said
	fi
	rm -f said
}

# What still runs of what this test started, the shell aside.
left()
{
	local group name f
	group=$(sed 's/.*) //' /proc/$$/stat | cut -d' ' -f3)
	for f in /proc/[0-9]*; do
		[ "$(sed 's/.*) //' "$f/stat" 2> /dev/null | cut -d' ' -f3)" = "$group" ] ||
			continue
		name=$(cat "$f/comm" 2> /dev/null)
		case $name in
		bash | timeout | sed | cut | cat | '') ;;
		*) echo "left: $name: $(tr "\0" " " < "$f/cmdline")" ;;
		esac
	done
}
