#!/usr/bin/env bash
# httpx-sse reports events that an EventSource of a browser does not: those without data.
#
# One would expect a block of lines without `data:` to be no event: the HTML standard says so, and
# servers use such blocks to set `retry` and `id` before anything has happened. What happens: each of
# them is an event with the data "". It concerns people who read events with `json.loads(event.data)`
# or count them: the client fails, or sees one event more than a browser, as soon as the server
# follows the usual advice and begins with `retry: 1000`.
#
# Output seen:
#   httpx-sse 0.4.3, httpx 0.28.1
#   event 'message' '' (retry 1000)
#   event 'message' '' (retry None)
#   event 'ping' '' (retry None)
#   event 'message' '{"n": 1}' (retry None)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check httpx-sse==0.4.3 httpx==0.28.1
cat > read.py <<'PY'
import sys
from importlib.metadata import version

import httpx
import httpx_sse

print(", ".join(f"{name} {version(name)}" for name in ["httpx-sse", "httpx"]))
body = 'retry: 1000\n\nid: 7\n\nevent: ping\n\ndata: {"n": 1}\n\n'


def answer(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=body)


with httpx.Client(transport=httpx.MockTransport(answer)) as client:
    with httpx_sse.connect_sse(client, "GET", "http://example.org/events") as source:
        events = list(source.iter_sse())
for event in events:
    print(f"event {event.event!r} {event.data!r} (retry {event.retry})")
described = [event.data for event in events] == ["", "", "", '{"n": 1}']
print("as described" if described else "NOT as described")
sys.exit(not described)
PY
environment/bin/python read.py
