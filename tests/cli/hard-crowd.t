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
Ctrl-C at any time while attaching to them: a complete record or one sentence, nothing between.

  $ for pause in 0 0.02 0.1; do
  >     env --default-signal=INT damon-perf record -q -o early -p $target 2> err & recorder=$!
  >     for _ in $(seq 500); do grep -q '^SigCgt:.*[2367abef]$' /proc/$recorder/status && break; done
  >     sleep $pause; kill -INT $recorder; wait $recorder; status=$?
  >     case "$status $(cat err)" in
  >     "0 ") test $(number complete early) = true || echo incomplete ;;
  >     "125 damon-perf: interrupted while attaching to process $target") ;;
  >     *) echo "$status $(cat err)" ;;
  >     esac
  > done
  $ kill $target; wait $target 2> /dev/null
  [143]

100 processes, named one by one.

  $ pids=; for _ in $(seq 100); do nice -n 19 "$W/dense" --mib 1 --seconds 30 > /dev/null & pids=$pids,$!; done
  $ damon-perf record -q --rate 1000 --duration 1s -p ${pids#,}; echo $? $(number complete)
  0 true
  $ test $(number samples) -gt 0 && reports_work; echo $?
  0
  $ kill ${pids//,/ }; wait 2> /dev/null; true

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
