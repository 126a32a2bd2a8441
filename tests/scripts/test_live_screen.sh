#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# live's full screen: keys, sizes, characters, and every way out of it (live_screen.py).
. "$(dirname "$0")/kit.sh"

bin=$(cd "$root" && realpath "${B:-build}")
"$bin/damon-perf" check > /dev/null || { echo "nothing can be recorded here"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/scripts \
	python3 "$root/tests/scripts/live_screen.py" "$bin/damon-perf" "$bin/tests/workload"
