import { HookTimeoutError, TokenStoreError } from '../errors';
import { within } from '../util/deadline';
import { foreignCause } from '../util/foreign-cause';
import { realTimers, type Timers } from './timers';

/**
 * Keeps other processes from refreshing the same connection: calls `work` while no other process works on `key`, and
 * settles when the lock is free again.
 *
 * @param key the connection.
 * @param work what to do; call it when the lock is held, and release the lock when its promise settles. If the lock can
 *   be lost in the meantime, pass a signal that aborts then (Redlock does): no new request is started after that.
 */
export type TokenLock = (key: string, work: (signal?: AbortSignal) => Promise<unknown>) => unknown;

/** One piece of work's hold on a key. */
export interface Turn {
  /** Returns true if the lock was lost: another process may be at work. */
  isLost(): boolean;
  /** Keeps the turn, and the lock, until a write that timed out has settled; not longer than {@link PATIENCE} timeouts. */
  keepUntil(write: Promise<unknown>): void;
}

/**
 * How many timeouts the lock, the queue before it and a late write are waited for: a live holder reads, refreshes, reads
 * again and writes.
 */
export const PATIENCE = 4;
// Milliseconds that a caller waits for the release of a lock. Its work is done; but a process that ends right after
// should not leave the lock behind.
const RELEASE = 1000;

/** Lets one piece of work at a time have a key: in this process by queueing, among processes by a lock. */
export class Exclusive {
  readonly #last = new Map<string, Promise<unknown>>();
  /** Those who wait for their turn or for the lock, and may be refused when the source closes. */
  readonly #waiting = new Set<(reason: Error) => void>();
  readonly #lock: TokenLock | undefined;
  readonly #timeout: number;
  readonly #patience: number;
  readonly #timers: Timers;

  /** @param timeout milliseconds for any one thing that the holder of a lock does: a read, a refresh, a write. */
  constructor(lock: TokenLock | undefined, timeout: number, timers: Timers = realTimers) {
    this.#lock = lock;
    this.#timeout = timeout;
    this.#patience = PATIENCE * timeout;
    this.#timers = timers;
  }

