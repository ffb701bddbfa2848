import { HookTimeoutError, TokenStoreError } from '../errors';

/**
 * Keeps other processes from working on the same connection: calls `work` while nobody else does, and settles when the
 * lock is free again.
 *
 * @param key the connection.
 * @param work what to do; call it once the lock is held, and release the lock when its promise settles.
 */
export type TokenLock = (key: string, work: () => Promise<unknown>) => unknown;

/** Lets one piece of work at a time have a key: in this process by queueing, among processes by a lock. */
export class Exclusive {
  readonly #last = new Map<string, Promise<void>>();
  readonly #lock: TokenLock | undefined;
  readonly #patience: number;

  /** @param timeout milliseconds for any one thing that the holder of a lock does: a read, a refresh, a write. */
  constructor(lock: TokenLock | undefined, timeout: number) {
    this.#lock = lock;
    this.#patience = timeout;
  }

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lock = this.#lock;
    const turn = (): Promise<T> => (lock ? locked(lock, key, work, this.#patience) : work());
    const result = (this.#last.get(key) ?? Promise.resolve()).then(turn);
    const last = result.then(nothing, nothing).then(() => {
      if (this.#last.get(key) === last) this.#last.delete(key);
    });
    this.#last.set(key, last);
    return result;
  }
}

function nothing(): void {}

const LONGEST_TIMER = 2 ** 31 - 1;

async function locked<T>(lock: TokenLock, key: string, work: () => Promise<T>, patience: number): Promise<T> {
  // A live holder reads, refreshes, reads again after a refusal, and writes: whoever waits longer waits for nobody.
  const limit = Math.min(4 * patience, LONGEST_TIMER);
  let late = false;
  let result: Promise<T> | undefined;
  let hold: (held: { result: Promise<T> }) => void = nothing;
  const holding = new Promise<{ result: Promise<T> }>((resolve) => {
    hold = resolve;
  });
  const releasing = (async () => {
    await lock(key, () => {
      if (late) return Promise.reject(new HookTimeoutError(`The lock was had too late, after ${limit} ms`));
      result ??= work();
      hold({ result });
      return result;
    });
    throw new Error('The lock ended without calling work');
  })();
  let held: { result: Promise<T> };
  try {
    held = await within(limit, Promise.race([holding, releasing]), async () => {
      throw new HookTimeoutError(`The lock was not had within ${limit} ms`);
    });
  } catch (cause) {
    late = true;
    throw new TokenStoreError('The lock of the token source failed: see the cause. Nothing was asked of Criteo', {
      code: 'lock_failed',
      status: 503,
      retryable: true,
      cause,
    });
  }
  // What was done is done, even if the lock cannot be released; but whoever ends the process right after us should not
  // leave the lock behind.
  await held.result.catch(nothing);
  await within(patience, releasing.catch(nothing), async () => {});
  return held.result;
}

/** The promise's outcome, or that of `late` after so many milliseconds. */
function within<T>(milliseconds: number, promise: Promise<T>, late: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => late().then(resolve, reject), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
