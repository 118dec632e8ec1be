// The monitor in headless Chromium, against the example of bus-web. Run with the path of the built example and a folder
// for screenshots; a third word runs only the tests whose names have it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [program, pictures, only = ""] = process.argv.slice(2);
mkdirSync(pictures, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const server = spawn(program, [], { stdio: ["pipe", "pipe", "inherit"] });
const [link] = await once(createInterface(server.stdout), "line");
const home = new URL(link).origin;
const emit = (line) => server.stdin.write(`${line}\n`);

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

let failed = 0;
let passed = 0;
async function test(name, run) {
  if (!new RegExp(only).test(name)) return;
  const begin = Date.now();
  try {
    await run();
    passed += 1;
    console.log(`ok   ${name} (${Date.now() - begin} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name} (${Date.now() - begin} ms): ${error.message.slice(0, 1000)}`);
  }
}
function same(actual, wanted, what) {
  if (actual !== wanted) throw new Error(`${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`);
}
const has = (text, part) => { if (!text.includes(part)) throw new Error(`no ${JSON.stringify(part)} in ${JSON.stringify(text)}`); };

/** A page whose errors, foreign requests and dialogs are faults. */
async function open(settings, address = home) {
  const context = await browser.newContext(settings);
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(`page error: ${error}`));
  page.on("console", (message) => { if (message.type() === "error" && !page.expects?.test(message.text())) page.faults.push(`console: ${message.text()}`); });
  page.on("request", (request) => { if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(home)) page.faults.push(`a request to ${request.url()}`); });
  page.on("dialog", (dialog) => { page.faults.push(`a dialog: ${dialog.message()}`); void dialog.dismiss(); });
  // The token is in the fragment once; the address does not keep it.
  await page.goto(link);
  await page.locator("#state[data-state=live]").waitFor();
  same(page.url().includes("token"), false, "the token in the address");
  if (address !== home) await page.goto(address);
  await page.locator("#state[data-state=live]").waitFor();
  return page;
}
const close = async (page) => { same(page.faults.join("; "), "", "what the page complained of"); await page.context().close(); };
const state = (page, name) => page.locator(`#state[data-state="${name}"]`).waitFor();
const rows = (page) => page.locator("#log .row:not([hidden])");
const row = (page, text) => rows(page).filter({ hasText: text });
const title = (page) => page.locator("#title h2").innerText();
const key = (page, name) => page.locator("#log").press(name);
const filter = async (page, text) => { await page.locator("#filter").fill(text); await page.locator("#filter").press("Enter"); };
// Bypasses the policy of the page, as only a debugger can.
async function check(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }));
  const faults = found.violations.filter((fault) => ["serious", "critical"].includes(fault.impact));
  same(faults.map((fault) => `${fault.id}: ${fault.nodes[0].html.slice(0, 120)}`).join("; "), "", `axe of ${name}`);
  await page.screenshot({ path: `${pictures}/${name}.png` });
}

