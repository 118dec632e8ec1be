// Real clients of AG-UI over HTTP: every scenario, whole and cut after every event and joined again, and every execution
// of a journal; then every event as a CloudEvent. Run with the path of `agui_peers`, a journal, and a folder for the bodies
// that the validator reads.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { CloudEvent, HTTP } from "cloudevents";
import * as current from "@ag-ui/client";
import * as before from "ag-ui-client-0";

const [program, journal, folder] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
// The server ends with its standard input.
const server = spawn(program, [journal], { stdio: ["pipe", "pipe", "inherit"] });
const [base] = await once(createInterface(server.stdout), "line");
const clients = { "1.0.0": current, "0.0.59": before };

let problems = 0;
let isCut = false;
const fail = (text) => { problems += 1; if (problems < 40) console.log(text); };
// A client says in the console what it drops or repairs.
for (const level of ["warn", "error"]) {
  console[level] = (...words) => {
    const text = words.map(String).join(" ");
    // A run that is cut behind its RUN_ERROR gets another one from the client itself.
    if (isCut && text.includes("The run has already errored with 'RUN_ERROR'")) return;
    fail(`the client says: ${text.slice(0, 300)}`);
  };
}

const line = (message) => [
  message.role,
  message.content ?? "",
  ...(message.toolCalls ?? []).map((call) => `${call.function.name}(${call.function.arguments})`),
].reduce((text, part, at) => (at === 0 ? part : `${text}|${part}`));
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// One run. With `cut`, the connection is cut when that many events have come.
async function run(agent, parameters, cut = Infinity) {
  const events = [];
  let failure;
  let isOver;
  // A run that is aborted while the end of its body is being read may never settle.
  const over = new Promise((resolve) => { isOver = resolve; });
  const settled = agent.runAgent(parameters, {
    onEvent: ({ event }) => {
      events.push(event);
      if (events.length !== cut) return;
      agent.abortRun();
      setTimeout(isOver, 500);
    },
    onRunFailed: ({ error }) => { failure = error; },
  }).catch((error) => { failure = error; });
  await Promise.race([settled, over]);
  if (failure && cut === Infinity) fail(`${agent.threadId}: ${failure}`);
  return events;
}

const ending = (events) => events.at(-1)?.code ?? events.at(-1)?.outcome?.type ?? events.at(-1)?.type;

// A scenario from its beginning to its end.
async function play({ HttpAgent }, scenario, id, cut = Infinity) {
  const agent = new HttpAgent({ url: `${base}/bus/agui`, threadId: `thread ${id}` });
  agent.messages = [{ id: `question-${id}`, role: "user", content: "Why?" }];
  let events = await run(agent, { runId: id, forwardedProps: { scenario: scenario.name, run: 0 } }, cut);
  const first = events.length;
  // The last event may be in the same piece as the one at which the connection is cut.
  if (cut !== Infinity && agent.pendingInterrupts.length === 0) {
    agent.url = `${base}/bus/agui/${encodeURIComponent(id)}`;
    events = await run(agent, { runId: `${id}-joined` });
    agent.url = `${base}/bus/agui`;
  }
  for (let number = 1; number < scenario.runs; number += 1) {
    const resume = agent.pendingInterrupts.map(({ id: interruptId }) => ({ interruptId, status: "resolved", payload: { ok: true } }));
    if (resume.length !== 1) fail(`${id}: run ${number} ended without an interrupt: ${ending(events)}`);
    const next = { runId: `${id}-${number}`, forwardedProps: { scenario: scenario.name, run: number }, resume };
    // The same answer twice: the first connection is lost at once.
    if (cut % 4 === 1) {
      const lost = { ...next, runId: `${next.runId}-lost` };
      const body = { ...lost, threadId: agent.threadId, state: {}, messages: agent.messages, tools: [], context: [] };
      const abort = new AbortController();
      const headers = { "content-type": "application/json", accept: "text/event-stream" };
      await fetch(agent.url, { method: "POST", headers, body: JSON.stringify(body), signal: abort.signal });
      abort.abort();
    }
    events = await run(agent, next);
  }
  if (ending(events) !== scenario.end) fail(`${id}: ended as ${ending(events)}, not as ${scenario.end}`);
  const [question, ...messages] = agent.messages;
  if (question?.id !== `question-${id}`) fail(`${id}: the question is gone`);
  // A snapshot does not move the messages that the client has, so one from before them may come behind them.
  const order = (lines) => (cut === Infinity ? lines : lines.toSorted());
  if (!same(order(messages.map(line)), order(scenario.said))) fail(`${id}: the client shows ${JSON.stringify(messages.map(line))}`);
  return first;
}

