#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Traces by the plugin: of a program whose every instruction is known, and of one whose accesses to
# its buffers are; limits; children; what comes of them in Python.
. "$(dirname "$0")/kit.sh"

skip()
{
	echo "$1"
	exit 77
}

build=$(cd "$root" && realpath "${B:-build}")
qemu=$(command -v qemu-x86_64) || skip "no qemu-x86_64: apt-get install qemu-user"
[ "$(uname -m)" = x86_64 ] || skip "the program that is traced is for x86_64"
plugin=$build/tests/truth/plugin.so tool=$build/tests/truth/tool
export PYTHONPATH=$root/tests/truth PYTHONDONTWRITEBYTECODE=1

# trace FILE OPTIONS PROGRAM...: OPTIONS begin with a comma or are empty.
trace()
{
	"$qemu" -plugin "$plugin,out=$1$2" "${@:3}"
}

# Three pages, 1000 times: a load; a load and a store by one instruction; a store.
cat > known.S <<'END'
	.bss
	.balign 4096
	.globl buf
buf:	.skip 3 * 4096
	.text
	.globl _start
_start:	lea buf(%rip), %rsi
	mov $1000, %ecx
1:	mov (%rsi), %rax
	addq $1, 4096(%rsi)
	mov %rax, 8192(%rsi)
	dec %ecx
	jnz 1b
	mov $60, %eax
	xor %edi, %edi
	syscall
END
gcc -nostdlib -static -o known known.S
page=$((0x$(nm known | awk '$3 == "buf" { print $1 }') >> 12))
runs()
{
	local i
	for ((i = 0; i < $1; i++)); do
		printf '%x 1 0\n%x 2 1\n%x 1 1\n' $page $((page + 1)) $((page + 2))
	done
}

expect "a known program runs" 0 "" trace known.trace "" ./known
expect "its accesses, stores, instructions, runs, pages" 0 "known.trace 4000 2000 5005 3000 3" \
	"$tool" info known.trace
"$tool" dump known.trace > runs
cmp runs <(runs 1000) || fail "its runs" "$(head runs)"
expect "100 accesses" 0 "" trace max.trace ,max=100 ./known
expect "no more than 100" 0 "max.trace 100 50 1[23]? 75 3" "$tool" info max.trace
expect "all but 3000" 0 "" trace skip.trace ,skip=3000 ./known
"$tool" dump skip.trace > runs
cmp runs <(runs 250) || fail "the last 1000 accesses" "$(head runs)"
expect "some in the middle" 0 "" trace part.trace ,skip=3000,max=8,all=on ./known
"$tool" dump part.trace > runs
cmp runs <(runs 2) || fail "8 accesses" "$(cat runs)"
expect "skipped all" 0 "" trace none.trace ,skip=4001 ./known
expect "nothing left" 0 "none.trace 0 0 0 0 0" "$tool" info none.trace
expect "a wrong option" 1 "*bad option 'maximum=3'*" trace x.trace ,maximum=3 ./known
expect "nowhere to write" 1 "*No such file*" trace nowhere/x.trace "" ./known
expect "no space" 1 "*could not be written*" trace /dev/full "" ./known

# Loads and stores of every page of a table are known, and how many go to an index.
trace scan.trace "" "$build/tests/workload/scan_index" --mib 2 --ops $((6 * 32768)) \
	--truth scan.json
expect "its truth" 0 "" "$tool" truth scan.trace scan.truth 100000
head -c 1000 scan.trace > cut.trace
expect "a damaged trace" 1 "*cut short*" "$tool" truth cut.trace x.truth 100000
python3 - <<'END'
import collections, json
from truth import truth

head, rows = truth("scan.truth")
sums, intervals = collections.Counter(), collections.Counter()
for page, interval, count in rows:
    sums[page] += count
    intervals[interval] += count
assert list(intervals) == list(range(head["intervals"])), intervals
assert all(n == 100000 for i, n in intervals.items() if i < head["intervals"] - 1), intervals
assert sum(sums.values()) == head["accesses"] < head["instructions"]
with open("scan.json") as f:
    table, index = [range(r["start"] >> 12, r["end"] >> 12) for r in json.load(f)["ranges"]]
assert len(table) == 512 and all(sums[p] == 64 + 3 * 64 for p in table), [sums[p] for p in table]
assert sum(sums[p] for p in index) == len(index) + 3 * 32768, [sums[p] for p in index]

# Cut short anywhere, it is none.
data = open("scan.truth", "rb").read()
for n in [*range(0, 100), len(data) - 1]:
    with open("cut.truth", "wb") as f:
        f.write(data[:n])
    try:
        truth("cut.truth")
        raise AssertionError("%d of %d bytes" % (n, len(data)))
    except ValueError:
        pass
END

# What a child does is not the parent's, nor does it spoil the trace.
trace fork.trace "" "$(command -v bash)" -c '(exit 3); (exec true); exit 4' || status=$?
[ "${status-}" = 4 ] || fail "a shell's status 4" "${status-}"
expect "a trace of a program with children" 0 "fork.trace *" "$tool" info fork.trace
