#!/usr/bin/env bash
# Pydantic writes times that its own JSON Schema of the model refuses.
#
# One would expect what a model writes to fit the schema that the same model makes. What happens: a
# `datetime` field has "format": "date-time", which is a time of RFC 3339 with an offset from UTC. A
# value without a time zone, as `datetime.now()` returns, is accepted and written without an offset.
# It concerns people who publish schemas made from models: their own events fail at readers who
# check formats, and other readers take the time for local time. `AwareDatetime` has the same schema
# and refuses such values.
#
# Output seen:
#   pydantic 2.14.4
#   jsonschema 4.26.0
#   schema of at: {'format': 'date-time', 'title': 'At', 'type': 'string'}
#   {"at":"2026-01-01T12:00:00"}: ["'2026-01-01T12:00:00' is not a 'date-time'"]
#   {"at":"2026-01-01T12:00:00Z"}: valid
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check \
  pydantic==2.14.4 jsonschema==4.26.0 rfc3339-validator==0.1.4
cat > write.py <<'PY'
import datetime
import json
import sys
from importlib.metadata import version

import jsonschema
import pydantic

for name in ["pydantic", "jsonschema"]:
    print(name, version(name))
Validator = jsonschema.Draft202012Validator


class Made(pydantic.BaseModel):
    at: datetime.datetime


class MadeInZone(pydantic.BaseModel):
    at: pydantic.AwareDatetime


schema = Made.model_json_schema(mode="serialization")
print("schema of at:", schema["properties"]["at"])
validator = Validator(schema, format_checker=Validator.FORMAT_CHECKER)


def faults(at: datetime.datetime) -> list[str]:
    text = Made(at=at).model_dump_json()
    found = [error.message for error in validator.iter_errors(json.loads(text))]
    print(f"{text}: {found or 'valid'}")
    return found


noon = datetime.datetime(2026, 1, 1, 12)
without_zone = faults(noon)
in_zone = faults(noon.replace(tzinfo=datetime.timezone.utc))
aware = MadeInZone.model_json_schema(mode="serialization")["properties"]["at"]
described = (
    without_zone == ["'2026-01-01T12:00:00' is not a 'date-time'"]
    and not in_zone
    and aware == schema["properties"]["at"]
)
print("as described" if described else "NOT as described")
sys.exit(not described)
PY
environment/bin/python write.py
