#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/layers accepts a sound tree, and each kind of violation is found and named.
. "$(dirname "$0")/kit.sh"

# file PATH LINE...: with the licence that belongs there.
file()
{
	local path=$1 licence=LGPL-2.1-or-later
	shift
	mkdir -p "tree/$(dirname "$path")"
	[[ $path != src/report/* && $path != src/cli/* ]] || licence=GPL-2.0-or-later
	printf '%s\n' "/* SPDX-License-Identifier: $licence */" "$@" > "tree/$path"
}

sound()
{
	rm -rf tree
	file include/damon.h '#include <stdint.h>' ''
	file src/base/util.h '#include <stdio.h>' ''
	file src/core/space.c '#include <string.h>' '#include "base/util.h"' '#include "space.h"'
	file src/os/sys.c '#include <unistd.h>' '#include "core/space.h"' 'int a;'
	file src/lib/ctx.c '#include "damon.h"' '#include "pmu/source.h"' '#include "core/space.h"'
	file src/cli/main.c '#include "damon.h"' '#include "report/report.h"' 'int a;'
	file pmu/soft/soft.c '#include "pmu/source.h"' '#include "perf/record.h"' 'int a;'
}

sound
expect "a sound tree" 0 "7 files, 0 complaints" "$root/scripts/layers" tree

# violation NAME PATTERN PATH LINE...
violation()
{
	local name=$1 pattern=$2
	shift 2
	sound
	file "$@"
	expect "$name" 1 "$pattern" "$root/scripts/layers" tree
}

long=$(printf '%0101d' 0)
violation "upwards" 'src/core/x.c:2: *may not include "os/sys.h"*' \
	src/core/x.c '#include "os/sys.h"' ''
violation "the program's inside" 'src/cli/x.c:3: *may not include "core/core.h"*' \
	src/cli/x.c '' '#include "core/core.h"'
violation "a source from the library" '*may not include "pmu/soft/soft.h"*' \
	src/lib/x.c '#include "pmu/soft/soft.h"' ''
violation "the public header from below" '*may not include "damon.h"*' \
	src/core/x.c '#include "damon.h"' ''
violation "... in other brackets" '*may not include "damon.h"*' src/core/x.c '#include <damon.h>' ''
violation "a system header in the core" '*the core is pure: not <unistd.h>*' \
	src/core/x.c '#include <unistd.h>' ''
violation "printing in the core" '*no call of printf()*' \
	src/core/x.c '' 'void f(void) { printf("x"); }'
violation "an unknown layer" '*layer '\''new'\'' is not in the table*' src/new/x.c '' ''
violation "a long line" 'src/os/x.c:2: a line of 101 columns*' src/os/x.c "$long" ''
violation "tabs are wide" 'src/os/x.c:2: a line of 101 columns*' src/os/x.c "	${long:8}" ''
violation "a long file" 'src/os/x.c:801: *800 lines*' src/os/x.c $(seq 800)

sound
printf 'int a;\n\n\n' > tree/src/os/x.c
expect "no licence" 1 'src/os/x.c:3: no SPDX line*' "$root/scripts/layers" tree
sound
sed -i 's/LGPL-2.1/GPL-2.0/' tree/src/os/sys.c
expect "another licence" 1 'src/os/sys.c:1: licence *' "$root/scripts/layers" tree
expect "no tree" 1 '*no files*' "$root/scripts/layers" "$fresh"
