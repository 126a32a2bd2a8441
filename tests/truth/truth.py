# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads truth files (README.md)."""
import struct


def truth(path):
    """The head as a dict, the rows (page, interval, count) as an iterator."""
    with open(path, "rb") as f:
        data = f.read()
    magic, version, *head = struct.unpack_from("<8sII5Q", data.ljust(64, b"\0"))
    if magic != b"\x89TRUTH\r\n" or version != 1 or len(data) != 64 + 16 * head[5]:
        raise ValueError("%s: no truth" % path)
    keys = "page_shift accesses_per_interval intervals accesses instructions rows"
    return dict(zip(keys.split(), head)), struct.iter_unpack("<QII", memoryview(data)[64:])
