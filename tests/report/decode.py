# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what 'protoc --decode' prints: messages as dicts of lists. Run as a program it checks a
profile of pprof or a trace of Perfetto that is on standard input.

decode.py profile|trace [EXPRESSION...]: each, of 'm' and what is defined here, must be true.
"""
import ast
import gzip
import os
import re
import subprocess
import sys

PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../data/proto")


def parse(lines):
    """A message: {field: [value, ...]}."""
    m = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            return m
        if line.endswith("{"):
            m.setdefault(line[:-1].strip(), []).append(parse(lines))
            continue
        key, value = line.split(":", 1)
        m.setdefault(key, []).append(scalar(value.strip()))
    return m


def scalar(text):
    """A value: a string's escapes are of octal bytes."""
    if text.startswith('"'):
        return ast.literal_eval("b" + text).decode("utf-8")
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return {"true": True, "false": False}.get(text, text)


def decode(data, proto, message):
    """Bytes by a schema. Fields that it does not have are a failure."""
    p = subprocess.run(["protoc", "-I", PROTO, "--decode=" + message, proto + ".proto"],
                       input=data, stdout=subprocess.PIPE, check=True)
    m = parse(iter(p.stdout.decode("ascii").splitlines()))

    def known(x):
        for key, values in x.items():
            assert not key.isdigit(), "unknown field " + key
            for v in values:
                if isinstance(v, dict):
                    known(v)
    known(m)
    return m


def one(m, key, default=0):
    """The only value of a field."""
    values = m.get(key, [default])
    assert len(values) == 1, (key, values)
    return values[0]


class Profile:
    """A profile with its indices resolved; building it checks that they are sound."""

    def __init__(self, data):
        self.m = m = decode(gzip.decompress(data), "profile", "Profile")
        self.strings = s = m["string_table"]
        assert s[0] == "" and len(set(s)) == len(s)
        self.types = [(s[one(t, "type")], s[one(t, "unit")]) for t in m["sample_type"]]
        self.functions = self.by_id(m, "function")
        self.mappings = self.by_id(m, "mapping")
        self.locations = self.by_id(m, "location")
        self.samples = [self.sample(x) for x in m.get("sample", [])]
        assert self.types[0] == ("samples", "count")
        assert s[one(m, "default_sample_type")] == "accesses"
        used = {i for x in m.get("sample", []) for i in x.get("location_id", [])}
        assert used == set(self.locations)

    @staticmethod
    def by_id(m, key):
        """Messages by their ids, which are unique and not 0."""
        out = {one(x, "id"): x for x in m.get(key, [])}
        assert len(out) == len(m.get(key, [])) and 0 not in out
        return out

    def location(self, i):
        """(file of the mapping, [(function, source, line), ...]), the innermost first."""
        l = self.locations[i]
        name = ""
        if "mapping_id" in l:
            p = self.mappings[one(l, "mapping_id")]
            assert one(p, "memory_start") <= one(l, "address") < one(p, "memory_limit")
            name = self.strings[one(p, "filename")]
        frames = []
        for x in l["line"]:
            f = self.functions[one(x, "function_id")]
            frames.append((self.strings[one(f, "name")], self.strings[one(f, "filename")],
                           one(x, "line")))
        return name, frames

    def sample(self, x):
        """Values by type, labels by key, where."""
        assert len(x["value"]) == len(self.types)
        labels = {}
        for l in x.get("label", []):
            assert ("str" in l) + ("num" in l) == 1
            key = self.strings[one(l, "key")]
            assert key not in labels
            labels[key] = self.strings[one(l, "str")] if "str" in l else one(l, "num")
        where = [self.location(i) for i in x.get("location_id", [])]
        return dict(zip((t[0] for t in self.types), x["value"])), labels, where

    def total(self, kind):
        """Of all samples."""
        return sum(v[kind] for v, _, _ in self.samples)


class Trace:
    """Counters by process and name, instants; checks that each event has its track."""

    def __init__(self, data):
        m = decode(data, "trace", "Trace")
        tracks, self.processes, self.counters, self.instants = {}, {}, {}, []
        for p in m["packet"]:
            assert one(p, "trusted_packet_sequence_id") == 1
            if "track_descriptor" in p:
                t = one(p, "track_descriptor")
                assert one(t, "uuid") and one(t, "uuid") not in tracks
                assert "parent_uuid" not in t or one(t, "parent_uuid") in tracks
                tracks[one(t, "uuid")] = t
                if "process" in t:
                    self.processes[one(t, "uuid")] = one(t, "process")
        for p in m["packet"]:
            if "track_event" in p:
                self.event(one(p, "timestamp"), one(p, "track_event"), tracks)

    def event(self, time, e, tracks):
        """A counter's value, or an instant."""
        track = tracks[one(e, "track_uuid")]
        if one(e, "type") == "TYPE_INSTANT":
            self.instants.append((time, one(e, "name", "")))
            return
        assert one(e, "type") == "TYPE_COUNTER" and "counter" in track
        process = self.processes[one(track, "parent_uuid")]
        key = one(process, "process_name", ""), one(track, "name", "")
        self.counters.setdefault(key, []).append((time, one(e, "double_counter_value", None)))


def main():
    """See above."""
    kind, checks = sys.argv[1], sys.argv[2:]
    m = {"profile": Profile, "trace": Trace}[kind](sys.stdin.buffer.read())
    for text in checks:
        assert eval(text, dict(globals(), m=m)), text  # of our own tests


if __name__ == "__main__":
    main()
