import { CriteoTransportError } from '../errors';
import { unlessAborted } from '../util/abort-signal';
import { within } from '../util/deadline';
import { realTimers, type Timers } from './clock';

/** Limits how many refreshes are under way at once. Those that wait are served in the order in which they came. */
export class RefreshQueue {
  readonly #limit: number;
  readonly #patience: number;
  readonly #closing: AbortSignal;
  readonly #timers: Timers;
  readonly #waiting = new Set<() => void>();
  /** Those that have a lock already. They go first, because other processes wait for them. */
  readonly #withLock = new Set<() => void>();
  #running = 0;

  /**
   * @param limit how many may run at once.
   * @param patience milliseconds that a refresh waits at most.
   * @param closing refuses those that wait, and all that come, with its reason.
   */
  constructor(limit: number, patience: number, closing: AbortSignal, timers: Timers = realTimers) {
    this.#limit = limit;
    this.#patience = patience;
    this.#closing = closing;
    this.#timers = timers;
  }

  /**
   * Waits until one more refresh may run.
   *
   * @param hasLock true to go ahead of all that have no lock yet.
   * @throws {CriteoTransportError} timeout – its turn did not come in time.
   */
  async enter(hasLock = false): Promise<void> {
    this.#closing.throwIfAborted();
    if (this.#running < this.#limit) {
      this.#running += 1;
      return;
    }
    const waiting = hasLock ? this.#withLock : this.#waiting;
    let go: () => void = () => {};
    const turn = new Promise<void>((resolve) => {
      go = resolve;
    });
    waiting.add(go);
    const late = (): never => {
      throw new CriteoTransportError(
        `No request to Criteo was started within ${this.#patience} ms, because ${this.#limit} others were under way (the option concurrency)`,
        { code: 'timeout', status: 503, retryable: true },
      );
    };
    const refusable = unlessAborted(turn, this.#closing);
    await within(this.#patience, refusable, late, this.#timers.after).finally(() => waiting.delete(go));
  }

  /** Ends a refresh. The next one of the queue starts at once. */
  leave(): void {
    const waiting = this.#withLock.size > 0 ? this.#withLock : this.#waiting;
    const [next] = waiting;
    if (next) {
      waiting.delete(next);
      next();
    } else {
      this.#running -= 1;
    }
  }
}
