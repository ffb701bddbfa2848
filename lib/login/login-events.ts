import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import { foreignText } from '../util/redaction';
import type { Outcome } from './outcome';

/** Published on the channel `passport-criteo:login` whenever the strategy has told Passport the outcome of a request. */
export interface LoginEvent {
  /** The strategy's name. */
  strategy: string;
  /** `redirect` starts a login; the others end one. */
  outcome: 'redirect' | 'success' | 'fail' | 'error';
  /** The `code` of the failure's info, or of the error. */
  code: string | undefined;
  /** From the request to its outcome, exchanges with Criteo and `verify` included. */
  milliseconds: number;
}

const logins = channel('passport-criteo:login');
const log = debuglog('passport-criteo');

/** Returns the time at which a request came, if it is to be published or printed how it ends. */
export function requestStarted(): number | undefined {
  return logins.hasSubscribers || log.enabled ? performance.now() : undefined;
}

/** Returns a function that publishes a request's outcome and prints a login that failed; undefined if there is no listener. */
export function loginTeller(
  strategy: string,
  startedAt: number | undefined,
  outcome: Outcome,
): (() => void) | undefined {
  if (startedAt === undefined) return undefined;
  const [kind, told] = outcome;
  const { code, message } = kind === 'fail' || kind === 'error' ? factsOf(told) : {};
  const event: LoginEvent = { strategy, outcome: kind, code, milliseconds: performance.now() - startedAt };
  return () => {
    logins.publish(event);
    // `%j` keeps a message on one line, whatever is in it.
    if (code !== undefined) log('%s: login %s: %s: %j', strategy, kind, code, message);
  };
}

/** Returns the code of an info or error if it is a plain word: the app's own may carry anything under that name. */
export function codeOf(told: unknown): string | undefined {
  return factsOf(told).code;
}

/** Returns code and message of an info or error, sanitized; nothing if the code is not a plain word. */
export function factsOf(told: unknown): { code?: string; message?: string | undefined } {
  try {
    const { code, message } = Object(told) as { code?: unknown; message?: unknown };
    const isWord = typeof code === 'string' && /^[\w-]{1,64}$/.test(code);
    return isWord ? { code, message: foreignText(message, undefined, 500) } : {};
  } catch {
    // A getter of the app's own that throws.
    return {};
  }
}
