import { foreignID, foreignText, redact } from './redaction';

/**
 * Returns what may be kept of a foreign error (a driver's, a network library's) as a `cause`. Drivers attach to their
 * errors what they were doing: ioredis, for example, adds the command with the tokens in it.
 *
 * @param secrets Known secrets, masked in the message. What looks like a token is masked in any case.
 * @returns An error with the name, message (300 characters at most), code and stack frames of the foreign one, and
 *   nothing else. Undefined if nothing was thrown.
 */
export function foreignCause(reason: unknown, secrets: readonly (string | undefined)[] = []): Error | undefined {
  if (reason === undefined || reason === null) return undefined;
  // The text of a function is its source, and an object's may throw.
  const isObject = typeof reason === 'object' || typeof reason === 'function';
  const text = isObject ? property(reason, 'message') : String(reason);
  const name = foreignID(property(reason, 'name'), secrets) ?? 'Error';
  const code = property(reason, 'code');
  const cause = new Error(foreignText(text, secrets) ?? '');
  const hidden = { configurable: true, writable: true, enumerable: false };
  Object.defineProperty(cause, 'name', { value: name, ...hidden });
  const stack = String(cause) + redact(frames(property(reason, 'stack'), text), secrets);
  Object.defineProperty(cause, 'stack', { value: stack, ...hidden });
  const isWord = foreignID(code, secrets) !== undefined && foreignText(code) === code;
  return isWord || Number.isSafeInteger(code) ? Object.assign(cause, { code }) : cause;
}

function property(value: unknown, name: string): unknown {
  try {
    return (Object(value) as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** Returns the lines of a stack that follow its message. */
function frames(stack: unknown, message: unknown): string {
  if (typeof stack !== 'string' || typeof message !== 'string' || !stack.includes(message)) return '';
  const rest = stack.slice(stack.indexOf(message) + message.length);
  return /^[^\n]*((?:\n {4}at [^\n]*)+)/.exec(rest)?.[1] ?? '';
}
