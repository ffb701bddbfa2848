import { CriteoClient } from '../criteo/client';
import { optionError } from '../util/checks';
import type { TokenLock } from './lock';
import type { TokenStore } from './store';
import type { StoredTokenSet } from './stored-tokens';

/** How a TokenSource comes by its tokens (RFC 6749 sections 6 and 4.4). */
export type TokenGrant = 'refresh_token' | 'client_credentials';

/** Options of {@link TokenSource}. */
export interface TokenSourceOptions {
  /** Asks Criteo. Its `timeout` is also the longest that the store may take, and `fetch` goes through its `agent`. */
  client: CriteoClient;
  /** Where the tokens are kept. Default: a `Map`, which dies with the process. */
  store?: TokenStore | undefined;
  /** `client_credentials` for the app's own token. Default `refresh_token`: connections that users made. */
  grant?: TokenGrant | undefined;
  /** Keeps other processes from refreshing the same connection. Needed where several share a store. Default: none. */
  lock?: TokenLock | undefined;
  /**
   * An access token with fewer milliseconds left is refreshed. Default 60 000; half of the token's life, where that is
   * less.
   */
  skew?: number | undefined;
  /** The time, in milliseconds since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
  /**
   * Is told, once, that a connection died and that only a new consent can revive it. Nothing waits for it; if it throws
   * or rejects, there is a process warning with the code `CRITEO_HOOK_FAILED`.
   */
  onReauthorizationRequired?: ((key: string) => unknown) | undefined;
}

/** @throws {TypeError} naming the option that is wrong. */
export function readOptions(options: TokenSourceOptions) {
  const { client, store = new Map<string, StoredTokenSet>(), grant = 'refresh_token', lock } = options ?? {};
  const { skew = 60_000, now = Date.now, onReauthorizationRequired } = options ?? {};
  const check = (holds: boolean, option: string, must: string): void => {
    if (!holds) throw optionError('TokenSource', option, must);
  };
  const isFunction = (value: unknown): boolean => typeof value === 'function';
  const isFunctionOrNone = (value: unknown): boolean => value === undefined || isFunction(value);
  const isStore = [store?.get, store?.set, store?.delete].every(isFunction);
  check(client instanceof CriteoClient, 'client', 'must be a CriteoClient');
  check(isStore, 'store', 'must have the methods get, set and delete, as a Map and a Keyv have');
  check(
    ['refresh_token', 'client_credentials'].includes(grant),
    'grant',
    'must be refresh_token or client_credentials',
  );
  check(isFunctionOrNone(lock), 'lock', 'must be a function of a key and of the work to do');
  check(Number.isFinite(skew) && skew >= 0, 'skew', 'must be a number of milliseconds, 0 or more');
  check(isFunction(now), 'now', 'must be a function that returns milliseconds since the epoch');
  check(isFunctionOrNone(onReauthorizationRequired), 'onReauthorizationRequired', 'must be a function of a key');
  return { client, store, grant, lock, skew, now, onReauthorizationRequired };
}
