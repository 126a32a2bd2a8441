Processes of a cgroup: those that are in it, and those that come. Of version 2, or else 1.

  $ . "$TESTDIR/kit.sh"; as_root
  $ for d in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/pids; do test -w $d/cgroup.procs && mkdir $d/damon-perf-t$$ 2> /dev/null && break; d=; done; test -n "$d" || { echo "no cgroup can be made here"; exit 80; }
  $ trap 'rmdir $d/damon-perf-t$$/inner $d/damon-perf-t$$ 2> /dev/null' EXIT; mkdir $d/damon-perf-t$$/inner; g=$d/damon-perf-t$$
  $ within() { echo $BASHPID > "$1/cgroup.procs" && shift && exec "$@" > /dev/null; }
  $ within $g/inner "$W/dense" --mib 8 --seconds 30 & first=$!; executes $first dense
  $ damon-perf record -q --cgroup damon-perf-t$$ --updr 200ms --aggr 100ms & recorder=$!; wait_for -s damon-perf.data
  $ cp "$W/shares" later; within $g ./later --mib 8 --seconds 30 & second=$!; executes $second later

The second one was found, and is recorded to its end; the record ends with the group.

  $ for _ in $(seq 200); do damon-perf report --format csv 2> /dev/null | grep -q later && break; sleep 0.1; done
  $ kill $first $second; wait $first $second 2> /dev/null
  [143]
  $ for _ in $(seq 100); do rmdir $g/inner $g 2> /dev/null; test -e $g || break; sleep 0.05; done
  $ test -e $g && kill $recorder; wait $recorder; echo $? $(number complete)
  0 true
  $ damon-perf report info | grep '^recorded' | sed "s/t$$/N/"
  recorded  *cgroup damon-perf-N (glob)
  $ damon-perf report --format csv | grep -oE 'dense|later' | sort -u
  dense
  later
  $ left
