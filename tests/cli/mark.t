Marks: moments of a recording that somebody names.

  $ . "$TESTDIR/kit.sh"

Without a recording there is nothing to mark, and it says so.

  $ damon-perf mark lonely -p 1 2>&1 | sed 's/;.*//'
  damon-perf: (nothing is being recorded( by this user)?|a process given is no recording of this user) (re)
  $ damon-perf mark a b
  damon-perf: 'b' is one word too many; put a name of several words in quotes
  [2]
  $ damon-perf mark -a -p 1
  damon-perf: '--pid' and '--all' exclude each other; give one of them
  [2]

A command that is recorded marks its own recording, whatever else is recorded; a signal does as well.

  $ damon-perf record -q -o other sleep 100 &
  $ other=$!
  $ cat > phases <<'END'
  > i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done
  > damon-perf mark 'phase 2'
  > i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done
  > kill -USR1 $PPID
  > i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done
  > damon-perf mark
  > damon-perf mark "$(printf 'evil\033[2J')"
  > i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done
  > END
  $ damon-perf record -q --source soft --rate 2000 -o r sh phases
  $ damon-perf report info -i r | grep -A 3 '^marks' | sed 's/ *[0-9.]* m\?s: / T /'
  marks T phase 2
   T mark1
   T mark2
   T evil?[2J
  $ damon-perf report info -i r --format json | python3 -c '
  > import json, sys
  > m = json.load(sys.stdin)["marks"]
  > assert [x["name"] for x in m] == ["phase 2", "mark1", "mark2", "evil\x1b[2J"], m
  > assert sorted(x["time_ns"] for x in m) == [x["time_ns"] for x in m]
  > print(len(m))'
  4

Others are chosen by their process. The name is cut at 200 bytes.

  $ long=$(printf 'x%.0s' $(seq 300))
  $ setsid damon-perf mark "$long" -p $other
  $ damon-perf mark every --all
  $ damon-perf mark x -p $other,$$ 2>&1 | sed 's/ from .*//'
  damon-perf: a process given is no recording of this user; choose with '-p'
  $ kill $other; wait $other
  [143]
  $ damon-perf report info -i other --format json | python3 -c '
  > import json, sys
  > m = json.load(sys.stdin)["marks"]
  > assert [x["name"] for x in m] == ["x" * 200, "every"], m'

Marks are on heatmaps, on pictures, and ranges of time.

  $ damon-perf report heatmap -i r --comm sh | grep -c '\^phase 2'
  1
  $ for f in heatmap wss; do damon-perf report $f -i r --comm sh --format svg | grep -c '>phase 2<'; done
  1
  1
  $ range() { damon-perf report heatmap -i r --comm sh --format json --time-range "$@" | python3 -c '
  > import json, sys
  > m = json.load(sys.stdin)
  > names = [x["name"] for x in m["marks"]]
  > from_ns = min(c["time_from_ns"] for c in m["cells"])
  > to_ns = max(c["time_to_ns"] for c in m["cells"])
  > at = {x["name"]: x["time_ns"] for x in m["marks"]}
  > print(names[0], names[-1].replace("\x1b[2J", ""), from_ns in at.values(), to_ns in at.values())'; }
  $ range 'mark:phase 2'
  phase 2 mark1 True True
  $ range 'phase 2..mark2'
  phase 2 mark2 True True
  $ range 'mark:phase 2..mark1'
  phase 2 mark1 True True
  $ range '0..mark1'
  phase 2 mark1 False True
  $ range 'mark1..'
  mark1 evil True False
  $ damon-perf report -i r --time-range mark:nope
  damon-perf: 'nope' names no marks of the record, nor times; it has 'phase 2', 'mark1', 'mark2', 'evil?[2J'; 'damon-perf report info' lists them all
  [1]
  $ damon-perf report -i r --time-range mark2..mark1
  damon-perf: 'mark2..mark1' ends before it begins; give the earlier one first
  [1]
  $ damon-perf report --time-range load
  damon-perf: 'load' is no value of '--time-range'; give FROM-TO, such as '1s-2.5s', with FROM before TO, or marks, such as 'mark:NAME' or 'NAME..NAME'
  [2]
  $ damon-perf record -q -o none sh -c ':' && damon-perf report -i none --time-range a..b
  damon-perf: 'a..b' names no marks of the record, nor times; it has none: they are set by 'damon-perf mark' while it is recorded
  [1]
  $ damon-perf report -i - --time-range mark:mark1 < r > /dev/null
  $ cat r | damon-perf report -i - --time-range mark:mark1
  damon-perf: cannot read a record twice from a pipe; write the record to a file first
  [1]
