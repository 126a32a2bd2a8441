# SPDX-License-Identifier: GPL-2.0-or-later
# machine: -n 448:1,448:1,192:0 -z 256
# pageout: what is cold leaves memory, what is hot stays; pages of files, too. A dry run does
# nothing.
. "${BASH_SOURCE%/*}/kit.sh"
. "${BASH_SOURCE%/*}/actions.sh"

target --hot 2 --cold 4 --file "$(command -v python3)"
expect mem cold Rss -eq 4096
mem file Rss
file=$is

act --dry-run --damos-action pageout "${cold[@]}"
eventually scheme sz_tried -ge 4194304
end_act
expect mem cold Rss -eq 4096
expect mem file Rss -eq "$file"
expect scheme sz_applied -eq 0

act -o live.data --damos-action pageout "${cold[@]}"
eventually mem cold Swap -ge 3900
eventually mem file Rss -lt $((file / 10))
eventually scheme sz_applied -ge 4000000
expect mem cold Rss -lt 300
expect mem hot Rss -eq 2048
expect mem hot Swap -eq 0
expect says verified '^yes$' -eq 1
end_act
expect scheme sz_applied -le $(((4096 + file + 2048) * 1024))
damon-perf report info -i live.data > info
expect_match info 'pageout'
