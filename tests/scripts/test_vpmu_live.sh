#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# damon-perf from its options to its reports on a machine with a PMU (tests/vpmu/machine.h): what it
# records there is what the PMU wrote, as recordings of the same run tell.
. "$(dirname "$0")/kit.sh"

skip()
{
	echo "$1"
	exit 77
}

build=$(cd "$root" && realpath "${B:-build}")
command -v qemu-x86_64 > /dev/null || skip "no qemu-x86_64: apt-get install qemu-user"
[ "$(uname -m)" = x86_64 ] || skip "the program that is watched is for x86_64"
vpmu=$build/tests/vpmu/tool perf=$build/damon-perf
export LIBPFM_FORCE_PMU=ivb_unc_ha0 # not the processor of this machine

# A program in whose place the other one is played.
sleep 600 &
export VPMU_PID=$!
trap 'kill $VPMU_PID; rm -rf "$fresh"' EXIT

# on FORMAT OPTION...: a command of damon-perf on the machine of that file.
on()
{
	VPMU_FILE=$1.data "$build/tests/vpmu/damon-perf" "${@:2}"
}

# info RECORD KEY: a figure of it; what is missing equals nothing.
info()
{
	"$perf" report info -i "$1" --format json | python3 -c \
		'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2" ||
		echo "none in $1"
}

"$vpmu" record -P 2048 -o awk -m 20000000 -- "$(realpath "$(command -v awk)")" \
	'BEGIN { for (i = 0; i < 200000; i++) a[i * 7919 % 65536] = i; print length(a) }' > said
for format in pebs pebs-phys ibs-raw spe; do
	"$vpmu" encode -p $format -s 2 -o two awk.list
	mv two.$format.2048.data $format.data
done

# Which one is there is found out; a reason for each of the others.
expect "a machine with PEBS" 0 "*pebs * yes *ibs * no *is in AMD's *spe * no *takes 'pebs'*" \
	on pebs check
expect "a machine with IBS" 0 "*pebs * no *ibs * yes *takes 'ibs', as *" on ibs-raw check
expect "a machine with SPE" 0 "*pebs * no *ibs * no *spe * yes *takes 'spe', as *" on spe check
expect "another one's source" 125 "*cpu/mem-loads is not in sysfs*" \
	on spe record --source pebs -p $VPMU_PID

# Every sample, where it was, and the same heat of the same memory.
cat > compare.py <<-'END_OF_PROGRAM'
	import csv, sys

	def heat(path):
	    of = {}
	    for r in csv.DictReader(open(path)):
	        n, start, end = float(r["heat"]), int(r["start"], 0), int(r["end"], 0)
	        for page in range(start >> 12, end >> 12):
	            of[page >> 4] = of.get(page >> 4, 0) + n
	    total = sum(of.values())
	    return {k: v / total for k, v in of.items()}

	a, b = heat(sys.argv[1]), heat(sys.argv[2])
	off = sum(abs(a.get(k, 0) - b.get(k, 0)) for k in a.keys() | b.keys()) / 2
	print("%.3f" % off if off >= .1 else "alike")
END_OF_PROGRAM
for format in pebs ibs-raw spe; do
	source=${format%-raw}
	on $format record -q --source $source --period 2048 -p $VPMU_PID -o live
	"$perf" record -q --replay $format.data -o replayed
	for key in samples accesses filtered no_region no_address lost; do
		[ "$(info live $key)" = "$(info replayed $key)" ] ||
			fail "$format: $key" "$(info live $key), $(info replayed $key)"
	done
	"$vpmu" read $format.data > all
	[ "$(info live samples)" = "$(wc -l < all)" ] || fail "$format: all" "$(info live samples)"
	[ "$(info live lost)" = 0 ] && [ "$(info live no_region)" = 0 ] || fail "$format: losses"
	for record in live replayed; do
		"$perf" convert -i $record --to csv -o $record.csv
	done
	expect "$format: the same heat" 0 alike python3 compare.py live.csv replayed.csv
	rm live replayed
