/** Names and values of a query or of an `application/x-www-form-urlencoded` body. */
export type Form = Map<string, string[]>;

/** Reads a form strictly. Returns undefined if something in it cannot be decoded. */
export function readForm(text: string): Form | undefined {
  const form: Form = new Map();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1));
    if (name === undefined || value === undefined) return undefined;
    const values = form.get(name);
    if (values) values.push(value);
    else form.set(name, [value]);
  }
  return form;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** Returns the name of a parameter that comes more than once: RFC 6749, sections 3.1 and 3.2, forbids it. */
export function repeatedParameter(form: Form): string | undefined {
  return [...form].find(([, values]) => values.length > 1)?.[0];
}

/** Returns the form as an object; repeated values are joined with commas. */
export function formRecord(form: Form | undefined): Record<string, string> {
  return Object.fromEntries([...(form ?? [])].map(([name, values]) => [name, values.join(',')]));
}
