import { foreignCause, TokenStoreError } from '../errors';
import { askHook } from '../login/hook';
import { readRecord, type StoredTokenSet } from './stored-tokens';

type Awaitable<T> = T | PromiseLike<T>;

/**
 * Where tokens are kept, by connection: a `Map` (for trials), a Keyv on Redis, PostgreSQL, SQLite, …, or three
 * functions of your own. Its failures must show: let it throw, or reject, or answer `false` to a write. Create a Keyv
 * with `throwOnErrors: true`, else a failed read looks like a connection that was never made.
 */
export interface TokenStore {
  /** The tokens of a connection; `undefined` or `null` where there are none. */
  get(key: string): Awaitable<StoredTokenSet | null | undefined>;
  /** Keeps tokens, replacing those there are. */
  set(key: string, tokens: StoredTokenSet): unknown;
  /** Forgets them. */
  delete(key: string): unknown;
}

/** A store whose answers are checked, and come within `timeout` milliseconds. */
export class CheckedStore {
  readonly #store: TokenStore;
  readonly #timeout: number;

  constructor(store: TokenStore, timeout: number) {
    this.#store = store;
    this.#timeout = timeout;
  }

  async read(key: string): Promise<StoredTokenSet | undefined> {
    const found = await this.#ask('get', () => this.#store.get(key));
    if (found === undefined || found === null) return undefined;
    const tokens = readRecord(found);
    if (typeof tokens !== 'string') return tokens;
    throw new TokenStoreError(
      `What the token store returned for ${JSON.stringify(key)} ${tokens}: nothing was asked of Criteo and nothing was overwritten. Repair it, or save(key, tokens) anew`,
      { code: 'store_invalid', status: 500 },
    );
  }

  async write(key: string, tokens: StoredTokenSet): Promise<void> {
    const answer = await this.#ask('set', () => this.#store.set(key, tokens));
    if (answer === false) throw failed('set', new Error('set answered false'));
  }

  async remove(key: string): Promise<void> {
    // Its answer says whether there was anything to delete.
    await this.#ask('delete', () => this.#store.delete(key));
  }

  async #ask(method: 'get' | 'set' | 'delete', call: () => unknown): Promise<unknown> {
    try {
      const [answer] = await askHook(`The ${method} of the token store`, this.#timeout, async (done) => {
        done(undefined, await call());
      });
      return answer;
    } catch (cause) {
      throw failed(method, cause);
    }
  }
}

function failed(method: string, cause: unknown): TokenStoreError {
  return new TokenStoreError(`The token store failed to ${method}: see the cause`, {
    code: 'store_failed',
    status: 503,
    retryable: true,
    cause: foreignCause(cause),
  });
}
