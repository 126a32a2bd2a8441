Recordings that nothing is decoded of.

  $ . "$TESTDIR/kit.sh"
  $ file() { head -c 8 "$1"; echo; stat -c %a "$1"; }

  $ damon-perf record --raw --source soft --rate 1000 sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exit 3' 2> err
  [3]
  $ head -n 1 err
  damon-perf: [0-9.]+( k)? samples of source soft, [0-9.]+ (B|KiB|MiB) in 'damon-perf.raw.data' (re)
  $ file damon-perf.raw.data; ls
  PERFILE2
  600
  damon-perf.raw.data
  err
  $ damon-perf report -i damon-perf.raw.data
  damon-perf: the samples of 'damon-perf.raw.data' are registers and stack: accesses are computed from these with the code and memory of the program while it runs; to see accesses, record without --raw
  [1]

What is there becomes .old, if it is a recording.

  $ cp damon-perf.raw.data first; damon-perf record -q --raw --source soft true; cmp first damon-perf.raw.data.old; file damon-perf.raw.data
  PERFILE2
  600
  $ damon-perf record -q -o record true; cp record first; damon-perf record -q --raw --source soft -o record true; cmp first record.old; file record
  PERFILE2
  600
  $ echo mine > mine; fails damon-perf record --raw -o mine true; cat mine
  damon-perf: 'mine' exists and is neither a perf.data nor a record of damon-perf; choose another name with -o, or remove it [125]
  mine

Nothing is left of what was refused.

  $ fails damon-perf record --raw -o none no-such-command; test -e none
  damon-perf: cannot run 'no-such-command': not found in PATH; check its spelling [127]
  [1]
  $ fails damon-perf record --raw --source synth -o none true; test -e none
  damon-perf: source 'synth' has no samples to record unseen; choose another one: 'damon-perf check' lists them [125]
  [1]
  $ fails damon-perf record --raw --source faults -o none true
  damon-perf: source 'faults' has no samples to record unseen; choose another one: 'damon-perf check' lists them [125]
  $ fails damon-perf record --raw --source soft --cgroup / -o none; test -e none
  damon-perf: processes that join a cgroup later would have neither names nor mappings in a raw recording; leave out '--raw', or name its processes with '-p' [125]
  [1]
  $ fails damon-perf record --raw -o - true
  damon-perf: the beginning of a perf.data is written last, which standard output may not allow; name a file with '-o' [125]
  $ for o in "--mem-reads 1" "--check smaps" "--checks-per-sec 5" "--sample 1ms" "--aggr 1s" "--updr 1s" "--minr 5" \
  >     "--maxr 50" "--intervals-goal auto" "--monitoring-nr-regions-range 5 50" "--monitoring-intervals 1ms 1s 1s"; do
  >     damon-perf record --raw $o -o none true 2>&1 | grep -c "^damon-perf: '${o%% *}' is for samples that are decoded, and '--raw' decodes none; leave it out$"
  > done | sort | uniq -c | tr -s ' '
   11 1
  $ fails damon-perf record --raw --replay first -o none
  damon-perf: '--raw' is for what is being recorded, and '--replay' reads what was; leave one of them out [125]
  $ fails damon-perf record --raw --source soft --period 1000 -o none true
  damon-perf: source 'soft' has no period: its samples are ticks of time; leave that out, or choose a source of hardware: 'damon-perf check' lists them [125]

The overhead is kept as always, and what bounds a rate is told.

  $ damon-perf record --raw --source soft --overhead 2 --resolution 50%/1s -o bound "$W/dense" --seconds 1 2>&1 > /dev/null | head -n 1
  damon-perf: 24 samples per second of CPU time: what has 50 % of the accesses is seen within 1.00 s

Asked to end, it is complete. Killed, it is known as cut off, and has all but the last second.

  $ "$W/dense" --seconds 60 > /dev/null & target=$!
  $ for signal in INT TERM; do
  >     rm -f record; env --default-signal=INT damon-perf record -q --raw --source soft -o record -p $target & recorder=$!
  >     wait_for -s record; kill -$signal $recorder; wait $recorder; echo $?
  >     od -An -tu8 -j48 -N8 record | grep -c '[1-9]'
  > done
  0
  1
  0
  1
  $ damon-perf record -q --raw --source soft --rate 2000 -o record -p $target & recorder=$!
  $ wait_for -s record; size=$(stat -c %s record)
  $ for _ in $(seq 500); do test $(stat -c %s record) -gt $((size + 100000)) && break; sleep 0.02; done
  $ kill -KILL $recorder; wait $recorder 2> /dev/null
  [137]
  $ od -An -tu8 -j48 -N8 record | tr -d ' '; test $(stat -c %s record) -gt 100000; echo $?
  0
  0
  $ kill $target; wait $target 2> /dev/null
  [143]

A full disk is told, and the command goes on.

  $ (ulimit -f 64; damon-perf record --raw --source soft --rate 5000 -o full "$W/dense" --seconds 1 2> err > /dev/null; echo $?)
  125
  $ sed 's/process [0-9]*/process N/; s/for .*,/for COMMAND,/' err
  damon-perf: cannot write 'full': File too large; raise the limit ('ulimit -f'), or write elsewhere with -o
  damon-perf: the recording ended; waiting for COMMAND, process N
  damon-perf: 'full' holds what was recorded until then
  $ left
