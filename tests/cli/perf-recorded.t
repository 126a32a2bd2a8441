Recordings that perf makes here, of page faults with their addresses, have as many samples as perf
finds in them, whatever else it was asked to record.

  $ perf version > /dev/null 2>&1 || { echo "there is no perf here"; exit 80; }
  $ . "$TESTDIR/kit.sh"
  $ record() { perf record -q -e page-faults -c 1 -d "$@" 2>> err; }
  $ record -o try -- true || { echo "perf cannot record here"; exit 80; }
  $ figure() { grep -o "\"$1\":[0-9]*" info | head -n 1 | cut -d: -f2; }
  $ same() {
  >     damon-perf report info -i "$1" --format json > info || echo "$2: $?"
  >     ours=$(($(figure samples) + $(figure no_address)))
  >     test "$(figure samples)" -gt 20 || echo "$2: none has an address"
  >     theirs=$(perf script -i "$1" -F ip -G 2>> err < /dev/null | grep -c .)
  >     test "$theirs" = "$ours" || echo "$2: $theirs, and here $ours"
  > }
  $ work="dense --mib 1 --seconds 0.01"; PATH=$PATH:$W
  $ for o in "" "-z --phys-data --data-page-size --code-page-size -W" \
  >     "-g --user-regs=ip,sp --intr-regs=ip -e cpu-clock/period=1000000/" "--per-thread -T -i" \
  >     "--switch-events --namespaces --all-cgroups -k CLOCK_MONOTONIC -R" "-a --synth=no" \
  >     "--tail-synthesize --overwrite --buildid-mmap" "--call-graph dwarf,4096 -z"; do
  >     rm -rf file; record $o -o file -- $work > /dev/null && same file "$o"
  > done

Through pipes they are the same. (perf itself reads no compressed ones from there.)

  $ for o in "" "-a -g --switch-events -k CLOCK_MONOTONIC"; do
  >     record $o -o - -- $work > pipe && same pipe "$o"
  > done

So are folders, of which threads of perf write a file each.

  $ for o in "" "-a -z"; do
  >     rm -rf folder; record --threads $o -o folder -- $work > /dev/null && same folder "$o"
  > done
  $ damon-perf report -i folder/data
  damon-perf: 'folder/data' is one file of several; name the folder that perf made
  [1]
  $ rm -rf folder/data; damon-perf report -i folder
  damon-perf: 'folder' is not a record of damon-perf: it is a directory
  [1]
  $ damon-perf record --replay folder
  damon-perf: cannot open 'folder/data': No such file or directory
  [125]

What was lost is told once, though perf writes it twice.

  $ record --call-graph dwarf,65528 -o file -- $work > /dev/null
  $ theirs=$(perf report -i file --stdio 2>> err < /dev/null | sed -n 's/# Total Lost Samples: //p')
  $ damon-perf report info -i file --format json > info
  $ test "${theirs:-0}" = "$(figure lost)" || echo "$theirs, and here $(figure lost)"

Samples without times cannot be put into intervals, and counts are none.

  $ record --per-thread -o file -- $work > /dev/null; damon-perf report -i file
  damon-perf: the samples of 'file' have no times; record with -T (--timestamp)
  [1]
  $ record -n -o file -- $work > /dev/null; damon-perf report -i file
  damon-perf: the events of 'file' were counted and not sampled; record without -n (--no-samples)
  [1]
