// How an event looks in the list.

import { el } from "./dom.js";
import type { Fold, Log } from "./log.js";
import { isGap, reason, type Row } from "./rows.js";
import { clock, count, line } from "./text.js";

/** Colours help to see what belongs together; the name stands beside them. */
const HUES = 8;

function hue(kind: string): number {
  let sum = 0;
  for (const c of kind.split("_", 1)[0] ?? "") sum = (sum * 31 + c.charCodeAt(0)) % 9973;
  return sum % HUES;
}

const LIFE: Record<string, string> = { begins: "▶", paused: "‖", resumed: "▶", completed: "✓", failed: "✗", cancelled: "⊘" };

export function fill(element: HTMLElement, log: Log, fold: Fold): void {
  const item = log.items[fold.first];
  if (item === undefined) return;
  if (isGap(item)) {
    element.classList.add("gap");
    const missed = item.gap.missed === null ? "Some" : count(item.gap.missed);
    element.replaceChildren(el("span", "what", `··· ${missed} events are missing here (${reason(item.gap)}). Enter or a click looks for them ···`));
    element.removeAttribute("title");
    return;
  }
  const last = fold.count > 1 ? log.items[fold.first + fold.count - 1] : undefined;
  element.classList.toggle("error", item.error === true);
  element.title = `${line(item.kind)}: ${line(item.summary)}`;
  element.replaceChildren(
    el("span", "time", clock(Date.parse(item.time))),
    el("span", "seq", String(item.seq)),
    el("span", "mark", item.error === true ? "✗" : (LIFE[item.life ?? ""] ?? "")),
    kindOf(item, fold.count),
    el("span", "run", line(item.execution ?? item.stream)),
    el("span", "node", line(item.node ?? "")),
    el("span", "what", what(item, last !== undefined && !isGap(last) ? last : undefined)),
  );
}

function kindOf(row: Row, times: number): HTMLElement {
  const kind = el("span", `kind hue${hue(row.kind)}`, line(row.kind));
  if (times > 1) kind.append(el("b", "times", ` ×${count(times)}`));
  return kind;
}

function what(row: Row, last: Row | undefined): string {
  return line(last === undefined ? row.summary : `${row.summary} … ${last.summary}`);
}
