perf reads what is written for it.

  $ perf version > /dev/null 2>&1 || { echo "there is no perf here"; exit 80; }
  $ . "$TESTDIR/kit.sh"
  $ samples() { perf script --ns -i "$@" 2> err | tr -s ' '; }

Samples of a log are those that were recorded: thread, time, address, load or store, latency, instruction.

  $ "$BUILD/tests/bench/perf_samples" perf.data 20000 16 10000
  $ damon-perf record -q --replay perf.data -o record
  $ damon-perf convert -i record --to perf -o out
  $ for f in perf.data out; do
  >     samples $f -F tid,time,ip,addr,weight,data_src | sed 's/: \([0-9a-f]*\) [0-9a-f]* |\(OP [A-Z]*\)|.*A /: \1 \2 /' > $f.txt
  > done
  $ wc -l < out.txt; head -n 1 out.txt | grep -c 'OP \(LOAD\|STORE\)'; grep -Fxvf perf.data.txt out.txt
  20000
  1
  [1]
  $ perf report -i out --mem-mode --stdio 2> err | grep '^# Samples'
  # Samples: 20K of event 'damon-perf/pebs,relative/'
  $ samples out -F comm,pid,tid,time,period,event,ip,sym,dso,addr | grep -c 'bench 4000/'
  [0-9]+ (re)
  $ cat err

So are those of a record of a program that runs here: names, files and symbols are found.

  $ damon-perf record -q --source soft --rate 2000 -- "$W/dense" --seconds 1 > /dev/null
  $ damon-perf convert --to perf -o own
  $ perf script -i own -F comm,ip,sym,dso 2> err | grep -c '^ *dense .* main.* (.*/dense) *$' | grep -c '[0-9][0-9]'
  1
  $ samples own -F addr | wc -l | grep -c '[1-9]'
  1
  $ cat err

Registers and stacks as the kernel took them.

  $ damon-perf record -q --raw --source soft --rate 2000 -- "$W/dense" --seconds 1 > /dev/null
  $ perf report -i damon-perf.raw.data --header-only | grep '^# \(cmdline\|perf version\) :' | sed 's| /.*/dense| dense|'
  # perf version : damon-perf [0-9.]+ (re)
  # cmdline : dense --seconds 1 
  $ perf script -i damon-perf.raw.data -F comm,ip,sym,dso 2> err | grep -c '^ *dense .* main.* (.*/dense) *$' | grep -c '[0-9][0-9]'
  1
  $ perf script -i damon-perf.raw.data -F uregs 2> err | grep -c 'SP:0x7f' | grep -c '[0-9][0-9]'
  1

Files have their build ids, those that were there before as well.

  $ id=$(readelf -n "$W/dense" | sed -n 's/.*Build ID: //p')
  $ perf buildid-list -i damon-perf.raw.data 2> err | grep -c "^$id .*/dense$"
  1
  $ "$W/dense" --seconds 60 > /dev/null & target=$!
  $ until grep -q dense /proc/$target/comm; do sleep .1; done
  $ damon-perf record -q --raw --source soft --rate 100 --duration 1 -o there.data -p $target
  $ perf buildid-list -i there.data 2> err | grep -c "^$id .*/dense$"
  1
  $ kill $target

Names in what perf itself has recorded: files are known by the build ids that it leaves behind the records.

  $ perf record -q -o faults.data -d -e page-faults:u -c 1 -- "$W/dense" --seconds 1 > /dev/null 2> err; cat err
  $ damon-perf report hotspots -i faults.data --format csv 2> err | grep -c '^[^,]*,.*,main,,dense,'
  1
  $ cat err
  $ damon-perf report hotspots -i faults.data | grep 'build id'
  [1]

Without them nothing is believed, and what helps is told.

  $ perf record -q -B -o bare.data -d -e page-faults:u -c 1 -- "$W/dense" --seconds 1 > /dev/null 2> err; cat err
  $ damon-perf report hotspots -i bare.data --width 200 | grep -o "may have been written since.*" | sort -u
  may have been written since: it was recorded without a build id ('perf inject -b' adds them)
  $ perf inject -b -i bare.data -o ids.data; damon-perf report hotspots -i ids.data --format csv 2> err | grep -c '^[^,]*,.*,main,,dense,'
  1
