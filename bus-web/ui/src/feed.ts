// Loads the newest events, older ones as they are needed, and goes on live.

import { follow, type State } from "./follow.js";
import type { Log } from "./log.js";
import { isGap, type Gap, type Item, type Row } from "./rows.js";
import * as server from "./server.js";

const FIRST = 500;
const OLDER = 1000;
const LONGEST_GAP = 5000;

export interface View {
  state(state: State, text?: string): void;
  /** The log has other events; `above` lines of them are new at its beginning. */
  changed(above: number): void;
  came(count: number): void;
  gap(gap: Gap): void;
}

export class Feed {
  /** Where older events go on; null if there are none. */
  older: string | null = null;
  private q = "";
  private stop = new AbortController();
  private isLoading = false;
  private waiting: Item[] = [];

  constructor(private readonly log: Log, private readonly view: View) {}

  /** Shows the events that fit a filter, in place of all others. */
  async open(q: string): Promise<void> {
    this.stop.abort();
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.q = q;
    this.view.state("connecting");
    const page = await this.first(signal);
    if (page === null) return;
    this.older = page.next;
    this.waiting = [];
    this.log.clear();
    this.log.append(page.items.toReversed());
    this.view.changed(0);
    this.view.state("catching up");
    const newest = page.items.find((item): item is Row => !isGap(item));
    const since = newest?.cursor ?? "beginning";
    await follow(q, since, { items: (items) => { this.take(items); }, state: this.view.state.bind(this.view) }, signal);
  }

  /** Asks until the server answers. Null if another filter came, or this one is refused. */
  private async first(signal: AbortSignal): Promise<{ items: readonly Item[]; next: string | null } | null> {
    for (let wait = 500; ; wait = Math.min(wait * 2, 10_000)) {
      try {
        return await server.page({ q: this.q, newest: "1", limit: String(FIRST) }, signal);
      } catch (error) {
        if (signal.aborted) return null;
        if (error instanceof server.Refused && error.status < 500) {
          this.view.state("refused", error.message);
          return null;
        }
        this.view.state("reconnecting");
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  /** Loads older events, unless that is under way or all are loaded. */
  async more(): Promise<void> {
    if (this.isLoading || this.older === null) return;
    this.isLoading = true;
    const { signal } = this.stop;
    try {
      const page = await server.page({ q: this.q, before: this.older, limit: String(OLDER) }, signal);
      this.older = page.next;
      this.view.changed(this.log.prepend(page.items.toReversed()));
    } catch (error) {
      // The next scroll asks again.
      if (!signal.aborted) console.warn(error);
    } finally {
      this.isLoading = false;
    }
  }

  /** Asks for the events of a gap. Returns how many came. */
  async fill(index: number): Promise<number> {
    const item = this.log.items[index];
    if (item === undefined || !isGap(item) || item.gap.from === null) return 0;
    const { gap } = item;
    const [from, to] = [split(item.gap.from), split(gap.to ?? item.gap.from)];
    const limit = Math.max(1, Math.min(LONGEST_GAP, gap.missed ?? to.seq - from.seq + 1));
    const page = await server.page({ q: this.q, since: `${from.run}-${from.seq - 1}`, limit: String(limit) }, this.stop.signal);
    const found = page.items.filter((other) => !isGap(other) && split(other.cursor).run === to.run && other.seq <= to.seq);
    if (found.length > 0) {
      this.log.fill(this.log.items.indexOf(item), found);
      this.view.changed(0);
    }
    return found.length;
  }

  /** Events of one frame of the screen go into the list together. */
  private take(items: Item[]): void {
    for (const item of items) if (isGap(item)) this.view.gap(item.gap);
    if (this.waiting.length === 0) requestAnimationFrame(() => { this.flush(); });
    this.waiting.push(...items);
  }

  private flush(): void {
    const items = this.waiting;
    this.waiting = [];
    if (items.length === 0) return;
    this.log.append(items);
    this.view.came(items.length);
  }
}

function split(cursor: string): { run: string; seq: number } {
  const cut = cursor.lastIndexOf("-");
  return { run: cursor.slice(0, cut), seq: Number(cursor.slice(cut + 1)) };
}
