// tsc in strict mode compiles the types, and a switch over all kinds that has no default; without its last case it does not.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [catalogue, tools] = process.argv.slice(2);
const { events } = JSON.parse(readFileSync(join(catalogue, "catalog.json"), "utf8"));
const folder = join(tools, "typescript");
mkdirSync(folder, { recursive: true });
copyFileSync(join(catalogue, "events.ts"), join(folder, "events.ts"));

const body = (event) => {
  const field = event.fields.find((field) => field.required);
  return field ? `return [event.data[${JSON.stringify(field.name)}]].length` : "return event.stream_id.length";
};
const usage = (kinds) => `
import { KINDS, isDeclared, type BusEvent, type EventOf, type Kind } from "./events.js";
export function size(event: BusEvent): number {
  switch (event.type) {
${kinds.map((event) => `    case ${JSON.stringify(event.kind)}: ${body(event)};`).join("\n")}
  }
}
export const first: Kind | undefined = KINDS[0];
export const named = (event: EventOf<${JSON.stringify(events[0].kind)}>): string => event.type;
export const sized = (event: { type: string }): number => (isDeclared(event) ? size(event) : 0);
`;

function compiles(kinds) {
  writeFileSync(join(folder, "usage.ts"), usage(kinds));
  const options = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noEmit", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext"];
  try {
    execFileSync("node", [join(tools, "node_modules/typescript/bin/tsc"), ...options, join(folder, "usage.ts")], { stdio: "pipe" });
    return true;
  } catch (error) {
    compiles.said = `${error.stdout}${error.stderr}`;
    return false;
  }
}

writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
if (!compiles(events)) { console.log(compiles.said); process.exit(1); }
if (compiles(events.slice(0, -1))) { console.log("a switch without its last case compiles"); process.exit(1); }
console.log(`a switch over ${events.length} kinds is exhaustive, and the compiler reports a missing case`);
