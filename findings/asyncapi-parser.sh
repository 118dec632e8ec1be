#!/usr/bin/env bash
# The AsyncAPI parser takes a key `$ref` inside of an example for a reference.
#
# One would expect an example of a message to be data, which a parser leaves as it is: the payload
# here has the member "$ref", as events about JSON schemas do. What happens: the parser resolves it.
# A value that names no file makes the whole document fail, and a value that names a part of the
# document is replaced with that part, without a diagnostic. It concerns people who publish events
# whose data may hold a JSON Schema: a correct example breaks their document, or changes in it.
#
# Output seen:
#   @asyncapi/parser 3.6.3
#   {"ref":"order.json"}
#     {"ref":"order.json"}
#   {"$ref":"order.json"}
#     invalid-ref: ENOENT: no such file or directory, open 'order.json'
#   {"$ref":"#/info"}
#     {"title":"Schemas","version":"1"}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund @asyncapi/parser@3.6.3
cat > parse.mjs <<'JS'
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { version } = JSON.parse(readFileSync("node_modules/@asyncapi/parser/package.json", "utf8"));
console.log(`@asyncapi/parser ${version}`);

// A message whose payload has an object `schema`, and one example of it.
const document = (schema) => ({
  asyncapi: "3.0.0",
  info: { title: "Schemas", version: "1" },
  channels: { events: { messages: { added: { $ref: "#/components/messages/added" } } } },
  components: {
    messages: {
      added: {
        payload: { type: "object", properties: { schema: { type: "object" } } },
        examples: [{ payload: { schema } }],
      },
    },
  },
});

async function example(schema) {
  const text = JSON.stringify(document(schema));
  const { document: parsed, diagnostics } = await new Parser().parse(text);
  const errors = diagnostics.filter(({ severity }) => severity === 0);
  const seen = parsed?.allMessages().all()[0].examples().all()[0].payload().schema;
  const outcome = seen ? JSON.stringify(seen) : `${errors[0].code}: ${errors[0].message}`;
  console.log(`${JSON.stringify(schema)}\n  ${outcome}`);
  return { errors, seen };
}

const plain = await example({ ref: "order.json" });
const file = await example({ $ref: "order.json" });
const part = await example({ $ref: "#/info" });
const asDescribed =
  plain.seen?.ref === "order.json" &&
  file.errors[0]?.code === "invalid-ref" &&
  file.errors[0].message.includes("order.json") &&
  part.errors.length === 0 &&
  part.seen?.title === "Schemas";
console.log(asDescribed ? "as described" : "NOT as described");
process.exit(asDescribed ? 0 : 1);
JS
node parse.mjs
