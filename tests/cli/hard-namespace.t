The same path is another file in another mount namespace.

  $ . "$TESTDIR/kit.sh"; as_root
  $ mkdir mount; cp "$W/zipf" mount/program
  $ cat > inside <<'END'
  > mount --make-rprivate / && mount -t tmpfs none mount && cp "$W/dense" mount/program || exit 80
  > touch ready
  > exec mount/program --seconds 20
  > END
  $ unshare -m true || exit 80
  $ unshare -m sh inside > /dev/null & target=$!
  $ wait_for -e ready || exit 80
  $ executes $target program
  $ damon-perf record -q --rate 1000 --duration 1s -p $target; echo $? $(number complete) $(number no_code)
  0 true 0
  $ test $(number samples) -gt 0; echo $?
  0
  $ kill $target; wait $target 2> /dev/null
  [143]
  $ cmp mount/program "$W/zipf"
  $ left
