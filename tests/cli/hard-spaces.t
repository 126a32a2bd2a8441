Address spaces that are hard to follow. Each gives a complete record, of which all reports work.

  $ . "$TESTDIR/kit.sh"

Mappings that come and go all the time.

  $ for source in soft faults; do
  >     damon-perf record -q --source $source "$W/churn" --seconds 0.5 > /dev/null; echo $? $(number complete)
  >     test $(number samples) -gt 0 && reports_work; echo $?
  > done
  0 true
  0
  0 true
  0

A reserve of 1 TiB, 64 TiB with a page in each, 20000 mappings; recorded from the start, and attached to.

  $ for kind in reserve sparse pages; do
  >     "$W/spaces" --kind $kind --ops 1 > /dev/null || { echo "$kind: not here"; continue; }
  >     for source in soft faults; do
  >         damon-perf record -q --source $source "$W/spaces" --kind $kind --seconds 0.4 > /dev/null
  >         echo $kind $source $? $(number complete)
  >         test $(number samples) -gt 0 && reports_work; echo $?
  >     done
  >     "$W/spaces" --kind $kind --seconds 20 > /dev/null & target=$!; sleep 0.2
  >     damon-perf record -q --duration 300ms -p $target
  >     echo attached $? $(number complete); reports_work
  >     kill $target; wait $target 2> /dev/null
  > done | grep -v 'not here' > out; grep -c . out; grep -vE '^(reserve|sparse|pages) (soft|faults) 0 true$|^attached 0 true$|^0$' out
  ([5-9]|1[05]) (re)
  [1]

The file of a program is gone, or is another one by now: it is not decoded from what has its name.

  $ cp "$W/dense" gone; ./gone --seconds 20 > /dev/null & target=$!; executes $target gone; rm gone
  $ damon-perf record -q --rate 1000 --duration 1s -p $target; echo $? $(number complete) $(number no_code)
  0 true 0
  $ kill $target; wait $target 2> /dev/null
  [143]
  $ cp "$W/dense" other; ./other --seconds 20 > /dev/null & target=$!; executes $target other; cp "$W/zipf" new; mv new other
  $ damon-perf record -q --rate 1000 --duration 1s -p $target; echo $? $(number complete) $(number no_code)
  0 true 0
  $ kill $target; wait $target 2> /dev/null
  [143]
  $ left