done
on pebs-phys record -q --phys --period 2048 -p $VPMU_PID -o live
[ "$(info live samples)" = "$("$vpmu" read pebs-phys.data | wc -l)" ] || fail "physical addresses"

# By itself it takes what is there, and the period that the overhead allows: the densest of three,
# as the run is spread over ten seconds here. The PMU counts accesses until it has seen so many.
for format in pebs ibs-raw; do
	"$vpmu" encode -p $format -s 10 -o ten awk.list
	mv ten.$format.2048.data ten-$format.data
	on ten-$format record -q -p $VPMU_PID -o live
	[ "$(info live source)" = ${format%-raw} ] || fail "its source" "$(info live source)"
	"$vpmu" read $format.data | awk -v live="$(info live samples)" '
		END { off = live * 48900 / (NR * 2048); exit !(off > .85 && off < 1.15) }' ||
		fail "$format: as many as at one in 49 k" "$(info live samples)"
	"$perf" report info -i live | grep -q 'rates used  *one in 48.9 k' || fail "rates used"
	rm live
done

# Who does not come for a second loses what did not fit, and says how much.
for format in pebs ibs-raw; do
	rm -f live
	VPMU_LOCKED=512 VPMU_STALL=300,1000 on $format record -q --source ${format%-raw} \
		--period 2048 -p $VPMU_PID -o live
	sum=$(($(info live samples) + $(info live filtered) + $(info live lost)))
	[ "$sum" = "$("$vpmu" info awk.list | awk -v kind="${format%-raw}" '
		$1 == kind || (kind == "pebs" && ($1 == "loads" || $1 == "stores")) { n += $3 }
		END { print n }')" ] || fail "$format: all is accounted for" "$sum"
done
[ "$(info live lost)" -gt 100 ] || fail "some did not fit" "$(info live lost)"
rm live
VPMU_LOCKED=500 VPMU_STALL=300,1000 on spe record --source spe --period 2048 -p $VPMU_PID \
	-o live 2> said
[ "$(info live samples)" -lt "$("$vpmu" read spe.data | wc -l)" ] || fail "some did not fit"
[ "$(info live traces_truncated)" -gt 0 ] || fail "traces are cut" "$(info live traces_truncated)"
[ "$(info live traces_broken)" = 0 ] || fail "records are whole"
grep -q "snapshots of .* samples (traces cut off $(info live traces_truncated) times*), " said ||
	fail "the last line tells it" "$(cat said)"
rm live
VPMU_LOCKED=500 VPMU_STALL=300,1000 on spe record --raw --source spe --period 2048 -p $VPMU_PID \
	-o raw.data 2> said
grep -q "of traces (traces cut off [1-9][0-9]* times*) of source spe, " said ||
	fail "that of a raw recording, too" "$(cat said)"
rm raw.data

# Areas that wrap around several times lose nothing.
VPMU_LOCKED=500 on spe record -q --source spe --period 2048 -p $VPMU_PID -o live
[ "$(info live samples)" = "$("$vpmu" read spe.data | wc -l)" ] || fail "areas wrap around"

# Undecoded, they are for perf.
perf --version > /dev/null 2>&1 || skip "no perf here"
for format in pebs ibs-raw spe; do
	[ $format != spe ] || itrace=--itrace=M
	on $format record -q --raw --source ${format%-raw} --period 2048 -p $VPMU_PID -o raw.data
	perf script -i raw.data ${itrace:-} -F tid,time,ip,addr > theirs 2> said ||
		[ $format = ibs-raw ] || fail "$format: perf reads it" "$(cat said)"
	"$vpmu" read raw.data > ours
	[ $format = ibs-raw ] || [ "$(wc -l < ours)" = "$(wc -l < theirs)" ] ||
		fail "$format: perf counts" "$(wc -l < ours), $(wc -l < theirs)"
	[ "$(wc -l < ours)" = "$("$vpmu" read $format.data | wc -l)" ] || fail "$format: raw"
	rm raw.data
done
