Places that cannot be written to, and ends that come too early.

  $ . "$TESTDIR/kit.sh"

  $ fails damon-perf record -o /dev/full true
  damon-perf: cannot write '/dev/full': No space left on device; free some space, or write elsewhere with -o [125]
  $ fails damon-perf record -o . true
  damon-perf: cannot write '.': Is a directory; name a file with -o [125]
  $ fails damon-perf record -o nowhere/record true
  damon-perf: cannot write 'nowhere/record': No such file or directory; make its directory first, or write elsewhere with -o [125]
  $ echo mine > mine; fails damon-perf record -o mine true
  damon-perf: 'mine' exists and is not a record of damon-perf; choose another name with -o, or remove it [125]
  $ echo more > mine.old; damon-perf record -q -o keep true; cp keep mine; fails damon-perf record -o mine true | sed "s|$PWD/||"
  damon-perf: 'mine.old' exists and is not a record of damon-perf; choose another name with -o, or remove it [125]
  $ cmp mine keep; cat mine.old; rm mine mine.old
  more

The command was not run.

  $ damon-perf record -o . touch ran 2> err; damon-perf record -o nowhere/record touch ran 2> err; ls
  err
  keep

A limit that is met while recording: the command goes on, and the record holds what came before.

  $ (ulimit -f 1; damon-perf record --source soft --rate 5000 --sample 1ms --aggr 5ms --updr 100ms -o record "$W/dense" --seconds 2 2> err > /dev/null; echo $?)
  125
  $ sed 's/process [0-9]*/process N/; s/for .*,/for COMMAND,/' err
  damon-perf: cannot write 'record': File too large; raise the limit ('ulimit -f'), or write elsewhere with -o
  damon-perf: the recording ended; waiting for COMMAND, process N
  damon-perf: 'record' holds what was recorded until then
  $ number complete record; number damaged_bytes record; reports_work record
  false
  0

Killed: complete up to the last second, and it is said that it was cut off.

  $ "$W/dense" --seconds 30 > /dev/null & target=$!
  $ damon-perf record -q -o killed -p $target & recorder=$!
  $ wait_for -s killed; size=$(stat -c %s killed)
  $ for _ in $(seq 500); do test $(stat -c %s killed) -gt $size && break; sleep 0.02; done
  $ kill -KILL $recorder; wait $recorder 2> /dev/null
  [137]
  $ number complete killed; number damaged_bytes killed; reports_work killed
  false
  0
  $ test $(number snapshots killed) -gt 3; echo $?
  0
  $ damon-perf report -i killed | tr -s ' \n' ' ' | grep -o 'file not complete: recording ended without closing it'
  file not complete: recording ended without closing it

Asked to end: complete, with the target's leave.

  $ for signal in INT TERM HUP QUIT; do
  >     rm -f record; env --default-signal=INT,QUIT damon-perf record -q -o record -p $target & recorder=$!
  >     wait_for -s record; kill -$signal $recorder; wait $recorder; echo $? $(number complete record)
  > done
  0 true
  0 true
  0 true
  0 true
  $ kill -0 $target; echo $?
  0

A record to a pipe that nobody reads any more.

  $ damon-perf record -q -p $target -o - 2> err | head -c 1 > /dev/null; echo ${PIPESTATUS[0]}; cat err
  125
  damon-perf: cannot write to standard output: Broken pipe; what read it has ended
  $ kill $target; wait $target 2> /dev/null
  [143]

Standard output closed, full, or not read.

  $ fails sh -c 'damon-perf report -i killed >&-'
  damon-perf: cannot write to standard output: it is closed [1]
  $ fails sh -c 'damon-perf report -i killed > /dev/full'
  damon-perf: cannot write to standard output: No space left on device; free some space [1]
  $ fails sh -c 'damon-perf convert -i killed --to csv -o - > /dev/full'
  damon-perf: cannot write to standard output: No space left on device; free some space [1]
  $ fails damon-perf convert -i killed --to csv -o /dev/full
  damon-perf: cannot write '/dev/full': No space left on device; free some space, or write elsewhere with '-o' [1]
  $ for name in "" heatmap wss "access --format json" info; do damon-perf report $name -i killed | head -n 1 > /dev/null; done
  $ damon-perf record -q -o record sh -c 'echo lost' >&- 2> /dev/null
  [1]

The record needs none of the three.

  $ damon-perf record -o record true <&- >&- 2>&-; number complete record
  true
  $ left
  $ ls
  err
  keep
  killed
  record
  record.old
