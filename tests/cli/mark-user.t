Other users may not mark a recording, whatever they send.

  $ . "$TESTDIR/kit.sh"
  $ as_root && test -x /usr/bin/python3 || exit 80
  $ chmod 755 .. .; cp "$BUILD/damon-perf" .; as_nobody ./damon-perf --version > /dev/null || exit 80
  $ damon-perf record -q -o mine sleep 100 &
  $ mine=$!
  $ wait_for -s mine
  $ as_nobody ./damon-perf mark intruder -p $mine
  damon-perf: nothing is being recorded by this user; mark recordings of other users as they, or as root
  [1]
  $ as_nobody /usr/bin/python3 - <<'END'
  > import socket, struct, time
  > sent = 0
  > for line in open("/proc/net/unix"):
  >     name = line.split()[-1]
  >     if not name.startswith("@damon-perf/mark/"):
  >         continue
  >     s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
  >     s.settimeout(5)
  >     try:
  >         s.connect("\0" + name[1:])
  >         s.send(struct.pack("<Q256s", time.monotonic_ns(), b"intruder"))
  >         assert s.recv(4) == b""
  >     except (ConnectionResetError, BrokenPipeError):
  >         pass
  >     sent += 1
  > assert sent
  > END
  $ damon-perf mark own -p $mine
  $ kill $mine; wait $mine
  [143]
  $ damon-perf report info -i mine | grep -A 1 '^marks' | sed 's/ *[0-9.]* m\?s: / T /; /^heat/d'
  marks T own
