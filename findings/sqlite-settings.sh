#!/usr/bin/env bash
# SQLite ignores `auto_vacuum` and `page_size` after `journal_mode = WAL`, in a file without a table.
#
# One would expect the order of these pragmas not to matter before the first table is made: the
# documentation says that `auto_vacuum` has to be set before that. What happens: the switch to WAL
# writes the file, and whatever comes after it is ignored without an error. It concerns people who
# keep events in SQLite and set WAL first, as most examples do: the file never shrinks, since
# `incremental_vacuum` does nothing, and nobody is told. Reading the pragmas back shows it.
#
# Output seen:
#   apsw 3.54.1.0, SQLite 3.54.1
#   WAL last: auto_vacuum 2, page_size 8192
#   WAL first: auto_vacuum 0, page_size 4096
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0
cat > settings.py <<'PY'
import sys

import apsw

print(f"apsw {apsw.apsw_version()}, SQLite {apsw.sqlite_lib_version()}")
settings = ["page_size = 8192", "auto_vacuum = INCREMENTAL"]
wal = ["journal_mode = WAL"]
seen = {}
for name, pragmas in [("WAL last", settings + wal), ("WAL first", wal + settings)]:
    events = apsw.Connection(f"{name}.db")
    for pragma in pragmas:
        events.execute(f"PRAGMA {pragma}").fetchall()
    events.execute("CREATE TABLE events (data BLOB)")
    seen[name] = [events.execute(f"PRAGMA {setting}").get for setting in ["auto_vacuum", "page_size"]]
    print(f"{name}: auto_vacuum {seen[name][0]}, page_size {seen[name][1]}")
described = seen == {"WAL last": [2, 8192], "WAL first": [0, 4096]}
print("as described" if described else "NOT as described")
sys.exit(not described)
PY
environment/bin/python settings.py
