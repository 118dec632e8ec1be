// Light, dark, or as the system has it.

import { byId } from "./dom.js";

const ORDER = ["auto", "light", "dark"];
const KEY = "bus-theme";

export function theme(): void {
  const change = byId("theme", HTMLButtonElement);
  const set = (name: string): void => {
    document.documentElement.dataset["theme"] = name;
    change.textContent = { auto: "◐ Auto", light: "☀ Light", dark: "☾ Dark" }[name] ?? name;
    change.setAttribute("aria-label", `Theme: ${name}`);
  };
  set(kept());
  change.addEventListener("click", () => {
    const next = ORDER[(ORDER.indexOf(kept()) + 1) % ORDER.length] ?? "auto";
    localStorage.setItem(KEY, next);
    set(next);
  });
}

function kept(): string {
  const name = localStorage.getItem(KEY) ?? "auto";
  return ORDER.includes(name) ? name : "auto";
}
