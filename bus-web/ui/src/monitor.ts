// The page: one filter and one choice, which all panes show and the address keeps.

import * as address from "./address.js";
import { Density } from "./density.js";
import { Detail } from "./detail.js";
import { byId } from "./dom.js";
import { Feed } from "./feed.js";
import { FilterBox } from "./filter.js";
import { keys } from "./keys.js";
import { fill } from "./lines.js";
import { List } from "./list.js";
import { Log } from "./log.js";
import { isGap, type Gap, type Row } from "./rows.js";
import { Runs } from "./runs.js";
import * as server from "./server.js";
import { Status } from "./status.js";
import { count } from "./text.js";
import { between, has, quoted, toggled } from "./words.js";

export class Monitor {
  readonly log = new Log();
  readonly status = new Status();
  readonly list: List;
  readonly detail: Detail;
  private shown = address.read();
  private isFollowing = true;
  private news = 0;
  private readonly feed: Feed;
  private readonly runs: Runs;
  private readonly density: Density;
  private readonly filter: FilterBox;
  private readonly followButton = byId("follow", HTMLButtonElement);

  constructor() {
    this.list = new List(byId("log", HTMLElement), {
      fill: (element, index) => {
        const fold = this.log.folds[index];
        if (fold !== undefined) fill(element, this.log, fold);
      },
      choose: (index) => { this.choose(index); },
      scrolled: () => { this.scrolled(); },
    });
    this.feed = new Feed(this.log, {
      state: (state, text) => {
        if (state === "refused") this.filter.refuse(text ?? "");
        this.status.state(state, text);
        this.drawEmpty();
      },
      changed: (above) => { this.changed(above); },
      came: (many) => { this.came(many); },
      gap: (gap) => { this.missing(gap); },
    });
    this.filter = new FilterBox((q) => { this.apply(q); this.list.box.focus(); }, () => { this.list.box.focus(); });
    this.runs = new Runs(this.log, (id) => { this.narrow("execution", id); });
    this.density = new Density((from, to) => { this.apply(between(this.shown.q, from, to)); });
    this.detail = new Detail({
      log: this.log,
      kind: (name) => this.log.kinds.get(name),
      filter: () => this.shown.q,
      go: (cursor) => { this.go(cursor); },
      narrow: (name, value) => { this.narrow(name, value); },
      close: () => { this.close(); },
      copy: (cursor) => { this.copy(cursor); },
    });
    this.buttons();
    keys(this);
  }

  async start(): Promise<void> {
    try {
      await server.login();
      this.log.kinds = await server.kinds();
    } catch (error) {
      this.status.state("refused", error instanceof Error ? error.message : String(error));
      if (error instanceof server.Refused) return;
    }
    this.filter.know(this.log.kinds.keys());
    this.filter.show(this.shown.q);
    this.detail.show(this.shown.event);
    await this.feed.open(this.shown.q);
  }

  /** Shows the events that fit another filter. */
  apply(q: string): void {
    this.shown = { ...this.shown, q };
    address.write(this.shown);
    this.reopen();
  }

  narrow(name: string, value: string): void {
    this.apply(toggled(this.shown.q, name, value));
  }

  /** Shows an event: in the list if it is loaded, else alone. */
  go(cursor: string): void {
    this.shown = { ...this.shown, event: cursor };
    address.write(this.shown);
    const line = this.log.lineOf(cursor);
    this.list.choose(line);
    if (line >= 0) this.list.show(line);
    this.detail.show(cursor);
    this.drawDensity();
  }

  get chosen(): Row | undefined {
    return this.log.row(this.shown.event);
  }

  choose(line: number): void {
    const item = this.log.head(line);
    if (item === undefined) return;
    this.list.choose(line);
    this.list.show(line);
    if (isGap(item)) void this.fillGap(line);
    else this.go(item.cursor);
  }

  /** Moves the choice without opening what a gap misses. */
  move(line: number): void {
    const item = this.log.head(line);
    if (item === undefined) return;
    this.list.choose(line);
    this.list.show(line);
    if (line < this.log.folds.length - 1) this.follow(false);
    if (!isGap(item)) this.go(item.cursor);
  }

  close(): void {
    this.shown = { ...this.shown, event: "" };
    address.write(this.shown);
    this.detail.show("");
    this.list.box.focus();
  }

  follow(on: boolean): void {
    this.isFollowing = on;
    if (on) {
      this.news = 0;
      this.list.showEnd();
    }
    this.drawFollow();
  }

