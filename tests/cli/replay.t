Recordings of perf are shown like records. This one has 20,000 samples of a PMU, 10,000 a second, of
a process with 16 MiB.

  $ "$BUILD/tests/bench/perf_samples" perf.data 20000 16 10000
  $ damon-perf report -i perf.data --width 80 | sed -n '/^from/,/^sure/p'
  from      perf.data of host bench, Linux 6.1.0 x86_64, events
            cpu/mem-loads,ldlat=30/P, cpu/mem-stores/P
  source    pebs
  seen      20.0 k observations with an address (20.0 k accesses) in 2.00 s, 20
            snapshots
  not seen  lost 0, throttled 0, no address 0, in the kernel 0, accesses whose
            address could not be told 0 %
  heat      is relative: true rates may be 1 to 1000 times as high, all alike;
            shares, ranks and ratios are free of that
  sure      20.0 k observations of it: a share of 10 % is known within 0.42 points

  $ damon-perf report access -i perf.data --format csv | head -1
  start,end,bytes,mapping,heat,heat_lo,heat_hi,share,share_lo,share_hi,nr_accesses,nr_accesses_lo,nr_accesses_hi,age_ns,idle_ns,write_share,write_share_lo,write_share_hi,edge_bytes,nr_ticks,checked_share,nr_checks
  $ damon-perf report heatmap -i perf.data --width 60 --resol 20x4
  heatmap of bench (pid 4000)
               4.00 MiB a line
  7f0000000000 anon 16M       |@@@@@@@@@@@@@@@@@@@@
                              |%%%%%%%%%%%%%%%%%%%%
                              |********************
                              |--------------------
                              |0 s      |1 s
  heat 400 :-=+*#%@ 4 k
       accesses/page/s, log scale
       half of the cells are known within a factor of 1.1 or
       better
       . no access seen; blank: not mapped
  heat      is relative: true rates may be 1 to 1000 times as
            high, all alike; shares, ranks and ratios are free
            of that
  $ damon-perf report wss -i perf.data --format csv | wc -l
  21
  $ damon-perf report info -i perf.data --width 80 | grep -v "record\|version"
  operations set                    vaddr
  kernel                            6.1.0 x86_64
  replayed from                     perf.data
  host                              bench
  events                            cpu/mem-loads,ldlat=30/P, cpu/mem-stores/P
  sampling interval assumed         no
  source                            pebs
  rate per second of CPU time       not known
  overhead asked for                not known
  sampling interval                 5.00 ms
  aggregation interval              100 ms
  update interval                   1.00 s
  fewest regions                    10
  most regions                      1000
  duration                          2.00 s
  snapshots                         20
  targets                           1
  observations with an address      20.0 k
  accesses                          20.0 k
  of them by a late read            0 %
  accesses of unknown address       0
  share of them                     0 %
  lost                              0
  throttled                         0
  observations without address      0
  observations without code         0
  observations of 32-bit code       0
  outside of mappings               0
  beyond the limit of targets       0
  in the kernel                     0
  thinned                           0
  CPUs that came online later       0
  mappings forgotten                0
  samples left out                  0
    of them no memory access        0
    of the kernel                   0
    not asked for                   0
  samples of other processes        0
  truncated pieces of traces        0
  pieces of traces with collisions  0
  bytes of traces without sense     0 B
  looks at accessed bits            0
  samples of other events           0
  samples of unknown events         0
  pieces of traces cut off          0
  mappings made up                  0
  cut off in the middle             no
  interruptions                     20.0 k
  slowdown, estimated               not known
  overhead, of the targets' CPU     not known
  CPU time of the targets           not known
  cost of an observation            not known
  accesses per unit of weight       1 [1, 1000]
  damaged                           0 B
  complete                          yes
  heat      is relative: true rates may be 1 to 1000 times as high, all alike;
            shares, ranks and ratios are free of that
  $ damon-perf convert -i perf.data --to csv -o - | cut -d, -f3,4,5 | sort -u
  0,4000,bench
  target_id,pid,comm

