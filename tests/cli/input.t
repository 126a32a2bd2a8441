Records that cannot be read end with 1 and one sentence; outputs are left as they were.

  $ damon-perf report
  damon-perf: .*'damon-perf\.data'.* (re)
  [1]
  $ damon-perf report -i nowhere/x.data
  damon-perf: .*'nowhere/x\.data'.* (re)
  [1]
  $ echo before > out

Foreign files of all kinds.

  $ : > empty; echo hello > text; head -c 5000 /dev/zero > zeros; mkdir folder
  $ printf 'PERFILE2\150\0\0\0\0\0\0\0' > perf.data; gzip -c text > gz
  $ cp "$BUILD/damon-perf" program
  $ for f in empty text zeros folder perf.data gz program; do
  >     for c in "report -o out" "report heatmap" "convert --to csv -o out"; do
  >         damon-perf $c -i $f 2> err; status=$?
  >         test $status = 1 && test "$(wc -l < err)" = 1 && grep -q "^damon-perf: .*$f" err ||
  >             { echo "$c -i $f: $status"; cat err; }
  >     done
  > done
  $ cat out
  before
  $ damon-perf report < /dev/null -i -  2> err
  [1]
  $ wc -l < err
  1

No temporary file stays behind.

  $ ls
  empty
  err
  folder
  gz
  out
  perf.data
  program
  text
  zeros
