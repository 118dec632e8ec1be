// Live events. EventSource gives up after some errors, so this reads the stream itself and comes
// back for ever.

import { get, Refused } from "./server.js";
import type { Gap, Item, Row } from "./rows.js";

export type State = "connecting" | "catching up" | "live" | "reconnecting" | "ended" | "refused";

export interface Follower {
  items(items: Item[]): void;
  state(state: State, text?: string): void;
}

/** The server sends a comment every four seconds. */
const SILENCE = 15_000;
const SHORTEST = 500;
const LONGEST = 10_000;

/** One frame of server-sent events. */
export interface Frame {
  event: string;
  id: string;
  data: string;
}

/** Takes frames out of text that comes in pieces. */
export class Frames {
  private rest = "";
  private frame: Frame = { event: "", id: "", data: "" };

  take(text: string): Frame[] {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    const done: Frame[] = [];
    for (const line of lines) {
      if (line === "") {
        if (this.frame.data !== "") done.push(this.frame);
        this.frame = { event: "", id: "", data: "" };
        continue;
      }
      const colon = line.indexOf(":");
      const name = line.slice(0, colon);
      const value = line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
      if (name === "data") this.frame.data += this.frame.data === "" ? value : `\n${value}`;
      else if (name === "event" || name === "id") this.frame[name] = value;
    }
    return done;
  }
}

const pause = (millis: number): Promise<void> => new Promise((done) => setTimeout(done, millis));

/** Follows the events that fit a filter until the signal is aborted. */
export async function follow(q: string, since: string, to: Follower, signal: AbortSignal): Promise<void> {
  const reading = new Reading(q, since, to);
  for (let wait = SHORTEST; !signal.aborted; wait = Math.min(wait * 2, LONGEST)) {
    const refused = await reading.once(signal).catch((error: unknown) => error);
    if (isOver(signal)) return;
    if (refused instanceof Refused && refused.status < 500) {
      to.state("refused", refused.message);
      return;
    }
    if (reading.heard) wait = SHORTEST;
    if (reading.ended === "execution") return;
    to.state(reading.ended === "closed" ? "ended" : "reconnecting");
    await pause(wait * (0.75 + Math.random() / 2));
  }
}

/** It changes while something is awaited, which the compiler does not know of a property. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

class Reading {
  heard = false;
  ended: "no" | "execution" | "closed" = "no";
  private last = "";

  constructor(
    private readonly q: string,
    private readonly since: string,
    private readonly to: Follower,
  ) {}

  /** Reads one answer to its end. */
  async once(signal: AbortSignal): Promise<void> {
    this.heard = false;
    this.ended = "no";
    const silent = new AbortController();
    let timer = setTimeout(() => { silent.abort(); }, SILENCE);
    const query = new URLSearchParams({ view: "row", q: this.q, since: this.since });
    const headers: Record<string, string> = this.last === "" ? {} : { "last-event-id": this.last };
    try {
      const answer = await get(`events?${query}`, { headers, signal: AbortSignal.any([signal, silent.signal]) });
      if (answer.status === 204 || answer.body === null) {
        this.ended = "execution";
        this.to.state("ended");
        return;
      }
      const frames = new Frames();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        this.heard = true;
        clearTimeout(timer);
        timer = setTimeout(() => { silent.abort(); }, SILENCE);
        this.take(frames.take(value));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private take(frames: readonly Frame[]): void {
    const items: Item[] = [];
    for (const frame of frames) {
      if (frame.id !== "") this.last = frame.id;
      if (frame.event === "") items.push(JSON.parse(frame.data) as Row);
      else if (frame.event === "gap") items.push({ gap: JSON.parse(frame.data) as Gap });
      else if (frame.event === "live") this.to.state("live");
      else if (frame.event === "closing") this.ended = "closed";
      else if (frame.event === "end") {
        this.ended = "execution";
        this.to.state("ended");
      }
    }
    if (items.length > 0) this.to.items(items);
  }
}