When that was is not told, so no day is made up.

  $ damon-perf report heatmap -i perf.data -o heat.svg; grep -c 'recorded on' heat.svg
  0
  [1]
  $ damon-perf report html -i perf.data -o - | grep -o '"start_time":[^,]*'
  "start_time":null
  $ damon-perf convert -i perf.data --to pprof -o p.gz; zcat p.gz | protoc --decode_raw | grep '^9: '
  [1]

So they are through a pipe, whether it has a name or not.

  $ damon-perf report wss -i perf.data --format csv > file.csv
  $ cat perf.data | damon-perf report wss -i - --format csv | cmp - file.csv
  $ mkfifo fifo; (cat perf.data > fifo &); damon-perf report wss -i fifo --format csv | cmp - file.csv
  $ damon-perf report wss -i - --format csv < perf.data | cmp - file.csv

A record is made of them, with other intervals.

  $ damon-perf record --replay perf.data
  damon-perf: 20 snapshots of 20.0 k samples, .* in 'damon-perf.data'; .* (re)
  $ damon-perf record --replay perf.data --sample 50ms --aggr 1s --maxr 100 -o slow.data
  damon-perf: 2 snapshots of 20.0 k samples, .* in 'slow.data'; .* (re)
  $ damon-perf report info -i slow.data | grep "interval \|snapshots\|most regions"
  sampling interval assumed         no
  sampling interval                 50.0 ms
  aggregation interval              1.00 s
  update interval                   1.00 s
  most regions                      100
  snapshots                         2
  $ damon-perf record -q --replay - --intervals-goal auto -o goal.data < perf.data
  $ damon-perf report info -i goal.data | grep "goal"
  record                            goal.data
  intervals' goal                   4 % of access events, every 3 aggregations,

The same recording makes the same record.

  $ damon-perf record -q --replay perf.data --aggr 1s -o again1 && damon-perf record -q --replay - --aggr 1s -o again2 < perf.data
  $ cmp again1 again2

What has no meaning for a recording is refused by name, before anything is written.

  $ damon-perf record --replay perf.data -- true
  damon-perf: '--replay' and a command exclude each other; give one of them
  [125]
  $ for o in "--pid 1" "--duration 1s" "--source soft" "--overhead 1" "--rate 100" \
  >     "--resolution 1%/1s" "--mem-reads 1" "--check smaps" "--checks-per-sec 5" "--period 1000" \
  >     "--latency-threshold 50" --loads --stores --phys "--event mem-loads"; do
  >     damon-perf record --replay perf.data $o -o no.data; echo $?
  > done
  damon-perf: '--pid' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--duration' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--source' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--overhead' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--rate' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--resolution' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--mem-reads' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--check' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--checks-per-sec' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--period' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--latency-threshold' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--loads' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--stores' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--phys' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  damon-perf: '--event' is for what is being recorded, and '--replay' reads what was; leave it out
  125
  $ damon-perf record --replay nowhere -o no.data
  damon-perf: cannot open 'nowhere': No such file or directory
  [125]
  $ damon-perf record --replay slow.data -o no.data
  damon-perf: 'slow.data' is a record: its samples are summed up, and only some are kept; replay the recording of perf that it was made of, or record again with other intervals
  [125]
  $ test -e no.data
  [1]

Cut short anywhere, a recording shows what there is of it or says in a sentence why not.

  $ for n in 10 100 200 500 1000 5000 100000; do
  >     head -c $n perf.data > cut.data
  >     damon-perf report info -i cut.data > out 2> err; status=$?
  >     test $status = 0 && grep -q "cut off in the middle  *yes" out ||
  >         { test $status = 1 && test "$(wc -l < err)" = 1; } ||
  >         { echo "$n: $status"; cat out err; }
  > done
  $ head -c 100000 perf.data | damon-perf record --replay - -o cut.rec
  damon-perf: 3 snapshots of 1.24 k samples, .* in 'cut.rec'; .* (re)
  damon-perf: the recording is cut off: it ends in the middle