const wide = { viewport: { width: 1440, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true };

await test("an empty bus shows how to emit an event", async () => {
  const page = await open(wide);
  await page.locator("#empty").waitFor();
  has(await page.locator("#empty pre").innerText(), "emit_dynamic");
  await check(page, "empty");
  emit("run first");
  await row(page, "execution_started").first().waitFor();
  same(await page.locator("#empty").isVisible(), false, "the empty state");
  await close(page);
});

for (const name of ["good-1", "bad-1", "open-1", "good-2"]) emit(`run ${name}`);
for (const word of ["markup", "huge", "redacted", "unknown"]) emit(word);

await test("live events, detail, pair, cause, and a stable link", async () => {
  const page = await open(wide);
  await row(page, "nobody_declared").waitFor();
  await row(page, "tool_call_started").first().click();
  same(await title(page), "tool_call_started", "the title");
  await page.locator("dd .value").first().waitFor();
  has(await page.locator("#panel").innerText(), "tool_name");
  await key(page, "]");
  same(await title(page), "tool_call_completed", "the end of the pair");
  await page.getByRole("tab", { name: "Cause" }).click();
  has(await page.locator("#panel").innerText(), "It took");
  await page.getByRole("tab", { name: "Raw" }).click();
  has(await page.locator("#panel").innerText(), '"type": "tool_call_completed"');
  await page.waitForURL(/[?&]e=/);
  const id = new URL(page.url()).searchParams.get("e");
  await page.goto(`${home}/e/${id}`);
  await page.locator("#state[data-state=live]").waitFor();
  same(await title(page), "tool_call_completed", "the event of the link");
  await close(page);
});

await test("the filter is in the address, its errors have a column, and Back undoes it", async () => {
  const page = await open(wide);
  await filter(page, "kind:tool_* error");
  await row(page, "connection reset").waitFor();
  same(await rows(page).count(), 1, "rows that fit");
  same(new URL(page.url()).searchParams.get("q"), "kind:tool_* error", "q");
  emit("run bad-2");
  await row(page, "connection reset").nth(1).waitFor();
  page.expects = /400/;
  await filter(page, "knd:x");
  await state(page, "refused");
  has(await page.locator("#problem").innerText(), "knd");
  await check(page, "refused");
  await page.goBack();
  await row(page, "connection reset").first().waitFor();
  await filter(page, "kind:nothing_like_it");
  await page.locator("#nothing").waitFor();
  await page.locator("#all").click();
  await row(page, "execution_completed").first().waitFor();
  await close(page);
});

await test("runs show their state and narrow the list", async () => {
  const page = await open(wide);
  const run = (name) => page.locator("#runs .row:not([hidden])").filter({ hasText: name });
  has(await run("good-1").innerText(), "✓");
  has(await run("bad-1").innerText(), "✗");
  has(await run("open-1").innerText(), "●");
  await run("open-1").click();
  await page.waitForURL(/execution%3Aopen-1/);
  await row(page, "fetch_page").waitFor();
  same(await row(page, "good-1").count(), 0, "rows of other runs");
  await close(page);
});

await test("markup stays text and hidden characters are shown", async () => {
  const page = await open(wide, `${home}/?q=kind:markup`);
  await row(page, "markup").click();
  await page.locator("dd .value").waitFor();
  const text = await page.locator("dd .value").innerText();
  has(text, "<img src=x onerror=alert(1)>");
  has(text, "\\u202etxt.exe");
  same(await page.locator("main img, main script").count(), 0, "elements made of text");
  await close(page);
});

await test("huge data is cut, and redacted and unknown ones say so", async () => {
  const page = await open(wide, `${home}/?q=kind:huge`);
  await row(page, "huge").click();
  await page.getByRole("button", { name: "Load all" }).waitFor();
  has(await page.locator("#panel").innerText(), "of 7.6 MiB");
  await filter(page, "kind:webhook_received");
  await row(page, "webhook_received").click();
  await page.locator("dd .value").first().waitFor();
  has(await page.locator("#detail").innerText(), "redacted");
  same((await page.content()).includes("4111"), false, "the secret in the page");
  await filter(page, "kind:nobody_declared");
  await row(page, "nobody_declared").click();
  has(await page.locator("#panel").innerText(), "Unknown kind");
  await close(page);
});

await test("deltas fold, and unfold with a key", async () => {
  emit("deltas 40");
  const page = await open(wide, `${home}/?q=execution:deltas`);
  await row(page, "×40").waitFor();
  same(await rows(page).count(), 1, "folded rows");
  await row(page, "×40").click();
  await key(page, "u");
  await page.waitForFunction(() => document.querySelectorAll("#log .row:not([hidden])").length > 20);
  await close(page);
});

await test("by keyboard alone", async () => {
  const page = await open(wide);
  await page.locator("#log").focus();
  await page.keyboard.press("/");
  await page.keyboard.type("execution:bad-1");
  await page.keyboard.press("Enter");
  await page.waitForURL(/bad-1/);
  await row(page, "execution_failed").first().waitFor();
  await page.waitForFunction(() => ![...document.querySelectorAll("#log .row:not([hidden])")].some((row) => row.textContent.includes("good-")));
  await state(page, "live");
  await page.keyboard.press("Home");
  same(await title(page), "execution_started", "the first");
  await page.keyboard.press("n");
  same(await title(page), "tool_call_completed", "the first error");
  const active = await page.locator("#log").getAttribute("aria-activedescendant");
  same(await page.locator(`#${active}`).getAttribute("aria-selected"), "true", "the active row");
  await page.keyboard.press("[");
  same(await title(page), "tool_call_started", "the beginning of the pair");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowRight");
  same(await page.evaluate(() => document.activeElement.textContent), "Scope", "the tab with the focus");
  await page.keyboard.press("Escape");
  same(await page.evaluate(() => document.activeElement.id), "log", "the focus");
  await page.keyboard.press("?");
  await page.locator("#help[open]").waitFor();
  await check(page, "help");
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.type("1");
  await page.keyboard.press("Enter");
  await close(page);
});

await test("thousands of events: few elements, follow at the end only, older ones on scrolling", async () => {
  emit("many 3000");
  const page = await open(wide, `${home}/?q=kind:node_loop_iteration`);
  await page.waitForFunction(() => document.querySelector("#count").textContent.startsWith("500 rows"));
  const elements = await page.locator("*").count();
  if (elements > 1500) throw new Error(`${elements} elements`);
  await page.locator("#log").evaluate((log) => { log.scrollTop = 3000; });
  await page.locator("#follow[aria-pressed=false]").waitFor();
  emit("many 300");
  await page.locator("#follow", { hasText: "300 new" }).waitFor();
  await page.locator("#log").evaluate((log) => { log.scrollTop = 0; });
  await page.waitForFunction(() => /^1,800 rows/.test(document.querySelector("#count").textContent));
  await page.locator("#follow").click();
  await page.waitForFunction(() => { const log = document.querySelector("#log"); return log.scrollTop + log.clientHeight >= log.scrollHeight - 2; });
  await close(page);
});

await test("a span drawn in the strip becomes words of the filter", async () => {
  const page = await open(wide);
  const box = await page.locator("#density").boundingBox();
  await page.mouse.move(box.x + 100, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y + 20, { steps: 3 });
  await page.mouse.up();
  await page.waitForURL(/after%3A.*before%3A/);
  await state(page, "live");
  await close(page);
});

for (const colorScheme of ["light", "dark"]) {
  await test(`1,440 and 390 pixels, ${colorScheme}, without a serious fault`, async () => {
    const page = await open({ ...wide, colorScheme }, `${home}/?q=-kind:node_loop_iteration`);
    await row(page, "webhook_received").first().click();
    await page.locator("dd .value").first().waitFor();
    await check(page, `wide-${colorScheme}`);
    await close(page);
    const small = await open({ ...phone, colorScheme }, `${home}/?q=-kind:node_loop_iteration`);
    await row(small, "webhook_received").first().waitFor();
    same(await small.evaluate(() => document.documentElement.scrollWidth), 390, "the width");
    await check(small, `phone-${colorScheme}`);
    await row(small, "webhook_received").first().click();
    await small.locator("dd .value").first().waitFor();
    await check(small, `phone-detail-${colorScheme}`);
    await small.locator("#back").click();
    await small.locator("#show-runs").click();
    await small.locator("#runs .row", { hasText: "bad-1" }).waitFor();
    await check(small, `phone-runs-${colorScheme}`);
    await close(small);
  });
}

await test("forced colours", async () => {
  const page = await open({ ...wide, forcedColors: "active" });
  await check(page, "forced");
  await close(page);
});

await test("a server that goes is named", async () => {
  const page = await open(wide);
  page.expects = /ERR_/;
  server.kill("SIGKILL");
  await state(page, "reconnecting");
  await check(page, "reconnecting");
  await close(page);
});

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
