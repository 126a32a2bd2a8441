#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What perf itself sees in a file of the virtual PMU, beside what it should see.

perf.py script FORMAT FILE   the samples, by perf script, as the lines that 'vpmu list' prints
perf.py expect FORMAT LINES  such lines with what perf cannot tell taken away
perf.py report FORMAT FILE   samples by level, by perf report --mem-mode
perf.py count FORMAT LINES   the same, of such lines

perf's own quirks are undone here and nowhere else: docs/HARDWARE.md has their list.
"""
import collections
import re
import subprocess
import sys

FIELDS = "pid,tid,time,event,ip,addr,data_src,weight"
SAMPLE = re.compile(r"\s*(-?\d+)/(-?\d+)\s+(\d+)\.(\d{9}):\s+\S.*?:\s+([0-9a-f]+)\s+[0-9a-f]+ "
                    r"\|OP ([^|]*)\|LVL ([^|]*)\|SNP [^|]*\|TLB ([^|]*)\|LCK [^|]*\|BLK\s+N/A\s+"
                    r"(\d+)\s+([0-9a-f]+)(?:\s+([0-9a-f]+))?$")
LEVELS = {"L1": "L1", "LFB/MAB": "LFB", "L2": "L2", "L3": "L3", "Local RAM": "DRAM", "N/A": "-"}
TLBS = {"L1 or L2 hit": "hit", "L1 hit": "hit", "L2 hit": "hit", "L2 miss": "miss", "N/A": "-",
        # of SPE, perf says 'walker' whether there was a walk or not
        "Walker hit": "hit", "Walker miss": "miss"}


def perf(*args):
    run = subprocess.run(["perf", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True, errors="replace")
    if run.returncode:
        sys.exit("perf %s: exit status %d: %s" % (" ".join(args), run.returncode, run.stderr))
    return run.stdout


def level(text):
    """'L1 or L1 hit', 'L1 hit', 'L1 miss': which level is told? That it was missed tells none."""
    name, _, what = text.split(" or ")[-1].rpartition(" ")
    name = name or what
    if what == "miss":
        return "-"
    return LEVELS["Local RAM" if text.startswith("Local RAM") else name]


def samples(kind, path):
    fields = FIELDS + ("" if kind == "pebs" else ",phys_addr")
    itrace = ["--itrace=M"] if kind == "spe" else []
    for line in perf("script", "--ns", *itrace, "-F", fields, "-i", path).splitlines():
        m = SAMPLE.match(line)
        if not m:
            sys.exit("%s: perf says: %s" % (path, line))
        pid, tid, s, ns, addr, op, lvl, tlb, weight, ip, phys = m.groups()
        if op == "N/A":  # IBS: no memory operation
            continue
        yield (int(s + ns), pid, tid, ip, addr, phys or "0", op.lower(), level(lvl), weight,
               TLBS[tlb])


def registers(path):
    """IBS of older kernels: perf script shows the registers only as a dump."""
    head = re.compile(r"\d+ (\d+) 0x[0-9a-f]+ \[0x[0-9a-f]+\]: PERF_RECORD_SAMPLE\([^)]*\): "
                      r"(\d+)/(\d+):")
    flag = re.compile(r"(\w+) +(\d+)")
    regs = {}
    for line in perf("script", "-D", "-i", path).splitlines():
        m = head.match(line)
        if m:  # follows its registers
            if regs.get("LdOp") or regs.get("StOp"):
                yield line_of(m.groups(), regs)
            regs = {}
        elif line.startswith(("IbsOpRip:", "IbsDCLinAd:", "IbsDCPhysAd:")):
            name, value = line.split()
            regs[name] = value.lstrip("0")
        elif line.startswith(("ibs_op_data3:", "ibs_op_data2:")):
            # the source of the data is told as a number and words
            regs.update((k, int(v)) for k, v in flag.findall(line.split("\t", 1)[1]))


def line_of(head, r):
    time, pid, tid = head
    lvl = "-"
    if not r["DcMiss"]:
        lvl = "L1"
    elif r["DcMissNoMabAlloc"]:  # whatever L2Miss says
        lvl = "LFB"
    elif not r["L2Miss"]:
        lvl = "L2"
    elif r["LdOp"]:
        lvl = {1: "L3", 3: "DRAM"}[r["DataSrc"]]
    op = "+".join(["load"] * r["LdOp"] + ["store"] * r["StOp"])
    return (int(time), pid, tid, r["IbsOpRip:"], r["IbsDCLinAd:"], r["IbsDCPhysAd:"], op, lvl,
            r["DcMissLat"], "miss" if r["DcL2TlbMiss"] else "hit")


def report(path):
    counts = collections.Counter()
    for line in perf("report", "--mem-mode", "--stdio", "-n", "--sort", "mem", "--itrace=M", "-i",
                     path).splitlines():
        m = re.match(r"\s+[\d.]+%\s+(\d+)\s+(\S.*?)\s*$", line)
        if m and not m[2].startswith("N/A"):
            counts[level(m[2])] += int(m[1])
    return counts


def script(kind, path):
    for line in registers(path) if kind == "ibs-raw" else samples(kind, path):
        print(*line)


def expected(kind, path):
    with open(path) as f:
        for line in f:
            words = line.split()
            if kind == "spe" and words[6] == "store":
                words[7] = "-"  # perf has a level where the data came from, not from events
            yield words


def show(counts):
    for name in sorted(counts):
        if name != "-":
            print(name, counts[name])


def main():
    what, kind, path = sys.argv[1:]
    if what == "script":
        script(kind, path)
    elif what == "expect":
        for words in expected(kind, path):
            print(*words)
    elif what == "report":
        show(report(path))
    elif what == "count":
        show(collections.Counter(words[7] for words in expected(kind, path)))


main()
