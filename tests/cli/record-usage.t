What cannot be recorded is refused before anything is done, with 125: a command may use all
other statuses itself.

  $ damon-perf record
  damon-perf: nothing to record; give a command, or processes with '-p'; examples are in 'damon-perf record --help'
  [125]
  $ damon-perf record --
  damon-perf: nothing to record; give a command, or processes with '-p'; examples are in 'damon-perf record --help'
  [125]
  $ damon-perf record -- ''
  damon-perf: the command is an empty word; give the name of a program
  [125]
  $ damon-perf record -p 1 true
  damon-perf: '-p' and a command exclude each other; give one of them
  [125]
  $ damon-perf record --smaple 5ms true
  damon-perf: unknown option '--smaple'; did you mean '--sample'?
  [125]
  $ damon-perf record --dur 5 true
  damon-perf: unknown option '--dur'; did you mean '--duration'?
  [125]
  $ damon-perf record -p
  damon-perf: '--pid' needs a value; give process ids separated by commas
  [125]
  $ damon-perf record -p 1,two
  damon-perf: '1,two' is no value of '--pid'; give process ids separated by commas
  [125]
  $ damon-perf record -p 0
  damon-perf: '0' is no value of '--pid'; give process ids separated by commas
  [125]
  $ damon-perf record -o - true
  damon-perf: the record and the command's output would mix; name a file with '-o'
  [125]
  $ damon-perf record -o '' true
  damon-perf: '' is no value of '--output'; give FILE
  [125]

Absurd attributes.

  $ damon-perf record --aggr 1ms --sample 5ms true
  damon-perf: the aggregation interval, 1.00 ms, is shorter than the sampling interval, 5.00 ms; raise '--aggr' or lower '--sample'
  [125]
  $ damon-perf record --monitoring_intervals 5ms 1ms 1s true
  damon-perf: the aggregation interval, 1.00 ms, is shorter than the sampling interval, 5.00 ms; raise '--aggr' or lower '--sample'
  [125]
  $ damon-perf record --monitoring-intervals 5000 100000 true
  damon-perf: 'true' is no value of '--monitoring-intervals'; give a time such as '100 ms' or '1.5 s'
  [125]
  $ damon-perf record --updr 1ms true
  damon-perf: the update interval, 1.00 ms, is shorter than the aggregation interval, 100 ms; raise '--updr' or lower '--aggr'
  [125]
  $ damon-perf record --minr 100 --maxr 10 true
  damon-perf: the least number of regions, 100, is above the largest, 10; lower '--minr' or raise '--maxr'
  [125]
  $ damon-perf record --minr 2 true
  damon-perf: '2' is out of range for '--minr'; give 3 to 100000
  [125]
  $ damon-perf record --maxr 100,001 true
  damon-perf: '100,001' is out of range for '--maxr'; give 3 to 100000
  [125]
  $ damon-perf record --monitoring_nr_regions_range 100 10 true
  damon-perf: the least number of regions, 100, is above the largest, 10; lower '--minr' or raise '--maxr'
  [125]
  $ damon-perf record --sample 0 true
  damon-perf: '0' is out of range for '--sample'; give 1 us to 1 d
  [125]
  $ damon-perf record --sample 1x true
  damon-perf: '1x' is no value of '--sample'; give a time such as '100 ms' or '1.5 s'
  [125]
  $ damon-perf record --aggr 99999999999d true
  damon-perf: '99999999999d' is too large for '--aggr'; give a time such as '100 ms' or '1.5 s'
  [125]
  $ damon-perf record --aggr max true
  damon-perf: 'max' is out of range for '--aggr'; give 1 ms to 1 d
  [125]
  $ damon-perf record --maxr 99999999999999999999 true
  damon-perf: '99999999999999999999' is too large for '--maxr'; give a whole number
  [125]
  $ damon-perf record --rate 0 true
  damon-perf: '0' is out of range for '--rate'; give 1 to 50000
  [125]
  $ damon-perf record --rate 1e9 true
  damon-perf: '1e9' is out of range for '--rate'; give 1 to 50000
  [125]
  $ damon-perf record --rate -5 true
  damon-perf: '-5' is out of range for '--rate'; give 1 to 50000
  [125]
  $ damon-perf record --rate nan true
  damon-perf: 'nan' is no value of '--rate'; give a number
  [125]
  $ damon-perf record --overhead 0 true
  damon-perf: '0' is out of range for '--overhead'; give 0.01 to 50
  [125]
  $ damon-perf record --overhead -1 true
  damon-perf: '-1' is out of range for '--overhead'; give 0.01 to 50
  [125]
  $ damon-perf record --overhead 51 true
  damon-perf: '51' is out of range for '--overhead'; give 0.01 to 50
  [125]
  $ damon-perf record --overhead 1 --rate 100 true
  damon-perf: '--overhead' and '--rate' exclude each other; give one of them
  [125]
  $ damon-perf record --mem-reads 17 true
  damon-perf: '17' is out of range for '--mem-reads'; give 0 to 16
  [125]
  $ damon-perf record --duration 0 true
  damon-perf: '0' is out of range for '--duration'; give 1 ms to 365 d
  [125]
  $ damon-perf record --duration soon true
  damon-perf: 'soon' is no value of '--duration'; give a time such as '100 ms' or '1.5 s'
  [125]

