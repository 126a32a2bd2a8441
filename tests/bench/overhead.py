# SPDX-License-Identifier: GPL-2.0-or-later
"""overhead.py RUNS SECONDS: is what --overhead asks for what recording costs?

Prints rows of a table: what | aim | measured. Programs run already when they are attached to, so
that the resources used by damon-perf are its own.
"""
import json
import os
import statistics
import subprocess
import sys
import time

PERF, WORK = os.environ["perf"], os.environ["work"]
RUNS, SECONDS = int(sys.argv[1]), sys.argv[2]
PROGRAMS = [  # name, command
    ("busy", ["shares", "--seconds", "1000"]),
    ("idle for 95 % of the time", ["sleeper", "--busy", "5", "--seconds", "1000"]),
    ("64 threads", ["threads", "--threads", "64", "--late", "0", "--seconds", "1000"]),
]


def attach(command, *options):
    """Records a running program; own CPU time in seconds, and what 'info' has."""
    with subprocess.Popen([os.path.join(WORK, command[0]), *command[1:], "--truth", "t"]) as work:
        try:
            time.sleep(0.7)  # its memory is prepared
            with subprocess.Popen([PERF, "record", "-o", "o.data", "--quiet", *options,
                                   "-p", str(work.pid)]) as perf:
                _, status, used = os.wait4(perf.pid, 0)
                perf.returncode = status
        finally:
            work.kill()
    if status:
        raise SystemExit("damon-perf record: wait status %d" % status)
    info = subprocess.run([PERF, "report", "info", "-i", "o.data", "--format", "json"],
                          check=True, capture_output=True).stdout
    return used.ru_utime + used.ru_stime, json.loads(info)


def cpu_seconds(*recorder, ops):
    subprocess.run([*recorder, os.path.join(WORK, "shares"), "--ops", str(ops), "--truth", "t"],
                   check=True, stderr=subprocess.DEVNULL)
    with open("t", encoding="ascii") as truth:
        return json.load(truth)["cpu_seconds"]


def tick_cost():
    """Seconds that a tick takes from its program: by its slowdown at 5 kHz, and as calibrated."""
    subprocess.run([os.path.join(WORK, "shares"), "--seconds", "2", "--truth", "t"], check=True)
    with open("t", encoding="ascii") as truth:
        ops = json.load(truth)["ops"]
    recorder = [PERF, "record", "-o", "c.data", "--rate", "5000", "--mem-reads", "0", "--"]
    real = []
    for i in range(2 * RUNS + 1):
        order = [[], recorder] if i % 2 else [recorder, []]
        took = {bool(r): cpu_seconds(*r, ops=ops) for r in order}
        real.append((took[True] / took[False] - 1) / (5000 * took[False] / took[True]))
    return statistics.median(real)


def row(what, aim, measured):
    print("%s | %s | %s" % (what, aim, measured), flush=True)


def main():
    real = tick_cost()
    calibrated = []
    for name, command in PROGRAMS:
        for asked in (0.3, 1, 3):
            spent, told = [], []
            for _ in range(RUNS):
                own, info = attach(command, "--overhead", str(asked), "--duration", SECONDS)
                used = info["target_cpu_ns"] / 1e9
                calibrated.append(info["tick_cost_ns"] / 1e9)
                spent.append(100 * (own + info["interruptions"] * real) / used)
                told.append(info["overhead_percent"])
            row("overhead at --overhead %g over %s s, %s: spent / told" % (asked, SECONDS, name),
                "%.3g-%.3g %%" % (0.8 * asked, 1.2 * asked),
                "%.3g %% (%.3g-%.3g) / %.3g %%" % (statistics.median(spent), min(spent),
                                                   max(spent), statistics.median(told)))
    row("cost of a tick to the target: by slowdown / as calibrated", "equal",
        "%.3g us / %.3g us" % (1e6 * real, 1e6 * statistics.median(calibrated)))


main()
