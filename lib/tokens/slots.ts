import { CriteoTransportError } from '../errors';
import { within } from '../util/deadline';
import { realTimers, type Timers } from './timers';

/** Bounds how many refreshes are under way at once. Those that wait are served in the order in which they came. */
export class Slots {
  readonly #count: number;
  readonly #patience: number;
  readonly #timers: Timers;
  readonly #queue = new Map<() => void, (reason: Error) => void>();
  /** Those that have a lock already: they go first, because other processes wait for them. */
  readonly #express = new Map<() => void, (reason: Error) => void>();
  #used = 0;
  #closed: Error | undefined;

  /** @param patience milliseconds that a refresh waits at most. */
  constructor(count: number, patience: number, timers: Timers = realTimers) {
    this.#count = count;
    this.#patience = patience;
    this.#timers = timers;
  }

  /**
   * Waits for a free slot.
   *
   * @param first to be served before all who came without it.
   * @throws {CriteoTransportError} timeout – none became free in time.
   */
  async take(first = false): Promise<void> {
    if (this.#closed) throw this.#closed;
    if (this.#used < this.#count) {
      this.#used += 1;
      return;
    }
    const queue = first ? this.#express : this.#queue;
    let enter: () => void = () => {};
    const entered = new Promise<void>((resolve, reject) => {
      enter = resolve;
      queue.set(enter, reject);
    });
    const late = (): never => {
      queue.delete(enter);
      throw new CriteoTransportError(
        `No request to Criteo was started within ${this.#patience} ms, because ${this.#count} others were under way (the option concurrency)`,
        { code: 'timeout', status: 503, retryable: true },
      );
    };
    await within(this.#patience, entered, late, this.#timers.after);
  }

  /** Frees a slot; the first in the queue has it at once. */
  free(): void {
    const queue = this.#express.size > 0 ? this.#express : this.#queue;
    const [next] = queue.keys();
    if (next) {
      queue.delete(next);
      next();
    } else {
      this.#used -= 1;
    }
  }

  /** Refuses those who wait, and all who come, with `reason`. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const refuse of [...this.#express.values(), ...this.#queue.values()]) refuse(reason);
    this.#express.clear();
    this.#queue.clear();
  }
}
