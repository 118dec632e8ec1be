// The pages in headless Chromium, from the folder as it is: search, keyboard, no error, no request, no problem for axe.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [catalogue, pictures] = process.argv.slice(2);
const { events } = JSON.parse(readFileSync(join(catalogue, "catalog.json"), "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const page_of = (name) => pathToFileURL(join(catalogue, "html", name)).href;
const fail = (text) => { console.log(text); process.exitCode = 1; };
mkdirSync(pictures, { recursive: true });

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", (message) => { if (message.type() === "error") fail(`console: ${message.text()}`); });
  page.on("pageerror", (error) => fail(`page error: ${error}`));
  page.on("request", (request) => { if (!/^(file|data):/.test(request.url())) fail(`a request leaves: ${request.url()}`); });
  return page;
}

async function faults(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run({ preload: false }));
  for (const { id, impact, nodes } of violations) {
    const places = nodes.map((node) => node.target.join(" ")).slice(0, 3).join("; ");
    if (["serious", "critical"].includes(impact)) fail(`axe: ${name}: ${impact}: ${id}: ${places}`);
    else console.log(`axe: ${name}: ${impact}: ${id}: ${places}`);
  }
}

async function wide(page, name) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) fail(`${name}: is ${over} px wider than the window`);
}

const shown = (page) => page.locator(".events li:visible").count();
const busiest = [...events].sort((a, b) => b.fields.length - a.fields.length)[0].kind;
const paired = (events.find((event) => event.ends_with?.length) ?? events[0]).kind;

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 390]) {
    const page = await open({ colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" });
    for (const name of ["index", paired, busiest]) {
      await page.goto(page_of(`${name}.html`));
      await wide(page, `${name} at ${width}`);
      await faults(page, `${name} at ${width}, ${colorScheme}`);
      await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
    await page.context().close();
  }
}

const page = await open({ viewport: { width: 1280, height: 900 } });
await page.goto(page_of("index.html"));
if (await shown(page) !== events.length) fail(`the index shows ${await shown(page)} of ${events.length} events`);
await page.keyboard.press("/");
await page.keyboard.type(paired);
if (!(await page.locator(".events li:visible code").allInnerTexts()).includes(paired)) fail(`search does not find ${paired}`);
if (!page.url().includes(paired)) fail("what is searched for does not stand in the address");
await page.reload();
if (await shown(page) === events.length) fail("what stands in the address is not searched for");
await page.locator("#q").press("Enter");
await page.waitForURL(/\/[a-z_0-9~.-]+\.html$/);
await page.goto(page_of("index.html"));
await page.locator("#q").fill("there is no such event");
if (await shown(page) !== 0 || !(await page.locator("#none").isVisible())) fail("a search without a find does not say so");
await page.locator("#reset").click();
if (await shown(page) !== events.length) fail("reset does not show all");
await page.locator("#scope").selectOption("node");
const nodes = events.filter((event) => event.scope.node).length;
if (await shown(page) !== nodes) fail(`the filter shows ${await shown(page)} of ${nodes} events that need a node`);

for (const event of events) {
  await page.goto(page_of(`${event.kind}.html`));
  if (!(await page.title()).startsWith(event.kind)) fail(`${event.kind}: has no page`);
  const links = await page.locator("a[href]").evaluateAll((all) => all.map((link) => new URL(link.getAttribute("href"), document.baseURI).href));
  for (const link of links.filter((link) => link.startsWith("file:") && !link.includes("#"))) {
    try { readFileSync(new URL(link)); } catch { fail(`${event.kind}: a link leads nowhere: ${link}`); }
  }
}
await page.emulateMedia({ media: "print" });
await page.goto(page_of(`${busiest}.html`));
await page.screenshot({ path: join(pictures, "print.png"), fullPage: true });
const quiet = await open({ javaScriptEnabled: false });
await quiet.goto(page_of("index.html"));
if (await shown(quiet) !== events.length) fail("without scripts the index does not show all events");
await browser.close();
console.log(`${events.length + 1} pages`);
