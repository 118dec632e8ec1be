// AsyncAPI's own parser reads the document and finds no error.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Parser } from "@asyncapi/parser";

const [catalogue] = process.argv.slice(2);
const { document, diagnostics } = await new Parser().parse(readFileSync(join(catalogue, "asyncapi.json"), "utf8"));
const levels = ["error", "warning", "information", "hint"];
for (const { severity, code, message, path } of diagnostics) {
  console.log(`${levels[severity]}: ${code}: ${message} (${path.join(".")})`);
  // Its recommendations (a contact, a licence of the API) are left to the user.
  if (severity === 0) process.exitCode = 1;
}
const { events } = JSON.parse(readFileSync(join(catalogue, "catalog.json"), "utf8"));
const messages = document?.allMessages().all() ?? [];
const missing = events.filter((event) => !messages.some((message) => message.name() === event.kind));
for (const event of missing) { console.log(`${event.kind}: has no message`); process.exitCode = 1; }
for (const message of messages) {
  if (!message.hasPayload() || !message.hasHeaders()) { console.log(`${message.name()}: lacks payload or headers`); process.exitCode = 1; }
}
console.log(`${document?.allChannels().all().length ?? 0} channels, ${messages.length} messages`);
