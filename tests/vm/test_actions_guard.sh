# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# Watermarks switch a scheme and sampling on and off; a program that wants back what was paged out
# slows the scheme, and then pauses it.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

# in a folder of its own, beside the rest: it waits most of the time
guard()
{
	mkdir guard
	cd guard
	# pages of libraries would use up the little that it may do: others use them, and they stay
	target --hot 1 --cold 4 --again 1 --rest 20
	act --damos-action pageout --damos-compare plain \
		--damos-access-rate 0% 0% --damos-filter allow addr $((0x${start[cold]})) $((0x${end[cold]}))
	eventually says state '^slowed' -eq 1
	expect says state_reason 'came? back' -eq 1
	scheme refault_bp
	echo "$is"
	expect says refault_bp '^[0-9.]+$' -eq 1
	eventually says state '^paused' -eq 1
	scheme sz_applied
	was=$is
	scheme nr_snapshots
	eventually scheme nr_snapshots -ge $((is + 10))
	expect scheme sz_applied -eq "$was"
	end_act
}
(trap cleanup EXIT; guard) > said 2>&1 &
guard=$!

# lines: how many there are
lines()
{
	local all
	mapfile -t all < live.out
	is=${#all[@]}
}

# quiet: for how many looks there was no new line
quiet()
{
	local was=${lines-}
	lines
	[ "$is" = "$was" ] && still=$((still + 1)) || still=0
	lines=$is
	is=$still
}

target --hot 1 --cold 4
meminfo MemTotal
total=$is
meminfo MemFree
free=$((is * 1000 / total))
act -o live.data --damos-action pageout "${cold[@]}" \
	--damos-wmarks free_mem_rate 200ms $((free - 60)) $((free - 80)) 10
still=0
eventually quiet -ge 15
expect mem cold Swap -eq 0
head -c $((total / 10))K /dev/zero > /dev/shm/eaten
eventually mem cold Swap -ge 4000
rm /dev/shm/eaten
still=0
eventually quiet -ge 15
end_act

wait $guard || fail "the guard" "$(cat said)"
