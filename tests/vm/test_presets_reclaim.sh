# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# 'damon-perf reclaim' with real swap, zram: what idles is paged out, what is hot stays; a second
# run plans only, and has nothing to say against acting.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

# reclaim OPTION...: in the place of 'act', with parameters by the module's names.
reclaim()
{
	: > live.out
	damon-perf reclaim --format json --rate 1000 --min_age 500000 --wmarks_interval 0 \
		--quota_ms 0 --quota_sz 1G "$@" -p "$pid" > live.out 2> live.err &
	live=$!
}

# much beside little: so it is soon sure that it is cold (docs/SCHEMES-plan.md)
target --hot 2 --cold 32
reclaim --dry-run
eventually scheme sz_tried -ge 16777216
end_act
expect mem cold Swap -eq 0
expect scheme sz_applied -eq 0
[ ! -s live.err ] || fail 'a dry run where there is swap' '' "$(cat live.err)"

reclaim
eventually mem cold Swap -ge 16384
eventually scheme sz_applied -ge 16000000
expect mem cold Rss -le 16384
expect mem hot Rss -eq 2048
end_act
