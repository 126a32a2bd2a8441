Machines that leave little room.

  $ . "$TESTDIR/kit.sh"

One CPU.

  $ taskset -c "$(taskset -cp $$ | sed 's/.*[ ,-]//')" damon-perf record -q "$W/zipf" --mib 4 --seconds 0.3 > /dev/null; echo $? $(number complete)
  0 true
  $ test $(number samples) -gt 10; echo $?
  0

The last in the queue of a busy machine: late, but complete.

  $ for _ in $(seq $(nproc)); do "$W/stairs" --seconds 60 > /dev/null & done
  $ nice -n 19 damon-perf record -q --duration 500ms -p $!; echo $? $(number complete)
  0 true
  $ reports_work
  $ kill $(jobs -p); wait 2> /dev/null
  $ true

Little memory to lock, few descriptors, no core.

  $ (ulimit -l 64; ulimit -c 0; damon-perf record -q "$W/zipf" --mib 4 --seconds 0.3 > /dev/null; echo $? $(number complete))
  0 true

The shortest and longest intervals.

  $ damon-perf record -q --sample 1us --aggr 1ms --updr 1ms --minr 3 --maxr 3 "$W/zipf" --mib 4 --seconds 0.2 > /dev/null; echo $? $(number complete)
  0 true
  $ reports_work
  $ damon-perf record -q --sample 1d --aggr 1d --updr 1d --maxr 100000 "$W/zipf" --mib 4 --seconds 0.2 > /dev/null; echo $? $(number complete)
  0 true
  $ reports_work
  $ damon-perf record -q --rate 50000 "$W/zipf" --mib 4 --seconds 0.2 > /dev/null; echo $? $(number complete)
  0 true
  $ damon-perf record -q --overhead 0.01 "$W/zipf" --mib 4 --seconds 0.2 > /dev/null; echo $? $(number complete)
  0 true
  $ damon-perf record -q --rate 1 true; echo $? $(number complete)
  0 true
  $ left
