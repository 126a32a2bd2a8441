#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Virtual PMUs: what they pick of programs that are known; each file read by damon-perf and by perf,
# sample by sample.
. "$(dirname "$0")/kit.sh"

skip()
{
	echo "$1"
	exit 77
}

build=$(cd "$root" && realpath "${B:-build}")
command -v qemu-x86_64 > /dev/null || skip "no qemu-x86_64: apt-get install qemu-user"
[ "$(uname -m)" = x86_64 ] || skip "the program that is watched is for x86_64"
vpmu=$build/tests/vpmu/tool trace=$build/tests/truth/tool
formats='pebs pebs-phys ibs ibs-raw spe'
perf=$(perf --version 2> /dev/null | awk '{ print $3 }') || perf=''
remarks=''

# info NAME KEY: of 'vpmu info', what follows the key.
info()
{
	"$vpmu" info "$1.list" | sed -n "s/^$2 //p"
}

# Of one page it loads, to another it adds, into a third it stores: 100000 times.
cat > known.S <<'END_OF_PROGRAM'
	.bss
	.balign 4096
	.globl buf
buf:	.skip 3 * 4096
	.text
	.globl _start
	.type _start, @function
_start:	lea buf(%rip), %rsi
	mov $100000, %ecx
1:	mov (%rsi), %rax
	addq $1, 4096(%rsi)
	mov %rax, 8192(%rsi)
	dec %ecx
	jnz 1b
	mov $60, %eax
	xor %edi, %edi
	syscall
	.size _start, . - _start
END_OF_PROGRAM
gcc -nostdlib -static -o known known.S
buf=$((0x$(nm known | awk '$3 == "buf" { print $1 }')))
expect "a known program runs" 0 "" "$vpmu" record -P 1008 -o known -- ./known
[ "$(info known accesses)" = 400000 ] || fail "its accesses" "$("$vpmu" info known.list)"
[ "$(info known instructions)" = 500005 ] || fail "its instructions" "$("$vpmu" info known.list)"
expect "the exact trace beside it" 0 "known.trace 400000 200000 500005 300000 3" \
	"$trace" info known.trace
# each 1008th of 200000, from anywhere in the first 1008 on
for kind in loads stores; do
	[[ $(info known "$kind 1008") == 19[89]\ 0 ]] || fail "$kind" "$("$vpmu" info known.list)"
done
# loads and additions alternate, so an even period sees only one of both; so would the real one
"$vpmu" list -p pebs -P 1008 known.list | awk '{ print $5, $7 }' | sort | uniq -c > picked
[ "$(wc -l < picked)" = 2 ] || fail "one place each" "$(cat picked)"
# a fifth each: loads, additions, stores, and twice something else
"$vpmu" list -p ibs-raw -P 1008 known.list | awk '{ n[$5 " " $7]++ }
	END { for (k in n) print (n[k] < 80 || n[k] > 140 ? "odd" : k) }' | sort > picked
printf '%x load\n%x load+store\n%x store\n' $buf $((buf + 4096)) $((buf + 8192)) |
	cmp - picked || fail "IBS picks alike" "$(cat picked)"
expect "periods of IBS are multiples of 16" 1 "*bad option 'ibs=1000'*" \
	"$vpmu" record -p ibs -P 1000 -o x -- ./known
expect "what a cut list is" 1 "*no list, or not finished*" \
	"$vpmu" info <(head -c 5000 known.list)

# cross FORMAT NAME PERIOD: the samples in the file are those of the list, to us and to perf.
cross()
{
	local file=$2.$1.$3.data status=0
	"$vpmu" list -p "$1" -P "$3" "$2.list" > lines
	[ -s lines ] || fail "$1: samples"
	"$vpmu" read "$file" > ours 2> said || status=$?
	case $status in
	0) cmp lines ours || fail "$1 of $2: damon-perf sees others" "$(diff lines ours | head)" ;;
	77) [[ $remarks == *" $1"* ]] || remarks+=" $1" ;;
	*) fail "$1 of $2: damon-perf reads it" "$(cat said)" ;;
	esac
	[[ $perf == 6.1.* ]] || return 0
	python3 "$root/tests/vpmu/perf.py" script "$1" "$file" > theirs
	python3 "$root/tests/vpmu/perf.py" expect "$1" lines > expected
	cmp expected theirs || fail "$1 of $2: perf sees others" "$(diff expected theirs | head)"
	[ "$1" != ibs-raw ] || return 0 # no kernel would translate it: perf report sees no memory
	python3 "$root/tests/vpmu/perf.py" report "$1" "$file" > theirs
	python3 "$root/tests/vpmu/perf.py" count "$1" lines > expected
	cmp expected theirs || fail "$1 of $2: perf report" "$(diff expected theirs)"
}

