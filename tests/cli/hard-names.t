Names as hostile as they come, in every way out: a program that calls itself </script> and clears screens, files with quotes, tags and line breaks, a function of 10 kB.

  $ . "$TESTDIR/kit.sh"
  $ command -v gcc > /dev/null || exit 80
  $ long=$(printf 'deep_%.0s' $(seq 2000))
  $ file=$(printf '<img src=x onerror=alert(1)>",\n\033[2J=1+1.c')
  $ map=$(printf 'a;b"\033]0;owned\007\n<svg onload=x>')
  $ cat > "$file" <<END
  > #include <fcntl.h>
  > #include <stdlib.h>
  > #include <sys/mman.h>
  > #include <sys/prctl.h>
  > #include <time.h>
  > #include <unistd.h>
  > volatile unsigned long hot_$long[1 << 16];
  > __attribute__((noinline)) void $long(volatile unsigned long *m)
  > {
  >     for (unsigned i = 0; i < 1 << 20; i++)
  >         hot_$long[i * 7 & 0xffff] += m[i * 5 & 0xffff];
  > }
  > int main(int argc, char **argv)
  > {
  >     int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
  >     prctl(PR_SET_NAME, "</script>\033[2J\n;");
  >     if (argc < 2 || ftruncate(fd, 1 << 19))
  >         return 1;
  >     volatile unsigned long *m = mmap(0, 1 << 19, 3, MAP_SHARED, fd, 0);
  >     while (clock() < 60 * CLOCKS_PER_SEC)
  >         $long(m);
  >     return 0;
  > }
  > END
  $ gcc -g -O1 -o evil "$file" || exit 80
  $ ./evil "$map" & evil=$!; for _ in $(seq 500); do grep -q '^</script>' /proc/$evil/comm && break; sleep 0.02; done
  $ damon-perf record -q --source soft --rate 3000 --duration 1s -o r -p $evil; echo $?
  0
  $ kill $evil; wait $evil 2> /dev/null
  [143]

Text holds no control byte, and no line too long.

  $ cat > plain.py <<'END'
  > import sys
  > width, name = int(sys.argv[1]), sys.argv[2]
  > text = sys.stdin.buffer.read().decode("utf-8")
  > assert text, name
  > for line in text.split("\n"):
  >     bad = [c for c in line if ord(c) < 32 or ord(c) == 127]
  >     assert not bad and len(line) <= width, (name, line)
  > END
  $ for width in 40 80 200; do
  >     for f in "" heatmap wss access hotspots "hotspots --by line" objects "objects --members" annotate advice recency temperature footprints times nr_regions; do
  >         damon-perf report $f -i r --width $width 2>&1 | python3 plain.py $width "$f"
  >     done
  > done
  $ damon-perf report info -i r --width 80 | python3 plain.py 80 info
  $ for set in LC_ALL=C NO_COLOR=1 TERM=dumb; do
  >     script -qec "env TERM=xterm-256color LC_ALL=C.UTF-8 $set damon-perf report heatmap -i r --width 80" /dev/null < /dev/null | tr -d '\r' | python3 plain.py 80 $set
  > done
  $ damon-perf convert -i r --to folded -o - | python3 plain.py 100000 folded
  $ damon-perf diff r r | python3 plain.py 80 diff
  $ damon-perf report -i r --comm "$(printf 'no\033[2J')" 2>&1 | python3 plain.py 1000 failure

JSON and CSV are what they say, and say the name as it is.

  $ for f in "" heatmap wss access hotspots objects annotate advice recency temperature footprints times nr_regions info; do
  >     damon-perf report $f -i r --format json | python3 -c 'import json, sys; json.load(sys.stdin)' || echo "$f: JSON"
  >     damon-perf report $f -i r --format csv > csv; python3 plain.py 100000 csv < csv; python3 -c '
  > import csv, sys
  > rows = list(csv.reader(sys.stdin, strict=True))
  > assert rows and all(len(r) == len(rows[0]) for r in rows)' < csv || echo "$f: CSV"
  > done
  $ damon-perf report -i r --format json | python3 -c 'import json, sys; assert "</script>\033[2J\n;" in sys.stdin.read().encode().decode("unicode_escape")'

Nothing ends the element that it is in.

  $ damon-perf report html -i r -o r.html; grep -ciE '<img|<svg onload|</script>.*script.*2J' r.html
  0
  [1]
  $ for f in heatmap wss; do damon-perf report $f -i r -o $f.svg && python3 "$TESTDIR/../report/picture.py" $f.svg 1200 760 && damon-perf report $f -i r -o $f.png && python3 "$TESTDIR/../report/picture.py" $f.png 1200 760; done
  $ python3 "$TESTDIR/../report/picture.py" heatmap.svg words | head -n 1 | sed 's/pid [0-9]*/pid N/'
  heat of </script>?[2J?; (pid N)

Other tools' formats.

  $ command -v protoc > /dev/null || exit 80
  $ damon-perf convert -i r --to pprof -o r.pb.gz; python3 "$TESTDIR/../report/decode.py" profile 'm.samples' 'all(c >= " " for s in m.strings for c in s)' < r.pb.gz
  $ damon-perf convert -i r --to perfetto -o r.trace; python3 "$TESTDIR/../report/decode.py" trace 'm.counters' < r.trace
