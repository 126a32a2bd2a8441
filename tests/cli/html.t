A page of HTML: one file, with the data in it.

  $ . "$TESTDIR/kit.sh"
  $ cp "$W/dense" '<!--<script>'; damon-perf record -q --rate 2000 './<!--<script>' --seconds 1 > /dev/null
  $ damon-perf report html -o report.html; head -1 report.html; tail -1 report.html
  <!DOCTYPE html>
  </html>
  $ damon-perf report html | cmp - report.html

Names cannot end the element that they are in, nothing is asked of the network, and the data can be had alone.

  $ grep -c '<!--<script>' report.html
  0
  [1]
  $ grep -o 'comm":"[^"]*"' report.html
  comm":"\u003c!--\u003cscript>"
  $ grep -oE '(src|href)="?[^" ]*|https?:[^" ]*' report.html
  href="#over
  $ damon-perf report html --format json | python3 -c '
  > import base64, json, sys, zlib
  > t = json.load(sys.stdin)["targets"][0]
  > rows = sum(b[3] for b in t["bands"])
  > for table in t["tables"].values():
  >     assert len(zlib.decompress(base64.b64decode(table))) == rows * t["cols"]
  > print(t["comm"], t["accesses"]["n"] > 50)'
  <!--<script> True

Not for terminals, and no table.

  $ script -qec 'damon-perf report html' /dev/null | tr -d '\r'
  damon-perf: a page of HTML is not for a terminal; write it to a file: '-o report.html'
  $ damon-perf report html --format csv
  damon-perf: a page is no table: there is no CSV of it; '--format json' writes the data of the page
  [1]
