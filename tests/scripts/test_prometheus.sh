#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real Prometheus scrapes 'damon-perf live', and answers each query of the Grafana board.
. "${BASH_SOURCE%/*}/kit.sh"

command -v prometheus > /dev/null || { echo "no prometheus is installed"; exit 77; }
B=$(cd "$root" && realpath "${B:-build}")
"$B/damon-perf" record -q -o probe.data -- true || { echo "nothing can be recorded here"; exit 77; }
read -r port web < <(python3 -c 'import socket
s = [socket.socket() for _ in range(2)]
for x in s: x.bind(("127.0.0.1", 0))
print(*(x.getsockname()[1] for x in s))')
pids=()
end()
{
	kill "${pids[@]}" 2> /dev/null || true
	wait
	rm -rf "$fresh"
}
trap end EXIT

"$B/tests/workload/shares" --mib 4 --seconds 1000 > /dev/null &
pids+=($!)
"$B/damon-perf" live --plain --metrics "$port" --damos-action pageout --dry-run -p $! \
	> lines 2> live.err &
pids+=($!)
cat > prometheus.yml << END
scrape_configs:
  - job_name: damon-perf
    scrape_interval: 1s
    static_configs:
      - targets: ['127.0.0.1:$port']
END
prometheus --config.file=prometheus.yml --storage.tsdb.path=data \
	--web.listen-address="127.0.0.1:$web" > prometheus.log 2>&1 &
pids+=($!)
python3 "$root/tests/scripts/prometheus.py" "$web" "$root/docs/grafana-damon-perf.json" > found ||
	fail "an answer" "$(cat found live.err)" "$(tail -n 5 prometheus.log)"
# nothing is paged out, so nothing comes back
[ "$(cat found)" = "up 
17 of 18
none: damon_perf_scheme_refault_ratio{instance=~\"\$instance\"}" ] || fail "series" "$(cat found)"
