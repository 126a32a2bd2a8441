# SPDX-License-Identifier: GPL-2.0-or-later
"""schemes.py ROWS RUNS: what schemes do to programs that are known.

Prints rows of a table: what | aim | measured. Slowdown is CPU time for the same work, with us
against before we came, and that against the same of a twin that runs at the same time without us:
where memory lies differs from process to process, and a machine whose speed varies slows both.
"""

import json
import os
import statistics
import subprocess
import sys
import time

PERF, WORK = os.environ["perf"], os.environ["work"]
RECLAIM = ["--damos-action", "pageout", "--damos-age", "5s", "max",
           "--damos-access-rate", "0%", "0%"]


def row(what, aim, measured):
    print(f"{what} | {aim} | {measured}", flush=True)


def spread(values, form):
    values = sorted(values)
    return (form % statistics.median(values)
            + " (" + " ".join(form % v for v in values) + ")")


class Program:
    """A workload; prepared, it waits for go()."""

    def __init__(self, name, *options):
        self.files = f"{name}.{time.monotonic_ns()}"
        self.process = subprocess.Popen(
            [f"{WORK}/{name}", "--truth", self.files + ".truth", "--go", self.files + ".go",
             *map(str, options)])
        self.pid = self.process.pid

    def status(self, key):
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith(key + ":"))

    def prepared(self):
        """Its memory does not grow any more."""
        last = -1
        while last != (last := self.status("VmRSS")):
            time.sleep(1)

    def go(self):
        open(self.files + ".go", "w").close()

    def end(self):
        if self.process.wait():
            raise SystemExit(f"the workload failed: {self.process.returncode}")
        with open(self.files + ".truth") as f:
            return json.load(f)


class Live:
    """damon-perf live beside a program."""

    def __init__(self, program, *options):
        self.lines, self.log = program.files + ".json", program.files + ".log"
        with open(self.lines, "w") as out, open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [PERF, "live", "--format", "json", *options, "-p", str(program.pid)],
                stdout=out, stderr=log)
        while not os.path.getsize(self.lines):
            if self.process.poll() is not None:
                raise SystemExit(open(self.log).read())
            time.sleep(.02)

    def end(self):
        """Its lines, and the CPU time it took."""
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = status
        if status:
            raise SystemExit(open(self.log).read())
        with open(self.lines) as f:
            return [json.loads(line) for line in f], used.ru_utime + used.ru_stime


def work_cost(truth):
    return truth["cpu_seconds"] / truth["ops"]


BEFORE_S = 20


def slowdown(truths):
    """In percent: of the first, since somebody came to it, against the second."""
    changes = []
    for t in truths:
        at, end = t["seconds"][BEFORE_S - 1], t["seconds"][-1]
        changes.append((end[1] - at[1]) / (end[0] - at[0]) / (at[1] / at[0]))
    return 100 * (changes[0] / changes[1] - 1)


def twins(name, options, live, look_s):
    """One with schemes after a while, one without. Returns truths, RSS after 'look_s' of them,
    lines and own CPU time."""
    options = ["--wall", BEFORE_S + look_s + 1, *options]
    pair = [Program(name, *options) for _ in range(2)]
    try:
        for p in pair:
            p.prepared()
        before = pair[0].status("VmRSS")
        for p in pair:
            p.go()
        time.sleep(BEFORE_S)
        ours = Live(pair[0], *live)
        time.sleep(look_s)
        rss = pair[0].status("VmRSS")
        truths = [p.end() for p in pair]
        lines, cpu = ours.end()
    finally:
        for p in pair:
            if p.process.poll() is None:
                p.process.kill()
                p.process.wait()
    return truths, rss / before - 1, lines, cpu


def reclaim(runs):
    """Idle for 5 s: what is saved after a minute, and what that costs."""
    reclaimed(runs, (("cold memory in one piece", 0, []),
                     ("cold memory between 102 hot pieces", 256, [])))


def dense(runs):
    """The same where the machine is so busy that 1 % of what the program gets buys no samples."""
    reclaimed(runs, (("the same at 2000 ticks per second of CPU time", 256, ["--rate", "2000"]),))


def reclaimed(runs, rows):
    for what, piece, more in rows:
        saved, slow, late, own, rate = [], [], [], [], []
        for _ in range(runs):
            truths, rss, _, cpu = twins("cold", ["--piece", piece], [*RECLAIM, *more], 60)
            saved.append(100 * rss)
            slow.append(slowdown(truths))
            late.append(truths[0]["phases"][0]["faults"])
            own.append(100 * cpu / (truths[0]["wall_seconds"] - BEFORE_S))
            rate.append(truths[0]["cpu_seconds"] / truths[0]["wall_seconds"])
        row(f"{what}: RSS after 60 s", "-93 %", spread(saved, "%.1f") + " %")
        row(f"{what}: slowdown", "<= 1.22 %", spread(slow, "%.2f") + " %")
        row(f"{what}: pages that came back; own CPU; CPUs that the program had", "-",
            "%s; %s %%; %s" % (spread(late, "%d"), spread(own, "%.2f"), spread(rate, "%.2f")))


