The log of a record as perf.data: here of a recording of 20,000 samples in 2 s, of which the log keeps 200 a second.

  $ "$BUILD/tests/bench/perf_samples" perf.data 20000 16 10000
  $ damon-perf record -q --replay perf.data -o record
  $ damon-perf convert -i record --to perf -o out
  $ damon-perf report info -i out | grep '^\(host\|events\|source\|snapshots\|lost\|observations with\|accesses per\)'
  host                              bench
  events                            damon-perf/pebs,relative/
  source                            memory
  snapshots                         20
  observations with an address      20.0 k
  lost                              0
  observations without address      0
  observations without code         0
  accesses per unit of weight       1 [0.001, 1000]

Standard output and pipes get the same.

  $ damon-perf convert -i record --to perf -o - | cmp - out
  $ damon-perf convert -i record --to perf -o - > redirected; cmp redirected out
  $ (echo first; damon-perf convert -i record --to perf -o -; echo last) > all; head -c 6 all; tail -c 5 all
  first
  last
  $ mkfifo fifo; cat fifo > through & damon-perf convert -i record --to perf -o fifo; wait; cmp through out
  $ damon-perf convert -i - --to perf -o - < record | cmp - out
  $ damon-perf convert -i perf.data --to perf -o direct; cmp direct out

A recording that is cut off has what came before.

  $ head -c $(($(wc -c < record) / 2)) record > cut; damon-perf convert -i cut --to perf -o cut.perf; damon-perf report -i cut.perf > /dev/null; echo $?
  0

A record without samples has no log, and leaves nothing behind.

  $ printf '\211DAMON\r\n' > head; head -c 400 record > empty
  $ damon-perf convert -i empty --to perf -o none; test -e none
  damon-perf: the record has no log of samples, which is all that perf can read; record it again; those of the kernel's DAMON have no samples
  [1]
  $ damon-perf convert -i record --to perf -o /dev/full
  damon-perf: cannot write the recording: No space left on device
  [1]
