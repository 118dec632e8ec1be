#!/usr/bin/env bash
# `PRAGMA incremental_vacuum` of SQLite frees one page and succeeds, unless its empty rows are read.
#
# One would expect the statement to free all unused pages, as it says in its documentation. What
# happens: it is done in steps, one page for each row of a result without columns, so that a program
# which runs the statement and does not read rows frees one page. There is no error. It concerns
# people who delete old events and want the space back: the file stays as large as it was. `execute`
# of Python's sqlite3 and of apsw stop after one page, and so does `execute_batch` of rusqlite;
# `fetchall()` does the rest.
#
# Output seen:
#   apsw 3.54.1.0, SQLite 3.54.1
#   200 pages unused; after execute: 199; after fetchall: 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0
cat > vacuum.py <<'PY'
import sys

import apsw

print(f"apsw {apsw.apsw_version()}, SQLite {apsw.sqlite_lib_version()}")
events = apsw.Connection("events.db")
events.execute("PRAGMA auto_vacuum = INCREMENTAL")
events.execute("CREATE TABLE events (data BLOB)")
for _ in range(200):
    events.execute("INSERT INTO events VALUES (zeroblob(4000))")
events.execute("DELETE FROM events")


def unused() -> int:
    return events.execute("PRAGMA freelist_count").get


before = unused()
cursor = events.execute("PRAGMA incremental_vacuum")
cursor.close()
executed = unused()
events.execute("PRAGMA incremental_vacuum").fetchall()
read = unused()
print(f"{before} pages unused; after execute: {executed}; after fetchall: {read}")
described = before > 100 and executed == before - 1 and read == 0
print("as described" if described else "NOT as described")
sys.exit(not described)
PY
environment/bin/python vacuum.py
