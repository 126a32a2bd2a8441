#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""flagged.py PID BIT START END: pages of [START, END) that have a flag in /proc/kpageflags."""
import struct
import sys

pid, bit, start, end = (int(a, b) for a, b in zip(sys.argv[1:], (10, 10, 16, 16)))
pages = (end - start) // 4096
with open("/proc/%d/pagemap" % pid, "rb", 0) as f:
    f.seek(start // 4096 * 8)
    entries = struct.unpack("%dQ" % pages, f.read(pages * 8))
n = 0
with open("/proc/kpageflags", "rb", 0) as f:
    for e in entries:
        if e >> 63:
            f.seek((e & (1 << 55) - 1) * 8)
            n += struct.unpack("Q", f.read(8))[0] >> bit & 1
print(n)
