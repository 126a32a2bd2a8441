# SPDX-License-Identifier: GPL-2.0-or-later
"""prometheus.py PORT BOARD: waits until the Prometheus at PORT has scraped a target, then puts each
query of a Grafana board to it. Prints the target's health and how many queries gave series, and
those that gave none."""

import json
import sys
import time
import urllib.parse
import urllib.request

BASE = f"http://127.0.0.1:{sys.argv[1]}/api/v1/"


def ask(path, **query):
    url = BASE + path + ("?" + urllib.parse.urlencode(query) if query else "")
    with urllib.request.urlopen(url, timeout=10) as f:
        return json.load(f)["data"]


def wait(what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if got := what():
                return got
        except OSError:
            pass
        time.sleep(.1)
    raise SystemExit("nothing in time")


def queries(x):
    if isinstance(x, dict):
        yield from ([x["expr"]] if "expr" in x else [])
        x = list(x.values())
    for value in x if isinstance(x, list) else []:
        yield from queries(value)


def series(query):
    for name, value in (("$instance", ".*"), ("$comm", ".*"), ("$window", "1s")):
        query = query.replace(name, value)
    return ask("query", query=query)["result"]


# a rate needs two samples
wait(lambda: (r := series("count_over_time(damon_perf_samples_total[1m])"))
     and float(r[0]["value"][1]) >= 3)
for target in ask("targets")["activeTargets"]:
    print(target["health"], target["lastError"])
with open(sys.argv[2]) as f:
    asked = list(queries(json.load(f)))
silent = [q for q in asked if not series(q)]
print(len(asked) - len(silent), "of", len(asked))
for query in silent:
    print("none:", query)
