// zod loads the schema of every kind, and reads the examples with it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromJSONSchema } from "zod";

const [catalogue] = process.argv.slice(2);
const { events } = JSON.parse(readFileSync(join(catalogue, "catalog.json"), "utf8"));
const fail = (text) => { console.log(text.slice(0, 400)); process.exitCode = 1; };
let read = 0;
for (const event of events) {
  const file = readFileSync(join(catalogue, "schema", `${event.kind}.schema.json`), "utf8");
  let schema;
  try { schema = fromJSONSchema(JSON.parse(file)); } catch (error) { fail(`${event.kind}: ${error}`); continue; }
  const { success, error } = schema.safeParse(JSON.parse(event.example));
  if (!success && !event.example_lacks) fail(`${event.kind}: its example is refused: ${error}`);
  read += success;
}
console.log(`${events.length} schemas loaded, ${read} examples read`);
