Records that were cut, or of which bits fell over: 0, or 1 with one sentence.

  $ . "$TESTDIR/kit.sh"
  $ damon-perf record -q --rate 2000 --sample 1ms --aggr 20ms -o whole "$W/churn" --seconds 0.5 > /dev/null

  $ check() {
  >     timeout 10 damon-perf "$@" > out 2> err; status=$?
  >     case $status in
  >     0) test ! -s err || { echo "$*: 0, but"; cat err; } ;;
  >     1) test "$(wc -l < err)" = 1 && grep -q '^damon-perf: ' err || { echo "$*: 1"; cat err; } ;;
  >     *) echo "$*: $status"; cat err ;;
  >     esac
  > }
  $ size=$(stat -c %s whole)
  $ for n in 0 1 7 8 12 16 20 40 90 $(seq 150 $((size / 15 + 1)) $size); do
  >     head -c $n whole > cut; check report -i cut; check report access --format json -i cut
  >     check convert -i cut --to damo -o exported
  > done

Cut within its chunks, it is shown as far as it goes.

  $ head -c $((size - 10)) whole > cut; reports_work cut; number complete cut
  false

Bits of every part of the file.

  $ for n in $(seq 3 $((size / 30 + 1)) $size); do
  >     cp whole flipped
  >     byte=$(od -An -tu1 -j $n -N 1 whole)
  >     printf "\\$(printf %o $((byte ^ 1 << n % 8)))" | dd of=flipped bs=1 seek=$n conv=notrunc status=none
  >     check report -i flipped; check report wss -i flipped; check convert -i flipped --to csv -o exported
  > done

What follows a record, what never ends, and what is another program's.

  $ (cat whole; head -c 3000000 /dev/zero) > long; reports_work long; test $(number damaged_bytes long) = 3000000; echo $?
  0
  $ (cat whole; cat whole) > twice; check report -i twice
  $ fails timeout 10 damon-perf report -i /dev/zero
  damon-perf: '/dev/zero' is not a record of damon-perf: it is something else [1]
  $ fails timeout 10 damon-perf report -i /dev/null
  damon-perf: '/dev/null' is not a record of damon-perf: it is empty [1]
  $ fails sh -c 'gzip -c whole | damon-perf report -i -'
  damon-perf: '-' is not a record of damon-perf: it is compressed with gzip; decompress it first [1]
  $ damon-perf convert -i whole --to damo-json -o json; fails damon-perf report -i json
  damon-perf: 'json' is not a record of damon-perf: it is JSON, perhaps a record of damo; read it with 'damo report' [1]
  $ fails damon-perf report -i nothing-of-that-name
  damon-perf: cannot open 'nothing-of-that-name': No such file or directory; make a record first: damon-perf record -- COMMAND [1]