What only hardware can do, and what contradicts itself.

  $ damon-perf record --source soft --period 1000 true
  damon-perf: source 'soft' has no period: its samples are ticks of time; leave that out, or choose a source of hardware: 'damon-perf check' lists them
  [125]
  $ damon-perf record --source soft --latency-threshold 30 true
  damon-perf: source 'soft' cannot tell how long a load takes; leave that out, or choose a source of hardware: 'damon-perf check' lists them
  [125]
  $ damon-perf record --source soft --loads true
  damon-perf: source 'soft' cannot leave out loads or stores; leave that out, or choose a source of hardware: 'damon-perf check' lists them
  [125]
  $ damon-perf record --source soft --phys true
  damon-perf: source 'soft' does not see physical addresses; leave that out, or choose a source of hardware: 'damon-perf check' lists them
  [125]
  $ damon-perf record --source soft --event mem-stores true
  damon-perf: source 'soft' has no events to choose from; leave that out, or choose a source of hardware: 'damon-perf check' lists them
  [125]
  $ damon-perf record --source faults --period 1000 true
  damon-perf: source 'faults' has no period: it sees each first touch; leave that out, or choose a source of hardware: 'damon-perf check' lists them
  [125]
  $ damon-perf record --loads --stores true
  damon-perf: '--loads' and '--stores' exclude each other; give one of them
  [125]
  $ damon-perf record --stores --ldlat 30 true
  damon-perf: '--latency-threshold' and '--stores' exclude each other; give one of them
  [125]
  $ damon-perf record --event mem-loads --latency-threshold 30 true
  damon-perf: '--latency-threshold' and '--event' exclude each other; give one of them
  [125]
  $ damon-perf record --event mem-loads --loads true
  damon-perf: '--loads' and '--event' exclude each other; give one of them
  [125]
  $ damon-perf record --period 1000 --rate 100 true
  damon-perf: '--rate' and '--period' exclude each other; give one of them
  [125]
  $ damon-perf record --period 99 true
  damon-perf: '99' is out of range for '--period'; give 100 to 1000000000000
  [125]
  $ damon-perf record --latency-threshold 65536 true
  damon-perf: '65536' is out of range for '--latency-threshold'; give 1 to 65535
  [125]
  $ damon-perf record --event '' true
  damon-perf: '' is no value of '--event'; give NAME
  [125]

