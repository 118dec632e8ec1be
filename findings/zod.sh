#!/usr/bin/env bash
# zod accepts every value for a schema that has `required` and no `type`.
#
# One would expect `fromJSONSchema` to check `properties` and `required`, or to throw as it does for
# keywords that it does not know. What happens: without `"type": "object"` both are ignored, and any
# value passes. JSON Schema does not ask for a `type`, and schemas that are written by hand or added in
# `allOf` often have none. It concerns people who check events from a schema in the browser: an event
# that lacks what it requires is taken for a good one. ajv refuses it.
#
# Output seen:
#   zod 4.6.7, ajv 8.20.0
#   with type: zod refuses, ajv refuses
#   without type: zod accepts, ajv refuses
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund zod@4.6.7 ajv@8.20.0
cat > check.js <<'JS'
import fs from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { z } from "zod";

const version = (name) => `${name} ${JSON.parse(fs.readFileSync(`node_modules/${name}/package.json`)).version}`;
console.log(`${version("zod")}, ${version("ajv")}`);
const rest = { properties: { tool: { type: "string" } }, required: ["tool"] };
const event = { tool: 5 };
const word = (accepts) => (accepts ? "accepts" : "refuses");
const seen = Object.entries({ "with type": { type: "object", ...rest }, "without type": rest }).map(
  ([name, schema]) => {
    const byZod = word(z.fromJSONSchema(schema).safeParse(event).success);
    const byAjv = word(new Ajv2020({ strict: false }).validate(schema, event));
    return `${name}: zod ${byZod}, ajv ${byAjv}`;
  },
);
console.log(seen.join("\n"));
const described =
  seen[0] === "with type: zod refuses, ajv refuses" && seen[1] === "without type: zod accepts, ajv refuses";
console.log(described ? "as described" : "NOT as described");
process.exitCode = described ? 0 : 1;
JS
node check.js
