import { isRecord, type JSONObject } from '../util/json';

/** What a consent callback says, as far as it can be understood. */
export interface Fields {
  type: string | undefined;
  state: string | undefined;
  acceptedScopes: string[];
  advertisers: { id: string }[];
  accounts: { id: string }[];
}

/**
 * Reads the body of a consent callback. Criteo documents the names of the members but neither the name of the state's
 * nor the shape of an advertiser: so names are taken in any letter case; ids as strings, as numbers, or as the `id` of
 * an object; and what is none of these is left out.
 */
export function readFields(text: string, body: JSONObject): Fields {
  const reading = readMembers(body);
  // JSON.parse has rounded an id, and a rounded id is somebody else's: read all whole numbers as the text has them.
  return reading.rounded ? readMembers(JSON.parse(quoteIntegers(text))).fields : reading.fields;
}

function readMembers(body: JSONObject): { fields: Fields; rounded: boolean } {
  let rounded = false;

  function identifier(value: unknown): string | undefined {
    if (typeof value === 'string') return value || undefined;
    if (Number.isSafeInteger(value)) return String(value);
    if (typeof value === 'number') rounded = true;
    return undefined;
  }

  function identifiers(list: unknown): { id: string }[] {
    const found: { id: string }[] = [];
    for (const entry of Array.isArray(list) ? list : []) {
      const id = identifier(isRecord(entry) ? member(entry, 'id') : entry);
      if (id !== undefined) found.push({ id });
    }
    return found;
  }

  const type = member(body, 'Type');
  const scopes = member(body, 'AcceptedScopes');
  const fields = {
    type: typeof type === 'string' ? type : undefined,
    state: identifier(member(body, 'State')),
    acceptedScopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [],
    advertisers: identifiers(member(body, 'Advertisers')),
    accounts: identifiers(member(body, 'Accounts')),
  };
  return { fields, rounded };
}

/** A member of the object's own, the spelling as given before any other letter case. */
function member(object: JSONObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  const folded = name.toLowerCase();
  for (const key of Object.keys(object)) {
    if (key.length === name.length && key.toLowerCase() === folded) return object[key];
  }
  return undefined;
}

// In text that is known to be JSON, a string or a number: whole, so that digits inside a string stay untouched.
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Turns whole numbers that may lie beyond 2^53 into strings. */
function quoteIntegers(json: string): string {
  return json.replace(stringOrNumber, (token) => (/^-?\d{16,}$/.test(token) ? `"${token}"` : token));
}
