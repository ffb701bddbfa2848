import { CriteoClient } from '../criteo/client';
import { checkCount, optionError } from '../util/option-checks';
import { checkOptionNames } from '../util/option-names';
import { DAY } from './connection-status';
import type { TokenLock } from './lock';
import type { TokenStore } from './store';
import type { StoredTokenSet } from './stored-tokens';

/** How a TokenSource gets its tokens (RFC 6749 sections 6 and 4.4). */
export type TokenGrant = 'refresh_token' | 'client_credentials';

/** Options of {@link TokenSource}. */
export interface TokenSourceOptions {
  /** Sends the requests to Criteo. Its `timeout` also limits each call of the store, and `fetch` uses its `agent`. */
  client: CriteoClient;
  /**
   * Keeps the tokens.
   *
   * @default a `Map`, which ends with the process
   */
  store?: TokenStore | undefined;
  /**
   * `refresh_token` for connections that users made, `client_credentials` for the app's own token.
   *
   * @default 'refresh_token'
   */
  grant?: TokenGrant | undefined;
  /**
   * Keeps other processes from refreshing the same connection. Needed if several processes share a store.
   *
   * @default none
   */
  lock?: TokenLock | undefined;
  /**
   * Milliseconds before it expires at which an access token is refreshed, while callers still get it; half of its lifetime
   * if that is less. In the last twelfth of it, callers wait for the new one.
   *
   * @default 60_000
   */
  skew?: number | undefined;
  /**
   * How many refreshes may be under way at once. Others wait in a queue.
   *
   * @default 50
   */
  concurrency?: number | undefined;
  /**
   * Returns the time in milliseconds since the epoch.
   *
   * @default Date.now
   */
  now?: (() => number) | undefined;
  /**
   * Is called once when a connection is found to need a new consent. Nothing waits for it. If it throws or rejects, there
   * is a process warning with the code `CRITEO_HOOK_FAILED`.
   *
   * @default none
   */
  onReauthorizationRequired?: ((key: string) => unknown) | undefined;
  /**
   * Is called once for each refresh token, some days before Criteo stops accepting it, when the connection is refreshed:
   * ask the user to connect again in time. `expiresAt` is in milliseconds since the epoch. Failures are reported like those
   * of `onReauthorizationRequired`.
   *
   * @default none
   */
  onExpiring?: ((key: string, facts: { expiresAt: number }) => unknown) | undefined;
  /**
   * Milliseconds before a refresh token expires at which `onExpiring` is called.
   *
   * @default 1_209_600_000 (14 days)
   */
  expiringWithin?: number | undefined;
}

/** The options, checked, with their defaults. */
export type CheckedOptions = ReturnType<typeof readOptions>;

/** @throws {TypeError} naming the option that is wrong. */
export function readOptions(options: TokenSourceOptions) {
  checkOptionNames('TokenSource', options ?? {});
  const { client, grant = 'refresh_token', lock } = options ?? {};
  const { store = new Map<string, StoredTokenSet>() as TokenStore } = options ?? {};
  const { skew = 60_000, concurrency = 50, now = Date.now, onReauthorizationRequired } = options ?? {};
  const { onExpiring, expiringWithin = 14 * DAY } = options ?? {};
  const check = (holds: boolean, option: string, must: string): void => {
    if (!holds) throw optionError('TokenSource', option, must);
  };
  const isFunction = (value: unknown): boolean => typeof value === 'function';
  const isFunctionOrNone = (value: unknown): boolean => value === undefined || isFunction(value);
  const isDuration = (value: number): boolean => Number.isFinite(value) && value >= 0;
  const isStore = [store?.get, store?.set, store?.delete].every(isFunction) && isFunctionOrNone(store?.compareAndSet);
  check(client instanceof CriteoClient, 'client', 'must be a CriteoClient');
  check(
    isStore,
    'store',
    'must have the methods get, set and delete, as a Map and a Keyv have, and may have compareAndSet',
  );
  check(
    ['refresh_token', 'client_credentials'].includes(grant),
    'grant',
    'must be refresh_token or client_credentials',
  );
  check(isFunctionOrNone(lock), 'lock', 'must be a function of a key and of the work to do');
  check(isDuration(skew), 'skew', 'must be a number of milliseconds, 0 or more');
  checkCount('TokenSource', 'concurrency', concurrency);
  check(isFunction(now), 'now', 'must be a function that returns milliseconds since the epoch');
  check(isFunctionOrNone(onReauthorizationRequired), 'onReauthorizationRequired', 'must be a function of a key');
  check(isFunctionOrNone(onExpiring), 'onExpiring', 'must be a function of a key and of when it expires');
  check(isDuration(expiringWithin), 'expiringWithin', 'must be a number of milliseconds, 0 or more');
  return {
    ...{ client, store, grant, lock, skew, concurrency, now },
    ...{ onReauthorizationRequired, onExpiring, expiringWithin },
  };
}
