// One event: its data at rest, its scope, what caused it and what it caused.

import { button, byId, el } from "./dom.js";
import type { Log } from "./log.js";
import type { Envelope, Kind, Row } from "./rows.js";
import * as server from "./server.js";
import { bytes, clock, duration, line, plain } from "./text.js";
import { has, quoted } from "./words.js";

const TABS = ["Data", "Scope", "Cause", "Raw"] as const;
type Tab = (typeof TABS)[number];

/** A choice that moves on asks for nothing. */
const REST = 80;
const CUT = 65_536;

export interface Page {
  readonly log: Log;
  kind(name: string): Kind | undefined;
  filter(): string;
  /** Shows an event, also one that is not loaded. */
  go(cursor: string): void;
  narrow(name: string, value: string): void;
  close(): void;
  copy(cursor: string): void;
}

export class Detail {
  private readonly pane = byId("detail", HTMLElement);
  private readonly title = byId("title", HTMLElement);
  private readonly panel = byId("panel", HTMLElement);
  private readonly tabs: HTMLButtonElement[];
  private tab: Tab = "Data";
  private cursor = "";
  private row: Row | undefined;
  private envelope: Envelope | undefined;
  private problem = "";
  private timer = 0;
  private asking = new AbortController();

  constructor(private readonly page: Page) {
    this.tabs = TABS.map((tab) => this.makeTab(tab));
    byId("tabs", HTMLElement).append(...this.tabs);
    this.draw();
  }

  get isOpen(): boolean {
    return this.cursor !== "";
  }

  focus(): void {
    this.tabs[TABS.indexOf(this.tab)]?.focus();
  }

  /** Shows what is known at once, and the data after a rest. */
  show(cursor: string): void {
    if (cursor === this.cursor) return;
    this.cursor = cursor;
    this.row = this.page.log.row(cursor);
    this.envelope = undefined;
    this.problem = "";
    this.asking.abort();
    clearTimeout(this.timer);
    if (cursor !== "") this.timer = setTimeout(() => { void this.ask(CUT); }, REST);
    this.pane.scrollTop = 0;
    this.draw();
  }

