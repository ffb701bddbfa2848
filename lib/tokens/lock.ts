import { HookTimeoutError } from '../errors';
import { unlessAborted } from '../util/abort-signal';
import { within } from '../util/deadline';
import type { Timers } from './clock';
import { lockFailed } from './connection-errors';

/**
 * Keeps other processes from refreshing the same connection: calls `work` while no other process works on `key`, and
 * settles when the lock is free again.
 *
 * @param key the connection.
 * @param work what to do; call it when the lock is held, and release the lock when its promise settles. If the lock can
 *   be lost in the meantime, pass a signal that aborts then (Redlock does): no new request is started after that.
 * @param unwanted aborts when the lock is not wanted any more, because the source closes or the wait took too long: stop
 *   trying to acquire it.
 */
export type TokenLock = (
  key: string,
  work: (signal?: AbortSignal) => Promise<unknown>,
  unwanted?: AbortSignal,
) => unknown;

/** The time in which one piece of work has a key for itself. */
export interface Turn {
  /** Returns true if the lock was lost: another process may be at work. */
  isLost(): boolean;
  /** Keeps the turn, and the lock, until a write that timed out has settled; not longer than {@link PATIENCE} timeouts. */
  keepUntil(write: Promise<unknown>): void;
}

/**
 * How many timeouts the lock, the queue before it and a late write are waited for. Another process that holds the lock
 * reads, refreshes, reads again and writes.
 */
export const PATIENCE = 4;
// Milliseconds that a caller waits for the release of a lock, and `close` for a lock that is not wanted any more. The work
// is done, or never will be; but a process that ends right after should not leave the lock behind.
const RELEASE = 1000;

/** Runs one piece of work at a time for each key: in this process by a queue, among processes by a lock. */
export class Exclusive {
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #lock: TokenLock;
  readonly #timeout: number;
  readonly #patience: number;
  readonly #timers: Timers;

  /** @param timeout milliseconds for any one thing that the holder of a lock does: a read, a refresh, a write. */
  constructor(lock: TokenLock | undefined, timeout: number, timers: Timers) {
    this.#lock = lock ?? ((_, work) => work());
    this.#timeout = timeout;
    this.#patience = PATIENCE * timeout;
    this.#timers = timers;
  }

  /**
   * Runs `work` when it is the key's turn and the lock is held. Waits four timeouts at most for both together.
   *
   * @param closing ends the waiting when it aborts: the call rejects with its reason.
   * @throws {TokenStoreError} `lock_failed` – the work was not started.
   */
  async run<T>(key: string, work: (turn: Turn) => Promise<T>, closing?: AbortSignal): Promise<T> {
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
    const wait = <P>(promise: Promise<P>, what: string) => this.#wait(promise, what, deadline, closing);
    const limit = Math.min(RELEASE, this.#timeout);
    const endAfter = (released: Promise<void>) => within(limit, released, nothing, this.#timers.after).then(end, end);
    let held: Held<T>;
    try {
      if (before !== undefined) await wait(before, 'an earlier operation on the same connection did not end');
    } catch (error) {
      end();
      throw error;
    }
    const acquiring = this.#acquire(key, work);
    try {
      held = await wait(acquiring.held, 'the lock was not acquired');
    } catch (error) {
      void endAfter(acquiring.giveUp());
      throw error;
    }
    const { result, turn, settled } = held;
    const isFree = settled.then(() => endAfter(acquiring.released));
    await result.catch(nothing);
    if (!turn.isKept) await isFree;
    return result;
  }

  /** Settles when no work is under way. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  /** Starts the work as soon as the lock is held. */
  #acquire<T>(key: string, work: (turn: Turn) => Promise<T>): Acquiring<T> {
    const unwanted = new AbortController();
    let whole: Promise<void> | undefined;
    let start: (held: Held<T>) => void = nothing;
    const started = new Promise<Held<T>>((resolve) => {
      start = resolve;
    });
    const hold = (signal?: AbortSignal): Promise<unknown> => {
      if (unwanted.signal.aborted)
        return quiet(Promise.reject(new HookTimeoutError('The lock was acquired too late: nothing was done')));
      if (!whole) {
        const turn = new HeldTurn(signal);
        const result = work(turn);
        // The lock is held until the last write has landed, or never will.
        const settled = result.catch(nothing).then(() => this.#settled(turn));
        start({ result, turn, settled });
        // Without the result: it is tokens, and a lock may log what its work returned.
        whole = quiet(settled.then(() => result).then(nothing));
      }
      return whole;
    };
    const releasing = (async () => {
      await this.#lock(key, hold, unwanted.signal);
      if (!whole) throw new Error('The lock ended without calling work');
      return started;
    })();
    // What was done is done, even if the lock cannot be released.
    const released = releasing.then(nothing, nothing);
    const giveUp = (): Promise<void> => {
      unwanted.abort();
      return released;
    };
    return { held: Promise.race([started, releasing]), released, giveUp };
  }

  /** Settles when the writes of a turn that timed out have settled. A write that takes four timeouts more never will. */
  async #settled({ writes }: HeldTurn): Promise<void> {
    // A write that is tried again may be late again.
    while (writes.length > 0) {
      await within<unknown>(this.#patience, Promise.allSettled(writes.splice(0)), nothing, this.#timers.after);
    }
  }

  async #wait<T>(promise: Promise<T>, what: string, deadline: number, closing?: AbortSignal): Promise<T> {
    const late = (): never => {
      throw new HookTimeoutError(`Within ${this.#patience} ms (four times the client's timeout), ${what}`);
    };
    const left = Math.max(0, deadline - this.#timers.steady());
    try {
      return await within(left, unlessAborted(promise, closing), late, this.#timers.after);
    } catch (cause) {
      throw closing?.aborted && cause === closing.reason ? cause : lockFailed(cause);
    }
  }
}

/** Work that waits for the lock. */
interface Acquiring<T> {
  held: Promise<Held<T>>;
  /** The release of the lock, or its failure. */
  released: Promise<void>;
  /** Sees to it that the work is not started any more. Returns `released`. */
  giveUp(): Promise<void>;
}

/** Work that has the lock. */
interface Held<T> {
  result: Promise<T>;
  turn: HeldTurn;
  /** The end of its last write. */
  settled: Promise<void>;
}

class HeldTurn implements Turn {
  readonly #signal: AbortSignal | undefined;
  /** The writes that outlive the work. */
  readonly writes: Promise<unknown>[] = [];
  /** True if there was such a write. */
  isKept = false;

  constructor(signal?: AbortSignal) {
    // A lock of the app's may pass anything.
    this.#signal = signal instanceof AbortSignal ? signal : undefined;
  }

  isLost(): boolean {
    return this.#signal?.aborted === true;
  }

  keepUntil(write: Promise<unknown>): void {
    this.writes.push(write);
    this.isKept = true;
  }
}

function nothing(): void {}

/** The app's lock may not look at what it is given. A rejection must not end the process then. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(nothing);
  return promise;
}