// Bodies for the validator, as they come.
async function keep(name, url, body) {
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (answer.headers.get("content-type") !== "text/event-stream") fail(`${name}: ${answer.status}`);
  writeFileSync(`${folder}/${name}.sse`, await answer.text());
}

const scenarios = await (await fetch(`${base}/scenarios`)).json();
let cuts = 0;
for (const [version, client] of Object.entries(clients)) {
  isCut = false;
  const counts = await Promise.all(scenarios.map((scenario) => play(client, scenario, `${scenario.name} ${version}`)));
  isCut = true;
  await Promise.all(scenarios.map(async (scenario, number) => {
    for (let cut = 1; cut < counts[number]; cut += 1) {
      cuts += 1;
      await play(client, scenario, `${scenario.name} ${version} cut ${cut}`, cut);
    }
  }));
}
isCut = false;
await Promise.all(scenarios.map(({ name }) => keep(name, `${base}/bus/agui`, {
  threadId: "t", runId: `kept ${name}`, messages: [], forwardedProps: { scenario: name, run: 0 },
})));

// The text of each node, its reasoning, and its results, from events and from messages.
function saidBy(events) {
  const said = {};
  const at = (node, role) => (said[`${node} ${role}`] ??= []);
  for (const { type, node_id: node, data } of events) {
    if (["llm_text_delta", "client_output_delta"].includes(type)) at(node, "assistant").push(data.content);
    if (type === "llm_reasoning_delta") at(node, "reasoning").push(data.content);
    if (type === "tool_call_completed") at(node, "tool").push(data.result);
  }
  return Object.entries(said).map(([name, parts]) => `${name} ${parts.join("")}`).filter((text) => !/ (assistant|reasoning) $/.test(text)).sort();
}

function shown(messages) {
  const said = {};
  for (const { id, role, content } of messages) {
    if (content === undefined || content === "" && role === "assistant") continue;
    const node = decodeURIComponent(id.split(":")[2]);
    (said[`${node} ${role}`] ??= []).push(content);
  }
  return Object.entries(said).map(([name, parts]) => `${name} ${parts.join("")}`).sort();
}

const executions = await (await fetch(`${base}/executions`)).json();
for (const [number, execution] of executions.entries()) {
  const url = `${base}/journal/agui/${encodeURIComponent(execution)}`;
  const events = await (await fetch(`${base}/executions/${encodeURIComponent(execution)}`)).json();
  for (const [version, { HttpAgent }] of Object.entries(clients)) {
    const agent = new HttpAgent({ url, threadId: `journal ${version}` });
    const got = await run(agent, { runId: `journal-${number}-${version}` });
    if (ending(got) !== "success") fail(`${execution}: ended as ${ending(got)}`);
    const [expected, messages] = [saidBy(events), shown(agent.messages)];
    if (!same(expected, messages)) fail(`${execution}, ${version}: the client shows\n${messages.join("\n").slice(0, 600)}\nand it said\n${expected.join("\n").slice(0, 600)}`);
  }
  await keep(`journal-${number}`, url, { threadId: "t", runId: "r", messages: [] });
}

// npm's reader is strict about names and null, and keeps the text of what it does not know.
const lines = await (await fetch(`${base}/cloudevents`)).json();
const read = lines.map((body) => HTTP.toEvent({ headers: { "content-type": "application/cloudevents+json; charset=utf-8" }, body }));
for (const [number, event] of read.entries()) {
  const sent = JSON.parse(lines[number]);
  if (!(event instanceof CloudEvent) || !event.validate()) fail(`no CloudEvent: ${lines[number]}`);
  if (lines[number].includes(":null,") && Object.values(sent).includes(null)) fail(`null: ${lines[number]}`);
  for (const [name, value] of Object.entries(sent)) {
    // It keeps the milliseconds of a time.
    const kept = name === "time" ? new Date(value).toISOString() : value;
    if (!same(event[name], kept)) fail(`${name} of a CloudEvent is ${event[name]}, and was ${value}`);
  }
}
const sequences = read.map(({ sequence }) => sequence);
if (!same(sequences, sequences.toSorted())) fail("the order of `sequence` as text is not that of the events");
if (read.length < 100) fail(`only ${read.length} CloudEvents`);

console.log(`${read.length} CloudEvents, ${scenarios.length} scenarios, ${cuts} cuts, ${executions.length} executions of a journal, two clients: ${problems} problems`);
process.exit(problems === 0 ? 0 : 1);
