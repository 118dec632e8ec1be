#!/usr/bin/env bash
# quicktype makes one TypeScript interface of all kinds of events, in place of a union.
#
# One would expect `oneOf` with a `const` in each choice to become a union that is told apart by
# that member, as TypeScript has it and json-schema-to-typescript makes it. What happens: the
# choices are merged into one interface, in which each member that not all have is optional. It
# concerns people who publish the schema of all their events in one file: the interface allows an
# event of one kind with the members of another or with none, and a reader in TypeScript has to ask
# for each required member whether it is there.
#
# Output seen:
#   quicktype 26.0.0
#   export interface EventsSchema {
#       name?:  string;
#       type:   Type;
#       cents?: number;
#   }
#   export type Type = "joined" | "paid";
#   json-schema-to-typescript 16.0.0
#   export type Event = Joined | Paid;
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund quicktype@26.0.0 json-schema-to-typescript@16.0.0
cat > events.schema.json <<'JSON'
{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Event",
  "oneOf": [{ "$ref": "#/definitions/Joined" }, { "$ref": "#/definitions/Paid" }],
  "definitions": {
    "Joined": {
      "type": "object",
      "properties": { "type": { "const": "joined" }, "name": { "type": "string" } },
      "required": ["type", "name"],
      "additionalProperties": false
    },
    "Paid": {
      "type": "object",
      "properties": { "type": { "const": "paid" }, "cents": { "type": "integer" } },
      "required": ["type", "cents"],
      "additionalProperties": false
    }
  }
}
JSON
programs=node_modules/.bin
"$programs/quicktype" --src-lang schema --lang typescript --just-types events.schema.json > merged
"$programs/json2ts" events.schema.json > union
version() {
  node -p "'$1 ' + JSON.parse(fs.readFileSync('node_modules/$1/package.json')).version"
}
version quicktype
grep . merged
version json-schema-to-typescript
grep "^export type" union
if [[ $(grep -c "^export interface" merged) == 1 ]] &&
  grep -Eq "^ +name\?: +string;" merged &&
  grep -Eq "^ +cents\?: +number;" merged &&
  grep -qx "export type Event = Joined | Paid;" union; then
  echo "as described"
else
  echo "NOT as described"
  exit 1
fi
