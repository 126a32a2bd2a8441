#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/check in a tree where every part is played: what it adds up, and that nothing that fails
# gets lost.
. "$(dirname "$0")/kit.sh"
unset B SAN T ASAN_OPTIONS UBSAN_OPTIONS # of the run that this test is a part of

# part FILE STATUS [LINE]: a part that prints a line and ends.
play()
{
	program "$1" <<< "#!/bin/bash
echo '${3-}' >&2
exit $2"
}

tree()
{
	rm -rf scripts tests build
	mkdir -p tests/cli tests/fuzz/corpus/a tests/scripts
	mkdir scripts
	cp "$root/scripts/check" scripts/
	touch tests/cli/one.t tests/cli/two.t tests/fuzz/fuzz_a.c
	play scripts/layers 0 "fine"
	play scripts/man 0
	play scripts/golden 0 "2 passed, 0 failed, 1 skipped"
	play tests/report/run 0 "1 passed, 0 failed, 0 skipped"
	play build/tests/fuzz/fuzz_a 0
	play build/tests/unit/unit 0 \
		"[====] Synthesis: Tested: 5 | Passing: 5 | Failing: 0 | Crashing: 0 "
	play tests/scripts/test_x.sh 77 "no such thing here"
}

tree
expect "all is well" 0 "*
11 passed, 0 failed, 3 skipped" scripts/check

tree
play build/tests/unit/unit 1 "[====] Synthesis: Tested: 5 | Passing: 3 | Failing: 1 | Crashing: 1 "
expect "unit tests that fail and crash" 1 "*
9 passed, 2 failed, 3 skipped" scripts/check
tree
play build/tests/unit/unit 139 "killed early"
expect "a unit binary that dies" 1 "*killed early*
6 passed, 1 failed, 3 skipped" scripts/check
tree
play scripts/golden 0 "no summary"
expect "a runner without a summary" 1 "*no summary*
9 passed, 1 failed, 2 skipped" scripts/check
tree
play scripts/golden 1 "2 passed, 0 failed, 0 skipped"
expect "a runner that fails after its summary" 1 "*1 failed, *" scripts/check
tree
play build/tests/fuzz/fuzz_a 1 "cannot be parsed"
expect "an input that breaks a parser" 1 "*cannot be parsed*
10 passed, 1 failed, 3 skipped" scripts/check
tree
play scripts/layers 1 "src/x.c:1: bad"
expect "a layer violation" 1 "*src/x.c:1: bad*" scripts/check
tree
rm -r build
expect "what was not built" 1 "*2 failed, *" scripts/check
tree
play tests/scripts/test_x.sh 3 "reason"
expect "a script test" 1 "*test_x.sh: exit status 3*reason*" scripts/check

tree
program build/tests/unit/unit <<'END'
#!/bin/bash
echo "leak of 3 bytes" > "${ASAN_OPTIONS#*log_path=}.77"
echo "[====] Synthesis: Tested: 5 | Passing: 5 | Failing: 0 | Crashing: 0 "
END
expect "a leak in a test that passes" 1 "*leak of 3 bytes*1 failed*" env SAN=1 scripts/check

tree
program scripts/golden <<'END'
#!/bin/bash
echo "$# passed, 0 failed, 0 skipped"
END
program build/tests/unit/unit <<'END'
#!/bin/bash
[ "$*" = "--verbose --filter *two*" ] || exit 1
echo "[====] Synthesis: Tested: 0 | Passing: 0 | Failing: 0 | Crashing: 0 "
END
play tests/report/run 0 "0 passed, 0 failed, 0 skipped"
expect "a filter" 0 "*1 passed, 0 failed, 0 skipped" env T=two scripts/check
program build/tests/unit/unit <<< "#!/bin/bash
echo '[====] Synthesis: Tested: 0 | Passing: 0 | Failing: 0 | Crashing: 0 '"
expect "a filter that nothing matches" 1 "*no test matches*" env T=nothing scripts/check
