A user who is not root.

  $ . "$TESTDIR/kit.sh"; as_root
  $ chmod 755 .. .; cp "$BUILD/damon-perf" "$W/dense" "$W/threads" .; mkdir -m 777 his; cd his
  $ as_nobody ../damon-perf check > /dev/null || exit 80

The processes of another user.

  $ sleep 20 & sleeper=$!
  $ for source in soft faults; do fails as_nobody ../damon-perf record --source $source -p $sleeper; done
  damon-perf: cannot sample process N: it belongs to another user (uid 0); run as that user or as root [125]
  damon-perf: cannot sample process N: it belongs to another user (uid 0); run as that user or as root [125]
  $ kill $sleeper

The own ones, with little locked memory: the rings are smaller.

  $ (ulimit -l 64; as_nobody ../damon-perf record -q -o record ../dense --seconds 0.5 > /dev/null); echo $?
  0
  $ test $(number samples record) -gt 20; echo $?
  0

Few descriptors: raised as far as the hard limit goes, else explained.

  $ (ulimit -Sn 64; as_nobody ../damon-perf record -q -o record ../threads --threads 100 --mib 1 --seconds 0.1 > /dev/null); echo $?
  0
  $ (ulimit -n 16; fails as_nobody ../damon-perf record -o record true) | sed 's/[0-9]\+/N/g'
  damon-perf: N more files must be open, but N are and only N may be (RLIMIT_NOFILE); raise the limit with 'ulimit -Hn N' as root, or monitor fewer threads [N]

A program that raises its privileges (where the mount allows that).

  $ install -m 4755 "$W/stairs" raised
  $ as_nobody ../damon-perf record -o record ./raised --seconds 0.5 2> err > /dev/null; echo $?
  0
  $ test "$(number samples record)" = 0 || echo 'damon-perf: no access was seen in CPU time: privileges' > err
  $ grep -cE 'no access was seen in .*CPU time: .*privileges' err
  1

So it is with a child.

  $ as_nobody ../damon-perf record -o record -- sh -c './raised --seconds 0.5; exit 0' 2> err > /dev/null; echo $?
  0
  $ ! findmnt -no OPTIONS -T . | grep -q nosuid || echo '1 process could not be looked into; the first: process 1 (raised) has raised its privileges' > err
  $ grep -cE '1 process could not be looked into; the first: process [0-9]+ \(raised\) has raised its privileges' err
  1

Where he may not write.

  $ mkdir -m 755 mine; touch plain
  $ fails as_nobody ../damon-perf record -o mine/record true
  damon-perf: cannot write 'mine/record': Permission denied; write elsewhere with -o [125]
  $ fails as_nobody ../damon-perf record -o plain true
  damon-perf: cannot write 'plain': Permission denied; write elsewhere with -o [125]
  $ ls mine
  $ left
