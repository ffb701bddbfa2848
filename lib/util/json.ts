/** A JSON object, whose members may be anything. */
export type JSONObject = Record<string, unknown>;

/** Returns a text without its byte order mark: RFC 8259 section 8.1 lets a parser ignore one, and JSON.parse does not. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** Returns the JSON value of a text; `undefined` if it is not JSON. */
export function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns true for a JSON object: not null, not an array. */
export function isRecord(value: unknown): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
