// The executions of the loaded events.

import { byId, el } from "./dom.js";
import { List } from "./list.js";
import type { Log, Run } from "./log.js";
import { count, duration, line } from "./text.js";

/** A sign for each state, so that none is told by colour alone. */
const SIGNS: Record<string, string> = { running: "●", paused: "‖", completed: "✓", failed: "✗", cancelled: "⊘", unknown: "·" };

export class Runs {
  readonly list: List;
  private runs: Run[] = [];
  private readonly title = byId("runs-title", HTMLElement);

  constructor(private readonly log: Log, choose: (id: string) => void) {
    this.list = new List(byId("runs", HTMLElement), {
      fill: (element, index) => { this.fill(element, index); },
      choose: (index) => {
        const run = this.runs[index];
        this.list.choose(index);
        if (run !== undefined) choose(run.id);
      },
    });
    this.list.box.addEventListener("keydown", (event) => { this.key(event, choose); });
  }

  draw(chosen: string): void {
    // The newest begin at the top.
    this.runs = [...this.log.runs.values()].reverse();
    this.title.textContent = `Runs ${count(this.runs.length)}`;
    this.list.chosen = this.runs.findIndex((run) => run.id === chosen);
    this.list.resize(this.runs.length);
  }

  private fill(element: HTMLElement, index: number): void {
    const run = this.runs[index];
    if (run === undefined) return;
    element.classList.add(`state-${run.state}`);
    const name = el("span", "id", line(run.id));
    if (run.parent !== null) name.prepend("↳ ");
    element.title = `${line(run.id)}: ${run.state}, ${count(run.events)} loaded events${run.errors === 0 ? "" : `, ${count(run.errors)} errors`}`;
    const sign = el("span", "sign", SIGNS[run.state] ?? "·");
    const state = el("span", "spoken", run.state);
    const facts = run.errors === 0 ? duration(run.end - run.start) : `${count(run.errors)} ✗  ${duration(run.end - run.start)}`;
    element.replaceChildren(sign, state, name, el("span", "took", facts));
  }

  private key(event: KeyboardEvent, choose: (id: string) => void): void {
    const steps: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: this.list.perPage, PageUp: -this.list.perPage, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.max(0, Math.min(this.runs.length - 1, this.list.chosen + step));
      this.list.choose(next);
      this.list.show(next);
    } else if (event.key === "Enter") {
      const run = this.runs[this.list.chosen];
      if (run !== undefined) choose(run.id);
    }
  }
}
