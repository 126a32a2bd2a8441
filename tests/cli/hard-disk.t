A full disk.

  $ . "$TESTDIR/kit.sh"; as_root
  $ cat > inside <<'END'
  > . "$TESTDIR/kit.sh"
  > mount --make-rprivate / && mkdir disk && mount -t tmpfs -o size=4k none disk || exit 80
  > fails damon-perf record -q --rate 5000 --sample 1ms --aggr 5ms --updr 100ms -o disk/record "$W/dense" --truth truth --seconds 2
  > number complete disk/record; number damaged_bytes disk/record; reports_work disk/record
  > cat disk/record > record
  > head -c 4096 /dev/zero > disk/more 2> /dev/null
  > fails damon-perf record -o disk/none true
  > fails damon-perf convert -i record --to csv -o disk/none
  > ls disk
  > END
  $ unshare -m true || exit 80
  $ unshare -m bash inside
  damon-perf: cannot write 'disk/record': No space left on device; free some space, or write elsewhere with -o [125]
  false
  0
  damon-perf: cannot write 'disk/none': No space left on device; free some space, or write elsewhere with -o [125]
  damon-perf: cannot write 'disk/none': No space left on device; free some space, or write elsewhere with '-o' [1]
  more
  record
  $ left
