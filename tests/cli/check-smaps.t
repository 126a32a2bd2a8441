Accessed bits beside the samples, on programs whose accesses are known.

  $ . "$TESTDIR/kit.sh"
  $ damon-perf check --format json | grep -q '"name":"smaps","summary":"[^"]*","usable":true' || { echo "no smaps here"; exit 80; }

Of what is in memory, the part that a program accesses is touched in each second, and nothing else.

  $ in_small_pages() { exec python3 -c 'import ctypes, os, sys; ctypes.CDLL(None).prctl(41, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])' "$@"; } # PR_SET_THP_DISABLE
  $ in_memory() { for _ in $(seq 500); do [ "$(cut -d' ' -f2 "/proc/$1/statm")" -ge "$2" ] && return; sleep 0.02; done; echo "never $2 pages"; }
  $ touched() {
  >     in_small_pages "$W/dense" --mib 64 --percent "$1" --seconds 20 > /dev/null & local pid=$!
  >     executes $pid dense
  >     in_memory $pid 16384
  >     damon-perf record -q --check smaps -p $pid --duration 2.6s -o "record.$1"
  >     kill $pid; wait $pid
  >     awk -v t="$(number check_touched "record.$1")" -v n="$(number check_pages "record.$1")" \
  >         -v want="$1" 'BEGIN { s = 100 * t / n; print (s > want * .9 - 1 && s < want * 1.1 + 1) ? "so it is" : s }'
  > }
  $ touched 50 2> /dev/null
  so it is
  $ touched 15 2> /dev/null
  so it is
  $ touched 95 2> /dev/null
  so it is

What checked is told, how much, and what it cost.

  $ damon-perf report info -i record.50 | grep -cE '^checkers of accessed bits +smaps$|^checks of pages or mappings +[1-9]|^pages that they told of +[1-9]|^checks that failed +0$|^time spent in checks +[1-9]'
  5
  $ test "$(number check_ns record.50)" -lt 2600000000; echo $?
  0
  $ damon-perf record -q -o plain true; damon-perf report info -i plain | grep -c check
  0
  [1]

A command that ends at once, and one that forks all the time.

  $ damon-perf record -q --check smaps true
  $ damon-perf record -q --check smaps sh -c 'for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done'
  $ damon-perf record -q --check smaps --duration 50ms sleep 0.1

What there is not is refused before the command runs.

  $ fails damon-perf record --check none,smaps touch ran
  damon-perf: there is no checker 'none'; 'damon-perf check' lists them [125]
  $ fails damon-perf record --check smaps, touch ran
  damon-perf: there is no checker ''; 'damon-perf check' lists them [125]
  $ fails damon-perf record --check Smaps touch ran
  damon-perf: there is no checker 'Smaps'; 'damon-perf check' lists them [125]
  $ ls ran
  ls: cannot access 'ran': No such file or directory
  [2]

The rows of 'check'.

  $ damon-perf check --format json | grep -o '{"kind":"checker"[^}]*}' | grep -o '"name":"[a-z]*"'
  "name":"idle"
  "name":"smaps"

A program that closes itself to its user: told once, the rest is recorded.

  $ as_root
  $ command -v python3 > /dev/null || exit 80
  $ chmod 755 .. .; cp "$BUILD/damon-perf" .; mkdir -m 777 his; cd his
  $ cat > closed <<'END'
  > import ctypes, time
  > ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) # PR_SET_DUMPABLE
  > while time.process_time() < 1.5: pass
  > END
  $ as_nobody ../damon-perf record --check smaps python3 closed 2> err; echo $?
  0
  $ grep -cE '^damon-perf: [0-9]+ checks? failed: cannot check process [0-9]+: Permission denied$' err
  1
  $ test "$(number samples)" -gt 5; echo $?
  0
