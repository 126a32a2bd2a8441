#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What 'live' costs on a terminal of 120x40 at 450 ticks per second of CPU time, in steady state:
# its own CPU time while a busy program is watched, beside lines, which are written at each
# aggregation.
. "$(dirname "$0")/kit.sh"

# own_cpu SECONDS OPTION...: percent of one CPU after the first 3 s; ticks a second, as expected.
own_cpu()
{
	python3 - "$@" <<-'END'
		import fcntl, os, pty, select, struct, subprocess, sys, termios, time
		seconds, options = int(sys.argv[1]), sys.argv[2:]

		def cpu_ns(pid):
		    with open("/proc/%d/schedstat" % pid) as f:
		        return int(f.read().split()[0])

		def drain(fd, until):
		    while (left := until - time.monotonic()) > 0:
		        if select.select([fd], [], [], left)[0]:
		            os.read(fd, 65536)

		work = subprocess.Popen([os.environ["work"] + "/zipf", "--seconds", "60"],
		                        stdout=subprocess.DEVNULL)
		time.sleep(2) # its table is made
		pid, fd = pty.fork()
		if not pid:
		    os.environ["TERM"] = "xterm-256color"
		    os.execv(os.environ["perf"], ["damon-perf", "live", "--rate", "450",
		                                  "-p", str(work.pid)] + options)
		fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
		try:
		    start = time.monotonic()
		    drain(fd, start + 3)
		    own, other, begin = cpu_ns(pid), cpu_ns(work.pid), time.monotonic()
		    drain(fd, begin + seconds)
		    took = 1e9 * (time.monotonic() - begin)
		    own, other = cpu_ns(pid) - own, cpu_ns(work.pid) - other
		finally:
		    work.kill()
		    work.wait()
		    os.close(fd)
		    os.waitpid(pid, 0)
		print("%.3f %.0f" % (100 * own / took, 450 * other / took))
	END
}

for _ in $(seq "$runs"); do
	own_cpu 15 > screen
	own_cpu 15 --plain > plain
	cut -d' ' -f1 screen >> screens
	cut -d' ' -f2 screen >> ticks
	cut -d' ' -f1 plain >> plains
done
row "live, full screen of 120x40, at 450 ticks/s ($(median < ticks) came): own CPU" \
	"<= .5 % of one CPU" "$(median < screens) %"
row "live, lines, the same" "-" "$(median < plains) %"
