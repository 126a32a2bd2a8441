#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Accuracy against exact truth, each figure beside its aim. All tables: 'make accuracy'.
. "$(dirname "$0")/kit.sh"

B=$B "$root/scripts/accuracy" --aims
