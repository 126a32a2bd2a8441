Every wrong line of live is refused with one sentence, before anything happens.

  $ damon-perf live
  damon-perf: nothing to watch; give a command, or processes with '-p', '--cgroup' or '-a'; examples are in '--help'
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

Who is watched, and where, as for record; what a file says of that counts where the command line says nothing.

  $ damon-perf live -a -p 1
  damon-perf: '--pid' and '--all-processes' exclude each other; give one of them
  [125]
  $ damon-perf live --cgroup x true
  damon-perf: '--cgroup' and a command exclude each other; give one of them
  [125]
  $ damon-perf live --ops fvaddr true
  damon-perf: '--ops fvaddr' monitors ranges that are given; give them with '--regions'
  [125]
  $ kdamonds() { echo "{\"kdamonds\": [{\"contexts\": [{\"ops\": \"$1\", \"targets\": [$2], \"schemes\": []}]}]}" > $1.json; }
  $ kdamonds fvaddr; damon-perf live --kdamonds fvaddr.json true
  damon-perf: operations set 'fvaddr' is for ranges that are given; give targets 'regions', or '--regions'
  [125]
  $ kdamonds fvaddr '{"pid": 1, "regions": [{"start": 4096, "end": 8192}]}, {"pid": 2, "regions": [{"start": 4096, "end": 12288}]}'; damon-perf live --kdamonds fvaddr.json
  damon-perf: targets of 'fvaddr' have different regions; give all the same, or start a damon-perf for each
  [125]
  $ damon-perf live --kdamonds fvaddr.json --ops vaddr --regions 4K-8K
  damon-perf: '--ops vaddr' monitors wherever there are mappings, and '--regions' is given; take '--ops fvaddr', or leave one of them out
  [125]
  $ kdamonds vaddr '{"regions": []}'; damon-perf live --kdamonds vaddr.json 2>&1 | tail -n 1
  damon-perf: nothing to watch; give a command, or processes with '-p', '--cgroup' or '-a'; examples are in '--help'

Where metrics are served is looked at before anything happens.

  $ for m in x 0 65536 99999999 -1 '' 1:2:3 '[::1]' localhost:80 '[]:80' :80 1.2.3:x; do damon-perf live --metrics "$m" true; done 2>&1 | sort | uniq -c | sed 's/^ *//'
  1 damon-perf: '' is no value of '--metrics'; give [ADDR:]PORT
  1 damon-perf: '-1' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  1 damon-perf: '0' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  1 damon-perf: '1.2.3:x' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  1 damon-perf: '1:2:3' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  1 damon-perf: '65536' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  1 damon-perf: '99999999' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  1 damon-perf: ':80' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  1 damon-perf: '[::1]' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  1 damon-perf: '[]:80' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  1 damon-perf: 'localhost:80' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  1 damon-perf: 'x' is no value of '--metrics'; give a port, or an address and a port: '9779', '0.0.0.0:9779', '[::1]:9779'
  $ damon-perf live --metrics 203.0.113.1:9779 touch started; ls started
  damon-perf: cannot serve metrics at '203.0.113.1:9779': Cannot assign requested address; choose an address of this machine
  ls: cannot access 'started': No such file or directory
  [2]

What a file says of intervals is held against what options say.

  $ echo '{"kdamonds": [{"contexts": [{"ops": "vaddr", "intervals": {"sample_us": "5 ms", "aggr_us": "100 ms", "ops_update_us": "1 s"}, "schemes": []}]}]}' > v.json
  $ damon-perf live --kdamonds v.json --sample 200ms true
  damon-perf: the aggregation interval, 100 ms, is shorter than the sampling interval, 200 ms; raise '--aggr' or lower '--sample'
  [125]
