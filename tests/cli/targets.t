Which processes, and which of their addresses.

  $ . "$TESTDIR/kit.sh"

Contradictions are refused before anything is done.

  $ damon-perf record -a -p 1
  damon-perf: '--pid' and '--all-processes' exclude each other; give one of them
  [125]
  $ damon-perf record --cgroup x -a
  damon-perf: '--cgroup' and '--all-processes' exclude each other; give one of them
  [125]
  $ damon-perf record -a true
  damon-perf: '-a' and a command exclude each other; give one of them
  [125]
  $ damon-perf record --cgroup x true
  damon-perf: '--cgroup' and a command exclude each other; give one of them
  [125]
  $ damon-perf record --cgroup no/such/group
  damon-perf: there is no cgroup 'no/such/group'; give its folder, or its path as /proc/PID/cgroup has it
  [125]
  $ damon-perf record --ops qaddr true
  damon-perf: 'qaddr' is no value of '--ops'; choose from vaddr, fvaddr, paddr
  [125]
  $ damon-perf record --ops fvaddr true
  damon-perf: '--ops fvaddr' monitors ranges that are given; give them with '--regions'
  [125]
  $ damon-perf record --ops vaddr --regions 4K-8K true
  damon-perf: '--ops vaddr' monitors wherever there are mappings, and '--regions' is given; take '--ops fvaddr', or leave one of them out
  [125]
  $ for r in ' ' 5 5-4 4-4 1-2,3-4 x-y '1-2 3' -5 '1-2 3-4 5-'; do damon-perf record --regions "$r" true; done
  damon-perf: ' ' is no value of '--regions'; give FROM-TO, such as '0x1000-0x2000' or '4G-8G', with FROM below TO, and blanks between several
  damon-perf: '5' is no value of '--regions'; give FROM-TO, such as '0x1000-0x2000' or '4G-8G', with FROM below TO, and blanks between several
  damon-perf: '5-4' is no value of '--regions'; give FROM-TO, such as '0x1000-0x2000' or '4G-8G', with FROM below TO, and blanks between several
  damon-perf: '4-4' is no value of '--regions'; give FROM-TO, such as '0x1000-0x2000' or '4G-8G', with FROM below TO, and blanks between several
  damon-perf: '1-2,3-4' is no value of '--regions'; give FROM-TO, such as '0x1000-0x2000' or '4G-8G', with FROM below TO, and blanks between several
  damon-perf: 'x-y' is no value of '--regions'; give FROM-TO, such as '0x1000-0x2000' or '4G-8G', with FROM below TO, and blanks between several
  damon-perf: '1-2 3' is no value of '--regions'; give FROM-TO, such as '0x1000-0x2000' or '4G-8G', with FROM below TO, and blanks between several
  damon-perf: '-5' is no value of '--regions'; give FROM-TO, such as '0x1000-0x2000' or '4G-8G', with FROM below TO, and blanks between several
  damon-perf: '1-2 3-4 5-' is no value of '--regions'; give FROM-TO, such as '0x1000-0x2000' or '4G-8G', with FROM below TO, and blanks between several
  [125]
  $ damon-perf record --regions 1M-2M --check smaps true
  damon-perf: checkers look at the mappings of processes, which operations set 'fvaddr' does not monitor; leave '--check' out
  [125]
  $ damon-perf record --replay x --all-processes
  damon-perf: '--all-processes' is for what is being recorded, and '--replay' reads what was; leave it out
  [125]

