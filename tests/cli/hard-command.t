Commands that are hard to record. Each keeps its status; the record is complete.

  $ . "$TESTDIR/kit.sh"

No time at all, and no time of its own.

  $ damon-perf record --rate 100 true 2>&1 | sed 's/[0-9.]\+/N/g' | grep -v samples
  damon-perf: no access was seen: too little CPU time was used; record for longer, or with a higher '--rate'
  $ reports_work
  $ damon-perf record --rate 100 sleep 0.3 2>&1 | grep -c 'no access was seen: too little CPU time'
  1
  $ number complete
  true
  $ reports_work
  $ damon-perf record -q --source faults sleep 0.2; test $(number samples) -gt 0; echo $?
  0

Static and stripped programs are decoded like others.

  $ cat > loop.c <<'END'
  > static volatile char buf[1 << 20];
  > int main(void)
  > {
  >     for (long i = 0; i < 100000000; i++)
  >         buf[i * 64 & 0xfffff]++;
  >     return 3;
  > }
  > END
  $ command -v gcc > /dev/null || exit 80
  $ gcc -O2 -o dynamic loop.c && gcc -O2 -static -o static loop.c || exit 80
  $ for p in dynamic static; do cp $p $p-stripped; strip $p-stripped || exit 80; done
  $ for p in dynamic static dynamic-stripped static-stripped; do
  >     damon-perf record -q --rate 1000 -o record ./$p
  >     echo $p $? $(test $(number samples record) -gt 20; echo $?) $(number no_code record)
  > done
  dynamic 3 0 0
  static 3 0 0
  dynamic-stripped 3 0 0
  static-stripped 3 0 0
  $ damon-perf record -q --rate 1000 --mem-reads 0 -o record ./dynamic; test $(number samples record) -gt 20; echo $?
  0

32-bit code is not decoded: that is counted, and said.

  $ cat > loop32.s <<'END'
  > .globl _start
  > _start: movl $0x8000000, %ecx
  > 1: addl $1, buf
  > decl %ecx
  > jnz 1b
  > movl $1, %eax
  > movl $6, %ebx
  > int $0x80
  > .bss
  > buf: .space 4096
  > END
  $ as --32 -o loop32.o loop32.s && ld -m elf_i386 -o loop32 loop32.o; ./loop32; test $? = 6 || exit 80
  $ damon-perf record --rate 1000 -o record ./loop32 2> err; echo $?; sed 's/[0-9.]\+ samples/N samples/' err | tail -n 1
  6
  damon-perf: no access was seen: N samples were of 32-bit code, which is not decoded; '--source faults' sees at least its page faults
  $ test $(number foreign record) -gt 10; echo $?
  0
  $ damon-perf report -i record | grep -c 'of 32-bit code'
  1
  $ reports_work record
  $ damon-perf record -q --source faults -o record ./loop32; echo $?
  6
  $ test $(number samples record) -gt 0; echo $?
  0

One program after another in the same process.

  $ echo '[ $1 = 0 ] && exit 7; exec sh again $(($1 - 1))' > again
  $ damon-perf record -q -o record sh again 100; echo $? $(number complete record)
  7 true
  $ reports_work record

A daemon: the recording ends with the process that was started, and says that it is not all.

  $ echo 'setsid "$W/stairs" --seconds $1 <&- >&- 2>&- & echo $! > pid; sleep 0.2; exit 5' > daemon
  $ damon-perf record sh daemon 20 2>&1 | tail -n 1; wait_for -s pid
  damon-perf: the command ended; .* still ran, and (is|are) no longer recorded (re)
  $ kill $(cat pid)
  $ damon-perf record -q sh daemon 0.2
  [5]
  $ reports_work

It goes on when the recording does not.

  $ damon-perf record -q --duration 50ms sh -c 'sleep 0.3; exit 4'
  [4]
  $ left
