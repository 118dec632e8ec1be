#!/usr/bin/env bash
# Interfaces that AsyncAPI Modelina makes for TypeScript have other names than the JSON.
#
# One would expect an interface, which has no code of its own, to describe the JSON as it is. What
# happens: `type` and `name` become `reservedType` and `reservedName`, and `user-id` becomes
# `userMinusId`, although TypeScript allows each of them as the name of a member. It concerns people
# who publish event schemas, in which `type` is the most common member: no event has the members
# that the interface requires. The option `rawPropertyNames` mends it and is off by default.
#
# Output seen:
#   @asyncapi/modelina 5.10.1
#   standard: reservedType, reservedName, userMinusId
#   rawPropertyNames: type, name, user-id
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund @asyncapi/modelina@5.10.1
cat > generate.mjs <<'JS'
import { readFileSync } from "node:fs";
import { TypeScriptGenerator } from "@asyncapi/modelina";

const manifest = readFileSync("node_modules/@asyncapi/modelina/package.json", "utf8");
console.log(`@asyncapi/modelina ${JSON.parse(manifest).version}`);

const string = { type: "string" };
const schema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  $id: "Joined",
  type: "object",
  properties: { type: { const: "joined" }, name: string, "user-id": string },
  required: ["type", "name", "user-id"],
  additionalProperties: false,
};

async function names(title, options) {
  const generator = new TypeScriptGenerator({ modelType: "interface", ...options });
  const [model] = await generator.generate(schema);
  const members = [...model.result.matchAll(/^ +'?([\w-]+)'?: /gm)];
  const found = members.map(([, name]) => name).join(", ");
  console.log(`${title}: ${found}`);
  return found;
}

const standard = await names("standard", {});
const raw = await names("rawPropertyNames", { rawPropertyNames: true });
const asDescribed =
  standard === "reservedType, reservedName, userMinusId" && raw === "type, name, user-id";
console.log(asDescribed ? "as described" : "NOT as described");
process.exit(asDescribed ? 0 : 1);
JS
node generate.mjs
