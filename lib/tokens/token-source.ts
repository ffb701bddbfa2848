import { type APIEndpoint, apiEndpoint, type CriteoClient } from '../criteo/client';
import type { TokenSet } from '../criteo/token-set';
import { CriteoTokenError, ReauthorizationRequiredError, TokenStoreError } from '../errors';
import { abortable } from '../http/abort';
import { checkTimeout } from '../util/checks';
import { Clock } from './clock';
import { fetchWithToken, readURL, type TokenFetchInit } from './fetch';
import { Exclusive } from './lock';
import { readOptions, type TokenGrant, type TokenSourceOptions } from './options';
import { askTwice, isOutage } from './retry';
import { CheckedStore } from './store';
import { readRecord, type StoredTokenSet } from './stored-tokens';

/** Options of {@link TokenSource.accessToken}. */
export interface AccessTokenOptions {
  /** The access token that Criteo refused, to get another one; or `true`, to get another than the one in the store. */
  force?: boolean | string | undefined;
  /** Ends the waiting of this caller; a refresh under way goes on for the others. */
  signal?: AbortSignal | undefined;
}

/**
 * A valid access token for every connection, for months: keeps the tokens in a store and refreshes them in time, once
 * however many callers ask.
 *
 * Every method rejects with a `TypeError` naming the argument that is wrong, and with a {@link TokenStoreError} where the
 * store or the lock fails.
 */
export class TokenSource {
  readonly #client: CriteoClient;
  readonly #api: APIEndpoint;
  readonly #grant: TokenGrant;
  readonly #skew: number;
  readonly #clock: Clock;
  readonly #store: CheckedStore;
  readonly #exclusive: Exclusive;
  readonly #onReauthorizationRequired: TokenSourceOptions['onReauthorizationRequired'];
  /** Renewals under way, by connection. */
  readonly #renewals = new Map<string, Promise<StoredTokenSet>>();
  /** Tokens that Criteo gave and the store did not take, beside those that they replace. */
  readonly #unsaved = new Map<string, { tokens: StoredTokenSet; replaced: StoredTokenSet | undefined }>();

  /** @throws {TypeError} naming the option that is wrong. */
  constructor(options: TokenSourceOptions) {
    const { client, store, grant, lock, skew, now, onReauthorizationRequired } = readOptions(options);
    this.#client = client;
    this.#api = apiEndpoint(client);
    this.#grant = grant;
    this.#skew = skew;
    this.#clock = new Clock(now);
    this.#store = new CheckedStore(store, this.#api.timeout);
    this.#exclusive = new Exclusive(lock, this.#api.timeout);
    this.#onReauthorizationRequired = onReauthorizationRequired;
  }

