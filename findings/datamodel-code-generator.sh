#!/usr/bin/env bash
# The default of an enum in a model of datamodel-code-generator is a text, not a value of the enum.
#
# One would expect an event without the member and an event that has its default to load as equal
# values. What happens: the field has the type of the enum, but its default is the bare text, so a
# comparison with the value of the enum is false if the member was absent, and true if it was
# written. It concerns people who publish schemas with defaults: what a reader does for the default
# is skipped without an error. The option `--set-default-enum-member` mends it and is off by
# default.
#
# Output seen:
#   datamodel-code-generator 0.89.0
#   pydantic 2.14.4
#   standard: {} loads as 'low'
#   standard: {"severity":"low"} loads as <Severity.low: 'low'>
#   member: {} loads as <Severity.low: 'low'>
#   member: {"severity":"low"} loads as <Severity.low: 'low'>
#   equal to Severity.low: [False, True, True, True]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check \
  datamodel-code-generator==0.89.0 pydantic==2.14.4
cat > logged.schema.json <<'JSON'
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Logged",
  "type": "object",
  "properties": { "severity": { "$ref": "#/$defs/Severity", "default": "low" } },
  "$defs": { "Severity": { "enum": ["low", "high"] } }
}
JSON
generate() {
  environment/bin/datamodel-codegen --input logged.schema.json --input-file-type jsonschema \
    --output-model-type pydantic_v2.BaseModel --target-python-version 3.11 \
    --disable-timestamp --formatters builtin "$@"
}
generate --output standard.py
generate --output member.py --set-default-enum-member
cat > compare.py <<'PY'
import sys
from importlib.metadata import version

import member
import standard

for name in ["datamodel-code-generator", "pydantic"]:
    print(name, version(name))


def is_low(module, text: str) -> bool:
    severity = module.Logged.model_validate_json(text).severity
    print(f"{module.__name__}: {text} loads as {severity!r}")
    return severity == module.Severity.low


absent, written = "{}", '{"severity":"low"}'
found = [is_low(module, text) for module in (standard, member) for text in (absent, written)]
print("equal to Severity.low:", found)
described = found == [False, True, True, True]
print("as described" if described else "NOT as described")
sys.exit(not described)
PY
environment/bin/python compare.py
