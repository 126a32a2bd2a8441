A recording of perf knows which files it means: by the build ids that perf tells of them.

  $ perf version > /dev/null 2>&1 || { echo "there is no perf here"; exit 80; }
  $ . "$TESTDIR/kit.sh"
  $ export HOME=$PWD; unset PERF_BUILDID_DIR
  $ cp "$W/dense" toucher
  $ readelf -n toucher | grep -q 'Build ID' || { echo "programs have no build ids here"; exit 80; }
  $ perf record -q -d -c 1 -e page-faults -o perf.data ./toucher --seconds 1 > /dev/null 2>&1 || { echo "perf may not record here"; exit 80; }
  $ by_main() { damon-perf report hotspots -i $1 | grep -c ' main  *toucher  '; }
  $ by_main perf.data
  1

The file is gone: it is where perf keeps the files of its recordings, or where that is told.

  $ mv toucher moved
  $ by_main perf.data
  1
  $ damon-perf report hotspots --width 120 -i perf.data | grep -o "toucher' is not there; .*"
  toucher' is not there; names are those kept by build id
  $ mv .debug archive
  $ by_main perf.data
  0
  [1]
  $ PERF_BUILDID_DIR=$PWD/archive by_main perf.data
  1

Another one has its name: its names are not believed.

  $ cp "$W/shares" toucher
  $ by_main perf.data
  0
  [1]
  $ damon-perf report hotspots --width 120 -i perf.data | grep -o "toucher' is another .*"
  toucher' is another file now: its build id differs

A pipe tells them as perf inject adds them.

  $ cp -p moved toucher
  $ perf record -q -d -c 1 -e page-faults -o - ./toucher --seconds 1 2> /dev/null > pipe
  $ perf inject -b < pipe > injected 2> /dev/null
  $ rm toucher
  $ export PERF_BUILDID_DIR=$PWD/archive
  $ by_main pipe
  0
  [1]
  $ by_main injected
  1
