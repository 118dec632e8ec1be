// Broken events of a kind: each differs from a valid one in one value, so that only the rule for it can refuse it.

const wrong = (schema) => ([schema?.type].flat().includes("string") ? {} : "wrong");
const hasSchema = (field) => field.schema && Object.keys(field.schema).length > 0 && !field.flattened;

export function broken(event) {
  const found = [];
  const add = (what, change) => {
    const copy = JSON.parse(event.example);
    change(copy);
    found.push({ what, event: copy });
  };
  add("another kind", (e) => { e.type = "no_such_kind"; });
  add("no stream", (e) => { delete e.stream_id; });
  add("data that is a list", (e) => { e.data = []; });
  add("a timestamp that is a number", (e) => { e.timestamp = 12; });
  add("a timestamp that is no time", (e) => { e.timestamp = "yesterday"; });
  if (event.scope.node) add("no node", (e) => { e.node_id = null; });
  if (event.scope.execution) add("no execution", (e) => { e.execution_id = null; });
  for (const field of event.fields) {
    if (field.required) add(`no ${field.name}`, (e) => { delete e.data[field.name]; });
    if (hasSchema(field)) add(`${field.name} of another type`, (e) => { e.data[field.name] = wrong(field.schema); });
  }
  return found;
}
