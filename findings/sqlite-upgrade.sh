#!/usr/bin/env bash
# SQLite does not wait for the busy timeout where a read transaction begins to write.
#
# One would expect a writer to wait as long as `busy_timeout` says, and then to go on. What happens:
# in WAL mode, a transaction that has read, and of which another connection has written the file
# meanwhile, fails at once with SQLITE_BUSY_SNAPSHOT at its first write, whatever the time-out,
# though nobody holds a lock. No wait could help, but the error says `database is locked`, as after a
# wait. It concerns people who keep events in SQLite: "look up the last position, then append" in one
# `BEGIN` fails in the presence of a second writer. `BEGIN IMMEDIATE` waits, and succeeds.
#
# Output seen:
#   apsw 3.54.1.0, SQLite 3.54.1
#   after BEGIN: SQLITE_BUSY_SNAPSHOT "database is locked", waited for the time-out of 5 s: False
#   after BEGIN IMMEDIATE: 2 rows
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0
cat > upgrade.py <<'PY'
import sys
import time

import apsw

print(f"apsw {apsw.apsw_version()}, SQLite {apsw.sqlite_lib_version()}")


def connect() -> apsw.Connection:
    connection = apsw.Connection("events.db")
    connection.set_busy_timeout(5000)
    return connection


one, other = connect(), connect()
one.execute("PRAGMA journal_mode = WAL")
one.execute("CREATE TABLE events (position INTEGER PRIMARY KEY, data TEXT)")


def append(begin: str) -> int:
    one.execute(begin)
    last = one.execute("SELECT coalesce(max(position), 0) FROM events").get
    if begin == "BEGIN":
        other.execute("INSERT INTO events (data) VALUES ('of another writer')")
    one.execute("INSERT INTO events VALUES (?, 'own')", (last + 1,))
    one.execute("COMMIT")
    return one.execute("SELECT count(*) FROM events").get


begun = time.monotonic()
name, text = "none", ""
try:
    append("BEGIN")
except apsw.BusyError as error:
    name, text = apsw.mapping_extended_result_codes[error.extendedresult], str(error)
    one.execute("ROLLBACK")
waited = time.monotonic() - begun > 4
print(f'after BEGIN: {name} "{text}", waited for the time-out of 5 s: {waited}')
rows = append("BEGIN IMMEDIATE")
print(f"after BEGIN IMMEDIATE: {rows} rows")
described = name == "SQLITE_BUSY_SNAPSHOT" and "database is locked" in text and not waited and rows == 2
print("as described" if described else "NOT as described")
sys.exit(not described)
PY
environment/bin/python upgrade.py
