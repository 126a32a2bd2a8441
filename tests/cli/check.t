What works here depends on the machine; the shape does not.

  $ damon-perf check > out; status=$?; echo $status
  [01] (re)
  $ grep -c '^source:$' out
  1
  $ grep -cE '^  soft +(yes|no ) ' out
  1
  $ tail -n 1 out
  Recording works here: damon-perf record -- COMMAND

The status says the same as the text and as JSON.

  $ damon-perf check --format json > json; echo $(($? - status))
  0
  $ grep -cE '^\{"can_record":(true|false),"items":\[\{"kind":"' json
  1
  $ wc -l < json
  1
  $ test $status = 0; grep -c "\"can_record\":$(test $status = 0 && echo true || echo false)" json
  1

Each item that is not usable has a reason.

  $ grep -o '{"kind":[^}]*}' json | grep '"usable":false' | grep -c '"reason":null'
  0
  [1]
  $ grep -o '{"kind":[^}]*}' json | grep '"usable":true' | grep -vc '"reason":null,"remedy":null'
  0
  [1]

A full disk is told.

  $ damon-perf check > /dev/full
  damon-perf: cannot write to standard output: No space left on device; free some space
  [1]
