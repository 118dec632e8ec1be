#!/usr/bin/env bash
# The JavaScript SDK of CloudEvents invents a time, and cuts those it reads to milliseconds.
#
# One would expect an event that is read to have the attributes that it was sent with, since `time` is
# optional and of any precision. What happens: an event without a time gets the time of its reading,
# and one of microseconds or nanoseconds is cut, also when it is written again unchanged. It concerns
# people who pass events on, put them in order by time or compare them: two services that read one
# event have different times for it, and ten events of one millisecond are no longer in order.
#
# Output seen:
#   cloudevents 10.0.0
#   sent no time, passed on with a time: true
#   sent 2026-01-01T00:00:00.123456Z, passed on 2026-01-01T00:00:00.123Z
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund cloudevents@10.0.0
cat > pass_on.js <<'JS'
import fs from "node:fs";
import { HTTP } from "cloudevents";

console.log("cloudevents", JSON.parse(fs.readFileSync("node_modules/cloudevents/package.json")).version);
const headers = { "content-type": "application/cloudevents+json" };
const passOn = (attributes) => {
  const sent = { specversion: "1.0", id: "1", source: "/bus", type: "tool_call_started", ...attributes };
  const event = HTTP.toEvent({ headers, body: JSON.stringify(sent) });
  return JSON.parse(HTTP.structured(event).body);
};
const begun = new Date().toISOString();
const invented = passOn({}).time;
console.log(`sent no time, passed on with a time: ${invented >= begun}`);
const time = "2026-01-01T00:00:00.123456Z";
const cut = passOn({ time }).time;
console.log(`sent ${time}, passed on ${cut}`);
const described = invented >= begun && cut === "2026-01-01T00:00:00.123Z";
console.log(described ? "as described" : "NOT as described");
process.exitCode = described ? 0 : 1;
JS
node pass_on.js
