#!/usr/bin/env bash
# `redocly bundle` writes other numbers than the document has.
#
# One would expect a bundle to have the same schemas as the files that it is made of. What happens:
# whole numbers beyond 2^53 are read as floating-point numbers and written back rounded, without a
# warning. It concerns people who publish schemas of events with 64-bit numbers, as Rust, Go and
# Java have them: the bundle has a maximum that is larger than any such number, and another
# default.
#
# Output seen:
#   @redocly/cli 2.77.0
#   "maximum": 18446744073709552000, not 18446744073709551615
#   "default": 9007199254740992, not 9007199254740993
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund @redocly/cli@2.77.0
cat > asyncapi.json <<'JSON'
{
  "asyncapi": "3.0.0",
  "info": { "title": "Counts", "version": "1" },
  "channels": {
    "events": {
      "address": "events",
      "messages": { "counted": { "payload": { "$ref": "counted.json" } } }
    }
  }
}
JSON
cat > counted.json <<'JSON'
{
  "type": "integer",
  "minimum": 0,
  "maximum": 18446744073709551615,
  "default": 9007199254740993
}
JSON
redocly() { node_modules/.bin/redocly "$@" 2> errors || { cat errors >&2; return 1; }; }
echo "@redocly/cli $(redocly --version)"
redocly bundle asyncapi.json --output bundled.json
described=true
seen() {
  local found
  found=$(grep -Eo "\"$1\": [0-9]+" bundled.json)
  echo "$found, not $2"
  [[ $found == "\"$1\": $3" ]] || described=false
}
seen maximum 18446744073709551615 18446744073709552000
seen default 9007199254740993 9007199254740992
if ! $described; then
  echo "NOT as described"
  exit 1
fi
echo "as described"
