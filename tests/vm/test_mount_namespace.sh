# SPDX-License-Identifier: GPL-2.0-or-later
# A target in another mount namespace, where its path names another file than here: code bytes must
# come from the target's file or not at all. Taken from the file of the same name, they would give
# accesses at addresses that the program never touches.
. "${BASH_SOURCE%/*}/kit.sh"

mkdir bin
cp "$(command -v zigzag)" bin/target
cp "$(command -v shares)" other
cat > there <<'END'
mount --bind other bin/target
exec bin/target --mib 4 --seconds 8 --truth truth
END
run record damon-perf record --source soft --rate 500 -o r.data -- unshare --mount sh there
expect_status record 0
expect_samples r.data soft
cmp -s bin/target "$(command -v zigzag)" || fail "the bind mount stays in the target's namespace"
grep -q '"name": *"a"' truth || fail "a truth of 'shares'" "$(cat truth)"

# Most heat of the program outside of its stack lies in the buffers that it says it touched, over
# all of its snapshots: its start and its end, which are long in here, touch other memory.
run report damon-perf report access -i r.data --format json
expect_status report 0
python3 - report.out truth << 'END' || fail "heat in the three buffers" "$(head -c 2000 report.out)"
import json, sys

records = json.load(open(sys.argv[1]))
truth = json.load(open(sys.argv[2]))["ranges"]
inside = total = 0
shots = [s for rec in records if rec["comm"] == "target" for s in rec["snapshots"]]
for region in (r for s in shots for r in s["regions"]):
    start, end, heat = region["start"], region["end"], region["heat"]
    if end > 0x7ffbff800000: # the stack, which lies above what mmap_base() leaves to mappings
        continue
    total += heat * (end - start)
    inside += heat * sum(max(0, min(end, t["end"]) - max(start, t["start"])) for t in truth)
share = inside / total if total else 0
print("%.2f of it" % share)
sys.exit(share < 0.5)
END
