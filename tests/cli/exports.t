Ways out: formats of other programs, read back by their schemas.

  $ . "$TESTDIR/kit.sh"
  $ damon-perf record -q --source soft --rate 2000 -o r "$W/shares" --seconds 1 --stores 50 > truth
  $ decode() { python3 "$TESTDIR/../report/decode.py" "$@"; }

JSON holds what CSV does, and working sets.

  $ damon-perf convert -i r --to json -o r.json
  $ damon-perf convert -i r --to csv -o r.csv
  $ python3 - <<'END'
  > import csv, json
  > d = json.load(open("r.json"))
  > rows = list(csv.DictReader(open("r.csv")))
  > flat = [(s, t, r) for s in d["snapshots"] for t in s["targets"] for r in t["regions"]]
  > assert d["version"] == 1 and len(flat) == len(rows) > 100
  > comm = {t["id"]: t["comm"] for t in d["targets"]}
  > for (s, t, r), row in zip(flat, rows):
  >     assert str(s["start_time"]) == row["start_time"] and comm[t["id"]] == row["comm"]
  >     assert set(r) < set(row)
  >     for k, v in r.items():
  >         assert (float(row[k]) == v) if row[k] else v is None, (k, v, row[k])
  >     assert 0 <= t["wss_bytes_lo"] <= t["wss_bytes"] <= t["wss_bytes_hi"]
  > END

Folded stacks: what was touched, then by which code, with inlined functions.

  $ damon-perf convert -i r --to folded -o folded
  $ grep -c '^shares;.*;shares;main;work_map [0-9]*$' folded > inlined; test "$(cat inlined)" -gt 0
  $ python3 - <<'END'
  > import re
  > stacks = [re.fullmatch(r"(.*) (\d+)", l).groups() for l in open("folded").read().splitlines()]
  > assert len({s for s, _ in stacks}) == len(stacks) == len(open("folded").readlines())
  > work, anon = {}, 0
  > for s, n in stacks:
  >     f = s.split(";")
  >     assert f[0] == "shares" and len(f) >= 4, s
  >     anon += int(n) * f[1].startswith("anon")
  >     if f[3] == "work" and f[1].startswith("anon"):
  >         work[int(f[1].split()[-1], 16)] = work.get(int(f[1].split()[-1], 16), 0) + int(n)
  > assert sum(work.values()) > .5 * anon > 0, (work, anon)
  > END

A profile of pprof holds the same, told apart by process, object, level; stores where there are some.

  $ command -v protoc > /dev/null || { echo "protoc is missing"; exit 80; }
  $ damon-perf convert -i r --to pprof -o r.pb.gz
  $ cat > check.py <<'END'
  > import os, sys
  > sys.path.insert(0, os.path.join(os.environ["TESTDIR"], "../report"))
  > from decode import Profile, Trace
  > m = Profile(open("r.pb.gz", "rb").read())
  > total = m.total("accesses")
  > folded = sum(int(l.rsplit(" ", 1)[1]) for l in open("folded"))
  > assert abs(total / folded - 1) < 1e-6, (total, folded)
  > lines = open(os.environ["TESTDIR"] + "/../workload/shares.c").read().splitlines()
  > stores = inlined = 0
  > for v, labels, ((path, frames),) in m.samples:
  >     assert labels["comm"] == "shares" and labels["pid"] and labels["tid"] and labels["kind"]
  >     assert v["accesses"] >= 0 and v["bytes"] <= 64 * v["accesses"]
  >     stores += v["accesses"] if "store" in labels.get("access", "") else 0
  >     if frames[0][0] == "work":
  >         assert path.endswith("/shares") and frames[0][1].endswith("shares.c")
  >         assert 0 < frames[0][2] <= len(lines)
  >     inlined += [f[0] for f in frames] == ["work_map", "main"]
  > assert inlined and .05 < stores / total < .9, (inlined, stores, total)
  > program = next(p for p in m.mappings.values()
  >                if m.strings[p["filename"][0]].endswith("/shares"))
  > assert m.mappings[1] is program and m.strings[program["build_id"][0]], "the program comes first"
  > assert program["has_line_numbers"] == program["has_inline_frames"] == [True]
  > assert m.m["duration_nanos"][0] > 5e8 and m.m["time_nanos"][0] > 1.7e18
  > END
  $ python3 check.py
  $ damon-perf convert -i r --to pprof -o - | cmp - r.pb.gz
  $ pprof=$(command -v pprof || ! command -v go > /dev/null || echo "go tool pprof")
  $ test -z "$pprof" || { $pprof -top -sample_index=accesses r.pb.gz > top && grep -q '^File: shares$' top && grep -q '%  work$' top || cat top; }

