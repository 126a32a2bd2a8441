Wrong command lines get one sentence with what to do, and 2.

  $ damon-perf frobnicate
  damon-perf: unknown command 'frobnicate'; see 'damon-perf --help'
  [2]
  $ damon-perf reprot
  damon-perf: unknown command 'reprot'; did you mean 'report'?
  [2]
  $ damon-perf --verbose
  damon-perf: unknown option '--verbose'; begin with a command: see 'damon-perf --help'
  [2]
  $ damon-perf report --ouput x
  damon-perf: unknown option '--ouput'; did you mean '--output'?
  [2]
  $ damon-perf report --pi 1
  damon-perf: unknown option '--pi'; did you mean '--pid'?
  [2]
  $ damon-perf report --zzz
  damon-perf: unknown option '--zzz'; see 'damon-perf report --help'
  [2]
  $ damon-perf report -z
  damon-perf: unknown option '-z'; see 'damon-perf report --help'
  [2]
  $ damon-perf report -i
  damon-perf: '--input' needs a value; give FILE
  [2]
  $ damon-perf report heatmap wss
  damon-perf: 'wss' is one name too many; ask for one report at a time
  [2]
  $ damon-perf report --format xml
  damon-perf: 'xml' is no value of '--format'; choose from text, json, csv, png, svg
  [2]
  $ damon-perf report --format
  damon-perf: '--format' needs a value; choose from text, json, csv, png, svg
  [2]
  $ damon-perf report --pid 1 --comm x
  damon-perf: '--pid' and '--comm' exclude each other; give one of them
  [2]
  $ damon-perf report --pid 0
  damon-perf: '0' is out of range for '--pid'; give 1 to 4194304
  [2]
  $ damon-perf report --width 5
  damon-perf: '5' is out of range for '--width'; give 40 to 10000
  [2]
  $ damon-perf report --resol 80
  damon-perf: '80' is no value of '--resol'; give columns and rows such as '80x20'
  [2]
  $ damon-perf report --window 5s
  damon-perf: '5s' is no value of '--window'; choose from aggr, 1s, 10s, 60s
  [2]
  $ damon-perf report --address-range 8M-4M
  damon-perf: '8M-4M' is no value of '--address-range'; give START-END, such as '0x1000-0x2000' or '4M-8M', with START below END; addresses of reports want a '0x' in front
  [2]
  $ damon-perf report --address-range 0x1000-99999999999999999999
  damon-perf: '0x1000-99999999999999999999' is too large for '--address-range'; give START-END, such as '0x1000-0x2000' or '4M-8M', with START below END; addresses of reports want a '0x' in front
  [2]
  $ damon-perf report --time-range 2s-1s
  damon-perf: '2s-1s' is no value of '--time-range'; give FROM-TO, such as '1s-2.5s', with FROM before TO, or marks, such as 'mark:NAME' or 'NAME..NAME'
  [2]
  $ damon-perf report --color pink
  damon-perf: 'pink' is no value of '--color'; choose from auto, never, 256, truecolor
  [2]
  $ damon-perf check what
  damon-perf: 'what' is one word too many; see 'damon-perf check --help'
  [2]
  $ damon-perf check --format csv
  damon-perf: 'csv' is no value of '--format'; choose from text, json
  [2]
  $ damon-perf convert in out
  damon-perf: '--output' is missing; add '--output FILE'
  [2]
  $ damon-perf convert
  damon-perf: '--output' is missing; add '--output FILE'
  [2]
  $ damon-perf convert -o out
  damon-perf: '--to' is missing; add '--to FORMAT'
  [2]
  $ damon-perf convert --to damo
  damon-perf: '--output' is missing; add '--output FILE'
  [2]
  $ damon-perf convert --to xml -o out
  damon-perf: 'xml' is no value of '--to'; choose from damo, damo-json, csv, json, perf, pprof, perfetto, folded, record
  [2]
  $ damon-perf docs
  damon-perf: docs of what; write 'man', 'man COMMAND' or 'completion'
  [2]
  $ ls

Reports that do not exist: near names are offered, and files are not reports.

  $ damon-perf report heatmp
  damon-perf: unknown report 'heatmp'; did you mean 'heatmap'?
  [2]
  $ damon-perf report qwertz
  damon-perf: unknown report 'qwertz'; see 'damon-perf report --help'
  [2]
  $ touch my.data
  $ damon-perf report my.data
  damon-perf: unknown report 'my.data'; to read that file, write '-i my.data'
  [2]
