// Variants of an event: each differs from a valid one in one value. Some are broken, whatever the event; of the others
// nothing is known but that the schema and the bus must say the same.

const values = [null, true, 7, -1, 0.5, 3.4028235e38, 1e300, "wrong", "", [], ["a"], {}, { key: "value" }];

// What the reader takes and what it does not, in the keys of the envelope.
const keys = {
  timestamp: [
    "2026-01-01T12:00:00Z", "2026-01-01t12:00:00z", "2026-01-01 12:00", "2026-01-01T12:00+02", "2026-01-01T12:00:00,5-0330", "2026-01-01T12:00:00.1234567891+02:00:30",
    "2024-02-29T12:00:00", "2000-02-29T12:00:00", "2025-02-29T12:00:00", "1900-02-29T12:00:00", "2026-04-31T12:00:00", "2026-13-01T12:00:00", "2026-65-01T12:00:00",
    "0000-01-01T12:00:00", "2026-01-01", "2026-01-01T24:00:00", "2026-01-01T12:60:00", "2026-01-01T12:00:60", "2026-01-01T12:00:00+2", "2026-01-01T12:00:00+0200:30",
    "2026-01-01T12:00:00+24:00", "2026-01-01T12:00:00.", "20260101T120000", "2026-01-01T12:00:00 Z", "\u0662\u0660\u0662\u0666-01-01T12:00:00Z", "", 12, null,
  ],
  id: [null, "00c0ffee00c0ffee-42", "00C0FFEE00C0FFEE-0042", "00c0ffee00c0ffee-", "00c0ffee-1", "g0c0ffee00c0ffee-1", "00c0ffee00c0ffee-+1", 7, {}],
  causation_id: [null, "00c0ffee00c0ffee-42", "00c0ffee-1", 7],
  seq: [null, 0, 7, -1, 0.5, "7", "p0-17", "", 2 ** 53, 1e300, [], {}, true],
  version: [null, 0, 1, 2 ** 32 - 1, 2 ** 32, -1, 1.5, "1", "0.0.1", "", [1], { major: 1 }, false],
  stream_id: ["", "s", null, 7],
  node_id: ["", "n", null, 7, []],
  execution_id: ["e", null, 7],
  correlation_id: ["c", null, 7, {}],
  type: [null, 7, ""],
  data: [null, [], "{}", 7],
  graph_id: [null, "g", 7, { any: ["thing"] }],
};

export function variants(event) {
  const found = [];
  const right = JSON.parse(event.example);
  const add = (what, change, broken = false) => {
    const copy = structuredClone(right);
    change(copy);
    found.push({ what, event: copy, broken });
  };
  add("another kind", (e) => { e.type = "no_such_kind"; }, true);
  add("no stream", (e) => { delete e.stream_id; }, true);
  add("data that is a list", (e) => { e.data = []; }, true);
  add("a timestamp that is a number", (e) => { e.timestamp = 12; }, true);
  add("a timestamp that is no time", (e) => { e.timestamp = "yesterday"; }, true);
  for (const alias of event.aliases ?? []) add(`the kind ${alias}`, (e) => { e.type = alias; });
  for (const [key, list] of Object.entries(keys)) {
    if (event.upcast && key === "version") {
      // Older data is converted, and no schema describes it.
      for (const version of [event.version, event.version + 0.5, 2 ** 32 - 0.5]) {
        add(`version ${version}`, (e) => { e.version = version; });
        add(`version ${version} without data`, (e) => { e.version = version; e.data = {}; });
      }
      continue;
    }
    if (key !== "type") add(`no ${key}`, (e) => { delete e[key]; });
    for (const value of list) add(`${key} ${JSON.stringify(value)}`, (e) => { e[key] = value; });
  }
  for (const field of event.fields) {
    if (field.flattened) continue;
    add(`no ${field.name}`, (e) => { delete e.data[field.name]; }, field.required);
    for (const value of values) add(`${field.name} ${JSON.stringify(value)}`, (e) => { e.data[field.name] = value; });
    for (const alias of field.aliases ?? []) {
      add(`${field.name} and ${alias}`, (e) => { e.data[alias] = e.data[field.name] ?? null; });
      add(`${alias} in place of ${field.name}`, (e) => { e.data[alias] = e.data[field.name]; delete e.data[field.name]; });
    }
  }
  return found;
}