A trace of Perfetto: the same heat over time as CSV has, within its bounds, and marks.

  $ damon-perf record -q --source soft -o marked sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; damon-perf mark "half; way"; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'
  $ damon-perf convert -i marked --to perfetto -o marked.pftrace
  $ decode trace '[i[1] for i in m.instants] == ["half; way"]' < marked.pftrace
  $ damon-perf convert -i r --to perfetto -o r.pftrace
  $ cat > check.py <<'END'
  > import csv, os, sys
  > sys.path.insert(0, os.path.join(os.environ["TESTDIR"], "../report"))
  > from decode import Trace
  > m = Trace(open("r.pftrace", "rb").read())
  > rate, lo, hi = (m.counters["shares", "accesses%s (relative)" % x] for x in ("", " lo", " hi"))
  > want, mappings = {}, {}
  > for r in csv.DictReader(open("r.csv")):
  >     t = int(r["start_time"])
  >     want[t] = want.get(t, 0) + float(r["heat"]) * (int(r["end"]) - int(r["start"])) / 4096
  > want = [want[t] for t in sorted(want)]
  > assert len(rate) == len(want) + 1 and rate[-1][1] == 0
  > for (_, v), (_, l), (_, h), w in zip(rate, lo, hi, want):
  >     assert abs(v - w) <= 1e-4 * w and l <= v <= h
  > for (_, name), values in m.counters.items():
  >     if name.split()[0] not in ("accesses", "working"):
  >         mappings[name] = sum(v for _, v in values)
  > assert len(mappings) <= 16 and sum(mappings.values()) > .95 * sum(want)
  > w, l, h = (m.counters["shares", "working set of 1 s" + x] for x in ("", " lo", " hi"))
  > assert all(a[1] <= b[1] <= c[1] for a, b, c in zip(l, w, h)) and max(w, key=lambda x: x[1])[1] > 1e8
  > END
  $ python3 check.py

None of them is for a terminal but text; a record without samples says so.

  $ damon-perf convert -i - --to folded -o - < r | cmp - folded
  $ cat r | damon-perf convert -i - --to folded -o -
  damon-perf: cannot read a record twice from a pipe; write the record to a file first
  [1]
  $ damon-perf record -q --source faults -o faults sh -c ':'
  $ for f in pprof folded perfetto json; do damon-perf convert -i faults --to $f -o out > /dev/null 2>&1 || echo $f; done
  $ printf '\211DAMON\r\n' > head; head -c 400 r > empty
  $ for f in pprof folded; do damon-perf convert -i empty --to $f -o none; test -e none && echo there; done
  damon-perf: the record has no log of samples; record with a source that tells addresses, and for longer
  damon-perf: the record has no log of samples; record with a source that tells addresses, and for longer
  [1]
  $ for f in pprof perfetto json folded; do damon-perf convert -i r --to $f -o /dev/full; done
  damon-perf: cannot write '/dev/full': No space left on device; free some space, or write elsewhere with '-o'
  damon-perf: cannot write '/dev/full': No space left on device; free some space, or write elsewhere with '-o'
  damon-perf: cannot write '/dev/full': No space left on device; free some space, or write elsewhere with '-o'
  damon-perf: cannot write '/dev/full': No space left on device; free some space, or write elsewhere with '-o'
  [1]
