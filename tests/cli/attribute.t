Who touches what, of a program whose objects have known shares, and what moved between two runs.

  $ . "$TESTDIR/kit.sh"
  $ damon-perf record -q --rate 2000 -o r "$W/objects" --seconds 2 --truth truth
  $ damon-perf report objects -i r --format json > objects.json

Every object is named, at about its share; nearly all accesses have an object.

  $ python3 - <<'END'
  > import json
  > shares = {}
  > for o in json.load(open("objects.json")):
  >     shares[o["object"]] = shares.get(o["object"], 0) + o["share"]
  > for r in json.load(open("truth"))["ranges"]:
  >     off = shares.get(r["name"], 0) - r["share"]
  >     if abs(off) > .12:
  >         print(r["name"], "is off by", off)
  > if shares.get("(unknown)", 0) > .05:
  >     print("unknown:", shares["(unknown)"])
  > END
  $ grep -o '"kind":"[a-z]*","object":"\(table\|objects.map\|.heap.\|.stack.\)"' objects.json | sort
  "kind":"heap","object":"[heap]"
  "kind":"shared","object":"objects.map"
  "kind":"stack","object":"[stack]"
  "kind":"variable","object":"table"

The lines that touch them are those of the source, and a member of a struct is told.

  $ line=$(grep -n 'sum += table' "$TESTDIR/../workload/objects.c" | cut -d: -f1)
  $ damon-perf report hotspots --by line -i r --format csv > lines.csv
  $ grep -q "touch,,objects,.*objects.c,$line," lines.csv || { echo "no line $line"; cat lines.csv; }
  $ damon-perf report objects --members -i r --format csv | grep -o 'accounts\[\].balance'
  accounts[].balance

Its source is shown with them, and the instructions; the hottest function is taken without a name.

  $ damon-perf report annotate touch -i r --width 120 > annotated
  $ grep -c 'sum += table\[at & 0xffff\];' annotated
  1
  $ grep -q '%.* [0-9a-f]*  add r.*, \[r.*\] *table' annotated || cat annotated
  $ damon-perf report annotate -i r --width 120 | grep '^touch in\|^the hottest' | sed 's/[0-9]*)$/N)/'
  touch in objects of objects (pid N)
  the hottest function, as none was named
  $ damon-perf report annotate touch -i r --format json > annotated.json
  $ python3 - <<'END'
  > import json
  > rows = json.load(open("annotated.json"))
  > assert abs(sum(r["share"] for r in rows) - 1) < .001
  > assert all(r["share_lo"] <= r["share"] <= r["share_hi"] for r in rows)
  > assert all(r["text"] for r in rows)
  > assert any(r["object"] == "table" and "table" in r["source"] for r in rows)
  > END
  $ touch_at=$(python3 -c 'import json; print("objects+%#x" % json.load(open("annotated.json"))[0]["vaddr"])')
  $ damon-perf report annotate "$touch_at" -i r --format json | cmp - annotated.json
  $ damon-perf report annotate tooch -i r
  damon-perf: no logged access is by a function 'tooch'; the hottest is 'touch'; 'report hotspots' lists them
  [1]
  $ damon-perf report annotate touch main -i r
  damon-perf: 'main' is one name too many; ask for one report at a time
  [2]
  $ damon-perf report wss touch -i r
  damon-perf: 'touch' is one name too many; ask for one report at a time
  [2]

So is the region of a variable, and why it is hot.

  $ at=$(python3 -c 'import json; r = json.load(open("truth"))["ranges"][0]; print("%x" % ((r["start"] + r["end"]) // 2))')
  $ damon-perf report access --why "$at" -i r --format json > why.json
  $ python3 - <<'END'
  > import json
  > why, truth = json.load(open("why.json")), json.load(open("truth"))
  > at = (truth["ranges"][0]["start"] + truth["ranges"][0]["end"]) // 2
  > assert why["region"]["start"] <= at < why["region"]["end"]
  > assert "table" in [o["object"] for o in why["objects"]], why["objects"]
  > assert why["code"][0]["function"] == "touch", why["code"]
  > assert why["history"]
  > END
  $ damon-perf report access --why 0x10 -i r 2>&1 | sed 's/pid [0-9]*/pid N/'
  damon-perf: no region of 'objects' (pid N) holds 0x10; 'report access' lists regions; --pid or --comm chooses another process
  $ damon-perf report access --why main -i r
  damon-perf: '--why main' is no address; write it in hex, as reports show it: 7f10c0000000
  [2]

