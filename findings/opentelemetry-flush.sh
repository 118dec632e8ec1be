#!/usr/bin/env bash
# OpenTelemetry for Python reports that spans were flushed which the exporter has refused.
#
# One would expect `force_flush()` to return False where the spans did not arrive: it is what a
# program asks before it ends. What happens: it returns True although the exporter answered FAILURE,
# and the spans are gone. It concerns people who export the spans of agent runs before a process or
# a serverless call ends: a collector that refuses everything looks like one that took it. False is
# for a time-out only.
#
# Output seen:
#   opentelemetry-sdk 1.45.2
#   refused 3 spans, force_flush() returned True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check opentelemetry-sdk==1.45.2
cat > flush.py <<'PY'
import sys
from importlib.metadata import version

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

print("opentelemetry-sdk", version("opentelemetry-sdk"))
refused = []


class Refusing(SpanExporter):
    def export(self, spans):
        refused.extend(spans)
        return SpanExportResult.FAILURE


provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(Refusing()))
tracer = provider.get_tracer("agent")
for name in ["invoke_agent", "chat", "execute_tool"]:
    tracer.start_span(name).end()
flushed = provider.force_flush()
print(f"refused {len(refused)} spans, force_flush() returned {flushed}")
described = len(refused) == 3 and flushed is True
print("as described" if described else "NOT as described")
provider.shutdown()
sys.exit(not described)
PY
environment/bin/python flush.py