What is to be calculated.

  $ damon-perf record --resolution 1% true
  damon-perf: '1%' is no value of '--resolution'; give a share of the accesses and a time, such as '1%/1s'
  [125]
  $ damon-perf record --resolution x/1s true
  damon-perf: 'x/1s' is no value of '--resolution'; give a share of the accesses and a time, such as '1%/1s'
  [125]
  $ damon-perf record --resolution 0/1s true
  damon-perf: '0/1s' is out of range for '--resolution'; give 0.0001 % to 100 %, and 1 ms to 1 d
  [125]
  $ damon-perf record --resolution 101%/1s true
  damon-perf: '101%/1s' is out of range for '--resolution'; give 0.0001 % to 100 %, and 1 ms to 1 d
  [125]
  $ damon-perf record --resolution 1%/1us true
  damon-perf: '1%/1us' is out of range for '--resolution'; give 0.0001 % to 100 %, and 1 ms to 1 d
  [125]
  $ damon-perf record --resolution 1%/1s --rate 100 true
  damon-perf: '--rate' and '--resolution' exclude each other; give one of them
  [125]
  $ damon-perf record --source faults --resolution 1%/1s true
  damon-perf: no resolution can be asked of source 'faults': it does not sample by time
  [125]
  $ damon-perf record --intervals-goal 4% true
  damon-perf: '4%' is no value of '--intervals-goal'; give 'auto', or share, aggregations, minimum and maximum, such as '4%,3,5ms,10s'
  [125]
  $ damon-perf record --intervals-goal 4%,3,5ms,10s,1 true
  damon-perf: '4%,3,5ms,10s,1' is no value of '--intervals-goal'; give 'auto', or share, aggregations, minimum and maximum, such as '4%,3,5ms,10s'
  [125]
  $ damon-perf record --intervals-goal 0,3,5ms,10s true
  damon-perf: '0' is no share of access events for '--intervals-goal'; give 1 bp to 100 %, such as '4 %' or 400
  [125]
  $ damon-perf record --intervals-goal 10001,3,5ms,10s true
  damon-perf: '10001' is no share of access events for '--intervals-goal'; give 1 bp to 100 %, such as '4 %' or 400
  [125]
  $ damon-perf record --intervals-goal 4%,0,5ms,10s true
  damon-perf: '0' is no number of aggregations for '--intervals-goal'; give 1 to 65535
  [125]
  $ damon-perf record --intervals-goal 4%,3,0,10s true
  damon-perf: '0' is no sampling interval for '--intervals-goal'; give a time of 1 us to 1 d
  [125]
  $ damon-perf record --intervals-goal 4%,3,5ms,4ms true
  damon-perf: '4ms' is no maximum for '--intervals-goal'; give one that is not below the minimum
  [125]
  $ damon-perf record --monitoring_intervals_goal 4% 3 5ms soon true
  damon-perf: 'soon' is no sampling interval for '--intervals-goal'; give a time of 1 us to 1 d
  [125]
  $ damon-perf record --monitoring_intervals_goal 4% 3 5ms
  damon-perf: '--monitoring-intervals-goal' needs ACCESS_BP AGGRS MIN MAX; give ACCESS_BP AGGRS MIN MAX
  [125]
  $ damon-perf record --intervals-goal auto --monitoring-intervals-goal 4% 3 5ms 10s true
  damon-perf: '--intervals-goal' and '--monitoring-intervals-goal' exclude each other; give one of them
  [125]

Commands that cannot run: 127 not found, 126 found but not executable, as env and timeout have it.

  $ damon-perf record -- no-such-command-anywhere
  damon-perf: cannot run 'no-such-command-anywhere': not found in PATH; check its spelling
  [127]
  $ damon-perf record -- ./no-such-file
  damon-perf: cannot run './no-such-file': no such file; check its spelling
  [127]
  $ touch plain; damon-perf record -- ./plain
  damon-perf: cannot run './plain': it cannot be executed; name a program, or make it one with 'chmod +x'
  [126]
  $ damon-perf record -- /
  damon-perf: cannot run '/': it cannot be executed; name a program, or make it one with 'chmod +x'
  [126]
  $ mkdir bin; touch bin/prog; PATH=$PWD/bin:$PATH damon-perf record prog
  damon-perf: cannot run 'prog': it cannot be executed; name a program, or make it one with 'chmod +x'
  [126]

Nothing was written, and nothing was run.

  $ ls
  bin
  plain
