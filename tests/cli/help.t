The program explains itself.

  $ damon-perf --help
  damon-perf: profile memory accesses, with or without a PMU
  
  Usage: damon-perf COMMAND [OPTION...]
         damon-perf COMMAND --help
  
  Records which regions of a program's memory are accessed, how often and for how
  long, and shows the hot and the cold ones and the working set. It is DAMON, the
  kernel's data access monitor, in user space: same words, same attributes.
  
  Times take ns, us, ms, s, m, h and d ('1 m 10.3 s'). Sizes take B, K, KB, KiB to
  EiB, all powers of 1024. Commas in numbers are ignored. In names of options '-'
  and '_' are the same.
  
  Commands:
    record      record the memory accesses of a command or of running processes
    live        watch the memory accesses of a command or of running processes
    reclaim     page out idle memory, as the kernel's DAMON_RECLAIM does
    lru-sort    sort memory by heat for reclaim, as the kernel's DAMON_LRU_SORT
                does
    stat        tell idle times and bandwidth of memory, as the kernel's
                DAMON_STAT does
    report      show what a record tells
    diff        show what moved between two records
    convert     write a record in a format of other programs
    mark        name a moment of a recording that runs
    check       tell what works on this machine, and what would help
    help        explain a command
    version     tell the version
  
  Examples:
    damon-perf record -- sort big.txt
        record a command
    damon-perf report heatmap
        see what of its memory was hot, when and where
    damon-perf report wss
        see how much of it was in use over time
  
  Exit status:
    0      done
    1      report, convert or check failed
    2      wrong usage
    other  record ends with the status of the command that it ran, or with 125 to
           127: see its help
  $ damon-perf help record > a && damon-perf record --help > b && cmp a b && head -n 4 a
  damon-perf record: record the memory accesses of a command or of running
  processes
  
  Usage: damon-perf record [OPTION...] [--] COMMAND [ARGUMENT...]
  $ damon-perf record -h | cmp - a
  $ damon-perf record --quiet --help --nonsense | cmp - a
  $ damon-perf help convert
  damon-perf convert: write a record in a format of other programs
  
  Usage: damon-perf convert [OPTION...] --to FORMAT -o FILE
  
  Reads a record and writes what it holds in another format.
  
  CSV has the 95 % bounds of heat, share, write_share and nr_accesses in columns
  that end in _lo and _hi, the samples behind them in nr_ticks, and what looks at
  accessed bits found in nr_checks and checked_share. damo's formats have no room
  for bounds; damo-json has those of heat as keys that damo passes over.
  
  perf.data holds no snapshots but the log of samples: some 200 a second, chosen
  at random; up to 10,000 of a recording of perf. Each is of an event named after
  its source, with the number of accesses that it stands for as its period
  ('relative' in the event's name: only in proportion to the others) and its
  latency as its weight. Names, mappings, exec and exit of their processes are
  with them, as far as the record knows.
  
  pprof and folded are of that log, too, by code and by what it touches: inlined
  frames, where debug information tells them, but no call chains, which a record
  does not have. pprof has samples, accesses, bytes, latency and stall, and labels
  of pid, tid, comm, object, kind (of object), access and level. A line of folded
  is comm;object;module;function;inlined and a number of accesses.
  
  perfetto has counters over time: accesses a second and the working set of 1 s
  with their bounds, by process, accesses a second of the 16 hottest mappings of
  each of the 256 hottest processes, and marks as instants.
  
  record is the record again, without what was damaged. With --anonymize it tells
  nothing of whose it is: hashes stand for paths, names of processes, mappings and
  marks, under a key that nobody keeps, so that equal names stay equal in it and
  nowhere else; [heap], .so and their like stay. Addresses of each process move by
  a distance of its own. What stays: figures, times, process ids, the processor,
  the number of the kernel.
  
  json is one object: version, record, targets, marks, and snapshots, whose
  regions have the columns of CSV as keys. Times are ns since the epoch, or on the
  recording's own clock where perf was not told to note the time of day.
  
  Formats:
    damo        damo's json_compressed records
    damo-json   the same, not compressed
    csv         a line per region and snapshot
    json        the same as one JSON object, with working sets and marks
    perf        the log of samples as perf.data, for perf
    pprof       the log by code and objects, for pprof
    perfetto    heat and working sets over time, for ui.perfetto.dev
    folded      the log as stacks, for flamegraph.pl and speedscope
    record      the record itself, with --anonymize to be given away
  
  Examples:
    damon-perf convert --to damo -o damon.data
        for damo, DAMON's own tool
    damon-perf convert -i sort.data --to csv -o - | head
        a look at the regions
    damon-perf convert --to perf -o perf.data && perf report --mem-mode
        the samples in perf's own reports
    damon-perf convert --to pprof -o mem.pb.gz && pprof -http : mem.pb.gz
        graphs and flame graphs of who touches the memory
    damon-perf convert --to folded -o - | flamegraph.pl > mem.svg
        one flame graph
    damon-perf convert --to record --anonymize -o mail.data
        a record to give away
    damon-perf convert --to perfetto -o mem.pftrace
        then open it in ui.perfetto.dev
  
  Options:
    -i, --input FILE          the record, or a recording that perf made of memory
                              samples or of the kernel's DAMON (perf.data); '-' is
                              standard input [damon-perf.data]
    -o, --output FILE         write there; the file appears when it is complete;
                              '-' is standard output
        --to damo|damo-json|csv|json|perf|pprof|perfetto|folded|record
                              one of the formats above
        --anonymize           with --to record: names and paths become hashes,
                              addresses move, the command line goes; figures stay
    -h, --help                this text
  
  Exit status:
    0  the file is complete
    1  the record cannot be read, or the output cannot be written
    2  wrong usage
  $ damon-perf help check
  damon-perf check: tell what works on this machine, and what would help
  
  Usage: damon-perf check [OPTION...]
  
  Looks at every source of accesses, every action and the kernel's features, and
  tells for each whether it can be used, or why not and what would help: a sysctl,
  a capability, a package. Nothing is changed.
  
  Examples:
    damon-perf check
        what works here
    damon-perf check --format json | jq '.items[] | select(.usable | not)'
        what does not, and why
  
  Options:
        --format text|json    for people, for programs [text]
    -h, --help                this text
  
  Exit status:
    0  recording is possible, with at least one source
    1  recording is not possible here
    2  wrong usage
  $ damon-perf help help
  damon-perf help: explain a command
  
  Usage: damon-perf help [COMMAND]
  
  The same as 'damon-perf COMMAND --help'.
  $ damon-perf check --help | head -n 1
  damon-perf check: tell what works on this machine, and what would help
  $ damon-perf help nonsense
  damon-perf: unknown command 'nonsense'; see 'damon-perf --help'
  [2]
  $ damon-perf help reprot
  damon-perf: unknown command 'reprot'; did you mean 'report'?
  [2]

Every command of the list has a help of its own, whose options fit the table's width.

  $ for c in record live reclaim lru-sort stat report convert check help version; do
  >     damon-perf $c --help > out && awk 'length > 80' out && grep -c '^Usage: damon-perf '$c out
  > done
  1
  1
        page out what a service has not accessed for two minutes, while memory is short
  1
  1
  1
  1
  1
  1
  1
  1

Examples teach: each command has some, and they are of that command or of one that follows.

  $ for c in record live reclaim lru-sort stat report convert check; do
  >     damon-perf $c --help | sed -n '/^Examples:/,/^$/p' | grep -c '^  damon-perf'
  > done
  13
  7
  4
  2
  2
  14
  7
  2

Without a word it is a mistake, told with the same text.

  $ damon-perf > out; echo $?
  damon-perf: profile memory accesses, with or without a PMU
  
  Usage: damon-perf COMMAND [OPTION...]
         damon-perf COMMAND --help
  
  Records which regions of a program's memory are accessed, how often and for how
  long, and shows the hot and the cold ones and the working set. It is DAMON, the
  kernel's data access monitor, in user space: same words, same attributes.
  
  Times take ns, us, ms, s, m, h and d ('1 m 10.3 s'). Sizes take B, K, KB, KiB to
  EiB, all powers of 1024. Commas in numbers are ignored. In names of options '-'
  and '_' are the same.
  
  Commands:
    record      record the memory accesses of a command or of running processes
    live        watch the memory accesses of a command or of running processes
    reclaim     page out idle memory, as the kernel's DAMON_RECLAIM does
    lru-sort    sort memory by heat for reclaim, as the kernel's DAMON_LRU_SORT
                does
    stat        tell idle times and bandwidth of memory, as the kernel's
                DAMON_STAT does
    report      show what a record tells
    diff        show what moved between two records
    convert     write a record in a format of other programs
    mark        name a moment of a recording that runs
    check       tell what works on this machine, and what would help
    help        explain a command
    version     tell the version
  
  Examples:
    damon-perf record -- sort big.txt
        record a command
    damon-perf report heatmap
        see what of its memory was hot, when and where
    damon-perf report wss
        see how much of it was in use over time
  
  Exit status:
    0      done
    1      report, convert or check failed
    2      wrong usage
    other  record ends with the status of the command that it ran, or with 125 to
           127: see its help
  2
  $ damon-perf 2>&1 | head -n 3; cat out
  damon-perf: profile memory accesses, with or without a PMU
  
  Usage: damon-perf COMMAND [OPTION...]
  $ damon-perf version
  damon-perf 0.1.0
  $ damon-perf --version
  damon-perf 0.1.0
  $ damon-perf -V
  damon-perf 0.1.0

A full disk is told, a reader that went away is not; both end with 1.

  $ damon-perf --help > /dev/full
  damon-perf: cannot write to standard output: No space left on device; free some space
  [1]
  $ damon-perf --help >&-
  damon-perf: cannot write to standard output: it is closed
  [1]
  $ damon-perf record --help > /dev/full
  damon-perf: cannot write to standard output: No space left on device; free some space
  [125]
  $ (damon-perf help; echo $? > status) | true; grep -cE '^(0|1)$' status
  1
