#!/usr/bin/env bash
# SQLite does not see that `kind <> 2` follows from `kind = 1`, so a partial index is not used.
#
# One would expect an index on the rows with `kind <> 2` to serve `WHERE kind = 1`. What happens: the
# table is scanned, with the value in the text as with a bound one. SQLite compares the conditions as
# expressions and not the sets of rows that they describe; for `IS NOT NULL` it does see that any
# equality implies it. It concerns people who keep events in SQLite and leave a frequent kind out of
# an index, as token deltas: every query by kind scans. The condition repeated in the query brings the
# index back.
#
# Output seen:
#   apsw 3.54.1.0, SQLite 3.54.1
#   kind = 1: SCAN events
#   kind = ? with 1: SCAN events
#   kind = ? AND kind <> 2 with 1: SEARCH events USING INDEX by_kind (kind=?)
#   of an index WHERE kind IS NOT NULL, kind = ? with 1: SEARCH events USING INDEX by_any (kind=?)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0
cat > plan.py <<'PY'
import sys

import apsw

print(f"apsw {apsw.apsw_version()}, SQLite {apsw.sqlite_lib_version()}")
connection = apsw.Connection(":memory:")
connection.execute("CREATE TABLE events (position INTEGER PRIMARY KEY, kind INTEGER, data TEXT)")
connection.execute("CREATE INDEX by_kind ON events (kind) WHERE kind <> 2")


def plan(condition: str, *values: int) -> str:
    rows = connection.execute(f"EXPLAIN QUERY PLAN SELECT data FROM events WHERE {condition}", values)
    text = "; ".join(row[3] for row in rows)
    print(f"{condition}{' with 1' if values else ''}: {text}")
    return text


scanned = [plan("kind = 1"), plan("kind = ?", 1)]
repeated = plan("kind = ? AND kind <> 2", 1)
connection.execute("CREATE INDEX by_any ON events (kind) WHERE kind IS NOT NULL")
print("of an index WHERE kind IS NOT NULL, ", end="")
any_kind = plan("kind = ?", 1)
described = (
    scanned == ["SCAN events"] * 2
    and repeated == "SEARCH events USING INDEX by_kind (kind=?)"
    and any_kind == "SEARCH events USING INDEX by_any (kind=?)"
)
print("as described" if described else "NOT as described")
sys.exit(not described)
PY
environment/bin/python plan.py
