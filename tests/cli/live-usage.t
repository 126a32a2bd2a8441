Every wrong line of live is refused with one sentence, before anything happens.

  $ damon-perf live
  damon-perf: nothing to watch; give a command, or processes with '-p'; examples are in 'damon-perf live --help'
  [125]
  $ damon-perf live -p 1 -- true
  damon-perf: '-p' and a command exclude each other; give one of them
  [125]
  $ damon-perf live -- ''
  damon-perf: the command is an empty word; give the name of a program
  [125]
  $ damon-perf live --plain --format json true
  damon-perf: '--plain' and '--format json' exclude each other; give one of them
  [125]
  $ damon-perf live --format xml true
  damon-perf: 'xml' is no value of '--format'; choose from auto, text, json
  [125]
  $ damon-perf live -o - true
  damon-perf: standard output shows what happens, the record would mix with it; name a file with '-o'
  [125]
  $ damon-perf live --duration soon true
  damon-perf: 'soon' is no value of '--duration'; give a time such as '100 ms' or '1.5 s'
  [125]
  $ damon-perf live --aggr 1ms true
  damon-perf: the aggregation interval, 1.00 ms, is shorter than the sampling interval, 5.00 ms; raise '--aggr' or lower '--sample'
  [125]
  $ damon-perf live --minr 20 --maxr 10 true
  damon-perf: the least number of regions, 20, is above the largest, 10; lower '--minr' or raise '--maxr'
  [125]
  $ damon-perf live --rate 100 --overhead 1 true
  damon-perf: '--overhead' and '--rate' exclude each other; give one of them
  [125]
  $ damon-perf live --plian true
  damon-perf: unknown option '--plian'; did you mean '--plain'?
  [125]
  $ damon-perf live -- no-such-command-anywhere
  damon-perf: cannot run 'no-such-command-anywhere': not found in PATH; check its spelling
  [127]
  $ damon-perf live -- /
  damon-perf: cannot run '/': it cannot be executed; name a program, or make it one with 'chmod +x'
  [126]

Schemes are read before anything happens, too.

  $ damon-perf live --schemes no-such-file true
  damon-perf: cannot read 'no-such-file': No such file or directory; see 'damon-perf live --help'
  [125]
  $ damon-perf live --schemes '[{"action": "fly"}]' true
  damon-perf: the JSON given: [0].action: 'fly' is not an action; see 'damon-perf live --help'
  [125]
  $ damon-perf live --damos-action fly true
  damon-perf: '--damos-action': 'fly' is not an action; see 'damon-perf live --help'
  [125]
  $ echo '{"kdamonds": [{"contexts": [{"ops": "paddr", "schemes": []}]}]}' > p.json
  $ damon-perf live --kdamonds p.json true
  damon-perf: operations set 'paddr' cannot be watched; choose 'vaddr'
  [125]

What a file says of intervals is held against what options say.

  $ echo '{"kdamonds": [{"contexts": [{"ops": "vaddr", "intervals": {"sample_us": "5 ms", "aggr_us": "100 ms", "ops_update_us": "1 s"}, "schemes": []}]}]}' > v.json
  $ damon-perf live --kdamonds v.json --sample 200ms true
  damon-perf: the aggregation interval, 100 ms, is shorter than the sampling interval, 200 ms; raise '--aggr' or lower '--sample'
  [125]
