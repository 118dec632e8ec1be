// Requests. All addresses are relative to the page, so that it works below any prefix.

import type { Envelope, Kind, Page } from "./rows.js";

/** An answer that is no success. */
export class Refused extends Error {
  constructor(readonly status: number, text: string) {
    super(text.trim() === "" ? `the server answered ${status}` : text.trim());
  }
}

export async function get(path: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(path, { cache: "no-store", credentials: "same-origin", ...init });
  if (!answer.ok) throw new Refused(answer.status, await answer.text());
  return answer;
}

/** Turns the token behind `#` into a cookie, and takes it out of the address. */
export async function login(): Promise<void> {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  history.replaceState(null, "", location.pathname + location.search);
  const answer = await fetch("login", { method: "POST", body: token, credentials: "same-origin" });
  // 404: this server needs none.
  if (!answer.ok && answer.status !== 404) throw new Refused(answer.status, await answer.text());
}

export async function page(parameters: Record<string, string>, signal: AbortSignal): Promise<Page> {
  const query = new URLSearchParams({ view: "row", ...parameters });
  return (await (await get(`events.json?${query}`, { signal })).json()) as Page;
}

export async function one(cursor: string, cut: number | null, signal: AbortSignal): Promise<Envelope> {
  const query = cut === null ? "" : `?cut=${cut}`;
  const answer = await get(`events/${encodeURIComponent(cursor)}${query}`, { signal });
  return (await answer.json()) as Envelope;
}

export async function kinds(): Promise<Map<string, Kind>> {
  const { events } = (await (await get("catalogue")).json()) as { events: Kind[] };
  return new Map(events.map((kind) => [kind.kind, kind]));
}
