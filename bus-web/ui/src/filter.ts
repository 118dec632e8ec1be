// The field of the filter: completion, and what the server says of its text.

import { byId, el } from "./dom.js";
import { line } from "./text.js";

const NAMES = [
  "kind:", "execution:", "stream:", "node:", "correlation:", "parent_execution:", "attribute.", "data.",
  "after:5m", "before:1h", "error",
];

export class FilterBox {
  readonly input = byId("filter", HTMLInputElement);
  private readonly problem = byId("problem", HTMLElement);
  private readonly choices = byId("choices", HTMLDataListElement);
  private kinds: readonly string[] = [];

  constructor(apply: (q: string) => void, leave: () => void) {
    this.input.addEventListener("input", () => { this.complete(); });
    byId("find", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      apply(this.input.value.trim());
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      leave();
    });
  }

  /** The kinds that may be completed. */
  know(kinds: Iterable<string>): void {
    this.kinds = [...kinds].sort();
  }

  show(q: string): void {
    this.input.value = q;
    this.refuse("");
  }

  /** Shows what is wrong with the text, or nothing. */
  refuse(text: string): void {
    this.problem.textContent = line(text);
    this.problem.hidden = text === "";
    this.input.setAttribute("aria-invalid", String(text !== ""));
  }

  /** Each choice is the whole text, as browsers want it. */
  private complete(): void {
    const text = this.input.value;
    const cut = text.lastIndexOf(" ") + 1;
    const [before, word] = [text.slice(0, cut), text.slice(cut)];
    const minus = word.startsWith("-") ? "-" : "";
    const begin = word.slice(minus.length);
    const words = begin.startsWith("kind:") ? this.kinds.map((kind) => `kind:${kind}`) : NAMES;
    const fit = words.filter((other) => other.startsWith(begin) && other !== begin).slice(0, 30);
    this.choices.replaceChildren(...fit.map((fits) => {
      const option = el("option");
      option.value = before + minus + fits;
      return option;
    }));
  }
}
