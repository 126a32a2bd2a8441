Processes that are hard to attach to.

  $ . "$TESTDIR/kit.sh"

None, none any more, and none that could be.

  $ fails damon-perf record -p 4194303
  damon-perf: there is no process N [125]
  $ fails damon-perf record -p 99999999999
  damon-perf: 'N' is no value of '--pid'; give process ids separated by commas [125]
  $ "$W/threads" --threads 2 --seconds 20 > /dev/null & target=$!; has_threads $target 2
  $ fails damon-perf record -p $(ls /proc/$target/task | grep -v $target | head -n 1)
  damon-perf: N is a thread, not a process; give the id of its process: all threads are monitored [125]
  $ kill $target; wait $target 2> /dev/null
  [143]
  $ sh -c 'sleep 0.5 & echo $! > zombie; exec sleep 20' & parent=$!; wait_for -s zombie
  $ for _ in $(seq 500); do grep -q '^State:.Z' /proc/$(cat zombie)/status && break; sleep 0.02; done
  $ fails damon-perf record -p $(cat zombie)
  damon-perf: process N ended [125]
  $ kill $parent
  $ grep -qs kthreadd /proc/2/comm && for source in soft faults; do
  >     fails damon-perf record --source $source -p 2
  > done || echo 'damon-perf: process 2 is a thread of the kernel: it has no memory of its own to monitor [125]
  > damon-perf: process 2 is a thread of the kernel: it has no memory of its own to monitor [125]'
  damon-perf: process 2 is a thread of the kernel: it has no memory of its own to monitor [125]
  damon-perf: process 2 is a thread of the kernel: it has no memory of its own to monitor [125]

Those that end while they are attached to: a complete record or one sentence, nothing between.

  $ for i in $(seq 30); do
  >     sleep $(printf 0.%03d $((i * 6))) &
  >     damon-perf record -q --duration 100ms -o short -p $! 2> err; status=$?
  >     case "$status $(cat err)" in
  >     "0 ") test $(number complete short) = true || echo incomplete ;;
  >     "125 damon-perf: there is no process $!" | "125 damon-perf: process $! ended") ;;
  >     *) echo "$status $(cat err)" ;;
  >     esac
  > done; wait
  $ ls | grep -v short
  err
  zombie

One that is stopped stays stopped; this shell goes on.

  $ sleep 20 & sleeper=$!; kill -STOP $sleeper
  $ damon-perf record -q --duration 100ms -o stopped -p $sleeper; echo $? $(number complete stopped)
  0 true
  $ sed 's/.*) //; s/ .*//' /proc/$sleeper/stat
  T
  $ kill -KILL $sleeper; wait $sleeper 2> /dev/null; true
  $ for source in soft faults; do damon-perf record -q --source $source --duration 100ms -o shell -p $$; echo $?; done
  0
  0
  $ reports_work shell

One that stops meanwhile, and goes on: the snapshots go on, one per interval.

  $ "$W/dense" --mib 16 --seconds 30 > /dev/null & target=$!
  $ damon-perf record -q --rate 1000 --duration 2s -o paused -p $target & recorder=$!
  $ wait_for -s paused; sleep 0.3; kill -STOP $target; sleep 1; kill -CONT $target
  $ wait $recorder; echo $? $(number complete paused)
  0 true
  $ test $(number snapshots paused) -le $(($(number duration_ns paused) / 100000000 + 1)) && test $(number samples paused) -gt 0; echo $?
  0
  $ reports_work paused

The recorder itself is stopped: late, but complete.

  $ damon-perf record -q --duration 1500ms -o paused -p $target & recorder=$!
  $ wait_for -s paused; kill -STOP $recorder; sleep 0.7; kill -CONT $recorder
  $ wait $recorder; echo $? $(number complete paused)
  0 true
  $ test $(number snapshots paused) -le 40; echo $?
  0
  $ reports_work paused
  $ kill $target; wait $target 2> /dev/null
  [143]

Process 1: recorded, or refused with what is missing.

  $ damon-perf record -q --duration 100ms -o one -p 1 2> err; status=$?
  $ case $status in 0) ;; 125) grep -c '^damon-perf: cannot .* process 1: .*; .' err ;; *) echo $status ;; esac | grep -v 1
  [1]

Killed, while others watch it as well.

  $ "$W/dense" --mib 16 --seconds 20 > /dev/null & target=$!
  $ damon-perf record -q -o first -p $target & first=$!
  $ damon-perf record -q -o second -p $target & second=$!
  $ damon-perf record -q -o third --source faults -p $target & third=$!
  $ wait_for -s first; wait_for -s second; wait_for -s third; sleep 0.5; kill -KILL $target; wait $target 2> /dev/null; true
  $ wait $first; echo $?; wait $second; echo $?; wait $third; echo $?
  0
  0
  0
  $ for f in first second third; do number complete $f; reports_work $f; done
  true
  true
  true
  $ test $(number samples first) -gt 0 && test $(number samples second) -gt 0; echo $?
  0

A recorder is a process like others.

  $ damon-perf record -q -o outer -- damon-perf record -q -o inner "$W/dense" --seconds 0.3 > /dev/null; echo $?
  0
  $ number complete inner; number complete outer
  true
  true
  $ damon-perf report -i outer --comm dense > /dev/null; echo $?
  0
  $ left
