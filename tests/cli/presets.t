The kernel's modules as commands.

Wrong lines are refused before anything happens.

  $ for c in reclaim lru-sort stat; do damon-perf $c; done
  damon-perf: nothing to watch; give a command, or processes with '-p', '--cgroup' or '-a'; examples are in '--help'
  damon-perf: nothing to watch; give a command, or processes with '-p', '--cgroup' or '-a'; examples are in '--help'
  damon-perf: nothing to watch; give a command, or processes with '-p', '--cgroup' or '-a'; examples are in '--help'
  [125]
  $ damon-perf reclaim --wmarks-high 300 true
  damon-perf: watermarks of 300, 400, 200 permil cannot be; give wmarks_high, wmarks_mid and wmarks_low in this order, at most 1000
  [125]
  $ damon-perf reclaim --quota-reset-interval-ms 0 true
  damon-perf: a quota needs an interval that it is for; give a quota_reset_interval_ms
  [125]
  $ damon-perf lru-sort --hot-thres-access-freq 2000 true
  damon-perf: '2000' is out of range for '--hot-thres-access-freq'; give 0 to 1000
  [125]
  $ damon-perf reclaim --cold-min-age 5s true
  damon-perf: unknown option '--cold-min-age'; see 'damon-perf reclaim --help'
  [125]
  $ damon-perf stat --quota-ms 5 true
  damon-perf: unknown option '--quota-ms'; see 'damon-perf stat --help'
  [125]
  $ damon-perf stat --aggr-interval 1ms true
  damon-perf: sample_interval must not be 0, nor above aggr_interval; see 'damon-perf stat --help'
  [125]
  $ damon-perf reclaim --monitor_region_start 0 --monitor_region_end 4G true
  damon-perf: physical addresses cannot be acted upon from user space; name processes, and leave '--monitor-region-start' and '--monitor-region-end' out
  [125]
  $ damon-perf stat --min-nr-regions 50 --max-nr-regions 20 true
  damon-perf: min_nr_regions is above max_nr_regions; see 'damon-perf stat --help'
  [125]

  $ . "$TESTDIR/kit.sh"

Memory is sorted by heat: two schemes.

  $ damon-perf lru-sort --dry-run --rate 1000 --cold-min-age 500ms --wmarks-interval 0 $W/dense --mib 16 --seconds 1 2> /dev/null | tail -n 1 | grep -oE '[12] lru_(de)?prio on'
  1 lru_prio on
  2 lru_deprio on

Stat tells of the same memory how much of it is idle, and for how long.

  $ damon-perf stat --format json --refresh 1s --rate 1000 $W/dense --mib 64 --percent 25 --seconds 4 2> /dev/null > json
  $ python3 - << 'END'
  > import json
  > lines = [json.loads(l) for l in open("json")]
  > print(sorted(lines[-1]))
  > for l in lines:
  >     p = l["memory_idle_ms_percentiles"]
  >     assert len(p) == 101 and p == sorted(p), p
  >     assert l["estimated_memory_bandwidth_lo"] <= l["estimated_memory_bandwidth"] <= l["estimated_memory_bandwidth_hi"]
  >     assert all(v % 100 == 0 and v for v in p), p
  > print(64 << 20 < lines[-1]["bytes"] < 100 << 20, max(l["memory_idle_ms_percentiles"][100] for l in lines) >= 500)
  > END
  ['aggr_interval_us', 'bytes', 'estimated_memory_bandwidth', 'estimated_memory_bandwidth_hi', 'estimated_memory_bandwidth_lo', 'memory_idle_ms_percentiles', 'time']
  True True

  $ damon-perf stat --rate 1000 $W/dense --mib 8 --seconds 1 2> /dev/null | grep -cE '^[0-9.]+ s  [0-9.]+ MiB mapped  accessed per second .*  idle 0%: .* 100%: [0-9.]+ '
  1

Reclaim pages out what idles: planned only, which needs neither swap nor rights. Parameters by the
modules' names.

  $ $W/dense --mib 64 --percent 25 --seconds 100 & pid=$!
  $ damon-perf reclaim --dry-run --format json --rate 1000 --min_age 500000 --wmarks_interval 0 --quota_sz 1G --duration 60s -p $pid 2> /dev/null | python3 -c '
  > import json, sys
  > for line in sys.stdin:
  >     s = json.loads(line)["schemes"]
  >     if s[0]["sz_tried"] > 16 << 20:
  >         break
  > print(len(s), s[0]["action"], s[0]["state"], s[0]["sz_tried"] > 16 << 20, s[0]["sz_applied"])
  > '; kill $pid; wait
  1 pageout on True 0

Why it could not act is said, and shown; nothing else is, where it could.

  $ plan() { "$@" damon-perf reclaim --dry-run --format json --duration 500ms --wmarks_interval 0 -p $pid; }
  $ sleep 100 & pid=$!
  $ if tail -n +2 /proc/swaps | grep -q .; then want=0; else want=1; fi
  $ plan > json 2> err; echo $? $(($(grep -c 'scheme 1, pageout: acting would be refused: there is no swap; add swap with swapon' err) == want))
  0 1
  $ tail -n 1 json | grep -c '"state":"on","state_reason":"acting would be refused: there is no swap; add swap' | grep -qx $want && echo shown
  shown
  $ kill $pid; wait

Off by its watermarks it samples nothing, so there is one line at most: above 0 free memory always is.

  $ damon-perf reclaim --wmarks-high 0 --wmarks-mid 0 --wmarks-low 0 --dry-run sleep 1 2> /dev/null > lines; echo $?; test $(wc -l < lines) -le 1; echo $?
  0
  0
  $ left
