A recording of all processes that nothing is decoded of.

  $ perf version > /dev/null 2>&1 || { echo "there is no perf here"; exit 80; }
  $ . "$TESTDIR/kit.sh"; as_root

Of all processes each has its name and its mappings, whenever it began; threads of the kernel have none.

  $ "$W/dense" --seconds 60 > /dev/null & target=$!
  $ executes $target dense
  $ damon-perf record -q --raw --source soft --rate 100 --duration 1 -o all.data -a
  $ kill $target
  $ perf script -i all.data --show-mmap-events 2> err | grep -c "PERF_RECORD_MMAP2 $target/$target: .* r-xp .*/dense$"
  1
  $ perf script -i all.data -F comm,pid,ip,sym 2> err | grep -c "^ *dense *$target .* main$" | grep -c '[0-9]'
  1