Given ranges of a process: one of its buffers, and nothing else. Numbers as damo writes them.

  $ "$W/shares" --mib 16 --seconds 30 --go go > /dev/null & shares=$!
  $ range() { sed -n 's/-\([0-9a-f]*\) rw-p 00000000 00:00 0 *$/ \1/p' /proc/$shares/maps | while read -r a b; do test $((0x$b - 0x$a)) -ge $((16 << 20)) && echo $((0x$a)) $((0x$b)); done | tail -n 1; }
  > for _ in $(seq 500); do test -n "$(range)" && break; sleep 0.02; done; touch go; read -r from to < <(range)
  $ damon-perf record -q --rate 1000 --duration 700ms --target_pid $shares --ops fvaddr --regions "0x1000-0x3000 $from-$to"; echo $? $(number complete) $(number ops)
  0 true "fvaddr"
  $ test $(number samples) -gt 20 -a $(number left_out) -gt 20; echo $?
  0
  $ damon-perf convert --to csv -o - | awk -F, -v a=$from -v b=$to 'NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i } NR > 1 && $col["start"] >= 12288 && ($col["start"] < a || $col["end"] > b) { n++ } END { print n + 0, (NR > 1) }'
  0 1
  $ kill $shares; wait $shares 2> /dev/null
  [143]

Physical memory, as root.

  $ as_root
  $ damon-perf record -q --rate 1000 --ops paddr "$W/dense" --mib 64 --percent 50 --seconds 1 > /dev/null; echo $? $(number complete) $(number ops) $(number addresses) $(number targets)
  0 true "paddr" "physical" 1
  $ test $(number samples) -gt 200 -a $(number untranslated) -lt $(number samples); echo $?
  0
  $ reports_work
  $ damon-perf report heatmap | grep -E '^heatmap|physical +\|'
  heatmap of physical memory, as 1 process accessed it (addresses: physical)
   +physical +\|0 s.* (re)

Live shows it as well; schemes count there, and act nowhere.

  $ damon-perf live --rate 1000 --ops paddr --damos-action stat --format json "$W/dense" --mib 16 --seconds 0.5 2> /dev/null | grep -o '"comm":"[a-z ]*"' | uniq
  "comm":"physical memory"
  $ damon-perf live --ops paddr --damos-action cold -- touch started; ls started
  damon-perf: action 'cold' needs addresses of processes, and those of operations set 'paddr' are not; take 'vaddr' or 'fvaddr', or count only, with action 'stat'
  ls: cannot access 'started': No such file or directory
  [2]

Nowhere near memory: all is left out, and that is told.

  $ damon-perf record -q --rate 1000 --ops paddr --regions 0x7f000000000-0x7f000100000 "$W/dense" --mib 4 --seconds 0.3 > /dev/null; echo $? $(number samples)
  0 0
  $ test $(number left_out) -gt 10; echo $?
  0

All processes: this one and another are there, and damon-perf is not.

  $ "$W/dense" --mib 16 --seconds 20 > /dev/null & dense=$!; executes $dense dense
  $ damon-perf record -q -a --rate 500 --duration 1s & recorder=$!; wait $recorder; echo $? $(number complete) $(number scope)
  0 true "all processes"
  $ damon-perf report --format csv | grep -c ",$dense,\|^dense,"
  [1-9]* (glob)
  $ damon-perf report --format csv | grep -c ",$recorder,\|^$recorder,"
  0
  [1]
  $ damon-perf live -a --rate 500 --duration 1s --damos-action stat --format json | grep -o '"comm":"dense"' | uniq
  "comm":"dense"
  $ kill $dense; wait $dense 2> /dev/null
  [143]
  $ "$W/dense" --mib 16 --seconds 20 > /dev/null & dense=$!; executes $dense dense; damon-perf record -q --ops paddr --duration 500ms; echo $? $(number scope) $(number targets); kill $dense; wait $dense 2> /dev/null
  0 "all processes" 1
  [143]

A user may not, and is told what would help.

  $ chmod 755 .. .; cp "$BUILD/damon-perf" .; mkdir -m 777 his; cd his
  $ test $(cat /proc/sys/kernel/perf_event_paranoid) -ge 1 || exit 80
  $ fails as_nobody ../damon-perf record -a
  damon-perf: cannot sample all processes: perf_event_paranoid is [1-4]; run as root, or 'sysctl kernel.perf_event_paranoid=0', or 'setcap cap_perfmon,cap_sys_ptrace\+ep' on the program \[125\] (re)
  $ fails as_nobody ../damon-perf record --ops paddr true
  damon-perf: no physical addresses: the kernel shows page frame numbers to root only, and source 'soft' tells none; run as root [125]
  $ left
