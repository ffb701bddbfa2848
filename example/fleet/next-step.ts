import { CriteoError, CriteoTokenError, CriteoTransportError } from 'passport-criteo';
import { DatabaseUnavailable } from './database';

/** What follows from a call that did not work. */
export type NextStep =
  /** Again: in so many seconds if Criteo says when, else after a pause that doubles. `isOutage`: it is not this connection. */
  | { kind: 'later'; seconds?: number; isOutage: boolean; reason: string }
  /** Only the customer can help. */
  | { kind: 'ended'; reason: string }
  /** Not this night: what was asked is wrong, and would be wrong again. */
  | { kind: 'never'; reason: string };

const HOUR = 3600;

/** Reads an error of a TokenSource, of the database, or a mistake of our own. */
export function afterError(error: unknown): NextStep {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (error instanceof DatabaseUnavailable) return { kind: 'later', isOutage: false, reason };
  if (!(error instanceof CriteoError)) return { kind: 'never', reason };
  const { reauthorize, retryable, retryAfter, code } = error;
  if (reauthorize) return { kind: 'ended', reason: code };
  // Closed: this process ends, and another one goes on.
  if (retryable || code === 'closed') {
    const isOutage = error instanceof CriteoTransportError || error instanceof CriteoTokenError;
    return { kind: 'later', isOutage, reason, ...(retryAfter === undefined ? {} : { seconds: retryAfter }) };
  }
  // Wrong credentials of the app are not the connection's fault: the fleet rests until an operator has corrected them.
  if (error instanceof CriteoTokenError) return { kind: 'later', isOutage: true, reason };
  return { kind: 'never', reason };
}

/** Reads a response of the API; undefined if it is what was asked for. */
export function afterResponse({ ok, status, headers }: Response): NextStep | undefined {
  if (ok) return undefined;
  const reason = `the API responded ${status}`;
  // Consent was revoked at consent.criteo.com, or never covered this.
  if (status === 403) return { kind: 'ended', reason: 'forbidden' };
  if (status === 429) return { kind: 'later', isOutage: false, reason, seconds: untilReset(headers) };
  // 401: a token that Criteo has just issued was refused. That passes, or is a mistake of Criteo's.
  if (status === 401) return { kind: 'later', isOutage: false, reason };
  if (status >= 500) return { kind: 'later', isOutage: true, reason };
  return { kind: 'never', reason };
}

/** Returns the seconds until Criteo's limit is reset, by Criteo's own clock: that of this machine may be wrong. */
function untilReset(headers: Headers): number {
  const reset = Number(headers.get('x-ratelimit-reset') || Number.NaN);
  const now = Date.parse(headers.get('date') ?? '') / 1000;
  const seconds = reset - now;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), HOUR) : 60;
}
