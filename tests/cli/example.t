The library's example runs a command and tells what it sees, in the host's own loop.

  $ damon-perf record -q -o probe.data -- true || exit 80
  $ "$BUILD/tests/example/watch" > /dev/null
  [2]
  $ "$BUILD/tests/example/watch" no-such-command
  watch: cannot run 'no-such-command': No such file or directory; check the name, or give its path
  [1]
  $ "$BUILD/tests/example/watch" "$BUILD/tests/workload/dense" --mib 64 --seconds 2.5 --truth truth | sort -u | head -n 1
  dense: working set [0-9.]+ MiB \[[0-9.]+, [0-9.]+\]; hottest 0x[0-9a-f]+-0x[0-9a-f]+, [0-9]+ % of accesses (re)

An operations set of its own: offsets of a file that three processes have mapped at different places. 90 % of the accesses go to its first 8 MiB, the eighth part of it.

  $ truncate -s 64M shared
  $ "$BUILD/tests/example/offsets" nowhere true
  [2]
  $ "$BUILD/tests/example/offsets" shared "$BUILD/tests/workload/sharers" --file shared --seconds 4 --truth truth | sed -n 1p
  [34] processes: offsets 0 to (8[0-4]|79)[0-9]{2} KiB have [789][0-9] % of the accesses (re)
