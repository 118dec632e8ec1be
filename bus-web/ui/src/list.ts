// A list of which only the visible rows are elements.

export const HEIGHT = 22;

const SPARE = 4;

export interface Rows {
  /** Fills an element with the content of a row. */
  fill(element: HTMLElement, index: number): void;
  /** The user chose a row. */
  choose(index: number): void;
  scrolled?(): void;
}

/** A listbox with rows of one height. The focus stays on the box; the chosen row is its active descendant. */
export class List {
  count = 0;
  chosen = -1;
  private readonly sizer = document.createElement("div");
  private readonly pool: HTMLElement[] = [];

  constructor(
    readonly box: HTMLElement,
    private readonly rows: Rows,
  ) {
    this.sizer.className = "sizer";
    this.sizer.setAttribute("role", "presentation");
    box.append(this.sizer);
    box.addEventListener("scroll", () => {
      this.draw();
      rows.scrolled?.();
    }, { passive: true });
    new ResizeObserver(() => { this.draw(); }).observe(box);
    box.addEventListener("click", (event) => {
      const top = this.sizer.getBoundingClientRect().top;
      const index = Math.floor((event.clientY - top) / HEIGHT);
      if (index < this.count) rows.choose(index);
    });
  }

  get perPage(): number {
    return Math.max(1, Math.floor(this.box.clientHeight / HEIGHT) - 1);
  }

  get isAtEnd(): boolean {
    return this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - HEIGHT / 2;
  }

  resize(count: number): void {
    this.count = count;
    this.sizer.style.height = `${count * HEIGHT}px`;
    this.draw();
  }

  choose(index: number): void {
    this.chosen = index;
    this.draw();
  }

  show(index: number): void {
    const top = index * HEIGHT;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + HEIGHT > scrollTop + clientHeight) this.box.scrollTop = top + HEIGHT - clientHeight;
    this.draw();
  }

  showEnd(): void {
    this.box.scrollTop = this.count * HEIGHT;
    this.draw();
  }

  draw(): void {
    const first = Math.max(0, Math.floor(this.box.scrollTop / HEIGHT) - SPARE);
    const visible = Math.ceil(this.box.clientHeight / HEIGHT) + 2 * SPARE;
    const last = Math.min(this.count, first + visible);
    for (let slot = 0; slot < Math.max(visible, this.pool.length); slot += 1) {
      const index = first + slot;
      const element = this.pool[slot] ?? this.make(slot);
      element.hidden = index >= last;
      if (index < last) this.place(element, index);
    }
    const active = this.chosen - first;
    if (this.chosen >= first && this.chosen < last) this.box.setAttribute("aria-activedescendant", `${this.box.id}-${active}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  private make(slot: number): HTMLElement {
    const element = document.createElement("div");
    element.id = `${this.box.id}-${slot}`;
    element.setAttribute("role", "option");
    this.pool.push(element);
    this.sizer.append(element);
    return element;
  }

  private place(element: HTMLElement, index: number): void {
    element.className = "row";
    element.style.transform = `translateY(${index * HEIGHT}px)`;
    element.setAttribute("aria-posinset", String(index + 1));
    element.setAttribute("aria-setsize", String(this.count));
    element.setAttribute("aria-selected", String(index === this.chosen));
    this.rows.fill(element, index);
  }
}
