// ajv compiles every schema, accepts the examples and every event of the recorded session, and refuses broken ones.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020.js";
import { broken } from "./broken.mjs";

const [catalogue, session] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(join(catalogue, name), "utf8"));
const fail = (text) => { console.log(text); process.exitCode = 1; };
const compile = (schema) => new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

const { events } = read("catalog.json");
const any = compile(read("schema/events.schema.json"));
const one = new Map(events.map((event) => [event.kind, compile(read(`schema/${event.kind}.schema.json`))]));
console.log(`${one.size + 1} schemas compile in strict mode`);

let refused = 0;
for (const event of events) {
  if (!event.example) { fail(`${event.kind}: has no example`); continue; }
  const right = JSON.parse(event.example);
  const check = one.get(event.kind);
  if (!check(right) || !any(right)) fail(`${event.kind}: its example is refused: ${JSON.stringify(check.errors ?? any.errors)}`);
  const cases = broken(event);
  if (cases.length < 5) fail(`${event.kind}: only ${cases.length} broken ones`);
  for (const { what, event: wrong } of cases) {
    if (check(wrong)) fail(`${event.kind}: accepts ${what}`);
    if (any(wrong)) fail(`${event.kind}: the bundle accepts ${what}`);
    refused += 1;
  }
}
console.log(`${events.length} examples accepted, ${refused} broken ones refused`);

const lines = readFileSync(session, "utf8").split("\n").filter(Boolean);
lines.forEach((line, at) => {
  const event = JSON.parse(line);
  const check = one.get(event.type);
  if (!check) fail(`line ${at + 1}: no schema for ${event.type}`);
  else if (!check(event)) fail(`line ${at + 1}: ${event.type}: ${JSON.stringify(check.errors)}`);
  else if (!any(event)) fail(`line ${at + 1}: ${event.type}: refused by the bundle`);
});
console.log(`${lines.length} recorded events accepted`);
