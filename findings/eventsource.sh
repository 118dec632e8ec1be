#!/usr/bin/env bash
# eventsource (npm) forgets the last event id with the next message.
#
# One would expect `lastEventId` to be what a browser has there: the id that the server sent last, with
# this message or with an earlier one, as the HTML standard says. What happens: it is "" in each
# message that has no id of its own; fetch-event-source does the same with `id`. It concerns people
# who keep the newest `lastEventId` as the place to go on from, for servers that send an id now and
# then, such as one for each group of text deltas: in Node.js the place is lost with the next message,
# in a browser it is not. The EventSource of undici has the id.
#
# Output seen:
#   eventsource 4.1.1: one "7", two ""
#   @microsoft/fetch-event-source 2.0.1: one "7", two ""
#   undici 7.16.0: one "7", two "7"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund eventsource@4.1.1 @microsoft/fetch-event-source@2.0.1 undici@7.16.0
cat > read.cjs <<'JS'
process.removeAllListeners("warning"); // undici says that its EventSource is experimental.
const fs = require("node:fs");
const http = require("node:http");
// The parser of the package: its client itself needs a window.
const { getLines, getMessages } = require("@microsoft/fetch-event-source/lib/cjs/parse.js");

const body = "id: 7\ndata: one\n\ndata: two\n\n";
const server = http.createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(body);
});

const lastIds = (EventSource) =>
  new Promise((resolve) => {
    const source = new EventSource(`http://127.0.0.1:${server.address().port}/`);
    const ids = [];
    source.onmessage = (message) => {
      if (ids.push(message.lastEventId) < 2) return;
      source.close();
      resolve(ids);
    };
  });

server.listen(0, "127.0.0.1", async () => {
  const parsed = [];
  const messages = getMessages(() => {}, () => {}, (message) => parsed.push(message.id));
  getLines(messages)(new TextEncoder().encode(body));
  const seen = {
    eventsource: await lastIds(require("eventsource").EventSource),
    "@microsoft/fetch-event-source": parsed,
    undici: await lastIds(require("undici").EventSource),
  };
  server.closeAllConnections();
  server.close();
  for (const [name, ids] of Object.entries(seen)) {
    const { version } = JSON.parse(fs.readFileSync(`node_modules/${name}/package.json`));
    console.log(`${name} ${version}: one "${ids[0]}", two "${ids[1]}"`);
  }
  const described = Object.values(seen).join(" ") === "7, 7, 7,7";
  console.log(described ? "as described" : "NOT as described");
  process.exitCode = described ? 0 : 1;
});
JS
node read.cjs
