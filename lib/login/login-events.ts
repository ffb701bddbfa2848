import { channel } from 'node:diagnostics_channel';
import type { Outcome } from './outcome';

/** Published on the channel `passport-criteo:login` whenever the strategy has told Passport what becomes of a request. */
export interface LoginEvent {
  /** The strategy's name. */
  strategy: string;
  /** `redirect` begins a login; the others end one. */
  outcome: 'redirect' | 'success' | 'fail' | 'error';
  /** The `code` of the failure's info, or of the error. */
  code: string | undefined;
  /** Of the request until then, exchanges with Criteo and `verify` included. */
  milliseconds: number;
}

const logins = channel('passport-criteo:login');

/** The time at which a request began, where somebody listens. */
export function loginBegan(): number | undefined {
  return logins.hasSubscribers ? performance.now() : undefined;
}

/** Prepares to tell of a login's outcome; nothing where nobody listens. */
export function loginTeller(strategy: string, began: number | undefined, outcome: Outcome): (() => void) | undefined {
  if (began === undefined) return undefined;
  const [kind, told] = outcome;
  const code = kind === 'fail' || kind === 'error' ? codeOf(told) : undefined;
  const event: LoginEvent = { strategy, outcome: kind, code, milliseconds: performance.now() - began };
  return () => logins.publish(event);
}

/** A code that is one: an application's own info or error may carry anything under that name. */
function codeOf(told: unknown): string | undefined {
  try {
    const { code } = Object(told) as { code?: unknown };
    return typeof code === 'string' && /^[\w-]{1,64}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
