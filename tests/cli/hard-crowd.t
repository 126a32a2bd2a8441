Crowds of processes and threads.

  $ . "$TESTDIR/kit.sh"

1000 short children, some of which execute another program.

  $ for source in soft faults; do for exec in 0 1; do
  >     damon-perf record -q --source $source "$W/forkstorm" --children 1000 --exec $exec > truth
  >     echo $? $(grep -o '"failed": [0-9]*' truth) $(number complete); reports_work
  > done; done
  0 "failed": 0 true
  0 "failed": 0 true
  0 "failed": 0 true
  0 "failed": 0 true
  $ test $(number samples) -gt 1000; echo $?
  0

200 threads, half of which start late.

  $ for source in soft faults; do
  >     damon-perf record -q --source $source --rate 1000 "$W/threads" --threads 200 --mib 1 --late 100 --seconds 0.6 > /dev/null
  >     echo $? $(number complete); test $(number samples) -gt 20 && reports_work; echo $?
  > done
  0 true
  0
  0 true
  0

Attached to when all of them run; with few descriptors as well, which is raised.

  $ nice -n 19 "$W/threads" --threads 200 --mib 1 --late 0 --seconds 30 > /dev/null & target=$!
  $ has_threads $target 201
  $ (ulimit -Sn 64; damon-perf record -q --rate 4000 --duration 500ms -p $target; echo $? $(number complete))
  0 true
  $ test $(number samples) -gt 0; echo $?
  0
  $ reports_work

The time to attach is no part of the recording.

  $ test $(number duration_ns) -lt 5000000000; echo $?
  0
  $ kill $target; wait $target 2> /dev/null
  [143]

One that makes threads all the time, also while it is attached to.

  $ "$W/spawn" --seconds 30 > /dev/null & target=$!; has_threads $target 2
  $ for source in soft faults; do
  >     damon-perf record -q --source $source --duration 500ms -p $target; echo $? $(number complete); reports_work
  > done
  0 true
  0 true
  $ kill $target; wait $target 2> /dev/null
  [143]
  $ left
