#!/usr/bin/env bash
# The AG-UI client reads frames with another event name as events of the run, and gives up on them.
#
# One would expect a frame under `event: heartbeat` to be none of the run's business: an EventSource
# gives it only to who listens for that name. What happens: the client ignores the name, reads the
# data as an event of AG-UI, and rejects the run, together with valid events of the same piece of
# network data, such as RUN_FINISHED. It concerns people who put an AG-UI endpoint behind a server or
# proxy that sends named heartbeats: the same frame as a comment (`: heartbeat`) does no harm.
#
# Output seen:
#   @ag-ui/client 1.0.0
#   comment: resolved after RUN_STARTED RUN_FINISHED
#   named: rejected after RUN_STARTED
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund @ag-ui/client@1.0.0
cat > run.js <<'JS'
import fs from "node:fs";
import http from "node:http";
import { HttpAgent } from "@ag-ui/client";

console.log("@ag-ui/client", JSON.parse(fs.readFileSync("node_modules/@ag-ui/client/package.json")).version);
const frame = (type) => `data: ${JSON.stringify({ type, threadId: "t", runId: "r" })}\n\n`;
const beats = { comment: ": heartbeat\n\n", named: "event: heartbeat\ndata: 1\n\n" };
const server = http.createServer((request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(frame("RUN_STARTED") + beats[request.url.slice(1)] + frame("RUN_FINISHED"));
});
console.error = () => {}; // The client prints the error that it also returns.
server.listen(0, "127.0.0.1", async () => {
  const results = [];
  for (const name of Object.keys(beats)) {
    const agent = new HttpAgent({ url: `http://127.0.0.1:${server.address().port}/${name}`, threadId: "t" });
    const seen = [];
    const onEvent = ({ event }) => void seen.push(event.type);
    const end = await agent.runAgent({ runId: "r" }, { onEvent }).then(() => "resolved", () => "rejected");
    results.push(`${name}: ${end} after ${seen.join(" ")}`);
    console.log(results.at(-1));
  }
  server.closeAllConnections();
  server.close();
  const described =
    results[0] === "comment: resolved after RUN_STARTED RUN_FINISHED" &&
    results[1] === "named: rejected after RUN_STARTED";
  console.log(described ? "as described" : "NOT as described");
  process.exitCode = described ? 0 : 1;
});
JS
node run.js
