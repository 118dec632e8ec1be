// The keys of the list. They work while it has the focus, so that they are in nobody's way.

import { byId } from "./dom.js";
import type { Monitor } from "./monitor.js";
import { isGap } from "./rows.js";

export function keys(page: Monitor): void {
  const help = byId("help", HTMLDialogElement);
  const goto = byId("goto", HTMLDialogElement);
  byId("show-help", HTMLButtonElement).addEventListener("click", () => { help.showModal(); });
  wireGoTo(page, goto);
  const steps: Record<string, () => number> = {
    j: () => 1, ArrowDown: () => 1, k: () => -1, ArrowUp: () => -1,
    PageDown: () => page.list.perPage, PageUp: () => -page.list.perPage,
    Home: () => -Infinity, End: () => Infinity,
  };
  const acts: Record<string, () => void> = {
    Enter: () => { if (isGapChosen(page)) page.choose(page.list.chosen); else page.detail.focus(); },
    Escape: () => { page.close(); },
    n: () => { toError(page, 1); },
    N: () => { toError(page, -1); },
    "[": () => { toPair(page, "begin"); },
    "]": () => { toPair(page, "end"); },
    c: () => { if (page.chosen?.cause) page.go(page.chosen.cause); else page.status.say("This event has no cause."); },
    e: () => { toEffect(page); },
    f: () => { page.follow(!page.follows); },
    u: () => { page.unfold(); },
    "/": () => { page.focusFilter(); },
    g: () => { goto.showModal(); },
    r: () => { if (page.chosen?.execution) page.narrow("execution", page.chosen.execution); },
    y: () => { if (page.chosen !== undefined) page.copy(page.chosen.cursor); },
    "?": () => { help.showModal(); },
  };
  page.list.box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = steps[event.key];
    const act = acts[event.key];
    if (step === undefined && act === undefined) return;
    event.preventDefault();
    if (step === undefined) act?.();
    else move(page, step());
  });
  byId("detail", HTMLElement).addEventListener("keydown", (event) => {
    if (event.key === "Escape") page.close();
  });
}

function isGapChosen(page: Monitor): boolean {
  const item = page.log.head(page.list.chosen);
  return item !== undefined && isGap(item);
}

function move(page: Monitor, step: number): void {
  const last = page.list.count - 1;
  // Without a choice, the first step is to the end: that is what is on the screen.
  const from = page.list.chosen < 0 ? last + (step < 0 ? 1 : 0) : page.list.chosen;
  page.move(Math.max(0, Math.min(last, from + step)));
}

function toError(page: Monitor, step: 1 | -1): void {
  const { folds, items } = page.log;
  for (let line = page.list.chosen + step; line >= 0 && line < folds.length; line += step) {
    const item = items[folds[line]?.first ?? -1];
    if (item !== undefined && (isGap(item) || item.error === true)) {
      page.move(line);
      return;
    }
  }
  page.status.say(step > 0 ? "No later error is loaded." : "No earlier error is loaded.");
}

function toPair(page: Monitor, side: "begin" | "end"): void {
  const { chosen } = page;
  const other = chosen === undefined ? undefined : page.log.pairOf(chosen)?.[side];
  if (other === undefined) page.status.say(side === "end" ? "It is still open, or no pair." : "Its beginning is not loaded.");
  else page.go(other);
}

function toEffect(page: Monitor): void {
  const effect = page.chosen === undefined ? undefined : page.log.effects(page.chosen.cursor)[0];
  if (effect === undefined) page.status.say("No loaded event was caused by this one.");
  else page.go(effect);
}

function wireGoTo(page: Monitor, dialog: HTMLDialogElement): void {
  const input = byId("goto-text", HTMLInputElement);
  dialog.addEventListener("close", () => {
    const text = input.value.trim();
    input.value = "";
    page.list.box.focus();
    if (dialog.returnValue !== "go" || text === "") return;
    const found = page.log.items.find((item) => !isGap(item) && (item.cursor === text || String(item.seq) === text));
    if (found !== undefined && !isGap(found)) page.go(found.cursor);
    else if (text.includes("-")) page.go(text);
    else page.status.say(`No loaded event has the number ${text}.`);
  });
}
