#!/usr/bin/env bash
# The Python SDK of CloudEvents does not read null as "no value", and fails in three ways.
#
# One would expect a null attribute to be the same as none: the JSON format of CloudEvents 1.0 says
# that writers may write it, and that readers must take it so. What happens: a null `subject` is an
# error of validation, a null `time` is a TypeError from within, and a null extension is kept and
# written as null again. It concerns people who write events from structs with optional fields, as
# most serializers do: their events are refused by readers in Python.
#
# Output seen:
#   cloudevents 2.2.0
#   subject: CloudEventValidationError
#   time: TypeError: object of type 'NoneType' has no len()
#   traceparent: read, and written as "traceparent": null
#   without null: read
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check cloudevents==2.2.0
cat > read.py <<'PY'
import json
import sys
from importlib.metadata import version

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

print("cloudevents", version("cloudevents"))
form = JSONFormat()


def read(attributes: dict) -> str:
    event = {"specversion": "1.0", "id": "1", "source": "/bus", "type": "tool_call_started"}
    try:
        found = form.read(CloudEvent, json.dumps(event | attributes))
    except TypeError as error:
        return f"TypeError: {error}"
    except Exception as error:
        return type(error).__name__
    kept = b'"traceparent": null' in form.write(found)
    return 'read, and written as "traceparent": null' if kept else "read"


seen = {name: read({name: None}) for name in ["subject", "time", "traceparent"]}
seen["without null"] = read({})
for name, result in seen.items():
    print(f"{name}: {result}")
described = list(seen.values()) == [
    "CloudEventValidationError",
    "TypeError: object of type 'NoneType' has no len()",
    'read, and written as "traceparent": null',
    "read",
]
print("as described" if described else "NOT as described")
sys.exit(not described)
PY
environment/bin/python read.py
