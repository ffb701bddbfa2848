import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { Outcome } from './outcome';

/** Published on the channel `passport-criteo:exchange` once for every HTTP exchange with Criteo, when it is over. */
export interface ExchangeEvent {
  method: string;
  /** Origin and path, without the query. */
  endpoint: string;
  /** The answer's status; `undefined` where none came. */
  status: number | undefined;
  /** `answered`, whatever the status; else the code of the `CriteoTransportError`. */
  outcome: string;
  milliseconds: number;
}

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

const exchanges = channel('passport-criteo:exchange');
const logins = channel('passport-criteo:login');
const log = debuglog('passport-criteo');

/** What is sent, told of to those who listen. Costs nothing where nobody does. */
export function observed<T extends { status: number }>(method: string, url: URL, send: () => Promise<T>): Promise<T> {
  if (!exchanges.hasSubscribers && !log.enabled) return send();
  const began = performance.now();
  const endpoint = url.origin + url.pathname;
  const tell = (status: number | undefined, outcome: string): void => {
    const milliseconds = performance.now() - began;
    exchanges.publish({ method, endpoint, status, outcome, milliseconds } satisfies ExchangeEvent);
    log('%s %s: %s after %d ms', method, endpoint, status ?? outcome, Math.round(milliseconds));
  };
  const answer = send();
  answer.then(
    ({ status }) => tell(status, 'answered'),
    (error: { code: string; response?: { status: number } }) => tell(error.response?.status, error.code),
  );
  return answer;
}

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
