// The data of the server, as it comes.

/** An event in the index: without its data. */
export interface Row {
  readonly cursor: string;
  readonly seq: number;
  readonly time: string;
  readonly kind: string;
  readonly stream: string;
  readonly node: string | null;
  readonly execution: string | null;
  readonly parent_execution: string | null;
  readonly cause: string | null;
  readonly life?: string;
  readonly pair?: { readonly key: string; readonly end: boolean };
  readonly error?: boolean;
  readonly redacted?: boolean;
  readonly size: number;
  readonly summary: string;
}

/** Events that are missing in the order, and why. */
export interface Gap {
  readonly from: string | null;
  readonly to: string | null;
  readonly missed: number | null;
  readonly cause: unknown;
}

export interface GapItem {
  readonly gap: Gap;
}

export type Item = Row | GapItem;

export function isGap(item: Item): item is GapItem {
  return "gap" in item;
}

/** A page of the past. */
export interface Page {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** A kind of event, from its definition. */
export interface Kind {
  readonly kind: string;
  readonly docs: string;
  readonly definition: string;
  readonly deprecated?: unknown;
  readonly policy: { readonly transient: boolean; readonly coalesce: unknown };
  readonly fields: readonly Field[];
}

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly docs: string;
  readonly redacted: boolean;
}

/** A whole event. `data_cut` stands for data that is too long. */
export interface Envelope {
  readonly data: unknown;
  readonly data_cut?: { readonly text: string; readonly bytes: number };
  readonly [member: string]: unknown;
}

/** Why events are missing, in words. */
export function reason(gap: Gap): string {
  const cause = typeof gap.cause === "string" ? gap.cause : JSON.stringify(gap.cause);
  return cause.replaceAll("_", " ");
}