# Hits and misses of all levels; threads that come and go; a real program.
"$vpmu" record -P 1024 -o chase -- "$build/tests/workload/chase" --mib 6 --ops 500000 > said
"$vpmu" record -t -P 512 -o threads -- "$build/tests/workload/threads" --ops 200000 > said
"$vpmu" record -P 2048 -o awk -m 3000000 -- "$(realpath "$(command -v awk)")" \
	'BEGIN { for (i = 0; i < 30000; i++) a[i * 7919 % 65536] = i; print length(a) }' > said
for format in $formats; do
	cross "$format" chase 1024
	cross "$format" threads 512
	cross "$format" awk 2048
done
"$vpmu" list -p pebs -P 1024 chase.list | awk '{ print $8 }' | sort -u > picked
grep -qx L3 picked && grep -qx LFB picked && grep -qx L2 picked || fail "levels" "$(cat picked)"
"$vpmu" list -p ibs -P 512 threads.list | awk '{ print $3 }' | sort -u > picked
[ "$(wc -l < picked)" -gt 1 ] || fail "several threads" "$(cat picked)"

# SPE loses the sample that comes while one is in flight.
"$vpmu" record -p spe -P 256 -o dense -- "$build/tests/workload/chase" --mib 32 --ops 30000 > said
read -r samples collided <<< "$(info dense 'spe 256')"
[ "$collided" -gt 10 ] && [ "$samples" -gt "$collided" ] || fail "collisions" "$samples, $collided"
cross spe dense 256

# The same run is the same file; a list is encoded again, at another pace.
"$vpmu" record -P 1008 -p pebs -o again -- ./known
cmp known.pebs.1008.data again.pebs.1008.data || fail "the same file twice"
"$vpmu" encode -p pebs -s 20 -o slow again.list
"$vpmu" read slow.pebs.1008.data | awk 'END { print int(($1 - 1e9) / 1e8) }' > picked
[ "$(cat picked)" = 199 ] || fail "the last sample of 20 s" "$(cat picked)"
expect "formats that the list lacks" 0 "" "$vpmu" encode -p spe -o none again.list
[ ! -e none.spe.1008.data ] || fail "no file of no samples"

# Reports tell levels, and latencies of each instruction; files have names by perf's build ids.
"$vpmu" encode -p pebs -s 20 -o slow chase.list
"$build/damon-perf" report levels -i slow.pebs.1024.data --format csv > levels
for level in L2 LFB L3; do
	grep -q "^$level,,0.*," levels || fail "report levels: $level" "$(cat levels)"
done
awk -F , 'NR > 1 { sum += $3; cycles += $9 } END { exit sum < .999 || sum > 1.001 ||
	cycles < .999 || cycles > 1.001 }' levels || fail "shares of levels" "$(cat levels)"
if [ -n "$perf" ]; then
	perf inject -b -i known.pebs.1008.data -o named.data
	"$build/damon-perf" report annotate _start -i named.data --width 120 > annotated
	grep -q '^ *share .* cycles  *line' annotated || fail "latencies of code" "$(cat annotated)"
	grep -q '% .* 5  .* \(mov rax, \[rsi\]\|add .*\[rsi+0x1000\]\)' annotated ||
		fail "a load from L1" "$(cat annotated)"
	"$build/damon-perf" report hotspots -i named.data --format csv | cut -d, -f8,10 > named
	printf 'function,module\n_start,known\n' | cmp - named || fail "names" "$(cat named)"
fi

[ -z "$remarks" ] || skip "damon-perf has no source that decodes$remarks"
[[ $perf == 6.1.* ]] || skip "perf ${perf:-is not here}: 6.1 is the one whose quirks are known"
