// How many events there were when: a strip above the list. The list is what it shows, for those who
// do not see it.

import { byId } from "./dom.js";
import { isGap, type Item } from "./rows.js";
import { clock, duration } from "./text.js";

const BAR = 4;

interface Bar {
  all: number;
  errors: number;
}

export class Density {
  private readonly canvas = byId("density", HTMLCanvasElement);
  private readonly label = byId("span", HTMLElement);
  private items: readonly Item[] = [];
  private from = 0;
  private to = 0;
  private begin: number | null = null;
  private end = 0;
  private chosen = 0;
  private isDue = false;

  /** `select` gets a span of time that the user drew, in milliseconds. */
  constructor(private readonly select: (from: number, to: number) => void) {
    new ResizeObserver(() => { this.draw(); }).observe(this.canvas);
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.begin = this.end = event.offsetX;
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (this.begin === null) return;
      this.end = event.offsetX;
      this.draw();
    });
    this.canvas.addEventListener("pointerup", () => { this.drawn(); });
    this.canvas.addEventListener("pointercancel", () => { this.begin = null; this.draw(); });
  }

  show(items: readonly Item[], chosen: number): void {
    this.items = items;
    this.chosen = chosen;
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => { this.isDue = false; this.draw(); });
  }

  private drawn(): void {
    const [begin, end] = [this.begin ?? 0, this.end];
    this.begin = null;
    this.draw();
    if (Math.abs(end - begin) < BAR) return;
    const at = (x: number): number => this.from + (x / this.canvas.clientWidth) * (this.to - this.from);
    this.select(Math.floor(at(Math.min(begin, end))), Math.ceil(at(Math.max(begin, end))));
  }

  private bars(count: number): Bar[] {
    const bars = Array.from({ length: count }, () => ({ all: 0, errors: 0 }));
    const span = Math.max(1, this.to - this.from);
    for (const item of this.items) {
      if (isGap(item)) continue;
      const bar = bars[Math.min(count - 1, Math.floor(((Date.parse(item.time) - this.from) / span) * count))];
      if (bar === undefined) continue;
      bar.all += 1;
      if (item.error === true) bar.errors += 1;
    }
    return bars;
  }

  private measure(): boolean {
    const first = this.items.find((item) => !isGap(item));
    const last = this.items.findLast((item) => !isGap(item));
    if (first === undefined || last === undefined || isGap(first) || isGap(last)) return false;
    this.from = Date.parse(first.time);
    this.to = Math.max(this.from + 1, Date.parse(last.time));
    return true;
  }

  private draw(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const context = this.canvas.getContext("2d");
    if (context === null || width === 0) return;
    this.canvas.width = width * devicePixelRatio;
    this.canvas.height = height * devicePixelRatio;
    context.scale(devicePixelRatio, devicePixelRatio);
    if (!this.measure()) {
      this.label.textContent = "";
      return;
    }
    this.label.textContent = `${clock(this.from)} to ${clock(this.to)}, ${duration(this.to - this.from)}`;
    const style = getComputedStyle(this.canvas);
    const bars = this.bars(Math.max(1, Math.floor(width / BAR)));
    const most = Math.max(...bars.map((bar) => bar.all));
    for (const [index, bar] of bars.entries()) {
      if (bar.all === 0) continue;
      // Roots keep single events visible beside a flood.
      const tall = Math.max(2, Math.sqrt(bar.all / most) * (height - 2));
      context.fillStyle = style.getPropertyValue("--bar");
      context.fillRect(index * BAR, height - tall, BAR - 1, tall);
      if (bar.errors === 0) continue;
      context.fillStyle = style.getPropertyValue("--bad");
      context.fillRect(index * BAR, height - 5, BAR - 1, 5);
    }
    this.drawMarks(context, style, width, height);
  }

  private drawMarks(context: CanvasRenderingContext2D, style: CSSStyleDeclaration, width: number, height: number): void {
    context.fillStyle = style.getPropertyValue("--accent");
    if (this.chosen > 0) {
      context.fillRect(((this.chosen - this.from) / (this.to - this.from)) * width - 1, 0, 2, height);
    }
    if (this.begin === null) return;
    context.globalAlpha = 0.25;
    context.fillRect(Math.min(this.begin, this.end), 0, Math.abs(this.end - this.begin), height);
    context.globalAlpha = 1;
  }
}
