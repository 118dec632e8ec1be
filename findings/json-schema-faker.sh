#!/usr/bin/env bash
# json-schema-faker makes data that its own schema refuses if keywords stand beside `$ref`.
#
# One would expect each made value to fit the schema. Since JSON Schema 2019-09 the keywords beside
# `$ref` hold together with those of the type referred to, and the tool names 2019-09 and 2020-12 as
# supported. What happens: the required members of that type are missing. It concerns people who
# write an event as a common part (`$ref`) and its own kind (`const`) beside it, and test readers
# with made events: those are no events. The same schema with `allOf` is free of it.
#
# Output seen:
#   json-schema-faker 0.6.3
#   ajv 8.20.0
#   allOf: 20 of 20 are valid
#   beside $ref: 0 of 20 are valid, not {"kind":"joined"}: must have required property 'name'
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund json-schema-faker@0.6.3 ajv@8.20.0
cat > make.mjs <<'JS'
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import { createGenerator } from "json-schema-faker";

for (const name of ["json-schema-faker", "ajv"]) {
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version);
}

const $schema = "https://json-schema.org/draft/2020-12/schema";
const person = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };
const kind = { type: "object", properties: { kind: { const: "joined" } }, required: ["kind"] };
const $ref = "#/$defs/person";

async function valid(title, schema) {
  const whole = { $schema, $defs: { person }, ...schema };
  const check = new Ajv().compile(whole);
  let count = 0;
  let refused = "";
  for (let seed = 1; seed <= 20; seed += 1) {
    const made = await createGenerator({ seed }).generate(whole);
    if (check(made)) count += 1;
    else refused ||= `, not ${JSON.stringify(made)}: ${check.errors[0].message}`;
  }
  console.log(`${title}: ${count} of 20 are valid${refused}`);
  return count;
}

const together = await valid("allOf", { allOf: [{ $ref }, kind] });
const beside = await valid("beside $ref", { $ref, ...kind });
const asDescribed = together === 20 && beside === 0;
console.log(asDescribed ? "as described" : "NOT as described");
process.exit(asDescribed ? 0 : 1);
JS
node make.mjs
