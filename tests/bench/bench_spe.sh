#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How fast traces of Arm SPE are taken apart, on one CPU of this machine.
. "$(dirname "$0")/kit.sh"

for _ in $(seq "$runs"); do
	"$B/tests/bench/spe_speed" >> speed
done
row "SPE trace to samples" ">= 200 MB/s" "$(cut -d' ' -f1 speed | median) MB/s"
row "SPE trace to observations" ">= 200 MB/s" "$(cut -d' ' -f2 speed | median) MB/s"
