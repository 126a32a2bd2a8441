# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's DAMON and damon-perf monitor one process at the same time, neither disturbs the
# other, and both find its hot memory: scored by the same code, against what the program says it
# did. How well each does is measured by 'make bench T=kdamon'.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/damon.sh"

# An accessed bit is a page's: with huge ones, all of the buffer looks alike.
huge=/sys/kernel/mm/transparent_hugepage/enabled
echo never > $huge
chunks --mib 64 --chunks 2 --size 8 --seconds 10 --truth truth --go go &
pid=$!
trap 'kill $pid 2>/dev/null || true; damon_off; echo always > $huge' EXIT
settled $pid chunks
damon_on $pid
damon-perf record -q --rate 200 -o r.data -p $pid &
recorder=$!
until [ -s r.data ]; do
	sleep 0.1
done
touch go
wait $pid
wait $recorder || fail "a recording"
damon_save damon.trace
damon_off
[ "$(cat $damon/nr_kdamonds)" = 0 ] || fail "no kdamond left"
expect_samples r.data soft

mkdir perf
damon-perf report access -i r.data --format json > perf/access.json
damon-perf report info -i r.data --format json > perf/info.json
PYTHONPATH=${BASH_SOURCE%/*} python3 - <<'END' || fail "both find the chunks"
import live, sys

bad = False
for path in "damon.trace", "perf":
    figures = live.score(path)
    print("%s: %s" % (path, figures))
    # the chunks are 16 % of the buffer; chance alone would give .16
    bad |= figures["f1"] < .6 or figures["caught"] < .6 or figures["events"] < 10
sys.exit(bad)
END