  private async ask(cut: number | null): Promise<void> {
    this.asking = new AbortController();
    const { signal } = this.asking;
    try {
      this.envelope = await server.one(this.cursor, cut, signal);
      this.problem = "";
    } catch (error) {
      if (signal.aborted) return;
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.draw();
  }

  private makeTab(tab: Tab): HTMLButtonElement {
    const made = button(tab, () => { this.open(tab); });
    made.id = `tab-${tab}`;
    made.setAttribute("role", "tab");
    made.setAttribute("aria-controls", "panel");
    made.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: TABS.length - 1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      this.open(TABS[(TABS.indexOf(tab) + step) % TABS.length] ?? tab);
      this.focus();
    });
    return made;
  }

  private open(tab: Tab): void {
    this.tab = tab;
    this.draw();
  }

  private draw(): void {
    this.row = this.page.log.row(this.cursor) ?? this.row;
    this.pane.classList.toggle("open", this.isOpen);
    for (const [index, tab] of this.tabs.entries()) {
      const isOpen = TABS[index] === this.tab;
      tab.setAttribute("aria-selected", String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
    }
    this.panel.setAttribute("aria-labelledby", `tab-${this.tab}`);
    this.drawTitle();
    if (!this.isOpen) {
      this.panel.replaceChildren(el("p", "quiet", "Choose an event to see its data."));
    } else if (this.problem !== "" && this.tab !== "Scope" && this.tab !== "Cause") {
      this.panel.replaceChildren(el("p", "bad", line(this.problem)), el("p", "quiet", "It may have left the memory of the bus; a journal keeps more."));
    } else {
      const draw = { Data: () => this.drawData(), Scope: () => this.drawScope(), Cause: () => this.drawCause(), Raw: () => this.drawRaw() };
      this.panel.replaceChildren(...draw[this.tab]());
    }
  }

  private member(name: string): string {
    const value = this.envelope?.[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  }

  private get kind(): string {
    return this.row?.kind ?? this.member("type");
  }

  private drawTitle(): void {
    if (!this.isOpen) {
      this.title.replaceChildren(el("h2", "", "No event chosen"));
      return;
    }
    const { row } = this;
    const head = el("h2", "", line(this.kind === "" ? this.cursor : this.kind));
    const time = row?.time ?? this.member("timestamp");
    const facts = [
      `#${row?.seq ?? this.member("seq")}`,
      time === "" ? "" : clock(Date.parse(time)),
      row === undefined ? "" : bytes(row.size),
      row?.error === true ? "✗ error" : "",
      row?.redacted === true ? "⛨ redacted" : "",
    ];
    const copy = button("Copy link", () => { this.page.copy(this.cursor); }, "small");
    this.title.replaceChildren(head, el("p", "facts", facts.filter((fact) => fact !== "").join(" · ")), copy);
  }

  private drawData(): HTMLElement[] {
    const kind = this.page.kind(this.kind);
    const parts: HTMLElement[] = [];
    if (kind !== undefined) parts.push(el("p", "docs", line(kind.docs)));
    else if (this.kind !== "") parts.push(el("p", "docs", "Unknown kind: no definition file of the program declares it."));
    const { envelope } = this;
    if (envelope === undefined) return [...parts, el("p", "quiet", line(this.row?.summary ?? "…"))];
    if (envelope.data_cut !== undefined) return [...parts, ...this.drawCut(envelope.data_cut)];
    const { data } = envelope;
    if (data === null || typeof data !== "object" || Array.isArray(data)) {
      return [...parts, el("pre", "value", plain(JSON.stringify(data, null, 2)))];
    }
    const list = el("dl", "fields");
    for (const [name, value] of Object.entries(data)) {
      const field = kind?.fields.find((field) => field.name === name);
      const term = el("dt");
      term.append(el("span", "name", line(name)), el("span", "type", field?.type ?? "not declared"));
      if (field?.redacted === true) term.append(el("span", "type", "⛨ redacted"));
      const description = el("dd");
      if (field !== undefined && field.docs !== "") description.append(el("p", "note", line(field.docs)));
      const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
      description.append(el("pre", `value ${value === null ? "null" : typeof value}`, plain(text)));
      list.append(term, description);
    }
    if (list.childElementCount === 0) list.append(el("dd", "quiet", "It has no fields."));
    return [...parts, list];
  }

  private drawCut(cut: { text: string; bytes: number }): HTMLElement[] {
    const shown = new TextEncoder().encode(cut.text).length;
    const bar = el("p", "quiet", `${bytes(shown)} of ${bytes(cut.bytes)}. `);
    bar.append(
      button("Load all", () => { void this.ask(null); }, "small"),
      button("Save", () => { void this.save(); }, "small"),
    );
    return [bar, el("pre", "value", plain(cut.text))];
  }

  private async save(): Promise<void> {
    const whole = await server.one(this.cursor, null, this.asking.signal);
    const link = el("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(whole, null, 2)], { type: "application/json" }));
    link.download = `${this.cursor}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  private drawScope(): HTMLElement[] {
    const list = el("dl", "scope");
    const names = [["stream", "stream_id"], ["node", "node_id"], ["execution", "execution_id"], ["parent_execution", "parent_execution_id"], ["correlation", "correlation_id"]] as const;
    const known = this.row as Partial<Record<string, unknown>> | undefined;
    for (const [name, member] of names) {
      const own = known?.[name];
      const value = typeof own === "string" ? own : this.member(member);
      if (value === "") continue;
      const isOn = has(this.page.filter(), `${name}:${quoted(value)}`);
      const dd = el("dd", "", line(value));
      dd.append(button(isOn ? "Show all" : "Only this", () => { this.page.narrow(name, value); }, "small"));
      list.append(el("dt", "", name.replace("_", " ")), dd);
    }
    return [list];
  }

  private drawCause(): HTMLElement[] {
    const { row } = this;
    const cause = row?.cause ?? this.member("causation_id");
    const parts: HTMLElement[] = [el("h3", "", "Caused by")];
    parts.push(cause === "" ? el("p", "quiet", "Nothing that the bus knows of: it began here.") : this.jump(cause));
    const effects = this.page.log.effects(this.cursor);
    parts.push(el("h3", "", `Caused ${effects.length} loaded events`));
    parts.push(...effects.slice(0, 50).map((effect) => this.jump(effect)));
    if (row?.pair !== undefined) parts.push(...this.drawPair(row));
    return parts;
  }

  private drawPair(row: Row): HTMLElement[] {
    const pair = this.page.log.pairOf(row);
    const other = row.pair?.end === true ? pair?.begin : pair?.end;
    const found = other === undefined ? undefined : this.page.log.row(other);
    const heading = el("h3", "", row.pair?.end === true ? "Ends" : "Ended by");
    if (found === undefined) {
      const text = row.pair?.end === true ? "Its beginning is not loaded." : "Still open.";
      return [heading, el("p", "quiet", text)];
    }
    const took = Math.abs(Date.parse(found.time) - Date.parse(row.time));
    return [heading, this.jump(found.cursor), el("p", "quiet", `It took ${duration(took)}.`)];
  }

  private jump(cursor: string): HTMLElement {
    const row = this.page.log.row(cursor);
    const text = row === undefined ? cursor : `#${row.seq} ${row.kind}  ${row.summary}`;
    return button(line(text), () => { this.page.go(cursor); }, "jump");
  }

  private drawRaw(): HTMLElement[] {
    if (this.envelope === undefined) return [el("p", "quiet", "…")];
    const { data_cut: cut, ...rest } = this.envelope;
    const raw = el("pre", "value", plain(JSON.stringify(rest, null, 2)));
    return cut === undefined ? [raw] : [...this.drawCut(cut), raw];
  }
}
