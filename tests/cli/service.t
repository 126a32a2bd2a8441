The service: its capabilities are enough for what it does, and none is there for nothing.

  $ . "$TESTDIR/kit.sh"; as_root
  $ test "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 || { echo "CAP_PERFMON is not enough here"; exit 80; }
  $ unit=$TESTDIR/../../scripts/damon-perf-reclaim.service; caps=$(sed -n 's/^AmbientCapabilities=//p' "$unit" | tr A-Z a-z | sed 's/cap_/+/g; s/ /,/g')
  $ sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr A-Z a-z | sed 's/cap_/+/g; s/ /,/g' | grep -cxF -- "$caps"
  1
  $ chmod 755 .. .; cp "$BUILD/damon-perf" service
  $ as_service() { as_nobody --inh-caps "$1" --ambient-caps "$1" --bounding-set "-all,$1" --no-new-privs ./service "${@:2}"; }
  $ as_service "$caps" check > /dev/null || { echo "this kernel, or this folder, does not let them"; exit 80; }

A process of root, whose pages have to be looked at, as of 'pageout'. Swap need not be there.

  $ $W/dense --mib 16 --percent 10 --seconds 100 > /dev/null & pid=$!
  $ executes $pid dense
  $ cat > said.py << 'END'
  > import json, sys
  > s = json.loads(sys.stdin.readlines()[-1])["schemes"][0]
  > print("tried" if s["sz_tried"] else "nothing", s["reason"])
  > END
  $ try() { as_service "$1" live --rate 1000 --duration 3 --format json --damos-action willneed --damos-access-rate 0% 0% -p $pid 2>&1 | python3 said.py | sed 's/process [0-9]*/process N/'; }
  $ try "$caps"
  tried None
  $ try "${caps/,+dac_read_search/}"
  nothing pages of process N cannot be told: Permission denied; add cap_sys_ptrace,cap_dac_read_search
  $ kill $pid

Where systemd is installed, it takes the unit as it is. (A manual page that is not installed is no fault.)

  $ sed 's|@BINDIR@/damon-perf|/bin/true|' "$unit" > damon-perf-reclaim.service; if command -v systemd-analyze > /dev/null; then systemd-analyze verify ./damon-perf-reclaim.service 2>&1 | grep damon-perf | grep -v "Command 'man"; fi; true
