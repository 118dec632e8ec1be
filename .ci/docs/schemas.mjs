// ajv compiles every schema, accepts the examples and every event of the recorded session, and refuses broken ones. What it
// says of an event is what the bus says: of variants of the examples, and of instances that json-schema-faker makes from
// the schemas.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { createGenerator } from "json-schema-faker";
import { variants } from "./broken.mjs";

const [catalogue, session, reader] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(join(catalogue, name), "utf8"));
let failures = 0;
const fail = (text) => { failures += 1; process.exitCode = 1; if (failures <= 40) console.log(text.slice(0, 400)); };
const compile = (schema) => formats(new Ajv({ strict: true, allowUnionTypes: true })).compile(schema);

// The fields, by kind, whose types refuse what their schemas accept, each with the reason.
const unsaid = JSON.parse(readFileSync(new URL("unsaid.json", import.meta.url), "utf8"));
const isUnsaid = (kind, said) => Object.keys(unsaid[kind] ?? {}).some((field) => said.includes(`field \`${field}\``));

const { events } = read("catalog.json");
const any = compile(read("schema/events.schema.json"));
const schemas = new Map(events.map((event) => [event.kind, read(`schema/${event.kind}.schema.json`)]));
const one = new Map([...schemas].map(([kind, schema]) => [kind, compile(schema)]));
console.log(`${one.size + 1} schemas compile in strict mode`);

// JavaScript writes a whole number from 1e21 on with an exponent, which is no whole number for other readers of JSON.
const whole = (_, value) => (Number.isInteger(value) && Math.abs(value) >= 1e21 ? `whole ${BigInt(value)}` : value);
const line = (event) => `${JSON.stringify(event, whole).replace(/"whole (-?[0-9]+)"/g, "$1")}\n`;

// What the bus says of events: nothing if it reads them with their type.
function bus(events) {
  if (!reader) return [];
  const said = execFileSync(reader, ["read"], { input: events.map(line).join(""), maxBuffer: 1 << 30 });
  return said.toString().trimEnd().split("\n").map((line) => (line.startsWith("typed ") ? "" : line));
}

let refused = 0;
const tried = [];
for (const event of events) {
  const right = JSON.parse(event.example);
  const check = one.get(event.kind);
  if (event.example_lacks) continue;
  if (!check(right) || !any(right)) fail(`${event.kind}: its example is refused: ${JSON.stringify(check.errors ?? any.errors)}`);
  for (const { what, event: variant, broken } of variants(event)) {
    const valid = check(variant);
    if (broken && valid) fail(`${event.kind}: accepts ${what}`);
    if (valid !== any(variant)) fail(`${event.kind}: the bundle does not agree on ${what}`);
    tried.push({ kind: event.kind, what, variant, valid });
    refused += broken;
  }
}
console.log(`${events.length} examples accepted, ${refused} broken ones refused`);
bus(tried.map(({ variant }) => variant)).forEach((said, at) => {
  const { kind, what, valid } = tried[at];
  if (valid && said && !isUnsaid(kind, said)) fail(`${kind}: the bus refuses ${what}: ${said}`);
  // Serde reads a struct from a list of its members too, which is nothing to rely on.
  if (!valid && !said && !/ \[.*\]$/.test(what)) fail(`${kind}: only the schema refuses ${what}`);
});
if (reader) console.log(`${tried.length} variants of them are typed events for the bus exactly if their schema accepts them`);

const upcasts = new Map(events.filter((event) => event.upcast).map((event) => [event.kind, event.version]));
const made = [];
let own = 0;
for (const [kind, schema] of schemas) {
  for (let seed = 1; seed <= 20; seed += 1) {
    const options = { seed: seed * 7919, maxDepth: 10, optionalsProbability: seed % 2 ? 1 : 0.5 };
    const event = await createGenerator(options).generate(schema);
    // Older data is converted by code.
    if (upcasts.has(kind) && !(event.version >= upcasts.get(kind))) continue;
    // Its instances of types that hold themselves, and of choices with a constant, are not always valid.
    if (one.get(kind)(event)) made.push({ kind, event });
    else own += 1;
  }
}
bus(made.map(({ event }) => event)).forEach((said, at) => {
  if (said && !isUnsaid(made[at].kind, said)) fail(`${made[at].kind}: the bus refuses an instance of its schema: ${said}: ${JSON.stringify(made[at].event)}`);
});
if (reader) console.log(`${made.length} instances of the schemas are typed events for the bus; ${own} more were no instances`);

const lines = readFileSync(session, "utf8").split("\n").filter(Boolean);
lines.forEach((line, at) => {
  const event = JSON.parse(line);
  const check = one.get(event.type);
  if (!check) fail(`line ${at + 1}: no schema for ${event.type}`);
  else if (!check(event)) fail(`line ${at + 1}: ${event.type}: ${JSON.stringify(check.errors)}`);
  else if (!any(event)) fail(`line ${at + 1}: ${event.type}: refused by the bundle`);
});
console.log(`${lines.length} recorded events accepted`);
if (failures) console.log(`${failures} faults`);
