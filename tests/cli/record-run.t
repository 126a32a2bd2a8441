Recording itself, where the machine allows it.

  $ damon-perf check > /dev/null || exit 80
  $ wait_for() {
  >     for _ in $(seq 500); do test "$@" && return; sleep 0.02; done
  >     echo "waited in vain: $*"; return 1
  > }

The command's status is ours, and its input and output are its own.

  $ damon-perf record -q true
  $ damon-perf record -q sh -c 'exit 7'
  [7]
  $ damon-perf record -q -- sh -c 'kill -TERM $$'
  [143]
  $ damon-perf record -q sh -c 'kill -KILL $$'
  [137]
  $ echo through | damon-perf record -q cat
  through
  $ damon-perf record -q sh -c 'echo out; echo err >&2' 2> /dev/null
  out

It is not told to ignore signals that it would not ignore elsewhere.

  $ damon-perf record -q sh -c 'yes | head -n 1; grep SigIgn /proc/self/status' > a
  $ sh -c 'yes | head -n 1; grep SigIgn /proc/self/status' | cmp - a

The record is complete, private, and the summary names it and the next step.

  $ stat -c %a damon-perf.data
  600
  $ damon-perf report info > /dev/null; echo $?
  0
  $ damon-perf record --source soft -o 'my file' sh -c ':' 2>&1 | head -n 1
  damon-perf: [0-9]+ snapshots? of [0-9.]+( k)? samples.*, [0-9.]+ (B|KiB) in 'my file'; see them with: damon-perf report -i 'my file' (re)

So is the source that was chosen, where hardware would have been better, as 'check' has it.

  $ damon-perf record -o r sh -c ':' 2> err
  $ told=$(sed -n 's/^damon-perf: source: \([a-z]*\), as/\1:/p' err)
  $ listed=$(damon-perf check | sed -n "s/^ *auto *yes *takes '\([a-z]*\)', as/\1:/p")
  $ test "$told" = "$listed" || echo "$told, not $listed"
  $ rm err

A rate that was calculated is told, with what bounds it.

  $ damon-perf record --source soft --resolution 10%/10s -o r sh -c ':' 2>&1 | head -n 1
  damon-perf: 12 samples per second of CPU time: what has 10 % of the accesses is seen within 10.0 s
  $ damon-perf report info -i r | grep -E '^(rate (per|bound)|resolution)'
  rate per second of CPU time    12 Hz
  rate bound by                  the resolution
  resolution asked for           10 % of accesses within 10.0 s, 12 Hz
  $ damon-perf record --source soft --resolution 0.01%/10ms --overhead 0.3 -o r sh -c ':' 2>&1 | head -n 1
  damon-perf: [0-9.]+ samples per second of CPU time show what has .* % of the accesses within 10.0 ms, 0.01 % needs 1.2e\+07: an overhead of 0.3 % allows no more; raise '--overhead' (re)
  $ damon-perf report info -i r | grep 'bound by'
  rate bound by                  the overhead

Intervals that are tuned are told, and their goal.

  $ damon-perf record -q --intervals-goal auto -o r sh -c ':'; damon-perf report info -i r | grep -A 1 goal
  intervals' goal                4 % of access events, every 3 aggregations, 5.00
                                 ms to 10.0 s
  $ damon-perf record -q --monitoring_intervals_goal 500 5 1000 1s -o r sh -c ':'; damon-perf report info -i r | grep -A 1 goal
  intervals' goal                5 % of access events, every 5 aggregations, 1.00
                                 ms to 1.00 s
  $ rm r r.old

--duration ends the recording, not the command.

  $ damon-perf record -q --duration 100ms sh -c 'sleep 0.3; echo done; exit 5'
  done
  [5]
  $ damon-perf record --source soft --duration 50ms sh -c 'sleep 3' 2>&1 | head -n 1
  damon-perf: the recording ended; waiting for 'sh', process [0-9]+ (re)

What is sent to damon-perf is passed on to the command; the record is complete.

  $ cat > loop <<'END'
  > trap 'echo int; exit 4' INT
  > trap 'echo term; exit 9' TERM
  > touch ready
  > for _ in $(seq 1000); do sleep 0.02; done
  > END
  $ end_by() {
  >     rm -f ready
  >     env --default-signal=INT damon-perf record -q sh loop &
  >     wait_for -e ready
  >     kill -$1 $!
  >     wait $!
  >     echo $?; damon-perf report info > /dev/null; echo $?
  > }
  $ end_by TERM
  term
  9
  0
  $ end_by INT
  int
  4
  0

A process that is attached to goes on when the recording ends, and the recording ends with it.

  $ sleep 60 & sleeper=$!
  $ env --default-signal=INT damon-perf record -q -o attached -p $sleeper &
  $ recorder=$!; wait_for -s attached
  $ kill -INT $recorder; wait $recorder; echo $?
  0
  $ damon-perf report info -i attached > /dev/null; echo $?
  0
  $ kill -0 $sleeper; echo $?
  0
  $ damon-perf record -q -o attached --duration 50ms -p $sleeper; echo $?
  0
  $ damon-perf record -q -o - --duration 50ms -p $sleeper | wc -c
  [1-9][0-9]* (re)
  $ (wait_for -s ended; kill $sleeper) & damon-perf record -q -o ended -p $sleeper; echo $?
  0
  $ wait; rm ended

What cannot be recorded is told in one sentence; records are as they were.

  $ damon-perf record -p $sleeper
  damon-perf: .*\b[0-9]+\b.* (re)
  [125]
  $ damon-perf record --source nonsense true
  damon-perf: .*'nonsense'.* (re)
  [125]
  $ damon-perf record -o nowhere/x.data true
  damon-perf: .*'nowhere/x.data'.* (re)
  [125]
  $ ls
  a
  attached
  attached.old
  damon-perf.data
  damon-perf.data.old
  loop
  my file
  ready
