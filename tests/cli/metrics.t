Metrics, as Prometheus would read them.

  $ . "$TESTDIR/kit.sh"; om() { python3 "$TESTDIR/../scripts/openmetrics.py" "$@"; }; port=$(om free)

Names of processes are anybody's: quotes and backslashes in them do not end a label.

  $ cp $W/shares 'a"b\c'; ./'a"b\c' --mib 4 --seconds 100 > /dev/null & pid=$!
  $ damon-perf live --rate 1000 --metrics $port --schemes '[{"action": "stat"}, {"action": "stat"}]' --format json -p $pid > json & live=$!
  $ for _ in $(seq 500); do grep -q . json && om value $port damon_perf_samples_total | grep -q '[1-9]' && break; sleep 0.02; done
  $ om read $port
  target 9
  scheme 18
  all 42
  $ om value $port "damon_perf_target_processes{target=\"0\",comm=\"a\\\"b\\\\c\",pid=\"$pid\"}"
  1
  $ om value $port 'damon_perf_scheme_snapshots_total{scheme="2"' | grep -c '^[1-9]'
  1
  $ om value $port damon_perf_build_info 'damon_perf_scheme_state{scheme="1",action="stat",state="on"}' damon_perf_targets
  1
  1
  1

Figures go on.

  $ was=$(om value $port damon_perf_snapshots_total); for _ in $(seq 500); do is=$(om value $port damon_perf_snapshots_total); test $is -gt $was && break; sleep 0.02; done; test $is -gt $was; echo $?
  0

The port is taken: nothing is started, nothing is written.

  $ damon-perf live --metrics $port -o r.data touch started; ls started r.data
  damon-perf: cannot serve metrics at '[0-9]+': the port is taken; choose another one (re)
  ls: cannot access 'started': No such file or directory
  ls: cannot access 'r.data': No such file or directory
  [2]

Nobody else's address is listened at.

  $ python3 -c 'import sys; print([l.split()[1] for l in open("/proc/net/tcp") if l.split()[1].endswith(":%04X" % int(sys.argv[1])) and l.split()[3] == "0A"])' $port
  \['0100007F:[0-9A-F]{4}'\] (re)

Who asks badly is answered or closed, and the watching goes on.

  $ om hostile $port
  other method: HTTP/1.1 405 Method Not Allowed
  body: HTTP/1.1 405 Method Not Allowed
  other path: HTTP/1.1 404 Not Found
  head: HTTP/1.1 200 OK
  slow and many: closed
  served afterwards
  $ n=$(wc -l < json); for _ in $(seq 500); do test $(wc -l < json) -gt $n && break; sleep 0.02; done; test $(wc -l < json) -gt $n; echo $?
  0

Prometheus's own checker, where it is installed.

  $ python3 -c 'import sys, urllib.request as u; sys.stdout.write(u.urlopen(u.Request("http://127.0.0.1:%s/metrics" % sys.argv[1], headers={"Accept": "text/plain"})).read().decode())' $port > classic; if command -v promtool > /dev/null; then promtool check metrics < classic; fi; echo $?
  0

Each metric that the board and the page on many hosts ask for is there, with the labels they ask by.

  $ cat > names.py << 'END'
  > import json, re, sys
  > text, docs = open(sys.argv[1]).read(), sys.argv[2]
  > types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
  > names = {n if t != "counter" or n.endswith("_total") else n + "_total" for n, t in types.items()}
  > labels, asked = {"instance", "job"}, []
  > for pairs in re.findall(r"^\w+\{(.*)\} ", text, re.M):
  >     labels |= set(re.findall(r'(\w+)="', pairs))
  > def walk(o):
  >     for k, v in o.items() if isinstance(o, dict) else enumerate(o):
  >         if k in ("expr", "query", "definition") and isinstance(v, str):
  >             asked.append(v)
  >         elif isinstance(v, (dict, list)):
  >             walk(v)
  > walk(json.load(open(docs + "/grafana-damon-perf.json")))
  > asked += re.findall(r"`([^`]*damon_perf_[^`]*)`", open(docs + "/FLEET.md").read())
  > used = {n for q in asked for n in re.findall(r"damon_perf_\w+", q)}
  > by = {l for q in asked for m in re.findall(r"\{([^}]*)\}", q) for l in re.findall(r"(\w+)[!=]", m)}
  > print("unknown:", sorted(used - names), sorted(by - labels))
  > print("asked for:", "many" if len(used) > 15 and len(by) > 3 else sorted(used))
  > END
  $ python3 names.py classic "$TESTDIR/../../docs"
  unknown: [] []
  asked for: many
  $ kill $live; wait $live; echo $?
  0
  $ om read $port
  openmetrics: [Errno 111] Connection refused
  [1]
  $ kill $pid; wait $pid 2> /dev/null
  [143]
  $ left
