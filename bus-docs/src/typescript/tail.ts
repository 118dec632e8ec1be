
const declared: ReadonlySet<string> = new Set(KINDS);

/** Whether the event is of a declared kind; its data is not checked. */
export function isDeclared(event: { type: string }): event is BusEvent {
  return declared.has(event.type);
}

/** An attribute of the envelope, such as `graph_id`; undefined if the event has none of that name. */
export function attribute(event: BusEnvelope, name: string): string | undefined {
  const value = (event as unknown as { [name: string]: unknown })[name];
  return typeof value === "string" ? value : undefined;
}
