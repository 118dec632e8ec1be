// What the page shows, in its address: the filter and the chosen event.

export interface Shown {
  q: string;
  event: string;
}

/** Browsers refuse more than some changes a second. */
const REST = 500;

let timer = 0;

export function read(): Shown {
  const query = new URLSearchParams(location.search);
  return { q: query.get("q") ?? "", event: query.get("e") ?? "" };
}

export function link(shown: Shown): string {
  const query = new URLSearchParams();
  if (shown.q !== "") query.set("q", shown.q);
  if (shown.event !== "") query.set("e", shown.event);
  const text = query.toString();
  return location.pathname + (text === "" ? "" : `?${text}`);
}

/** Writes the address. A new filter is a step that the browser's Back undoes; a new choice is none. */
export function write(shown: Shown): void {
  clearTimeout(timer);
  if (shown.q !== read().q) {
    history.pushState(null, "", link(shown));
    return;
  }
  const wanted = { ...shown };
  timer = setTimeout(() => { history.replaceState(null, "", link(wanted)); }, REST);
}

/** Forgets a change that was not written yet. */
export function forget(): void {
  clearTimeout(timer);
}