  get follows(): boolean {
    return this.isFollowing;
  }

  unfold(): void {
    this.log.toggle(this.shown.event);
    this.changed(0);
    this.go(this.shown.event);
  }

  copy(cursor: string): void {
    const link = new URL(address.link({ q: "", event: cursor }), location.href).href;
    navigator.clipboard.writeText(link).then(
      () => { this.status.say("The link is copied."); },
      () => { this.status.say(link); },
    );
  }

  focusFilter(): void {
    this.filter.input.focus();
    this.filter.input.select();
  }

  private async fillGap(line: number): Promise<void> {
    try {
      const came = await this.feed.fill(this.log.folds[line]?.first ?? -1);
      this.status.say(came > 0 ? `${count(came)} events loaded.` : "They are not in the memory of the bus any more.");
    } catch (error) {
      this.status.say(error instanceof Error ? error.message : String(error));
    }
  }

  private reopen(): void {
    this.filter.show(this.shown.q);
    this.follow(true);
    this.news = 0;
    void this.feed.open(this.shown.q);
  }

  private changed(above: number): void {
    if (above > 0) this.list.box.scrollTop += above * 22;
    this.draw();
    if (above > 0) this.list.box.scrollTop = Math.max(this.list.box.scrollTop, above * 22);
    const line = this.log.lineOf(this.shown.event);
    this.list.choose(line);
    if (this.isFollowing) this.list.showEnd();
    if (line >= 0 && above === 0 && this.news === 0) {
      this.list.show(line);
      this.follow(this.list.isAtEnd);
    }
    this.detail.show(this.shown.event);
  }

  private came(many: number): void {
    this.status.came(many);
    if (!this.isFollowing) this.news += many;
    this.draw();
    if (this.isFollowing) this.list.showEnd();
  }

  private missing(gap: Gap): void {
    this.status.missing(gap);
  }

  private draw(): void {
    this.list.resize(this.log.folds.length);
    const execution = [...this.log.runs.keys()].find((id) => has(this.shown.q, `execution:${quoted(id)}`));
    this.runs.draw(execution ?? this.chosen?.execution ?? "");
    this.drawDensity();
    this.drawFollow();
    this.drawEmpty();
  }

  private drawDensity(): void {
    const { chosen } = this;
    this.density.show(this.log.items, chosen === undefined ? 0 : Date.parse(chosen.time));
  }

  private drawFollow(): void {
    const [lines, events] = [this.log.folds.length, this.log.items.length];
    const more = this.feed.older === null ? "" : ", older on scrolling up";
    byId("count", HTMLElement).textContent = `${count(lines)} rows of ${count(events)} loaded events${more}`;
    this.followButton.textContent = this.isFollowing ? "▼ Following" : this.news > 0 ? `▼ ${count(this.news)} new` : "▼ Follow";
    this.followButton.setAttribute("aria-pressed", String(this.isFollowing));
  }

  private drawEmpty(): void {
    const isEmpty = this.log.items.length === 0 && this.status.isConnected;
    byId("empty", HTMLElement).hidden = !isEmpty || this.shown.q !== "";
    byId("nothing", HTMLElement).hidden = !isEmpty || this.shown.q === "";
  }

  private scrolled(): void {
    const { box } = this.list;
    if (box.scrollTop < box.clientHeight) void this.feed.more();
    if (this.list.isAtEnd !== this.isFollowing) this.follow(this.list.isAtEnd);
  }

  private buttons(): void {
    this.followButton.addEventListener("click", () => { this.follow(!this.isFollowing); });
    byId("all", HTMLButtonElement).addEventListener("click", () => { this.apply(""); });
    byId("back", HTMLButtonElement).addEventListener("click", () => { this.close(); });
    for (const tab of ["runs", "log"]) {
      byId(`show-${tab}`, HTMLButtonElement).addEventListener("click", () => { this.pane(tab); });
    }
    this.pane("log");
    addEventListener("popstate", () => {
      address.forget();
      const isOther = this.shown.q !== address.read().q;
      this.shown = address.read();
      if (isOther) this.reopen();
      else this.go(this.shown.event);
    });
  }

  /** Shows a pane where there is only one column. */
  private pane(name: string): void {
    document.body.dataset["pane"] = name;
    for (const tab of ["runs", "log"]) byId(`show-${tab}`, HTMLElement).setAttribute("aria-pressed", String(tab === name));
    this.list.draw();
    this.runs.list.draw();
  }
}
