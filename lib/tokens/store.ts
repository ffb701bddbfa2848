import { HookTimeoutError, TokenStoreError } from '../errors';
import { within } from '../util/deadline';
import { foreignCause } from '../util/foreign-cause';
import { isRecord } from '../util/json';
import type { Turn } from './lock';
import { isSameRecord, readRecord, type StoredTokenSet } from './stored-tokens';
import { realTimers, type Timers } from './timers';

type Awaitable<T> = T | PromiseLike<T>;

/**
 * Keeps tokens by connection: a `Map` (for trials), a Keyv on Redis, PostgreSQL, SQLite, …, or an object of your own. It
 * must show its failures: throw, reject, or return `false` from `set`. Create a Keyv with `throwOnErrors: true`; without
 * it a failed read looks like a connection that was never made.
 *
 * With `compareAndSet`, no write can overwrite a newer one, whichever process made it and however late it lands. Without
 * it, the record is read again right before each write; a write of another process between that read and the write is
 * overwritten.
 */
export interface TokenStore {
  /**
   * Returns the tokens of a connection; `undefined` or `null` if there are none. If there are some that cannot be decoded,
   * it may return an object with their `version` only: `save` and `delete` can replace them then, by `compareAndSet`.
   */
  get(key: string): Awaitable<StoredTokenSet | null | undefined>;
  /** Keeps tokens, replacing those there are. Not called if there is a `compareAndSet`. */
  set(key: string, tokens: StoredTokenSet): unknown;
  /** Deletes the tokens. Not called if there is a `compareAndSet`. */
  delete(key: string): unknown;
  /**
   * Replaces or deletes tokens in one atomic step, if the store still holds what was read before.
   *
   * @param expected the `version` of the record that must be stored; `''` for a record without a version; `undefined` if
   *   there must be none.
   * @param tokens what to store; `undefined` to delete the record.
   * @returns true if it was done; false, with nothing changed, if the store holds something else.
   */
  compareAndSet?(key: string, expected: string | undefined, tokens: StoredTokenSet | undefined): Awaitable<boolean>;
}

type Method = 'get' | 'set' | 'delete' | 'compareAndSet';

/** What the store holds under a key: a record, or something that is none. */
interface Row {
  tokens: StoredTokenSet | undefined;
  /** What is wrong with the record, without a value. */
  problem?: string;
  /** For `compareAndSet`. */
  version: string | undefined;
}

/**
 * A store whose results are checked, and which takes `timeout` milliseconds at most. It gets copies of the tokens, because
 * it may change what it is given: an ORM adds fields, an encrypting store may encrypt in place.
 */
export class CheckedStore {
  readonly #store: TokenStore;
  readonly #timeout: number;
  readonly #timers: Timers;
  /** True if the store can compare and set in one step. */
  readonly atomic: boolean;

  constructor(store: TokenStore, timeout: number, timers: Timers = realTimers) {
    this.#store = store;
    this.#timeout = timeout;
    this.#timers = timers;
    this.atomic = typeof store.compareAndSet === 'function';
  }

  /** Returns what the store holds, even if it cannot be used. */
  async look(key: string): Promise<Row> {
    const found = await this.#call('get', () => this.#store.get(key));
    if (found === undefined || found === null) return { tokens: undefined, version: undefined };
    const tokens = readRecord(found);
    if (typeof tokens !== 'string') return { tokens, version: tokens.version ?? '' };
    const version = isRecord(found) && typeof found['version'] === 'string' ? found['version'] : '';
    return { tokens: undefined, problem: tokens, version };
  }

  /**
   * Returns the tokens of a connection.
   *
   * @throws {TokenStoreError} store_invalid – the store returned something else than it was given.
   */
  async read(key: string): Promise<StoredTokenSet | undefined> {
    const { tokens, problem } = await this.look(key);
    if (problem === undefined) return tokens;
    throw new TokenStoreError(
      `What the token store returned for ${JSON.stringify(key)} ${problem}: nothing was asked of Criteo and nothing was overwritten. Repair it, or save(key, tokens) again`,
      { code: 'store_invalid', status: 500, key },
    );
  }

  /**
   * Replaces the tokens `base` by others.
   *
   * @returns false if the store holds something else by now; nothing was written.
   */
  async replace(key: string, base: StoredTokenSet | undefined, tokens: StoredTokenSet, turn: Turn): Promise<boolean> {
    if (this.atomic) return this.compareAndSet(key, base && (base.version ?? ''), tokens);
    if (!isSameRecord(await this.read(key), base)) return false;
    await this.write(key, tokens, turn);
    return true;
  }

  /**
   * Replaces the record with the version `expected`.
   *
   * @param turn is kept if this takes too long. A refresh needs that not, because a late one fails by its version; but
   *   nothing would stop the late first record of a `save` after a `delete` that found none.
   */
  async compareAndSet(
    key: string,
    expected: string | undefined,
    tokens: StoredTokenSet | undefined,
    turn?: Turn,
  ): Promise<boolean> {
    const call = () => this.#store.compareAndSet?.(key, expected, tokens && { ...tokens });
    const done = await this.#call('compareAndSet', call, turn);
    if (typeof done === 'boolean') return done;
    throw failed('compareAndSet', new TypeError('compareAndSet must return true or false'));
  }

  /** Writes, whatever is there. */
  async write(key: string, tokens: StoredTokenSet, turn: Turn): Promise<void> {
    const result = await this.#call('set', () => this.#store.set(key, { ...tokens }), turn);
    if (result === false) throw failed('set', new Error('set returned false'));
  }

  /** Deletes, whatever is there. The result says only whether there was anything to delete. */
  async remove(key: string, turn: Turn): Promise<void> {
    await this.#call('delete', () => this.#store.delete(key), turn);
  }

  async #call(method: Method, call: () => unknown, turn?: Turn): Promise<unknown> {
    const result = (async () => call())();
    const late = (): never => {
      // It may still land: nothing else may be written until it has.
      turn?.keepUntil(result);
      const why = `The ${method} of the token store did not respond within ${this.#timeout} ms (the option timeout)`;
      throw new HookTimeoutError(why);
    };
    try {
      return await within(this.#timeout, result, late, this.#timers.after);
    } catch (cause) {
      throw failed(method, cause);
    }
  }
}

function failed(method: Method, cause: unknown): TokenStoreError {
  return new TokenStoreError(`The token store failed to ${method}: see the cause`, {
    code: 'store_failed',
    status: 503,
    retryable: true,
    cause: cause instanceof HookTimeoutError ? cause : foreignCause(cause),
  });
}
