#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/deps in a world where dpkg, apt-get and sudo are played.
. "$(dirname "$0")/kit.sh"

# The played dpkg-query knows the packages listed in 'installed'; apt-get adds to it, if 'archive'
# lists them; 'apt-get update' fills 'archive' from 'mirror'.
program bin/dpkg-query <<'END'
#!/bin/bash
for p in "${@:4}"; do grep -qx "$p" installed && echo "installed $p"; done
exit 1
END
program bin/apt-cache <<'END'
#!/bin/bash
grep -x "${@: -1}" archive
END
program bin/apt-get <<'END'
#!/bin/bash
[ "$PLAY_ROOT" = 1 ] || { echo "not root"; exit 100; }
echo "${@:6}" >> calls
case " $* " in
*" update "*) cp mirror archive ;;
*) for p in "${@:7}"; do grep -qx "$p" archive || exit 100; echo "$p" >> installed; done ;;
esac
END
program bin/id <<'END'
#!/bin/bash
echo $((PLAY_ROOT == 1 ? 0 : 1000))
END
program bin/sudo <<'END'
#!/bin/bash
shift
[ "$PLAY_SUDO" = 1 ] && PLAY_ROOT=1 exec "$@"
END
PATH=$fresh/bin:$PATH
export PLAY_ROOT=0 PLAY_SUDO=0
deps=$root/scripts/deps

# world INSTALLED-SETS: the other packages are in the archive.
world()
{
	"$deps" list build test vm > mirror
	cp mirror archive
	: > calls
	: > installed
	[ $# = 0 ] || "$deps" list "$@" > installed
}

world build test
expect "all is there" 0 "" "$deps" install
world build
expect "what is missing" 0 "$("$deps" list test)" "$deps" missing build test
expect "no right to install" 1 "*apt-get install*libcriterion-dev*" "$deps" install
! grep -q gcc output || fail "only what is missing" "$(cat output)"
[ ! -s calls ] || fail "nothing is called" "$(cat calls)"

PLAY_ROOT=1 expect "root installs" 0 "*installing*" "$deps" install
[ -z "$("$deps" missing)" ] || fail "all is there" "$("$deps" missing)"
! grep -q update calls || fail "no update when lists are there" "$(cat calls)"
world build
: > archive
PLAY_ROOT=1 expect "empty lists" 0 "*" "$deps" install
[ "$(head -n 1 calls)" = update ] || fail "update comes first" "$(cat calls)"
world build
PLAY_SUDO=1 expect "sudo without a password" 0 "*" "$deps" install
world build
: > mirror
: > archive
PLAY_ROOT=1 expect "packages that do not exist" 1 "*" "$deps" install
expect "an unknown set" 1 "deps: no set 'x'*" "$deps" install x