  /**
   * Runs `work` when it is the key's turn and the lock is held. Waits four timeouts at most for both together.
   *
   * @param refusable true if {@link refuse} may end the waiting.
   * @throws {TokenStoreError} `lock_failed` – the work was not started.
   */
  async run<T>(key: string, work: (turn: Turn) => Promise<T>, refusable = false): Promise<T> {
    const deadline = this.#timers.steady() + this.#patience;
    const before = this.#last.get(key);
    let end: () => void = nothing;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const last = Promise.all([before, ended]).then(() => {
      if (this.#last.get(key) === last) this.#last.delete(key);
    });
    this.#last.set(key, last);
    if (before !== undefined) {
      try {
        await this.#await(before, deadline, refusable, 'an earlier operation on the same connection did not end');
      } catch (error) {
        end();
        throw error;
      }
    }
    if (!this.#lock) return this.#unlocked(work, end);
    const acquired = <H>(held: Promise<H>): Promise<H> =>
      this.#await(held, deadline, refusable, 'the lock was not acquired');
    return this.#locked((hold) => this.#lock?.(key, hold), work, acquired, end);
  }

  /** Ends the waiting of refusable work, which rejects with `reason`. */
  refuse(reason: Error): void {
    for (const refuse of this.#waiting) refuse(reason);
  }

  /** Settles when no work is under way. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  async #unlocked<T>(work: (turn: Turn) => Promise<T>, end: () => void): Promise<T> {
    const turn = new Holder();
    try {
      return await work(turn);
    } finally {
      this.#settled(turn).then(end, end);
    }
  }

  async #locked<T>(
    lock: (work: (signal?: AbortSignal) => Promise<unknown>) => unknown,
    work: (turn: Turn) => Promise<T>,
    acquired: <H>(held: Promise<H>) => Promise<H>,
    end: () => void,
  ): Promise<T> {
    let late = false;
    let whole: Promise<unknown> | undefined;
    let start: (held: Held<T>) => void = nothing;
    const started = new Promise<Held<T>>((resolve) => {
      start = resolve;
    });
    const hold = (signal?: AbortSignal): Promise<unknown> => {
      if (late)
        return quiet(Promise.reject(new HookTimeoutError('The lock was acquired too late: the work was given up')));
      if (whole === undefined) {
        const turn = new Holder(signal);
        const result = work(turn);
        // The lock is held until the last write has landed, or never will.
        const settled = result.catch(nothing).then(() => this.#settled(turn));
        start({ result, turn, settled });
        whole = quiet(settled.then(() => result));
      }
      return whole;
    };
    const releasing = (async () => {
      await lock(hold);
      if (whole === undefined) throw new Error('The lock ended without calling work');
      return started;
    })();
    let held: Held<T>;
    try {
      held = await acquired(Promise.race([started, releasing]));
    } catch (error) {
      late = true;
      end();
      releasing.catch(nothing);
      throw error;
    }
    const { result, turn, settled } = held;
    // What was done is done, even if the lock cannot be released.
    const release = releasing.then(nothing, nothing);
    const limit = Math.min(RELEASE, this.#timeout);
    const ended = settled.then(() => within(limit, release, nothing, this.#timers.after)).then(end, end);
    await result.catch(nothing);
    if (!turn.isHeld()) await ended;
    return result;
  }

  /** Settles when the writes of a turn that timed out have settled; a write that takes four timeouts more never will. */
  async #settled(turn: Holder): Promise<void> {
    // A write that is tried again may be late again.
    for (let writes = turn.take(); writes.length > 0; writes = turn.take()) {
      await within<unknown>(this.#patience, Promise.allSettled(writes), nothing, this.#timers.after);
    }
  }

  async #await<T>(promise: Promise<T>, deadline: number, refusable: boolean, what: string): Promise<T> {
    let refuse: (reason: Error) => void = nothing;
    let refusal: Error | undefined;
    const refused = new Promise<never>((_, reject) => {
      refuse = (reason) => {
        refusal = reason;
        reject(reason);
      };
    });
    if (refusable) this.#waiting.add(refuse);
    const left = Math.max(0, deadline - this.#timers.steady());
    const late = (): never => {
      throw new HookTimeoutError(`Within ${this.#patience} ms (four times the client's timeout), ${what}`);
    };
    const waiting = within(left, Promise.race([promise, refused]), late, this.#timers.after).finally(() =>
      this.#waiting.delete(refuse),
    );
    try {
      return await waiting;
    } catch (cause) {
      if (refusal) throw refusal;
      throw new TokenStoreError(
        'The lock of the token source failed: see the cause. Nothing was asked of Criteo and nothing was written',
        {
          code: 'lock_failed',
          status: 503,
          retryable: true,
          cause: cause instanceof HookTimeoutError ? cause : foreignCause(cause),
        },
      );
    }
  }
}

/** Work that has the lock: its result, and the end of its last write. */
interface Held<T> {
  result: Promise<T>;
  turn: Holder;
  settled: Promise<void>;
}

/** A turn, and the writes that outlive it. */
class Holder implements Turn {
  readonly #signal: AbortSignal | undefined;
  #writes: Promise<unknown>[] = [];
  #isHeld = false;

  constructor(signal?: AbortSignal) {
    // A lock of the app's may pass anything.
    this.#signal = signal instanceof AbortSignal ? signal : undefined;
  }

  isLost(): boolean {
    return this.#signal?.aborted === true;
  }

  keepUntil(write: Promise<unknown>): void {
    this.#writes.push(write);
    this.#isHeld = true;
  }

  isHeld(): boolean {
    return this.#isHeld;
  }

  take(): Promise<unknown>[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }
}

function nothing(): void {}

/** The lock is the app's, and may not look at what it is given: a rejection must not end the process then. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(nothing);
  return promise;
}
