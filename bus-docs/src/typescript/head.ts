
/** The envelope of every event. Further keys are attributes: `attribute(event, "graph_id")`. */
export interface BusEnvelope {
  /** The stream it happened on. */
  stream_id: string;
  /** The node it happened in. */
  node_id: string | null;
  /** The execution it belongs to. */
  execution_id: string | null;
  /** When it happened, as in ISO 8601. */
  timestamp: string;
  /** The external request that it belongs to. */
  correlation_id: string | null;
  /** The event's id, and the cursor to resume from; absent in other recordings. */
  id?: string | null;
  /** Its position in the order of the bus. */
  seq?: number | null;
  /** The version of its data's schema. */
  version?: number | null;
  /** The event in whose handler it was emitted. */
  causation_id?: string | null;
}

/**
 * A whole number of up to 64 bits, or more. `JSON.parse` rounds one beyond `Number.MAX_SAFE_INTEGER`: a reader that must
 * have each digit takes it from the text of the line.
 */
export type LongInteger = number;
