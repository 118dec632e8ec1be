// Clients for node against examples/sse_server: a whole execution, one whose connection is cut, and the end. Run with
// the path of the built example.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { EventSource } from "eventsource";
import { createRequire } from "node:module";
// Its package for ES modules names its files without their ends, which node does not accept.
const { fetchEventSource } = createRequire(import.meta.url)("@microsoft/fetch-event-source");

const fail = (text) => { console.log(text); process.exitCode = 1; };
const text = Array.from({ length: 1000 }, (_, number) => `word${number} `).join("").trim();
const child = spawn(process.argv[2], ["--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
const [line] = await once(createInterface(child.stdout), "line");
const port = Number(line.split(":").pop());

// Between client and server, so that a connection can be cut.
const open = new Set();
let requests = 0;
const proxy = createServer((page) => {
  const there = connect(port, "127.0.0.1");
  page.on("data", (bytes) => { requests += [...String(bytes).matchAll(/^GET /gm)].length; });
  page.pipe(there).pipe(page);
  for (const end of [page, there]) {
    open.add(end);
    end.on("error", () => {}).on("close", () => { open.delete(end); page.destroy(); there.destroy(); });
  }
});
proxy.listen(0, "127.0.0.1");
await once(proxy, "listening");
const cut = () => { for (const end of open) end.destroy(); };
const through = `http://127.0.0.1:${proxy.address().port}`;
const start = async () => (await fetch(`http://127.0.0.1:${port}/executions`, { method: "POST", body: text })).text();

// Notes the events of one execution, and cuts its connection once.
function reader(done) {
  const seen = [];
  let said = "";
  return {
    seen, said: () => said,
    take(name, data) {
      if (name === "end") return done(JSON.parse(data));
      if (name === "gap") fail(`a gap: ${data}`);
      if (name !== "message" && name !== "") return;
      if (data === "") return fail("an event without data");
      const event = JSON.parse(data);
      seen.push(event.seq);
      if (event.type === "client_output_delta") said += event.data.content;
      if (seen.length === 100) cut();
    },
  };
}

function check(name, { seen, said }, end) {
  if (end.state !== "completed") fail(`${name}: it ended as ${JSON.stringify(end)}`);
  if (said() !== text) fail(`${name}: a cut changed the text`);
  if (new Set(seen).size !== seen.length) fail(`${name}: an event came twice`);
}

{
  requests = 0;
  const url = `${through}/bus/events?wait=3s&execution=${await start()}`;
  const source = new EventSource(url);
  let taken;
  const end = await new Promise((done) => {
    taken = reader(done);
    source.onmessage = ({ data }) => taken.take("message", data);
    for (const name of ["end", "gap"]) source.addEventListener(name, ({ data }) => taken.take(name, data));
    source.onerror = ({ code }) => { if (code) fail(`eventsource: refused with ${code}`); };
  });
  // Left open on purpose: the server must send it away.
  await new Promise((done) => { source.onerror = ({ code }) => { if (code === 204) done(); }; });
  if (source.readyState !== EventSource.CLOSED) fail("eventsource: still open behind the end");
  check("eventsource", taken, end);
  if (requests !== 3) fail(`eventsource: ${requests} requests for one cut and the end`);
}

{
  const url = `${through}/bus/events?wait=3s&execution=${await start()}`;
  globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
  globalThis.window = globalThis;
  const stop = new AbortController();
  let taken;
  const end = await new Promise((done, failed) => {
    taken = reader(done);
    fetchEventSource(url, {
      signal: stop.signal,
      openWhenHidden: true,
      onmessage: ({ event, data }) => taken.take(event, data),
      onerror: () => 100,
    }).catch(failed);
  });
  stop.abort();
  check("fetch-event-source", taken, end);
}

proxy.close();
cut();
child.kill("SIGKILL");
if (!process.exitCode) console.log("eventsource, fetch-event-source: nothing missing, nothing twice, the end is known");
process.exit();
