# SPDX-License-Identifier: GPL-2.0-or-later
# At perf_event_paranoid 3, root records, and the command's own exit status is passed on.
. "${BASH_SOURCE%/*}/kit.sh"

run record damon-perf record --source soft --rate 500 -o r.data -- \
	sh -c 'shares --mib 4 --seconds 2; exit 7'
expect_status record 7
expect_samples r.data soft
