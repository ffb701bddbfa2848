import { ConsentCallbackError } from '../errors';
import { within } from '../util/deadline';
import { foreignCause } from '../util/foreign-cause';
import type { ConsentEvent } from './consent-event';

/**
 * Remembers handled events: a Keyv, a Map, or anything else with these two methods, synchronous or not. An entry is an
 * event's id with the value `true`.
 */
export interface SeenEvents {
  get(id: string): unknown;
  /** @param ttl Milliseconds after which the entry may be forgotten. A Keyv obeys; a Map never forgets. */
  set(id: string, value: true, ttl?: number): unknown;
}

/** Milliseconds for which a handled event is remembered: Criteo repeats while the user waits, so within minutes. */
const MEMORY = 600_000;
const MOST_REMEMBERED = 10_000;

/** Remembers events in this process, bounded in time and number; the oldest are forgotten first. */
export class RecentEvents implements SeenEvents {
  readonly #expiries = new Map<string, number>();
  readonly #limit: number;
  readonly #maxAge: number;
  readonly #now: () => number;

  /** @param now milliseconds of a clock that is never set. */
  constructor(limit = MOST_REMEMBERED, maxAge = MEMORY, now = () => performance.now()) {
    this.#limit = limit;
    this.#maxAge = maxAge;
    this.#now = now;
  }

  get size(): number {
    return this.#expiries.size;
  }

  get(id: string): boolean {
    return (this.#expiries.get(id) ?? 0) > this.#now();
  }

  set(id: string): void {
    const now = this.#now();
    this.#expiries.delete(id);
    this.#expiries.set(id, now + this.#maxAge);
    for (const [oldest, expiry] of this.#expiries) {
      if (expiry > now && this.#expiries.size <= this.#limit) break;
      this.#expiries.delete(oldest);
    }
  }

  delete(id: string): void {
    this.#expiries.delete(id);
  }
}

/** A run counts as stuck after so many times the timeout: no request waits for it any more, and it may never end. */
const STUCK = 10;

interface Run {
  started: number;
  outcome: Promise<ConsentCallbackError | undefined>;
}

/**
 * Runs the handler once per event: a repeat that comes while the handler runs shares its outcome; one that comes after
 * a success finds it done; after a failure the handler runs again. A run that has taken ten times `timeout` is not
 * shared any more: the next delivery starts another.
 *
 * @param timeout Milliseconds within which `seen` must respond; the handler may take longer
 * @param report Is told each failure once, however many deliveries share it
 * @param now A clock in milliseconds, for tests
 * @returns A function that handles an event. It resolves with nothing or the failure, and never rejects
 */
export function oncePerEvent(
  onConsent: (event: ConsentEvent) => unknown,
  seen: SeenEvents,
  timeout: number,
  report: (error: ConsentCallbackError) => void,
  now = () => performance.now(),
): (event: ConsentEvent) => Promise<ConsentCallbackError | undefined> {
  // In the order of their start.
  const running = new Map<string, Run>();
  // If the handler has succeeded but `seen` could not be told, a repeat must tell it without running the handler again.
  const untold = new RecentEvents();

  async function handle(event: ConsentEvent): Promise<void> {
    const { id } = event;
    if (!untold.get(id)) {
      if (await ask('get', () => seen.get(id))) return;
      await run(event);
      untold.set(id);
    }
    await ask('set', () => seen.set(id, true, MEMORY));
    untold.delete(id);
  }

  async function run(event: ConsentEvent): Promise<void> {
    try {
      await onConsent(event);
    } catch (cause) {
      // The app's own error, shown to the app alone, so it is kept as it is.
      throw failure('handler_failed', `onConsent failed. Event ${event.id} is not done and may be sent again.`, cause);
    }
  }

  async function ask(method: string, call: () => unknown): Promise<unknown> {
    try {
      return await within(timeout, (async () => call())(), () => {
        throw new Error(`No response within ${timeout} ms`);
      });
    } catch (error) {
      const message = `The memory of seen events failed: seen.${method}. Please send the event again.`;
      throw failure('seen_failed', message, foreignCause(error));
    }
  }

  async function outcomeOf(event: ConsentEvent): Promise<ConsentCallbackError | undefined> {
    try {
      await handle(event);
      return undefined;
    } catch (error) {
      const failed = error as ConsentCallbackError;
      report(failed);
      return failed;
    }
  }

  return (event) => {
    const { id } = event;
    for (const [earlier, { started }] of running) {
      if (now() - started <= STUCK * timeout) break;
      running.delete(earlier);
    }
    const current = running.get(id);
    if (current !== undefined) return current.outcome;
    const own: Run = { started: now(), outcome: outcomeOf(event) };
    running.set(id, own);
    own.outcome = own.outcome.finally(() => {
      // A stuck run that ends after all leaves the run that has taken its place.
      if (running.get(id) === own) running.delete(id);
    });
    return own.outcome;
  };
}

function failure(code: string, message: string, cause: unknown): ConsentCallbackError {
  return new ConsentCallbackError(message, { code, status: 500, retryable: true, cause });
}
