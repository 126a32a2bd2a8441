#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who touches what: shares of objects that are known, how many samples get a function and an
# object, what the log costs, how long hotspots take.
. "$(dirname "$0")/kit.sh"

# Share of the accesses without a known object and function, and of those whose function has a name.
known()
{
	"$perf" report objects -i "$1" --format json > objects.json
	"$perf" report hotspots -i "$1" --format json > hotspots.json
	python3 - <<-'END'
		import json
		def part(path, key, value):
		    return sum(r["share"] for r in json.load(open(path)) if value(r[key]))
		names = json.load(open("hotspots.json"))
		no_object = part("objects.json", "kind", lambda k: k == "unknown")
		known = [r for r in names if r["function"] not in ("(unknown)", r["module"])]
		no_code = 1 - sum(r["share"] for r in known)
		named = sum(r["share"] for r in known if "+0x" not in r["function"])
		print("%.2f %.2f %.2f" % (100 * (1 - no_code), 100 * (1 - no_object), 100 * named))
	END
}

for i in $(seq "$runs"); do
	record r.data --rate 1000 -- "$work/objects" --seconds 10 --truth truth
	"$perf" report objects -i r.data --format json > objects.json
	python3 - <<-'END' >> worst
		import json
		shares = {o["object"]: o["share"] for o in json.load(open("objects.json"))}
		print(max(100 * abs(shares.get(r["name"], 0) - r["share"])
		          for r in json.load(open("truth"))["ranges"]))
	END
done
row "objects at known shares: the worst of seven, 1 kHz, 10 s" "within 2 points" \
	"off by $(median < worst)"

known r.data > figures
read -r code object _ < figures
row "samples given a function / an object: a program with symbols" ">= 98 % / >= 99 %" \
	"$code % / $object %"

cat > queries <<-'END'
	create table t(a integer primary key, b text, c real);
	with recursive n(i) as (select 1 union all select i+1 from n where i<200000)
	insert into t select i, hex(randomblob(20)), random() from n;
	create index tb on t(b);
	select avg(c) from t x where exists(select 1 from t y where y.b=x.b and y.a<>x.a);
END
cat > sums.py <<-'END'
	import random
	d = {i: str(random.random()) for i in range(300000)}
	for _ in range(4):
	    print(sum(float(x) for x in d.values()), len(sorted(d.values())))
END
seq 1 2000000 | shuf --random-source=<(yes) > numbers
for command in "sqlite3 -init queries :memory: .quit" "python3 sums.py" \
	"sort --parallel=1 numbers"; do
	command -v "${command%% *}" > /dev/null || continue
	# shellcheck disable=SC2086 # words of a command
	record s.data --rate 1000 -- $command
	known s.data > figures
	read -r code object named < figures
	row "the same: ${command%% *}, stripped" ">= 98 % / >= 99 %" \
		"$code % ($named % by name) / $object %"
done

# Time of a CPU: what keeping accesses adds to the core at 1000 observations a second (of 16 pages),
# and what writing 200 of them a second takes. Memory: two intervals of 20 entries.
observe()
{
	for _ in $(seq $((4 * runs + 1))); do
		"$B/tests/bench/core_cost" 256 1000 16 "$1" | cut -d ' ' -f 2
	done | median
}
with=$(observe 200) without=$(observe 0)
for _ in $(seq "$runs"); do
	TIMEFORMAT='%U %S'
	{ time "$B/tests/bench/log_record" log.data 200000 5000; } 2>&1 |
		awk '{ print ($1 + $2) / 1000 }' # s per second of recording, which has 200
done > writing
cost=$(awk -v a="$with" -v b="$without" -v w="$(median < writing)" \
	'BEGIN { printf "%.3f %% + %.3f %%", (a - b) * 1000 / 1e7, 100 * w }')
row "the log and its writing, of one CPU at 1 kHz" "<= .1 %" "$cost"
row "the same, bytes a second in the record" - "$(($(stat -c %s log.data) / 1000))"

# Memory: eight programs of 60 mappings, one of which goes and another comes each second, 10 min.
most()
{
	for _ in $(seq "$runs"); do
		"$B/tests/bench/log_memory" memory.data "$@"
	done | median
}
with=$(most 8 60 1 200) without=$(most 8 1 0 0)
row "the log and address spaces of eight programs: memory" "<= 8 MiB" \
	"$(awk -v a="$with" -v b="$without" 'BEGIN { printf "%.1f", (a - b) / 1024 }') MiB"

# Hotspots with lines, first and again.
export XDG_CACHE_HOME=$PWD
hotspots()
{
	TIMEFORMAT='%U %S'
	{ time "$perf" report hotspots --by line -i log.data > lines; } 2>&1 |
		awk '{ print $1 + $2 }'
}
for _ in $(seq "$runs"); do
	rm -rf damon-perf
	hotspots >> first
	hotspots >> again
done
row "hotspots by line of 200 k accesses at 5000 places, CPU time: first / cached" "<= 2 / .2 s" \
	"$(median < first) / $(median < again) s"
