#!/usr/bin/env bash
# The AG-UI client reports success for a run that failed, and for one that was cut.
#
# One would expect `await agent.runAgent()` to be rejected where the run ends with RUN_ERROR, and where
# the body ends before RUN_FINISHED, as it does when the server or a proxy stops. What happens: the
# promise is resolved each time, with half a message where the run was cut, and the result does not
# say which of the three it was. It concerns people who write agents and pages for AG-UI: a failure
# looks like a short answer, unless the page subscribes to RUN_ERROR and looks for RUN_FINISHED.
#
# Output seen:
#   @ag-ui/client 1.0.0
#   finished: resolved {"newMessages":[{"id":"m","role":"assistant","content":"Hello"}]}
#   failed: resolved {"newMessages":[]}
#   cut: resolved {"newMessages":[{"id":"m","role":"assistant","content":"Hello"}]}
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
const started = { type: "RUN_STARTED", threadId: "t", runId: "r" };
const text = [
  { type: "TEXT_MESSAGE_START", messageId: "m", role: "assistant" },
  { type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta: "Hello" },
];
const bodies = {
  finished: [started, ...text, { type: "TEXT_MESSAGE_END", messageId: "m" }, { ...started, type: "RUN_FINISHED" }],
  failed: [started, { type: "RUN_ERROR", message: "the model does not answer" }],
  cut: [started, ...text],
};
const server = http.createServer((request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const events = bodies[request.url.slice(1)];
  response.end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
});
server.listen(0, "127.0.0.1", async () => {
  const results = {};
  for (const name of Object.keys(bodies)) {
    const agent = new HttpAgent({ url: `http://127.0.0.1:${server.address().port}/${name}`, threadId: "t" });
    results[name] = await agent.runAgent({ runId: "r" }).then(
      (result) => `resolved ${JSON.stringify(result)}`,
      (error) => `rejected ${error.message}`,
    );
    console.log(`${name}: ${results[name]}`);
  }
  server.closeAllConnections();
  server.close();
  const described =
    results.failed === 'resolved {"newMessages":[]}' &&
    results.finished.startsWith("resolved") &&
    results.cut === results.finished;
  console.log(described ? "as described" : "NOT as described");
  process.exitCode = described ? 0 : 1;
});
JS
node run.js
