The library's example runs a command and tells what it sees, in the host's own loop.

  $ damon-perf record -q -o probe.data -- true || exit 80
  $ "$TESTDIR/../../${B:-build}/tests/example/watch" > /dev/null
  [2]
  $ "$TESTDIR/../../${B:-build}/tests/example/watch" no-such-command
  watch: cannot run 'no-such-command': No such file or directory; check the name, or give its path
  [1]
  $ "$TESTDIR/../../${B:-build}/tests/example/watch" "$TESTDIR/../../${B:-build}/tests/workload/dense" --mib 64 --seconds 2.5 --truth truth | sort -u | head -n 1
  dense: working set [0-9.]+ MiB \[[0-9.]+, [0-9.]+\]; hottest 0x[0-9a-f]+-0x[0-9a-f]+, [0-9]+ % of accesses (re)
