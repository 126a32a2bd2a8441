#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What recording costs: damon-perf's own CPU time, and the slowdown of what it records.
. "$(dirname "$0")/kit.sh"

# Own CPU time (ms) of recording a running program for so many seconds, and the wall time (ms).
own_cpu()
{
	python3 - "$1" <<-'END'
		import os, subprocess, sys, time
		seconds = sys.argv[1]
		work = subprocess.Popen([os.environ["work"] + "/shares", "--seconds", "30",
		                         "--truth", "truth"])
		try:
		    time.sleep(1) # its buffers are filled
		    start = time.monotonic()
		    perf = subprocess.Popen(
		        [os.environ["perf"], "record", "--rate", "1000", "--duration",
		         seconds + "s", "-o", "r.data", "-p", str(work.pid)],
		        stdout=subprocess.DEVNULL)
		    _, status, used = os.wait4(perf.pid, 0)
		    wall = time.monotonic() - start
		finally:
		    work.kill()
		    work.wait()
		if status:
		    raise SystemExit("damon-perf record: wait status %d" % status)
		print("%.3f %.3f" % (1e3 * (used.ru_utime + used.ru_stime), 1e3 * wall))
	END
}

# Seconds that a fixed number of operations take: by the clock and of CPU time.
took()
{
	json truth '"%.4f %.4f" % (d["wall_seconds"], d["cpu_seconds"])'
}

for i in $(seq "$runs"); do
	own_cpu 3 > short
	own_cpu 9 > long
	json "$(report r.data info)" 'd["own_cpu_percent"]' >> info
	awk '{ print 100 * $1 / $2 }' long >> all
	# what the six seconds more took, and what is left of the shorter one
	paste -d' ' short long | awk '{ steady = ($3 - $1) / ($4 - $2)
		print 100 * steady >> "steady"
		print $1 - steady * $2 >> "begin" }'
done
row "own CPU at 1 kHz over 9 s, all included" "<= .6 % of one CPU" "$(median < all) %"
row "own CPU at 1 kHz, in steady state" "-" "$(median < steady) %"
row "own CPU to begin and end" "-" "$(median < begin) ms"
row "own CPU at 1 kHz over 9 s, as 'info' has it" "the same" "$(median < info) %"

# Pairs in alternating order, so that a drift of the machine's speed cancels out.
"$work/shares" --seconds 3 --truth truth
ops=$(json truth 'd["ops"]')
alone()
{
	"$work/shares" --ops "$ops" --truth truth
	took > alone
}
recorded()
{
	record r.data -- "$work/shares" --ops "$ops" --truth truth
	took > recorded
	json "$(report r.data info)" 'd["slowdown_percent_estimate"]' >> estimate
}
for i in $(seq $((2 * runs + 1))); do
	if [ $((i % 2)) = 0 ]; then
		alone
		recorded
	else
		recorded
		alone
	fi
	paste -d' ' recorded alone | awk '{ printf "%.4f %.4f\n", $1 / $3, $2 / $4 }' >> slowdown
done
row "slowdown at default settings, by the clock" "<= 1.012" "$(cut -d' ' -f1 slowdown | median)"
row "slowdown at default settings, in CPU time" "<= 1.012" "$(cut -d' ' -f2 slowdown | median)"
row "slowdown that 'info' estimates" "the same" "$(awk '{ print 1 + $1 / 100 }' estimate | median)"

# --overhead: what was really spent, of the target's CPU time. Own CPU time is the kernel's count of
# it. What interruptions cost is too little to be seen at these rates: a tick's cost is taken from
# the slowdown at 5 kHz, as is the calibrated one that damon-perf goes by.
python3 "$root/tests/bench/overhead.py" "$runs" 10
