// Words of a filter, as the bus reads them.

/** Writes a value so that it is one word. */
export function quoted(value: string): string {
  const plain = value !== "" && !/[\s,"\\]/.test(value);
  return plain ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}

/** Splits a filter at the spaces that are not in quotes. */
export function split(q: string): string[] {
  return q.match(/(?:"(?:\\.|[^"\\])*"?|[^\s"])+/g) ?? [];
}

export function has(q: string, word: string): boolean {
  return split(q).includes(word);
}

/** Adds a word, or takes it out if it is there. Other values of its name go. */
export function toggled(q: string, name: string, value: string): string {
  const word = `${name}:${quoted(value)}`;
  const others = split(q).filter((other) => !other.startsWith(`${name}:`));
  return (has(q, word) ? others : [...others, word]).join(" ");
}

/** Selects a span of time. */
export function between(q: string, from: number, to: number): string {
  const others = split(q).filter((word) => !/^(after|before):/.test(word));
  return [...others, `after:${new Date(from).toISOString()}`, `before:${new Date(to).toISOString()}`].join(" ");
}
