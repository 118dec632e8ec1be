// tsc in strict mode, in two versions, compiles the types, and a switch over all kinds that has no default; without its last
// case it does not. typescript-eslint has no complaint about the types.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const [catalogue, tools] = process.argv.slice(2);
const { events } = JSON.parse(readFileSync(join(catalogue, "catalog.json"), "utf8"));
const folder = join(tools, "typescript", basename(catalogue));
mkdirSync(folder, { recursive: true });
copyFileSync(join(catalogue, "events.ts"), join(folder, "events.ts"));

const body = (event) => {
  const field = event.fields.find((field) => field.required);
  return field ? `return [event.data[${JSON.stringify(field.name)}]].length` : "return event.stream_id.length";
};
const usage = (kinds) => `
import { KINDS, attribute, isDeclared, type BusEvent, type EventOf, type Kind } from "./events.js";
export function size(event: BusEvent): number {
  switch (event.type) {
${kinds.map((event) => `    case ${JSON.stringify(event.kind)}: ${body(event)};`).join("\n")}
  }
}
export const first: Kind | undefined = KINDS[0];
export const named = (event: EventOf<${JSON.stringify(events[0].kind)}>): string => event.type;
export const graph = (event: BusEvent): string | undefined => attribute(event, "graph_id");
export const sized = (event: { type: string }): number => (isDeclared(event) ? size(event) : 0);
`;

const program = (path, ...rest) => execFileSync("node", [join(tools, "node_modules", path), ...rest], { cwd: folder, stdio: "pipe" });
function said(run) {
  try { run(); return ""; } catch (error) { return `${error.stdout}${error.stderr}` || String(error); }
}
const compiler = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noEmit: true, target: "es2022", module: "nodenext", types: [] };
const compile = (version, kinds) => said(() => {
  writeFileSync(join(folder, "usage.ts"), usage(kinds));
  program(`${version}/bin/tsc`, "--project", folder);
});

writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...compiler, lib: ["es2022", "dom"] }, files: ["events.ts", "usage.ts"] }));
copyFileSync(join(tools, "eslint.config.mjs"), join(folder, "eslint.config.mjs"));
const complain = (text) => { console.log(text); process.exitCode = 1; };
for (const version of ["typescript", "typescript-7"]) {
  const errors = compile(version, events);
  if (errors) complain(errors);
  if (!compile(version, events.slice(0, -1))) complain(`${version}: a switch without its last case compiles`);
}
// The functions that the pages show.
const plain = (html) => html.replace(/<[^>]*>/g, "").replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const shown = readdirSync(join(catalogue, "html")).flatMap((name) => [...readFileSync(join(catalogue, "html", name), "utf8").matchAll(/<code class="typescript">(.*?)<\/code>/gs)].map(([, html]) => plain(html)));
const functions = shown.map((code, at) => code.replace(/^import .*$/m, "").replace("function show", `export function show${at}`));
writeFileSync(join(folder, "usage.ts"), `import type { EventOf } from "./events.js";\n${functions.join("\n")}`);
const wrong = said(() => program("typescript/bin/tsc", "--project", folder));
if (wrong || shown.length !== events.length) complain(`${shown.length} functions on pages: ${wrong}`);
const complaints = said(() => program("eslint/bin/eslint.js", "events.ts"));
if (complaints) complain(complaints);
console.log(`a switch over ${events.length} kinds is exhaustive, and the compiler reports a missing case`);
