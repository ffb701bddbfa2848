import { isRecord, type JSONObject } from '../util/json';

/** The members of a consent callback that can be understood. */
interface Fields {
  type: string | undefined;
  state: string | undefined;
  acceptedScopes: string[];
  advertisers: { id: string }[];
  accounts: { id: string }[];
}

/**
 * Reads the body of a consent callback. Criteo documents neither the name of the state's member nor the shape of an
 * advertiser. So names are accepted in any letter case, and ids as strings, as numbers, or as the `id` of an object;
 * anything else is left out.
 */
export function readFields(text: string, body: JSONObject): Fields {
  const reading = readMembers(body);
  // JSON.parse rounds numbers beyond 2^53, and a rounded id belongs to another account. That is rare, so the text is
  // parsed again, with its whole numbers as strings, only if an id is that large.
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

/** Returns a member of an object: the one spelled as given, else the first in another letter case. */
function member(object: JSONObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  const folded = name.toLowerCase();
  for (const key of Object.keys(object)) {
    if (key.length === name.length && key.toLowerCase() === folded) return object[key];
  }
  return undefined;
}

// A string or a number in a text that is known to be JSON. Strings are matched too, so that digits in them stay.
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Turns whole numbers that may lie beyond 2^53 into strings. */
function quoteIntegers(json: string): string {
  return json.replace(stringOrNumber, (token) => (/^-?\d{16,}$/.test(token) ? `"${token}"` : token));
}
