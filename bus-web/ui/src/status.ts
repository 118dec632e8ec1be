// The state of the connection, how many events come, and what is missing.

import type { State } from "./follow.js";
import { byId } from "./dom.js";
import { reason, type Gap } from "./rows.js";
import { count, line } from "./text.js";

/** Signs, so that no state is told by colour alone. */
const SIGNS: Record<State, string> = { connecting: "◌", "catching up": "◍", live: "●", reconnecting: "↻", ended: "■", refused: "!" };

/** How often a screen reader hears of new events, in milliseconds. */
const SPOKEN = 5000;

export class Status {
  isConnected = false;
  private readonly sign = byId("state", HTMLElement);
  private readonly rate = byId("rate", HTMLElement);
  private readonly spoken = byId("spoken", HTMLElement);
  private readonly banner = byId("banner", HTMLElement);
  private many = 0;
  private unsaid = 0;
  private missed = 0;

  constructor() {
    setInterval(() => { this.measure(); }, 1000);
    setInterval(() => { this.tell(); }, SPOKEN);
    byId("dismiss", HTMLButtonElement).addEventListener("click", () => {
      this.missed = 0;
      this.banner.hidden = true;
    });
  }

  state(state: State, text = ""): void {
    this.isConnected = state !== "connecting";
    this.sign.textContent = `${SIGNS[state]} ${state}`;
    this.sign.dataset["state"] = state;
    this.sign.title = line(text);
    if (state === "refused") this.say(text);
  }

  came(many: number): void {
    this.many += many;
    this.unsaid += many;
  }

  /** Says something once, to eyes and ears. */
  say(text: string): void {
    this.spoken.textContent = line(text);
    this.spoken.classList.add("shown");
    setTimeout(() => { this.spoken.classList.remove("shown"); }, 4000);
  }

  missing(gap: Gap): void {
    this.missed += gap.missed ?? 1;
    byId("missing", HTMLElement).textContent = `! ${count(this.missed)} events are missing (${reason(gap)}): the list has a row where.`;
    this.banner.hidden = false;
  }

  private measure(): void {
    const text = this.many === 0 ? "" : `${count(this.many)}/s`;
    if (this.rate.textContent !== text) this.rate.textContent = text;
    this.many = 0;
  }

  private tell(): void {
    if (this.unsaid > 0) this.spoken.textContent = `${count(this.unsaid)} new events`;
    this.unsaid = 0;
  }
}
