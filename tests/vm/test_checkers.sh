# SPDX-License-Identifier: GPL-2.0-or-later
# Accessed bits on a stock Debian kernel: smaps as nobody, idle refused with the reason.
. "${BASH_SOURCE%/*}/kit.sh"

huge=/sys/kernel/mm/transparent_hugepage/enabled
was_huge=$(grep -o '\[.*\]' $huge | tr -d '[]')
pid=
restore()
{
	echo "$was_huge" > $huge
	[ -z "$pid" ] || kill "$pid" 2> /dev/null || true
}
trap restore EXIT
paranoid 2

# no Debian kernel has the bitmap, which even root is told before the command runs
run idle damon-perf record --check idle touch ran
expect_status idle 125
expect_match idle.err '^damon-perf: .* does not track idle pages \(CONFIG_IDLE_PAGE_TRACKING\)'
[ ! -e ran ] || fail "the command did not run" "$(ls)"
run check damon-perf check --format json
expect_match check.out '"name":"idle","summary":"[^"]*","usable":false,"reason":"[^"]*IDLE_PAGE'
expect_match check.out '"name":"smaps","summary":"[^"]*","usable":true'

# check HUGE: records a program that accesses a quarter of its buffer, once that was filled
check()
{
	echo "$1" > $huge
	become_nobody dense --mib 32 --percent 25 --seconds 200 > /dev/null &
	pid=$!
	wait_for $pid dense
	until [ "$(cut -d' ' -f2 "/proc/$pid/statm")" -ge 8192 ]; do
		sleep 0.1
	done
	run "$1" as_nobody damon-perf record --check smaps --overhead 50 --duration 4s -p $pid \
		-o r.data
	kill $pid
	wait $pid 2> /dev/null || true
	pid=
	expect_status "$1" 0
	expect_samples r.data soft
	n=$(info r.data check_failed)
	[ "$n" = 0 ] || fail "no failed check" "$n"
	pages=$(info r.data check_pages) touched=$(info r.data check_touched)
}
check never
[ "$pages" -ge 8192 ] || fail "at least one look at all pages" "$pages"
percent=$((100 * touched / pages))
# qemu's TLB keeps more than a real one, and what stays in it shows no access
[ $percent -ge 2 ] && [ $percent -le 30 ] || fail "at most about 24 % touched" "$percent %"

# one bit for 512 pages: told apart, not taken for theirs
check always
n=$(info r.data check_coarse)
[ "$n" -ge 7680 ] || fail "huge pages are passed over, and counted" "$n"
[ "$pages" -lt 8192 ] || fail "no word of them" "$pages"
