// Modelina writes a TypeScript model of each message of the AsyncAPI document, with the names of our own types.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TypeScriptGenerator } from "@asyncapi/modelina";

const [catalogue] = process.argv.slice(2);
const document = JSON.parse(readFileSync(join(catalogue, "asyncapi.json"), "utf8"));

// A type that holds itself in a map is more than it can follow: docs/tools.md.
const { messages, schemas } = document.components;
const refers = (value, name) => JSON.stringify(value).includes(`"#/components/schemas/${name}"`);
const endless = Object.keys(schemas).filter((name) => refers(schemas[name].additionalProperties ?? {}, name) || Object.values(schemas[name].properties ?? {}).some((value) => refers(value?.additionalProperties ?? {}, name)));
for (let gone = endless; gone.length > 0; ) {
  for (const name of gone) delete schemas[name];
  gone = Object.keys(schemas).filter((name) => gone.some((other) => refers(schemas[name], other)));
  endless.push(...gone);
}
for (const [kind, message] of Object.entries(messages)) {
  if (!endless.some((name) => refers(message, name))) continue;
  delete messages[kind];
  for (const channel of Object.values(document.channels)) delete channel.messages[kind];
  for (const operation of Object.values(document.operations)) operation.messages = operation.messages.filter((message) => !message.$ref.endsWith(`/${kind}`));
}
const models = await new TypeScriptGenerator({ modelType: "interface" }).generate(document);
const names = new Set(models.map((model) => model.modelName.toLowerCase()));
for (const message of Object.values(messages)) {
  const data = Object.keys(schemas[`${message.title}Data`]?.properties ?? {}).length > 0 ? [`${message.title}Data`] : [];
  for (const name of [message.title, ...data]) {
    const found = [name, `Reserved${name}`, `${name}_`].some((name) => names.has(name.replaceAll("_", "").toLowerCase()) || names.has(name.toLowerCase()));
    if (!found) { console.log(`${message.name}: has no model ${name}`); process.exitCode = 1; }
  }
}
console.log(`${models.length} models of ${Object.keys(messages).length} messages, ${endless.length} types are left out`);
