#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a tick of the soft source costs damon-perf on real programs at 1 kHz, without reads of the
# target's memory and with one per burst: the decoder alone, timed from within, and all of its own
# CPU time over ticks, for which rings, regions, the record and starting are in it.
. "$(dirname "$0")/kit.sh"

python3 - <<-'END'
	import random
	random.seed(1)
	letters = "abcdefghijklmnopqrstuvwxyz"
	words = ["".join(random.choices(letters, k=random.randint(2, 9))) for _ in range(5000)]
	with open("text", "w") as f:
	    for _ in range(1500000):
	        f.write(" ".join(random.choices(words, k=3)) + "\n")
	with open("big.c", "w") as f:
	    for i in range(2500):
	        f.write("int f%d(int *a, int n) { int s = %d;\n"
	                "for (int i = 0; i < n; i++) s += a[i] * %d ^ (s >> %d);\n"
	                "return s %% %d ? s : f%d(a, n / 2); }\n"
	                % (i, i, i + 3, i % 13 + 1, i + 7, max(i - 1, 0)))
END
cat > dict.py <<'END'
d = {}
for i in range(25000000):
    d[i * 7919 % 100003] = i
END
join="CREATE TABLE t AS WITH RECURSIVE n(i) AS
	(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000)
	SELECT i, i * 7919 % 1500007 AS k FROM n; CREATE INDEX tk ON t(k);
	SELECT count(*) FROM t AS a JOIN t AS b ON b.k = a.i;"

# Own CPU time per observed tick, microseconds; whatever its process.
all_own()
{
	record r.data --source soft --rate 1000 --mem-reads "$1" -- "${@:2}"
	json "$(report r.data info)" '"%.2f" % (d["own_cpu_percent"] / 100 * d["duration_ns"] /
		1e3 / (d["samples"] + d["no_address"]))'
}

# Decoding and emulating, microseconds per tick.
decoding()
{
	"$B/tests/bench/tick_cost" "$@" 2>&1 > /dev/null | tail -n 1 | cut -d' ' -f1
}

# measure NAME COMMAND...
measure()
{
	local i reads
	rm -f decoding.? own.?
	for i in $(seq "$runs"); do
		for reads in 0 1; do
			decoding $reads "${@:2}" >> decoding.$reads
			all_own $reads "${@:2}" >> own.$reads
		done
	done
	row "decode and emulate per tick, $1: no reads / one read" "<= 2 us / <= 4 us" \
		"$(median < decoding.0) us / $(median < decoding.1) us"
	row "all own CPU per tick, $1: no reads / one read" "-" \
		"$(median < own.0) us / $(median < own.1) us"
}

measure gzip gzip -c text
measure python3 python3 dict.py
! command -v sqlite3 > /dev/null || measure sqlite3 sqlite3 :memory: "$join"
measure "gcc (cc1)" gcc -O2 -c big.c -o big.o
