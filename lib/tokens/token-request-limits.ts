import { CriteoTokenError, CriteoTransportError } from '../errors';
import { jittered, spread } from '../util/back-off';
import { realTimers, type Timers } from './clock';

// Milliseconds. The interval between two requests for one connection doubles from the first to the longest.
const FIRST = 1000;
const LONGEST = 60_000;
// Milliseconds. A server that asks for more than an hour is asked again after an hour.
const LONGEST_PAUSE = 3_600_000;
// With more connections than this in memory, those whose interval is over are removed.
const MANY = 1000;

interface Interval {
  /** Requests in a row that failed, or that came too soon. */
  count: number;
  since: number;
  until: number;
  /** The error of the last request. */
  error?: Error | undefined;
}

/** Why no request may be sent now, and for how long. */
export interface Pause {
  milliseconds: number;
  error?: Error | undefined;
}

/**
 * Limits the requests to the token endpoint. After a failure, and after a token that was replaced early, the same
 * connection waits for an interval that grows. After `Retry-After`, all connections wait.
 */
export class RequestLimits {
  readonly #now: () => number;
  readonly #timers: Timers;
  readonly #intervals = new Map<string, Interval>();
  #all: Interval | undefined;
  #sweepAt = MANY;

  /** @param now milliseconds since the epoch; if the clock is set back, the intervals end. */
  constructor(now: () => number, timers: Timers = realTimers) {
    this.#now = now;
    this.#timers = timers;
  }

  /** Returns how many connections are remembered. */
  get size(): number {
    return this.#intervals.size;
  }

  /** Returns why a request for the connection has to wait; `undefined` if it may be made. */
  pause(key: string): Pause | undefined {
    const now = this.#now();
    const pauses = [this.#all, this.#intervals.get(key)].flatMap((interval) =>
      interval && isRunning(interval, now) ? { milliseconds: interval.until - now, error: interval.error } : [],
    );
    return pauses.sort((one, other) => other.milliseconds - one.milliseconds)[0];
  }

  /** Notes a request that failed. */
  failed(key: string, error: Error): void {
    this.refused(error);
    this.#extend(key, this.#now(), error);
  }

  /** Notes a response that may have a `Retry-After`, even if the request is repeated: all others wait at once. */
  refused(error: Error): void {
    const now = this.#now();
    const { retryAfter } = error as { retryAfter?: unknown };
    if (!(typeof retryAfter === 'number' && retryAfter > 0)) return;
    const until = now + spread(Math.min(retryAfter * 1000, LONGEST_PAUSE), this.#timers.random);
    // Of several responses to requests that were under way at once, the longest time counts.
    if (this.#all && isRunning(this.#all, now) && this.#all.until > until) return;
    this.#all = { count: 0, since: now, until, error };
  }

  /**
   * Notes a request that brought a token.
   *
   * @param early true if the token that it replaces had not expired.
   */
  succeeded(key: string, early: boolean): void {
    if (early) this.#extend(key, this.#now());
    else this.#intervals.delete(key);
  }

  /** Forgets a connection: its tokens were replaced. */
  forget(key: string): void {
    this.#intervals.delete(key);
  }

  #extend(key: string, now: number, error?: Error): void {
    const last = this.#intervals.get(key);
    const count = last && isRemembered(last, now) ? last.count + 1 : 1;
    const until = now + jittered(Math.min(FIRST * 2 ** Math.min(count - 1, 10), LONGEST), this.#timers.random);
    this.#intervals.set(key, { count, since: now, until, error });
    if (this.#intervals.size < this.#sweepAt) return;
    for (const [name, interval] of this.#intervals) {
      if (!isRemembered(interval, now)) this.#intervals.delete(name);
    }
    this.#sweepAt = Math.max(MANY, 2 * this.#intervals.size);
  }
}

function isRunning({ since, until }: Interval, now: number): boolean {
  return since <= now && now < until;
}

/** Returns true while the number of requests in a row counts. */
function isRemembered({ since, until }: Interval, now: number): boolean {
  return since <= now && now < until + LONGEST;
}

/** Returns the error of an earlier request once more, with the seconds that are left. */
export function remembered(error: Error, milliseconds: number): Error {
  const isOfToken = error instanceof CriteoTokenError;
  if (!isOfToken && !(error instanceof CriteoTransportError)) return error;
  const retryAfter = Math.ceil(milliseconds / 1000);
  const message = `${error.message} (This was the last response; Criteo is asked again in ${retryAfter} s)`;
  const { status, retryable, reauthorize, response, traceId } = error;
  const facts = { status, retryable, reauthorize, response, traceId, retryAfter, cause: error };
  if (isOfToken) return new CriteoTokenError(message, { ...facts, code: error.code, uri: error.uri });
  return new CriteoTransportError(message, { ...facts, code: error.code });
}
