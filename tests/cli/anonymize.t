Records to give away: they tell nothing of whose they are, and all figures.

  $ . "$TESTDIR/kit.sh"
  $ mkdir private; cp "$(command -v sort)" private/s3cr3t; seq 300000 > private/s3cr3t.txt
  $ damon-perf record -q --source soft --rate 1000 -o r sh -c 'damon-perf mark s3cr3t-phase; private/s3cr3t -n private/s3cr3t.txt > /dev/null; damon-perf mark'
  $ damon-perf convert -i r --to record --anonymize -o mail
  $ damon-perf convert -i r --to record -o again
  $ for f in r again mail; do for x in "" info objects hotspots; do damon-perf report $x -i $f --format json; done > $f.out; damon-perf convert -i $f --to json -o - >> $f.out; done
  $ grep -c s3cr3t r.out again.out mail.out | sed 's/:[1-9][0-9]*/:some/'
  r.out:some
  again.out:some
  mail.out:0
  $ grep -E "$(pwd)|private" mail.out
  [1]
  $ host=$(hostname); test ${#host} -ge 8 && grep -F "$host" mail.out
  [1]

What is seen is the same, but where and by whose name.

  $ cat > same.py <<'END'
  > import csv, sys
  > a, b = (list(csv.DictReader(open(f))) for f in sys.argv[1:3])
  > assert len(a) == len(b) > 10
  > moved = {}
  > for x, y in zip(a, b):
  >     for k in x:
  >         if k in ("start", "end"):
  >             moved.setdefault(x["target_id"], set()).add(int(y[k]) - int(x[k]))
  >         elif k == "comm":
  >             assert x[k] != y[k] or sys.argv[3] == "same"
  >         else:
  >             assert x[k] == y[k], (k, x[k], y[k])
  > if sys.argv[3] == "same":
  >     assert moved and all(d == {0} for d in moved.values())
  > else:
  >     assert all(0 not in d and all(x % (64 << 20) == 0 for x in d) for d in moved.values())
  > END
  $ for f in r again mail; do damon-perf convert -i $f --to csv -o $f.csv; done
  $ python3 same.py r.csv again.csv same
  $ python3 same.py r.csv mail.csv moved
  $ for f in r mail; do damon-perf report info -i $f | grep -v '^\(record\|command\|kernel\|size of\|marks\)' | grep -v '^  '; done > both; test $(sort both | uniq -u | wc -l) = 0 || sort both | uniq -u
  $ damon-perf report objects -i mail | grep -c '\[heap\]\|\[stack\]\|\.so' > some; test "$(cat some)" -gt 0
  $ damon-perf report info -i mail | grep '^command'
  command                        (anonymized)
  $ damon-perf report info -i mail | grep -A 1 '^marks' | sed 's/ *[0-9.]* m\?s: / T /; s/[0-9a-f]\{10\}/HASH/'
  marks T HASH
   T mark1

Another copy has other names. Damage is left out of a copy, and so is what follows a cut.

  $ damon-perf convert -i r --to record --anonymize -o - > mail2
  $ damon-perf report info -i mail2 | grep -A 1 '^marks' > m2; damon-perf report info -i mail | grep -A 1 '^marks' | cmp -s - m2
  [1]
  $ head -c $(($(stat -c %s r) * 3 / 4)) r > cut; damon-perf convert -i cut --to record -o whole
  $ damon-perf report info -i whole | grep '^\(damaged\|complete\)'
  damaged                        0 B
  complete                       no
  $ cat r | damon-perf convert -i - --to record -o piped && cmp piped again
  $ damon-perf convert -i r --to record -o /dev/full
  damon-perf: cannot write the record: No space left on device
  [1]
  $ damon-perf convert -i r --to csv --anonymize -o x
  damon-perf: '--anonymize' is for records; write one with '--to record', and convert that
  [2]
