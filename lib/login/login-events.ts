import { channel } from 'node:diagnostics_channel';
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

/** Returns the time at which a request came, if the channel has subscribers. */
export function requestStarted(): number | undefined {
  return logins.hasSubscribers ? performance.now() : undefined;
}

/** Returns a function that publishes a request's outcome, or undefined if the channel had no subscribers. */
export function loginTeller(
  strategy: string,
  startedAt: number | undefined,
  outcome: Outcome,
): (() => void) | undefined {
  if (startedAt === undefined) return undefined;
  const [kind, told] = outcome;
  const code = kind === 'fail' || kind === 'error' ? codeOf(told) : undefined;
  const event: LoginEvent = { strategy, outcome: kind, code, milliseconds: performance.now() - startedAt };
  return () => logins.publish(event);
}

/** Returns the code of an info or error if it is a plain word: the app's own may carry anything under that name. */
export function codeOf(told: unknown): string | undefined {
  try {
    const { code } = Object(told) as { code?: unknown };
    return typeof code === 'string' && /^[\w-]{1,64}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
