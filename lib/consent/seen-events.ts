import { ConsentCallbackError } from '../errors';
import type { ConsentEvent } from './consent-event';
import { within } from './deadline';

/**
 * The memory of handled events: a Keyv, a Map, or anything else with these two methods, synchronous or not. An entry is
 * an event's id with the value `true`.
 */
export interface SeenEvents {
  get(id: string): unknown;
  /** @param ttl Milliseconds after which the entry may be forgotten. A Keyv obeys; a Map never forgets. */
  set(id: string, value: true, ttl?: number): unknown;
}

/** How long a handled event is remembered: Criteo's repeats come while the user waits, so within minutes. */
const MEMORY = 600_000;
const MOST_REMEMBERED = 10_000;

/** The default memory: of this process, bounded in time and number; the oldest go first. */
export class RecentEvents implements SeenEvents {
  private readonly expiries = new Map<string, number>();

  constructor(
    private readonly limit = MOST_REMEMBERED,
    private readonly maxAge = MEMORY,
    // Not the wall clock: that one jumps.
    private readonly now = () => performance.now(),
  ) {}

  get size(): number {
    return this.expiries.size;
  }

  get(id: string): boolean {
    return (this.expiries.get(id) ?? 0) > this.now();
  }

  set(id: string): void {
    const now = this.now();
    this.expiries.delete(id);
    this.expiries.set(id, now + this.maxAge);
    for (const [oldest, expiry] of this.expiries) {
      if (expiry > now && this.expiries.size <= this.limit) break;
      this.expiries.delete(oldest);
    }
  }

  delete(id: string): void {
    this.expiries.delete(id);
  }
}

/**
 * Runs the handler once per event: a repeat that comes while the handler runs shares its outcome; one that comes after
 * a success finds it done; after a failure the handler runs again.
 *
 * @param timeout Milliseconds that `seen` has for each of its answers; the handler may take as long as it likes
 * @param report Is told each failure once, however many deliveries share it
 * @returns The outcome: nothing, or the failure; never a rejection
 */
export function oncePerEvent(
  onConsent: (event: ConsentEvent) => unknown,
  seen: SeenEvents,
  timeout: number,
  report: (error: ConsentCallbackError) => void,
): (event: ConsentEvent) => Promise<ConsentCallbackError | undefined> {
  const running = new Map<string, Promise<ConsentCallbackError | undefined>>();
  // Handled here, but the store could not be told so: a repeat must tell it, and not run the handler again.
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
      throw failure('handler_failed', `onConsent failed. Event ${event.id} is not done and may be sent again.`, cause);
    }
  }

  async function ask(method: string, call: () => unknown): Promise<unknown> {
    try {
      return await within(timeout, settled(call), () => new Error(`No answer within ${timeout} ms`));
    } catch (cause) {
      throw failure(
        'seen_failed',
        `The memory of seen events failed: seen.${method}. Please send the event again.`,
        cause,
      );
    }
  }

  return (event) => {
    const { id } = event;
    const current = running.get(id);
    if (current !== undefined) return current;
    const started = handle(event)
      .then(
        () => undefined,
        (error: ConsentCallbackError) => {
          report(error);
          return error;
        },
      )
      .finally(() => running.delete(id));
    running.set(id, started);
    return started;
  };
}

/** A call that may throw, or answer with or without a promise, as a promise. */
async function settled(call: () => unknown): Promise<unknown> {
  return call();
}

function failure(code: string, message: string, cause: unknown): ConsentCallbackError {
  return new ConsentCallbackError(message, { code, status: 500, retryable: true, cause });
}
