#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads metrics as a strict parser of OpenMetrics 1.0 would, and asks for them in bad ways.

    openmetrics.py free                 a port that is free
    openmetrics.py read PORT            fetches both forms, parses them, prints what they have
    openmetrics.py value PORT NAME ...  values of samples whose line begins with NAME
    openmetrics.py hostile PORT         requests that are no good; it must go on to serve
    openmetrics.py parse < TEXT         parses what is on standard input
"""
import http.client
import re
import socket
import sys
import time

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(r"(%s)(?:\{((?:%s)(?:,%s)*)\})? (\S+)" % (NAME, LABEL, LABEL))
TYPES = {"counter": "_total", "gauge": ""}
UNITS = {"seconds", "bytes", "ratio", "hertz"}


class Bad(Exception):
    pass


def check(ok, *what):
    if not ok:
        raise Bad(" ".join(map(repr, what)))


class Family:
    def __init__(self, name):
        self.name, self.meta, self.samples = name, {}, {}


def parse(text, openmetrics=True):
    """Families by name. Metadata comes before samples, a family in one piece, nothing twice."""
    check(text.endswith("\n"), "no end of the last line")
    lines = text.split("\n")[:-1]
    if openmetrics:
        check(lines and lines.pop() == "# EOF", "no '# EOF' at the end")
    families, now = {}, None
    for line in lines:
        if line.startswith("#"):
            word = re.fullmatch(r"# (HELP|TYPE|UNIT) (%s) (\S.*)" % NAME, line)
            check(word, "no metadata", line)
            kind, name, value = word.groups()
            if not now or now.name != name:
                check(name not in families, "family twice", name)
                now = families[name] = Family(name)
            check(not now.samples, "metadata behind samples", line)
            check(kind not in now.meta, "metadata twice", line)
            check(kind != "TYPE" or value in TYPES, "unknown type", line)
            check(kind != "UNIT" or (openmetrics and value in UNITS and
                                     name.endswith("_" + value)), "bad unit", line)
            now.meta[kind] = value
            continue
        sample(now, line, openmetrics)
    for f in families.values():
        check({"TYPE", "HELP"} <= set(f.meta), "without type or help", f.name)
        unit = f.name.rsplit("_", 1)[-1]
        check(not openmetrics or unit not in UNITS or f.meta.get("UNIT") == unit,
              "name has a unit that is not told", f.name)
    return families


def sample(family, line, openmetrics):
    got = SAMPLE.fullmatch(line)
    check(got and family, "no sample", line)
    name, labels, number = got.group(1), got.group(2) or "", got.groups()[-1]
    kind = family.meta.get("TYPE")
    check(kind, "sample before its type", line)
    suffix = TYPES[kind] if openmetrics else ""
    check(name == family.name + suffix, "not of the family", family.name, line)
    check(openmetrics or kind != "counter" or name.endswith("_total"), "no _total", line)
    check(re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?", number), "no number", line)
    check(kind != "counter" or float(number) >= 0, "negative counter", line)
    names = [m[0] for m in re.findall(LABEL, labels)]
    check(len(names) == len(set(names)), "label twice", line)
    check(labels not in family.samples, "sample twice", line)
    family.samples[labels] = float(number)


def get(port, accept=None, path="/metrics", method="GET"):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    c.request(method, path, headers={"Accept": accept} if accept else {})
    r = c.getresponse()
    body = r.read().decode("utf-8")
    c.close()
    return r, body


def read(port):
    r, body = get(port)
    check(r.status == 200, r.status)
    check(r.getheader("Content-Type").startswith("application/openmetrics-text; version=1.0.0"))
    families = parse(body)
    r, body = get(port, "text/plain")
    check(r.getheader("Content-Type").startswith("text/plain; version=0.0.4"))
    classic = parse(body, False)
    check(len(classic) == len(families), "forms differ")
    r, body = get(port, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    check(r.getheader("Content-Type").startswith("application/openmetrics-text"))
    for part in "target", "scheme", "":
        print(part or "all", sum(f.startswith("damon_perf_" + part) for f in families))
    return families


def raw(port, data, patience=20):
    """What comes back for bytes, until the other side closes."""
    s = socket.create_connection(("127.0.0.1", port), timeout=patience)
    out = b""
    try:
        s.sendall(data)
        while chunk := s.recv(65536):
            out += chunk
    except (ConnectionError, socket.timeout):
        pass
    s.close()
    return out


def first_line(answer):
    return answer.split(b"\r\n")[0].decode("latin-1") or "closed"


def hostile(port):
    end = b"Host: x\r\nConnection: close\r\n\r\n"
    print("other method:", first_line(raw(port, b"DELETE /metrics HTTP/1.1\r\n" + end)))
    print("body:", first_line(raw(port, b"POST /metrics HTTP/1.1\r\nContent-Length: 100000\r\n" +
                                  end + b"x" * 100000)))
    print("other path:", first_line(raw(port, b"GET /../../etc/passwd HTTP/1.1\r\n" + end)))
    print("head:", first_line(raw(port, b"HEAD /metrics HTTP/1.1\r\n" + end)))
    for what, data in (("long path", b"GET /" + b"a" * 10**6 + b" HTTP/1.1\r\n" + end),
                       ("long header", b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 10**6),
                       ("many headers", b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 10**5 + end),
                       ("no HTTP", b"\0\xff\r\n\r\n" * 100)):
        line = first_line(raw(port, data))
        check(line == "closed" or re.match(r"HTTP/1.[01] [45]", line), what, line)
    # Slow ones and those that say nothing are closed, and many of them are not too many.
    began = time.monotonic()
    idle = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(100)]
    for s in idle[::2]:
        try:
            s.sendall(b"GET /metrics HT")
        except ConnectionError:
            pass
    for s in idle:
        try:
            check(not s.recv(1), "an answer to nothing")
        except ConnectionError:
            pass
        s.close()
    check(time.monotonic() - began < 60, "not closed")
    print("slow and many: closed")
    r, body = get(port)
    check(r.status == 200, r.status)
    parse(body)
    print("served afterwards")


def main(what, *args):
    if what == "free":
        with socket.create_server(("127.0.0.1", 0)) as s:
            print(s.getsockname()[1])
    elif what == "parse":
        parse(sys.stdin.read())
    elif what == "read":
        read(int(args[0]))
    elif what == "value":
        _, body = get(int(args[0]))
        for name in args[1:]:
            print(*[line.split(" ")[-1] for line in body.split("\n") if line.startswith(name)])
    else:
        hostile(int(args[0]))


try:
    main(*sys.argv[1:])
except (Bad, OSError, http.client.HTTPException) as e:
    sys.exit("openmetrics: %s" % e)
