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
exec bin/target --mib 4 --seconds 3 > truth
END
run record damon-perf record --source soft --rate 500 -o r.data -- unshare --mount sh there
expect_status record 0
expect_samples r.data soft
cmp -s bin/target "$(command -v zigzag)" || fail "the bind mount stays in the target's namespace"
grep -q '"name": *"a"' truth || fail "a truth of 'shares'" "$(cat truth)"

# of all accesses, few are outside of every mapping or of unknown address
accesses=$(info r.data accesses)
[ "${accesses:-0}" -gt 100 ] || fail "accesses" "$accesses"
astray=$(info r.data no_region)
[ "$((astray * 20))" -lt "$accesses" ] || fail "few of $accesses outside of mappings" "$astray"
