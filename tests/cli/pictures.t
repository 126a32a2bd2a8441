Pictures of a record: heatmap and working set, PNG and SVG.

  $ . "$TESTDIR/kit.sh"
  $ damon-perf record -q --rate 1000 -o record "$W/zigzag" --seconds 1 > /dev/null; number complete record
  true
  $ size() { python3 -c 'import struct, sys; d = open(sys.argv[1], "rb").read(); assert d[:8] == b"\x89PNG\r\n\x1a\n"; print(*struct.unpack(">II", d[16:24]))' "$1"; }
  $ words() { python3 -c 'import sys, xml.etree.ElementTree as e; [print(t.text) for t in e.parse(sys.argv[1]).iter("{http://www.w3.org/2000/svg}text")]' "$1"; }

The name of the output tells the format; what was asked for goes before.

  $ damon-perf report heatmap -i record -o heat.png; size heat.png
  1200 760
  $ damon-perf report wss -i record -o WSS.PNG --size 800x600 --dark; size WSS.PNG
  800 600
  $ damon-perf report heatmap -i record -o heat.svg --scale linear; words heat.svg | sed -n '1p; /^mapping$/p; /heat:/p' | sed 's/[0-9]\{2,\}/N/'
  heat of zigzag (pid N)
  mapping
  heat: accesses per page and second, relative
  $ damon-perf report wss -i record -o wss.svg --window 10s; words wss.svg | sed -n '1p; /^median$/p' | sed 's/pid [0-9]*/pid N/'
  working set within 10 s of zigzag (pid N)
  median
  $ damon-perf report heatmap -i record -o text.png --format text; head -c 7 text.png
  heatmap (no-eol)
  $ damon-perf report heatmap -i record --format png > stdout; cmp stdout heat.png
  $ LC_ALL=C.UTF-8 TZ=Asia/Tokyo damon-perf report heatmap -i record --format png -o - | cmp - heat.png
  $ damon-perf report heatmap -i - -o pipe.png < record; cmp pipe.png heat.png

A part of it.

  $ damon-perf report heatmap -i record -o part.svg --time-range 200ms-400ms; words part.svg | grep -c ' ms$\|^0\.[234][0-9]* s$'
  [1-9]+ (re)
  $ damon-perf report heatmap -i record -o x.png --time-range 2h-3h 2>&1 | sed 's/[0-9.]* s /N s /'; ls x.png*
  damon-perf: nothing was recorded in that time range: it begins at 2.00 h; choose a range within the N s that the record lasts
  ls: cannot access 'x.png*': No such file or directory
  [2]

What cannot be.

  $ fails damon-perf report access -i record -o x.png
  damon-perf: there is no picture of the report 'access'; 'heatmap' and 'wss' are drawn; ask for text with '--format text' [2]
  $ fails damon-perf report -i record --format svg
  damon-perf: there is no picture of the report 'summary'; 'heatmap' and 'wss' are drawn; ask for text with '--format text' [2]
  $ fails damon-perf report wss -i record -o x.png --size 100x100
  damon-perf: a picture of 100x100 pixels is too small; give at least 600x380 [2]
  $ fails damon-perf report wss -i record -o x.png --size 60000x60000
  damon-perf: a picture of NxN pixels is too large; give at most N each way and 64 million in all [2]
  $ fails damon-perf report wss -i record -o x.png --size big
  damon-perf: 'big' is no value of '--size'; give columns and rows such as '80x20' [2]
  $ fails damon-perf report heatmap -i record --format png -o /dev/full
  damon-perf: cannot write '/dev/full': No space left on device; free some space, or write elsewhere with '-o' [1]
  $ fails damon-perf report heatmap -i record --format svg -o /dev/full
  damon-perf: cannot write '/dev/full': No space left on device; free some space, or write elsewhere with '-o' [1]
  $ for name in heatmap wss; do damon-perf report $name -i record --format svg | head -c 1 > /dev/null; done

To a terminal: an SVG is text, a PNG would upset it.

  $ script -qec 'damon-perf report heatmap -i record --format png' /dev/null < /dev/null | tr -d '\r'
  damon-perf: a picture is nothing for a terminal; write it to a file with '-o heatmap.png'
  $ script -qec 'damon-perf report heatmap -i record --format svg' /dev/null < /dev/null | tr -d '\r' | tail -n 1
  </svg>

Without any font letters are drawn all the same, and the user is told.

  $ echo '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>' > none.conf
  $ FONTCONFIG_FILE=$PWD/none.conf damon-perf report heatmap -i record -o plain.png; size plain.png; cmp -s plain.png heat.png
  damon-perf: no font is installed: letters are drawn plainly, and those beyond ASCII are missing (install fonts-dejavu-core, say)
  1200 760
  [1]

A record of nothing, one of a single snapshot, one that was cut off.

  $ damon-perf record -q -o nothing -- true; damon-perf report wss -i nothing -o nothing.png; size nothing.png
  1200 760
  $ damon-perf record -q --rate 1000 --aggr 20s --updr 20s -o single "$W/dense" --seconds 0.3 > /dev/null; number snapshots single; for f in heatmap wss; do damon-perf report $f -i single -o $f.svg; words $f.svg | head -n 1 | sed 's/pid [0-9]*/pid N/'; done
  1
  heat of dense (pid N)
  working set within 1 s of dense (pid N)
  $ head -c $(($(stat -c %s record) / 2)) record > half; for f in heatmap wss; do damon-perf report $f -i half -o $f.png; size $f.png; done
  1200 760
  1200 760