def moves(runs):
    """The hot part moves: who pages out what is in use again?"""
    faults = late = places = 0
    last = []
    for _ in range(runs):
        p = Program("cold", "--wall", 60, "--moves", 8, "--mib", 256, "--hot", 5)
        pages = (256 << 8) * 5 // 100
        p.prepared()
        ours = Live(p, *RECLAIM, "--damos-refault-max", "0")
        p.go()
        phases = p.end()["phases"][1:]
        ours.end()
        faults += sum(x["faults"] for x in phases)
        late += sum(x["late_faults"] for x in phases)
        last += [x["last_ns"] / 1e6 for x in phases if x["faults"]]
        places += len(phases)
    row("hot part that moves: pages paged out later than 2 aggregations after", "none",
        f"{late} of {places * pages} pages at {places} places ({faults} with the earlier ones)"
        + (f"; the last {max(last):.0f} ms after" if last else ""))


def guard(runs):
    """All is walked through every 8 s: what is idle for 5 s is needed again."""
    for what, more in (("with the guard", []), ("without", ["--damos-refault-max", "0"])):
        slow, applied, states = [], [], []
        for _ in range(runs):
            truths, _, lines, _ = twins("cold", ["--walk", 8, "--mib", 256],
                                        [*RECLAIM, *more], 60)
            slow.append(slowdown(truths))
            applied.append(lines[-1]["schemes"][0]["sz_applied"] / (1 << 20))
            seen = []
            for line in lines:
                s = line["schemes"][0]
                said = s["state_reason"] or s["state"]
                if not seen or seen[-1][1] != said:
                    seen.append((line["time"] - lines[0]["time"], said))
            states = seen
        row(f"needed again every 8 s, {what}: slowdown; paged out", "-",
            spread(slow, "%.1f") + " %; " + spread(applied, "%.0f") + " MiB")
        for when, said in states[:6]:
            print(f"# {when / 1e9:.1f} s: {said}", file=sys.stderr)


def quota(runs):
    cold = ["--mib", 1024, "--hot", 1, "--wall", 26]
    most, means = [], []
    limit, time_ns = 16 << 20, 10_000_000
    for _ in range(runs):
        for option in (["--damos-quota-space", str(limit)], ["--damos-quota-time", "10ms"]):
            p = Program("cold", *cold)
            p.prepared()
            ours = Live(p, *RECLAIM, *option)
            p.go()
            p.end()
            lines = [x["schemes"][0] for x in ours.end()[0]]
            if option[0].endswith("space"): # each interval had more to do: qt_exceeds counts all
                most.append(max(s["sz_tried"] / (s["qt_exceeds"] + 1) for s in lines) / limit)
                continue
            # what had been spent at the end of each interval that had more to do
            spent = {s["qt_exceeds"]: s["busy_ns"] for s in reversed(lines)}
            means += [(spent[i + 10] - spent[i]) / (10 * time_ns)
                      for i in spent if i and i + 10 in spent]
    row("quota of 16 MiB/s: bytes by those of all intervals so far, at most", "<= 1, and a slice",
        spread(most, "%.3f"))
    row("quota of 10 ms/s: time of 10 reset intervals by 100 ms", ".9 to 1.1",
        f"{min(means):.3f} to {max(means):.3f}" if means else "too few intervals")


def thp(runs):
    """Huge pages where it is hot, against everywhere and nowhere: they take turns."""
    kept, avoided, speed, last = [], [], [], []
    scheme = ["--damos-action", "hugepage", "--damos-sz-region", "2M", "max",
              "--damos-access-rate", "5%", "100%"]
    for _ in range(runs):
        cost, half, rss = {}, {}, {}
        for how in ("never", "always", "scheme"):
            p = Program("thp", "--seconds", 8, "--huge", int(how == "always"))
            p.prepared()
            ours = Live(p, *scheme) if how == "scheme" else None
            p.go()
            truth = p.end()
            if ours:
                ours.end()
            cost[how], rss[how] = work_cost(truth), truth["rss"]
            half[how] = truth["half_cpu_seconds"] / truth["half_ops"]
        kept.append((1 / cost["scheme"] - 1 / cost["never"])
                    / (1 / cost["always"] - 1 / cost["never"]))
        last.append((1 / half["scheme"] - 1 / half["never"])
                    / (1 / half["always"] - 1 / half["never"]))
        avoided.append((rss["always"] - rss["scheme"]) / (rss["always"] - rss["never"]))
        speed.append(cost["never"] / cost["always"])
    row("THP=always: how much faster", "-", spread(speed, "%.2f") + " times")
    row("hot regions collapsed: share of that kept, from the first access on", ">= .75",
        spread(kept, "%.2f"))
    row("the same, of the second half of the run", "-", spread(last, "%.2f"))
    row("share of the bloat avoided", ">= .90", spread(avoided, "%.3f"))


if __name__ == "__main__":
    {"reclaim": reclaim, "dense": dense, "moves": moves, "guard": guard, "quota": quota,
     "thp": thp}[sys.argv[1]](
        int(sys.argv[2]))
