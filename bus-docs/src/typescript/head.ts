
/**
 * A whole number of up to 64 bits, or more. `JSON.parse` rounds one beyond `Number.MAX_SAFE_INTEGER`: a reader that must
 * have each digit takes it from the text of the line.
 */
export type LongInteger = number;