A file that was replaced by the same one keeps its names, by its build id; another one is not believed.

  $ cp "$W/objects" own && damon-perf record -q --rate 2000 -o r2 ./own --seconds 0.5 --truth truth2
  $ damon-perf report hotspots --by line -i r2 --format csv > before; grep -q ',touch,,own,.*objects.c,' before || cat before
  $ cp own same && mv same own
  $ damon-perf report hotspots --by line -i r2 --format csv | cmp - before
  $ cp "$W/shares" other && mv other own
  $ damon-perf report hotspots -i r2 2>&1 | grep -A 2 "own'" | tr '\n' ' ' | grep -o 'is another file now: its build id differs'
  is another file now: its build id differs
  $ damon-perf report hotspots -i r2 --format csv | grep -c ',\(touch\|work\),'
  0
  [1]

Exports carry it.

  $ id=$(readelf -n "$W/objects" | sed -n 's/.*Build ID: //p')
  $ damon-perf convert -i r --to pprof -o r.pb.gz && gzip -dc r.pb.gz | grep -ac "$id"
  1
  $ damon-perf convert -i r --to perf -o r.perf && python3 - "$id" <<'END'
  > import sys
  > assert bytes.fromhex(sys.argv[1]) in open("r.perf", "rb").read()
  > END
  $ if perf report --help > /dev/null 2>&1; then perf report -i r.perf --stdio 2>&1 | grep -q ' objects .* touch' || perf report -i r.perf --stdio; fi

The kernel's own code in the process has names, too, as long as that kernel runs.

  $ damon-perf record -q --rate 3000 -o r3 "$W/sleeper" --seconds 1 --busy 90 --pages 0 > /dev/null
  $ damon-perf report hotspots -i r3 --format csv > clock.csv
  $ grep -q '__vdso_clock_gettime,' clock.csv || cat clock.csv

A process must be in both records; what is the same did not move; conditions decide about the status.

  $ damon-perf diff r r2 --comm objects > /dev/null 2>&1
  [1]
  $ damon-perf diff r r --format csv | cut -d, -f1,12 | sort | uniq -c | sed 's/  *[0-9][0-9]* / /' | grep yes
  [1]
  $ damon-perf diff r r --fail-if 'wss>+0%' | tail -n 1
  'wss>+0%' does not hold
  $ damon-perf diff r r --fail-if 'object:table>5%' --fail-if 'wss>1EiB' | tail -n 2
  'object:table>5%' holds
  'wss>1EiB' does not hold
  $ damon-perf diff r r --fail-if 'object:table>5%' > /dev/null
  [3]
  $ damon-perf diff r r --fail-if 'object:tabel>5%' > /dev/null
  damon-perf: 'tabel' is in neither record; '--format csv' lists what there is
  [1]
  $ damon-perf diff r r --fail-if 'wss>5%' > /dev/null
  damon-perf: condition 'wss>5%': percent of what? write a sign for a change: 'wss>+5%'; write 'wss>+5%', 'hot>100MiB', 'object:[heap]>+2pt' or 'function:main<-10%'
  [2]
  $ damon-perf diff r
  damon-perf: 1 record is named, 2 are compared; write 'damon-perf diff BEFORE AFTER'
  [2]
  $ damon-perf diff r gone
  damon-perf: cannot open 'gone': No such file or directory; make a record first: damon-perf record -- COMMAND
  [1]
