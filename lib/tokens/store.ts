import { HookTimeoutError, TokenStoreError } from '../errors';
import { within } from '../util/deadline';
import { isRecord } from '../util/json';
import type { Timers } from './clock';
import { storeFailed } from './connection-errors';
import type { Turn } from './lock';
import { isSameRecord, readRecord, type StoredTokenSet } from './stored-tokens';

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

/** What the store holds under a key: a record, or something that is none. */
interface Row {
  tokens?: StoredTokenSet;
  /** What is wrong with the record, without a value. */
  problem?: string;
  /** For `compareAndSet`; absent if there is no row. */
  version?: string;
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
  readonly isAtomic: boolean;

  constructor(store: TokenStore, timeout: number, timers: Timers) {
    this.#store = store;
    this.#timeout = timeout;
    this.#timers = timers;
    this.isAtomic = typeof store.compareAndSet === 'function';
  }

  /**
   * Returns the tokens of a connection.
   *
   * @throws {TokenStoreError} store_invalid – the store returned something else than it was given.
   */
  async read(key: string): Promise<StoredTokenSet | undefined> {
    const { tokens, problem } = await this.#look(key);
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
    // Without a turn: a late one fails by its version.
    if (this.isAtomic) return this.#compareAndSet(key, base && (base.version ?? ''), tokens);
    if (!isSameRecord(await this.read(key), base)) return false;
    await this.#set(key, tokens, turn);
    return true;
  }

  /**
   * Replaces whatever is stored. What cannot be used is replaced too: that is how it is repaired.
   *
   * @param next returns the record for the stored one.
   * @returns false if another process changed the record in between; nothing was written.
   */
  async overwrite(
    key: string,
    next: (stored: StoredTokenSet | undefined) => StoredTokenSet,
    turn: Turn,
  ): Promise<boolean> {
    if (this.isAtomic) {
      const { tokens, version } = await this.#look(key);
      // With the turn: after a `delete` that found nothing, nothing else would stop a late first record.
      return this.#compareAndSet(key, version, next(tokens), turn);
    }
    const row = await this.#look(key).catch(() => undefined);
    await this.#set(key, next(row?.tokens), turn);
    return true;
  }

  /**
   * Deletes whatever is stored.
   *
   * @returns false if another process changed the record in between; nothing was deleted.
   */
  async delete(key: string, turn: Turn): Promise<boolean> {
    if (this.isAtomic) {
      const { version } = await this.#look(key);
      return version === undefined || this.#compareAndSet(key, version, undefined, turn);
    }
    // The result says only if there was anything to delete.
    await this.#call('delete', () => this.#store.delete(key), turn);
    return true;
  }

  async #look(key: string): Promise<Row> {
    const found = await this.#call('get', () => this.#store.get(key));
    if (found === undefined || found === null) return {};
    const tokens = readRecord(found);
    if (typeof tokens !== 'string') return { tokens, version: tokens.version ?? '' };
    const version = isRecord(found) && typeof found['version'] === 'string' ? found['version'] : '';
    return { problem: tokens, version };
  }

  async #compareAndSet(
    key: string,
    expected: string | undefined,
    tokens: StoredTokenSet | undefined,
    turn?: Turn,
  ): Promise<boolean> {
    const call = () => this.#store.compareAndSet?.(key, expected, tokens && { ...tokens });
    const isDone = await this.#call('compareAndSet', call, turn);
    if (typeof isDone === 'boolean') return isDone;
    throw storeFailed('compareAndSet', new TypeError('compareAndSet must return true or false'));
  }

  async #set(key: string, tokens: StoredTokenSet, turn: Turn): Promise<void> {
    const result = await this.#call('set', () => this.#store.set(key, { ...tokens }), turn);
    if (result === false) throw storeFailed('set', new Error('set returned false'));
  }

  async #call(method: keyof TokenStore, call: () => unknown, turn?: Turn): Promise<unknown> {
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
      throw storeFailed(method, cause);
    }
  }
}