  /**
   * Keeps the tokens of a consent, replacing what there was. Tokens without a refresh token, as a refresh may bring,
   * leave the one in the store.
   *
   * @param key the connection: the user's id in your application, say.
   */
  async save(key: string, tokens: TokenSet): Promise<void> {
    const name = this.#key('save', key);
    if (this.#grant === 'client_credentials') {
      throw new TypeError('TokenSource.save: there is nothing to save with the grant client_credentials');
    }
    const record = readRecord(tokens);
    if (typeof record === 'string') throw new TypeError(`TokenSource.save: tokens ${record}`);
    delete record.reauthorizeSince;
    await this.#exclusive.run(name, async () => {
      if (record.refreshToken === undefined) {
        const before = this.#unsaved.get(name)?.tokens ?? (await this.#store.read(name));
        if (before?.refreshToken !== undefined && before.reauthorizeSince === undefined) {
          record.refreshToken = before.refreshToken;
        }
      }
      await this.#store.write(name, record);
      this.#unsaved.delete(name);
    });
  }

  /**
   * An access token that is good for a while: the one in the store, or a new one.
   *
   * @param key the connection. With the grant `client_credentials`, the store's key for the app's token: by default one
   *   with the client's id.
   * @throws {ReauthorizationRequiredError} the connection is dead (`reauthorization_required`) or was never made
   *   (`not_connected`): only the user can help.
   * @throws {CriteoTokenError} Criteo refused: `invalid_client`, …; the tokens are kept.
   * @throws {CriteoTransportError} Criteo was not to be reached, and the access token in the store is dead; the tokens are
   *   kept.
   */
  async accessToken(key?: string, options: AccessTokenOptions = {}): Promise<string> {
    const name = this.#key('accessToken', key);
    const { force = false, signal } = options ?? {};
    if (typeof force !== 'boolean' && (typeof force !== 'string' || force === '')) {
      throw new TypeError('TokenSource.accessToken: force must be a boolean, or the access token that was refused');
    }
    checkSignal('accessToken', signal);
    if (signal?.aborted) return abortable(new Promise<never>(() => {}), signal);
    return (await abortable(this.#current(name, force), signal)).accessToken;
  }

  /**
   * Calls Criteo's API as the connection, as the global `fetch` would. An access token that Criteo refuses
   * (`authorization-token-expired`, `authorization-token-invalid`) is replaced, and the call repeated, once; when the rate
   * limit is reached, the call is repeated once it is reset, if that is within `init.timeout`. Neither happens to a body
   * that is a stream. Redirects are not followed; compression is not asked for.
   *
   * @param key the connection, as for {@link accessToken}.
   * @param url a path, such as `/2026-07/advertisers/me`, or a URL of the API's origin.
   * @returns the answer, whatever its status.
   * @throws what {@link accessToken} throws.
   * @throws {CriteoTransportError} no answer came.
   */
  async fetch(key: string | undefined, url: string | URL, init: TokenFetchInit = {}): Promise<Response> {
    const name = this.#key('fetch', key);
    const target = readURL(this.#api.url, url);
    const { timeout, signal } = init ?? {};
    if (timeout !== undefined) checkTimeout('TokenSource.fetch', timeout);
    checkSignal('fetch', signal);
    const token = async (options: AccessTokenOptions) => this.accessToken(name, options);
    return fetchWithToken(this.#api, target, init ?? {}, token, () => this.#clock.now());
  }

  /** Forgets a connection's tokens. Criteo has no endpoint to revoke them: the user does, at consent.criteo.com. */
  async delete(key?: string): Promise<void> {
    const name = this.#key('delete', key);
    await this.#exclusive.run(name, async () => {
      await this.#store.remove(name);
      this.#unsaved.delete(name);
    });
  }

  #key(method: string, key: unknown): string {
    if (key === undefined && this.#grant === 'client_credentials') return `client_credentials:${this.#client.clientID}`;
    if (typeof key === 'string' && key !== '') return key;
    throw new TypeError(`TokenSource.${method}: key must be a non-empty string`);
  }

  async #current(key: string, force: boolean | string): Promise<StoredTokenSet> {
    const seen = await this.#store.read(key);
    const refused = force === true ? seen?.accessToken : force || undefined;
    // What the store did not take is newer than what it has.
    const usable = this.#unsaved.has(key) ? undefined : this.#usable(key, seen, refused);
    if (usable) return usable;
    try {
      return await this.#renewed(key, refused);
    } catch (error) {
      const passing = isOutage(error) || (error instanceof TokenStoreError && error.code === 'lock_failed');
      if (passing && seen && seen.accessToken !== refused && this.#clock.left(seen, this.#skew) > 0) return seen;
      throw error;
    }
  }

  /** The tokens, if they will do; nothing, if there must be new ones. */
  #usable(key: string, tokens: StoredTokenSet | undefined, refused: string | undefined): StoredTokenSet | undefined {
    if (!tokens) {
      if (this.#grant === 'client_credentials') return undefined;
      const why = `There are no tokens for ${JSON.stringify(key)}: the user must connect to Criteo`;
      throw new ReauthorizationRequiredError(why, { code: 'not_connected' });
    }
    if (tokens.reauthorizeSince !== undefined) throw reauthorizationRequired(key);
    const skew = Math.min(this.#skew, (tokens.expiresAt - tokens.obtainedAt) / 2);
    return tokens.accessToken !== refused && this.#clock.left(tokens, this.#skew) > skew ? tokens : undefined;
  }

  /** Other tokens than those with the access token `refused`, or than stale ones; asked for once, whoever wants them. */
  async #renewed(key: string, refused: string | undefined): Promise<StoredTokenSet> {
    const tokens = await this.#renewals.get(key);
    // Whoever began a renewal may have been content with the very token that was refused to us.
    if (tokens && tokens.accessToken !== refused) return tokens;
    return this.#renewals.get(key) ?? this.#begin(key, refused);
  }

  #begin(key: string, refused: string | undefined): Promise<StoredTokenSet> {
    const renewal = this.#exclusive.run(key, () => this.#renew(key, refused));
    this.#renewals.set(key, renewal);
    const forget = (): void => {
      this.#renewals.delete(key);
    };
    renewal.then(forget, forget);
    return renewal;
  }

  async #renew(key: string, refused: string | undefined, again = true): Promise<StoredTokenSet> {
    await this.#saveUnsaved(key);
    // Another process may have been here since the caller looked.
    const seen = await this.#store.read(key);
    const usable = this.#usable(key, seen, refused);
    if (usable) return usable;
    if (this.#grant === 'client_credentials' || !seen) {
      const tokens = await this.#ask((timeout) => this.#client.clientCredentials({ timeout }));
      return this.#keep(key, tokens, seen);
    }
    const { refreshToken } = seen;
    if (refreshToken === undefined) return this.#markDead(key, seen);
    try {
      const tokens = await this.#ask((timeout) => this.#client.refresh(refreshToken, { timeout }));
      return await this.#keep(key, { ...seen, refreshToken, ...tokens }, seen);
    } catch (error) {
      if (!(error instanceof CriteoTokenError) || error.code !== 'invalid_grant') throw error;
      // Without a lock, another process may just have replaced what we asked with.
      const now = await this.#store.read(key);
      if (now?.refreshToken === refreshToken) return this.#markDead(key, now, error);
      if (again) return this.#renew(key, refused, false);
      throw error;
    }
  }

  /** Asks Criteo; the life of the answer's token is counted by our clock, from when it was asked for. */
  #ask(ask: (timeout: number) => Promise<TokenSet>): Promise<TokenSet> {
    return askTwice(this.#api.timeout, async (timeout) => {
      const obtainedAt = this.#clock.now();
      const tokens = await ask(timeout);
      return { ...tokens, obtainedAt, expiresAt: obtainedAt + (tokens.expiresAt - tokens.obtainedAt) };
    });
  }

  async #keep(key: string, tokens: TokenSet, replaced: StoredTokenSet | undefined): Promise<StoredTokenSet> {
    try {
      await this.#store.write(key, tokens);
    } catch (error) {
      this.#unsaved.set(key, { tokens, replaced });
      throw error;
    }
    return tokens;
  }

  async #saveUnsaved(key: string): Promise<void> {
    const unsaved = this.#unsaved.get(key);
    if (!unsaved) return;
    const { tokens, replaced } = unsaved;
    const now = await this.#store.read(key);
    // Unless somebody else has replaced or deleted them since; a mark that they are dead is outdated by ours.
    if (now?.accessToken === replaced?.accessToken && now?.refreshToken === replaced?.refreshToken) {
      await this.#store.write(key, tokens);
    }
    this.#unsaved.delete(key);
  }

  async #markDead(key: string, tokens: StoredTokenSet, cause?: CriteoTokenError): Promise<never> {
    await this.#store.write(key, { ...tokens, reauthorizeSince: this.#clock.now() });
    const hook = this.#onReauthorizationRequired;
    (async () => hook?.(key))().catch((reason: unknown) => {
      process.emitWarning('The hook onReauthorizationRequired of a TokenSource failed', {
        code: 'CRITEO_HOOK_FAILED',
        detail: String(reason),
      });
    });
    throw reauthorizationRequired(key, cause);
  }
}

function reauthorizationRequired(key: string, cause?: CriteoTokenError): ReauthorizationRequiredError {
  const why = `The connection ${JSON.stringify(key)} is dead (expired or revoked): the user must connect to Criteo again`;
  return new ReauthorizationRequiredError(why, { cause, response: cause?.response, traceId: cause?.traceId });
}

function checkSignal(method: string, signal: unknown): void {
  if (signal === undefined || signal === null || signal instanceof AbortSignal) return;
  throw new TypeError(`TokenSource.${method}: signal must be an AbortSignal`);
}
