Tests that the pages on schemes name are there.

  $ cat > names.py << 'END'
  > import glob, os, re, sys
  > root, tests, bad, seen = sys.argv[1], {}, [], 0
  > for f in glob.glob(root + "/tests/unit/*.c"):
  >     for suite, name in re.findall(r"^Test\((\w+), (\w+)", open(f).read(), re.M):
  >         tests.setdefault(suite, set()).add(name)
  > files = {"cli": "tests/cli/%s.t", "vm": "tests/vm/%s.sh", "scripts": "tests/scripts/%s.sh"}
  > for f in sorted(glob.glob(root + "/docs/SCHEMES*.md")):
  >     for cell in re.split(r"[|\n]", open(f).read()):
  >         suite = None
  >         for word in re.findall(r"`([^`]*)`", cell):
  >             m = re.fullmatch(r"(\w*)(?:::|/)([\w*]+)", word)
  >             if m and (m[1] in tests or "::" in word):
  >                 suite = m[1] or suite
  >                 seen += 1
  >                 if m[2] not in tests.get(suite, ()) and not (m[2] == "*" and suite in tests):
  >                     bad.append(word)
  >             elif suite and re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", word) and \
  >                     not word.startswith(("test_", "fuzz_")):
  >                 bad += [suite + "::" + word] if word not in tests[suite] else []
  >         for kind, name in re.findall(r"\b(cli|vm|scripts) `([\w-]+)`", cell):
  >             seen += 1
  >             if not os.path.exists(root + "/" + files[kind] % name):
  >                 bad.append(kind + " " + name)
  > print("missing:", bad, "named:", "many" if seen > 200 else seen)
  > END
  $ python3 names.py "$TESTDIR/../.."
  missing: [] named: many
