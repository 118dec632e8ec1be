// The page of examples/sse_server in headless Chromium: a whole execution, one whose connection is cut, and one whose
// server begins anew. Run with the path of the built example.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const program = process.argv[2];
const fail = (text) => { console.log(text); process.exitCode = 1; };
const long = Array.from({ length: 2000 }, (_, number) => `word${number}`).join(" ");

async function serve() {
  const child = spawn(program, ["--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface(child.stdout), "line");
  return { port: Number(line.split(":").pop()), kill: () => child.kill("SIGKILL") };
}

let server = await serve();
// Between the page and the server, so that a connection can be cut and the server can move to another port.
const open = new Set();
const requests = [];
const proxy = createServer((page) => {
  const there = connect(server.port, "127.0.0.1");
  page.on("data", (bytes) => requests.push(...String(bytes).matchAll(/^(GET|POST) \S+/gm)));
  page.pipe(there).pipe(page);
  for (const end of [page, there]) {
    open.add(end);
    end.on("error", () => {}).on("close", () => { open.delete(end); page.destroy(); there.destroy(); });
  }
});
proxy.listen(0, "127.0.0.1");
await once(proxy, "listening");
const cut = () => { for (const end of open) end.destroy(); };
const followed = () => requests.filter(([line]) => line.includes("/bus/events?")).length;

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
page.on("pageerror", (error) => fail(`page error: ${error}`));
await page.goto(`http://127.0.0.1:${proxy.address().port}/`);

const said = () => page.locator("#said").innerText();
const state = (text) => page.waitForFunction((text) => document.getElementById("state").textContent.startsWith(text), text, { timeout: 30_000 });
const begun = () => page.waitForFunction(() => document.getElementById("said").textContent.includes("word50 "));
async function start(text) {
  requests.length = 0;
  await page.locator("textarea").fill(text);
  await page.getByRole("button").click();
}

await start("one <b>two</b> three");
await state("ended");
if (await said() !== "one <b>two</b> three") fail(`the page shows ${await said()}`);
// Longer than the browser waits before it connects again.
await page.waitForTimeout(4000);
if (followed() !== 1) fail(`${followed()} connections for an execution that ended`);

await start(long);
await begun();
cut();
await state("cut off");
await state("ended");
if (await said() !== long) fail("a cut changed the text");
if (followed() !== 2) fail(`${followed()} connections for one cut`);

await start(long);
await begun();
server.kill();
server = await serve();
await state("ended: unknown_execution");
if (followed() < 2) fail("the page did not come back after the restart");

await start("again");
// The state before it is that of an end too, so the text comes first.
await page.waitForFunction(() => document.getElementById("said").textContent === "again");
await state("ended");
if (await said() !== "again") fail(`after a restart the page shows ${await said()}`);

await browser.close();
proxy.close();
cut();
server.kill();
if (!process.exitCode) console.log("whole, cut, restarted: the page shows what was said");
