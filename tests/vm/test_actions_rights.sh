# SPDX-License-Identifier: GPL-2.0-or-later
# Rights: nobody is refused, with the remedy, and acts upon nobody's processes with it.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

run root damon-perf live --plain --damos-action migrate_cold 1 -p $$
expect_status root 125
expect_match root.err 'one NUMA node'

# as_user COMMAND...: as nobody, and programs may give capabilities
as_user()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all env HOME="$PWD" "$@"
}
paranoid 2
as_user kinds --seconds 1000 --hot 1 --cold 4 --map map > truth &
until [ -s map ]; do
	rest
done
pid=$(pgrep -u 65534 kinds)
while read -r name from to; do
	start[$name]=$from end[$name]=$to
done < map
run none as_user damon-perf live --plain --damos-action cold -p "$pid"
expect_status none 125
expect_match none.err 'needs the capability CAP_SYS_NICE; run as root, or .setcap cap_sys_nice,cap_perfmon'
run none as_user damon-perf live --plain --dry-run --duration 1s --damos-action cold -p "$pid"
expect_status none 0

paranoid 3
cp "$(command -v damon-perf)" /dev/shm/damon-perf
PATH=/dev/shm:$PATH
for caps in cap_perfmon cap_sys_nice cap_sys_nice,cap_perfmon cap_sys_nice,cap_perfmon,cap_sys_ptrace; do
for action in cold collapse willneed lru_prio stat; do
setcap $caps+ep /dev/shm/damon-perf
run $action as_user /dev/shm/damon-perf live --format json --rate 250 --aggr 200ms "${all[@]}" --duration 2s --damos-action $action -p "$pid"
cp $action.out live.out
scheme sz_applied
echo "$caps $action $status $is $(scheme reason; echo $is) $(cat $action.err)"
done
run $action as_user /dev/shm/damon-perf live --format json --rate 250 --aggr 200ms "${all[@]}" --damos-action cold -- kinds --seconds 1
cp $action.out live.out
scheme sz_applied
echo "$caps command $status $is $(scheme reason; echo $is) $(cat $action.err)"
run $action as_user /dev/shm/damon-perf record -o r.data --check smaps kinds --seconds 1
echo "$caps record $status $is $(cat $action.err)"
done
exit 1
