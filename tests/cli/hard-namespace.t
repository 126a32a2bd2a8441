The same path is another file in another mount namespace.

  $ . "$TESTDIR/kit.sh"; as_root
  $ mkdir mount; cp "$W/zipf" mount/program
  $ cat > inside <<'END'
  > mount --make-rprivate / && mount -t tmpfs none mount && cp "$W/dense" mount/program || exit 80
  > touch ready
  > exec mount/program --seconds 20
  > END
  $ unshare -m true || exit 80
  $ unshare -m sh inside > /dev/null & target=$!
  $ wait_for -e ready || exit 80
  $ executes $target program
  $ damon-perf record -q --rate 1000 --duration 1s -p $target; echo $? $(number complete) $(number no_code)
  0 true 0
  $ test $(number samples) -gt 0; echo $?
  0
  $ kill $target; wait $target 2> /dev/null
  [143]
  $ cmp mount/program "$W/zipf"

So its names are those of the file inside, whose path is another file's here: by its build id, and of one that has none by
device and inode, though inodes of two tmpfs are the same numbers.

  $ objcopy --remove-section .note.gnu.build-id "$W/objects" no-id && objcopy --remove-section .note.gnu.build-id "$W/zipf" other-no-id
  $ readelf -n no-id | grep Build
  [1]
  $ cat > inside <<'END'
  > mount -t tmpfs none mount && cp "$1" mount/program || exit 80
  > touch ready
  > exec mount/program --seconds 60
  > END
  $ cat > outside <<'END'
  > . "$TESTDIR/kit.sh"
  > mount --make-rprivate / && mount -t tmpfs none mount && cp "$2" mount/program || exit 80
  > rm -f ready; unshare -m sh inside "$1" > /dev/null & target=$!
  > wait_for -e ready && executes $target program || exit 80
  > test "$(stat -c %i mount/program)" = "$(stat -c %i /proc/$target/root$PWD/mount/program)" || echo "other inodes"
  > damon-perf record -q --rate 2000 --duration 1s -o r -p $target || exit 1
  > damon-perf report hotspots -i r --format csv | cut -d, -f8,10 > names
  > grep -qx 'touch,program' names || { echo "no names while it runs:"; cat names; }
  > kill $target; wait $target 2> /dev/null
  > damon-perf report hotspots -i r --format csv | cut -d, -f8,10 | grep ',program$'
  > damon-perf report hotspots -i r 2>&1 | tr -s ' \n' ' ' | grep -o "/mount/program'[^:]*: .*differs"
  > END
  $ unshare -m bash outside "$W/objects" "$W/zipf"
  program,program
  /mount/program' is another file now: its build id differs
  $ unshare -m bash outside no-id other-no-id
  program,program
  /mount/program' is another file now: its device differs

On overlays mappings tell another device than stat() does: names are found all the same.

  $ mkdir lower upper merged; cp no-id lower/program
  $ cat > over <<'END'
  > mount --make-rprivate / && mount -t tmpfs none upper && mkdir upper/u upper/w || exit 80
  > mount -t overlay none -o lowerdir=lower,upperdir=upper/u,workdir=upper/w merged || exit 80
  > damon-perf record -q --rate 2000 -o o merged/program --seconds 1 --truth truth
  > damon-perf report hotspots -i o --format csv | cut -d, -f8,10 | grep -x 'touch,program'
  > END
  $ unshare -m bash over 2> /dev/null; test $? != 80 || exit 80
  touch,program

What debug information is kept by build id tells names after the file is gone, too: functions, lines and variables.

  $ test -d /usr/lib/debug || exit 80
  $ cp "$W/objects" gone && id=$(readelf -n gone | sed -n 's/.*Build ID: //p')
  $ damon-perf record -q --rate 2000 -o g ./gone --seconds 1 --truth truth
  $ cat > keep <<'END'
  > mount --make-rprivate / && mount -t tmpfs none /usr/lib/debug || exit 80
  > dir=/usr/lib/debug/.build-id/$(echo "$1" | cut -c1-2); mkdir -p "$dir"
  > for r in "hotspots --by line" objects; do damon-perf report $r -i g --format csv > "before.${r%% *}"; done
  > objcopy --only-keep-debug gone "$dir/$(echo "$1" | cut -c3-).debug"
  > cp "$2" gone
  > for r in "hotspots --by line" objects; do
  > 	damon-perf report $r -i g --format csv | cmp - "before.${r%% *}"
  > done
  > damon-perf report hotspots -i g 2>&1 | tr -s ' \n' ' ' | grep -o "is another.*id$\|is another.*id "
  > damon-perf report annotate touch -i g > annotated 2>&1; echo $?; grep -q 'sum += table' annotated || cat annotated
  > END
  $ XDG_CACHE_HOME=$PWD unshare -m bash keep "$id" "$W/zipf"
  is another file now: its build id differs; names are those kept by build id 
  0
  $ damon-perf report hotspots -i g --format csv | cut -d, -f8,10 | grep ',gone$'
  gone,gone
  $ left
