live without a screen, where the machine allows it.

  $ . "$TESTDIR/kit.sh"

The command's status is ours, and what it prints goes beside the lines.

  $ damon-perf live true > lines; echo $?
  0
  $ damon-perf live --plain sh -c 'exit 7' > lines
  [7]
  $ damon-perf live sh -c 'kill -TERM $$' > lines
  [143]
  $ damon-perf live sh -c 'echo out; echo err >&2' > lines
  out
  err
  $ grep -c out lines
  0
  [1]
  $ echo through | damon-perf live cat > lines
  through

A line for each aggregation, with time, samples, processes and their working sets.

  $ damon-perf live --rate 1000 --aggr 200ms $W/shares --mib 4 --seconds 1 > lines 2> said
  $ grep -cE '^[0-9.]+ s  [0-9]+ samples  shares [0-9]+ 100 % wss [0-9.]+ MiB( \[.*\])? rss 1[0-9.]+ MiB$' lines
  [1-9][0-9]* (re)
  $ damon-perf live --format json --rate 1000 --aggr 200ms $W/shares --mib 4 --seconds 1 > json 2> /dev/null
  $ python3 - << 'END'
  > import json
  > lines = [json.loads(l) for l in open("json")]
  > last = [l for l in lines if l["targets"]][-2]
  > print(sorted(last))
  > t = last["targets"][0]
  > print(sorted(t), t["comm"])
  > assert t["wss"]["lo"] <= t["wss"]["bytes"] <= t["wss"]["hi"]
  > print(sorted(t["regions"]))
  > print(sorted(last["overhead"]), sorted(last["losses"]))
  > assert all(a["time"] < b["time"] for a, b in zip(lines, lines[1:]))
  > END
  ['aggr_ns', 'losses', 'overhead', 'samples', 'schemes', 'targets', 'time']
  ['comm', 'cpu_ns', 'id', 'nr_processes', 'pid', 'regions', 'rss_bytes', 'samples', 'share', 'share_hi', 'share_lo', 'wss'] shares
  ['bytes', 'hottest', 'idle_120s_bytes', 'idle_1s_bytes', 'idle_30s_bytes', 'idle_5s_bytes', 'in_use_bytes', 'nr']
  ['lost', 'own_cpu_percent', 'percent', 'rate_hz', 'slowdown_percent', 'source', 'throttled'] ['foreign', 'kernel', 'lost', 'malformed', 'no_address', 'no_code', 'no_region', 'no_target', 'thinned', 'throttled', 'traces_broken', 'traces_collided', 'traces_truncated']

A record is written as well, complete and readable.

  $ damon-perf live --rate 1000 -o r.data $W/shares --mib 4 --seconds 1 > lines 2> said
  $ tail -n 1 said
  damon-perf: [0-9]+ snapshots of [0-9.]+( k)? samples, [0-9.]+ KiB in 'r.data' (re)
  $ reports_work r.data
  $ damon-perf report info -i r.data | grep -c 'not complete'
  0
  [1]

It ends in time; the command goes on.

  $ damon-perf live --duration 300ms sh -c 'sleep 3; exit 3' > lines
  damon-perf: watching ended; waiting for 'sh', process [0-9]+ (re)
  [3]

Processes that run; nobody reads on.

  $ $W/shares --mib 4 --seconds 100 & pid=$!
  $ damon-perf live --rate 1000 --duration 1s -p $pid > lines; echo $?
  0
  $ damon-perf live --rate 1000 -p $pid | head -n 1 | grep -c samples
  1
  $ damon-perf live --rate 1000 -p $pid > /dev/full
  damon-perf: cannot write to standard output: No space left on device
  [125]

Given ranges, as a file has them, are watched and nothing else.

  $ map=$(grep -m 1 'rw-p' /proc/$pid/maps | cut -d' ' -f1); from=0x${map%-*}
  $ echo "{\"kdamonds\": [{\"contexts\": [{\"ops\": \"fvaddr\", \"targets\": [{\"pid\": $pid, \"regions\": [{\"start\": \"$from\", \"end\": \"$((from + 12288))\"}]}]}]}]}" > f.json
  $ damon-perf live --rate 1000 --duration 500ms --kdamonds f.json --format json | grep -o '"bytes":12288' | uniq
  "bytes":12288

Asked to end, it ends in order.

  $ rm lines; damon-perf live --rate 1000 -o t.data -p $pid > lines & live=$!
  $ wait_for -s lines; kill $live; wait $live; echo $?
  damon-perf: [0-9]+ snapshots? of [0-9.]+( k)? samples, [0-9.]+ Ki?B in 't.data' (re)
  0
  $ damon-perf report info -i t.data | grep -c 'not complete'
  0
  [1]

Schemes: figures of each in every line; what is asked for by SIGHUP is told.

  $ echo '[{"action": "stat"}]' > s.json
  $ damon-perf live --rate 1000 --duration 1s --schemes s.json -p $pid | tail -n 1 | grep -o '1 stat on tried [1-9]'
  1 stat on tried [1-9] (re)
  $ rm json; : > said; damon-perf live --rate 1000 --schemes s.json --format json -p $pid > json 2>> said & live=$!
  $ wait_for -s json
  $ echo '[{"action": "stat"}, {"action": "stat"}]' > s.json; kill -HUP $live; wait_for -s said; cat said
  damon-perf: schemes were read again
  $ echo '[{"action": "fly"}]' > s.json; : > said; kill -HUP $live; wait_for -s said; cat said
  damon-perf: schemes go on as they were: s.json: [0].action: 'fly' is not an action
  $ kill $live; wait $live; echo $?
  0
  $ tail -n 1 json | grep -o '"action":"stat"'
  "action":"stat"
  "action":"stat"
  $ damon-perf live --dry-run --duration 1s --damos-action stat --damos-sz-region 4K max -p $pid --format json | tail -n 1 | grep -o '"state":"[a-z]*"'
  "state":"on"
  $ kill $pid; wait $pid 2> /dev/null
  [143]
