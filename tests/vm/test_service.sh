# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# The service under a real systemd, as it is shipped: an instance of its own in a namespace of
# processes, whose only target is the service and a program of another user, which is paged out.
. "${BASH_SOURCE%/*}/kit.sh"

[ -x /lib/systemd/systemd ] || skip "no systemd is installed"
unit=${BASH_SOURCE%/*}/damon-perf-reclaim.service units=/run/systemd/system
bin=/run/service
mkdir -p $bin $units/damon-perf-reclaim.service.d
chmod 755 /run $bin
cp "$(command -v damon-perf)" "$(command -v kinds)" $bin
sed "s|@BINDIR@|$bin|" "$unit" > $units/damon-perf-reclaim.service
options='--metrics 9779 --format json --rate 1000 --min-age 500000 --wmarks-interval 0'
options+=' --quota-ms 0 --quota-sz 1G'
# a drop-in, as 'systemctl edit' makes it: at once, and told where the test can see it
cat > $units/damon-perf-reclaim.service.d/test.conf << END
[Unit]
DefaultDependencies=no
[Service]
Environment="OPTIONS=$options"
StandardOutput=file:$PWD/out
StandardError=file:$PWD/err
END
cat > $units/work.service << END
[Unit]
DefaultDependencies=no
[Service]
User=games
ExecStart=$bin/kinds --seconds 1000 --hot 2 --cold 32 --map /dev/null
StandardOutput=null
END
cat > $units/test.target << END
[Unit]
DefaultDependencies=no
Wants=damon-perf-reclaim.service work.service
END
paranoid 2
chmod 777 .
unshare --pid --fork --mount-proc --kill-child env container=test \
	/lib/systemd/systemd --system --unit=test.target > log 2>&1 &
systemd=$!
trap 'kill -KILL $systemd || true; rm -rf $units $bin' EXIT

told()
{
	fail "$1" "$(tail -n 3 err)" "$(tail -n 1 out | grep -o '"schemes".*')" "$(tail -n 5 log)"
}

# Its process, once it runs: the newest one, as one of ours runs beside each test.
find_process()
{
	for ((i = 0; i < 300; i++)); do
		! pgrep -nx "$1" > "$1.pid" || return 0
		sleep .2
	done
	told "$1 runs"
}
find_process kinds
for ((i = 0; i < 300; i++)); do
	[ ! -s out ] || break # it watches
	sleep .2
done
find_process damon-perf

# nobody, with the capabilities of the unit and a filter of system calls
has()
{
	grep -q "^$1:[[:space:]]*$2" "/proc/$(< "$3.pid")/status" || told "$3: $1 $2"
}
has CapEff 0000004000880004 damon-perf
has NoNewPrivs 1 damon-perf
has Seccomp 2 damon-perf
for ((i = 0; ; i++)); do
	swapped=$(sed -n 's/^VmSwap:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$(< kinds.pid)/status")
	[ "$swapped" -lt 16384 ] || break
	[ $i -lt 300 ] || told "16 MiB are paged out"
	sleep .2
done
python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:9779/metrics")' ||
	told "metrics"
[ ! -s err ] || told "nothing to complain about"

# and it ends as services do
kill -TERM "$(< damon-perf.pid)"
for ((i = 0; i < 300; i++)); do
	[ -d "/proc/$(< damon-perf.pid)" ] || break
	sleep .2
done
[ ! -d "/proc/$(< damon-perf.pid)" ] || told "it ends"
