// The events that are loaded, oldest first, and what follows from them: folds, pairs, effects and
// executions.

import { isGap, type Item, type Kind, type Row } from "./rows.js";

/** A line of the list: one item, or several events of one kind and scope that stand together. */
export interface Fold {
  readonly first: number;
  count: number;
}

/** An execution, as far as its events are loaded. */
export interface Run {
  readonly id: string;
  readonly stream: string;
  parent: string | null;
  state: string;
  start: number;
  end: number;
  events: number;
  errors: number;
}

interface Pair {
  begin?: string;
  end?: string;
}

export class Log {
  items: Item[] = [];
  folds: Fold[] = [];
  runs = new Map<string, Run>();
  /** The kinds that are folded. */
  kinds = new Map<string, Kind>();
  private unfolded = new Set<string>();
  private at = new Map<string, number>();
  private pairs = new Map<string, Pair>();
  private open = new Map<string, Pair>();
  private caused = new Map<string, string[]>();

  clear(): void {
    this.items = [];
    this.rebuild();
  }

  append(items: readonly Item[]): void {
    for (const item of items) {
      // After a cut the server may begin with the event that was read last.
      if (!isGap(item) && this.at.has(item.cursor)) continue;
      this.items.push(item);
      this.index(this.items.length - 1);
    }
  }

  /** Adds older events. Returns by how many lines the list grew above. */
  prepend(items: readonly Item[]): number {
    const before = this.folds.length;
    this.items = [...items, ...this.items];
    this.rebuild();
    return this.folds.length - before;
  }

  /** Puts the missing events in the place of their gap. */
  fill(index: number, items: readonly Item[]): void {
    const fresh = items.filter((item) => isGap(item) || !this.at.has(item.cursor));
    this.items.splice(index, 1, ...fresh);
    this.rebuild();
  }

  rebuild(): void {
    this.folds = [];
    this.runs.clear();
    this.at.clear();
    this.pairs.clear();
    this.open.clear();
    this.caused.clear();
    for (let index = 0; index < this.items.length; index += 1) this.index(index);
  }

  row(cursor: string): Row | undefined {
    const index = this.at.get(cursor);
    const item = index === undefined ? undefined : this.items[index];
    return item === undefined || isGap(item) ? undefined : item;
  }

  /** The line that an event is in, or -1. */
  lineOf(cursor: string): number {
    const index = this.at.get(cursor);
    if (index === undefined) return -1;
    let [low, high] = [0, this.folds.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.folds[middle]?.first ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The item at the head of a line. */
  head(line: number): Item | undefined {
    return this.items[this.folds[line]?.first ?? -1];
  }

  pairOf(row: Row): Pair | undefined {
    return this.pairs.get(row.cursor);
  }

  effects(cursor: string): readonly string[] {
    return this.caused.get(cursor) ?? [];
  }

  /** Shows the events of a line one by one, or folds them again. */
  toggle(cursor: string): void {
    const row = this.row(cursor);
    if (row === undefined) return;
    const key = foldKey(row);
    if (!this.unfolded.delete(key)) this.unfolded.add(key);
    this.rebuild();
  }

  private index(index: number): void {
    const item = this.items[index];
    if (item === undefined) return;
    this.fold(index, item);
    if (isGap(item)) return;
    this.at.set(item.cursor, index);
    this.pair(item);
    if (item.cause !== null) {
      const effects = this.caused.get(item.cause);
      if (effects === undefined) this.caused.set(item.cause, [item.cursor]);
      else effects.push(item.cursor);
    }
    if (item.execution !== null) this.run(item, item.execution);
  }

  private fold(index: number, item: Item): void {
    const last = this.folds.at(-1);
    const before = this.items[index - 1];
    if (last !== undefined && before !== undefined && this.joins(before, item)) last.count += 1;
    else this.folds.push({ first: index, count: 1 });
  }

  private joins(before: Item, item: Item): boolean {
    if (isGap(before) || isGap(item) || before.kind !== item.kind) return false;
    if (item.error === true || this.kinds.get(item.kind)?.policy.transient !== true) return false;
    const key = foldKey(item);
    return foldKey(before) === key && !this.unfolded.has(key);
  }

  private pair(row: Row): void {
    if (row.pair === undefined) return;
    const open = this.open.get(row.pair.key);
    if (row.pair.end) {
      const pair = open ?? {};
      pair.end = row.cursor;
      this.pairs.set(row.cursor, pair);
      this.open.delete(row.pair.key);
    } else {
      const pair = { begin: row.cursor };
      this.pairs.set(row.cursor, pair);
      this.open.set(row.pair.key, pair);
    }
  }

  private run(row: Row, id: string): void {
    const time = Date.parse(row.time);
    let run = this.runs.get(id);
    if (run === undefined) {
      run = { id, stream: row.stream, parent: row.parent_execution, state: "unknown", start: time, end: time, events: 0, errors: 0 };
      this.runs.set(id, run);
    }
    run.events += 1;
    run.end = Math.max(run.end, time);
    if (row.error === true) run.errors += 1;
    if (row.life === "begins" || row.life === "resumed") run.state = "running";
    else if (row.life !== undefined) run.state = row.life;
  }
}

function foldKey(row: Row): string {
  return `${row.kind}\n${row.stream}\n${row.node ?? ""}\n${row.execution ?? ""}`;
}
