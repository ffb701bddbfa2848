import { type APIEndpoint, apiEndpoint, type CriteoClient } from '../criteo/client';
import type { TokenSet } from '../criteo/token-set';
import { abortError } from '../http/abort';
import { unlessAborted } from '../util/abort-signal';
import { checkTimeout } from '../util/option-checks';
import { readKey } from './connection-key';
import type { ConnectionStatus } from './connection-status';
import { Connections } from './connections';
import { type FetchCall, fetchWithToken, readURL, type TokenFetchInit } from './fetch';
import { type FetchInput, readFetchInput } from './fetch-input';
import { readOptions, type TokenGrant, type TokenSourceOptions } from './options';
import { readRecord } from './stored-tokens';

/** Options of {@link TokenSource.accessToken}. */
export interface AccessTokenOptions {
  /**
   * The access token that Criteo refused, to get another one; or `true`, to get another than the one in the store, unless
   * that is younger than a second.
   *
   * @default false
   */
  force?: boolean | string | undefined;
  /** Ends the waiting of this caller. A refresh under way goes on for the other callers. */
  signal?: AbortSignal | undefined;
}

/**
 * Returns a valid access token for every connection, for months: keeps the tokens in a store, and refreshes them in time
 * and once, however many callers ask.
 *
 * Every method rejects with a `TypeError` naming the argument that is wrong; with a {@link TokenStoreError} `store_failed`
 * or `lock_failed` if the store or the lock fails; and with `closed` after {@link TokenSource.close}.
 */
export class TokenSource {
  readonly #client: CriteoClient;
  readonly #api: APIEndpoint;
  readonly #grant: TokenGrant;
  readonly #connections: Connections;

  /** @throws {TypeError} naming the option that is wrong. */
  constructor(options: TokenSourceOptions) {
    const checked = readOptions(options);
    this.#client = checked.client;
    this.#grant = checked.grant;
    this.#api = apiEndpoint(checked.client);
    this.#connections = new Connections(checked, this.#api.timeout);
  }

  /**
   * Stores the tokens of a consent, replacing those there are. Tokens without a refresh token, as a refresh may bring,
   * leave the stored one.
   *
   * @param key the connection: the user's id in your app, for example. Not one that starts with `client_credentials:`.
   */
  async save(key: string, tokens: TokenSet): Promise<void> {
    const name = this.#key('save', key);
    if (this.#grant === 'client_credentials') {
      throw new TypeError('TokenSource.save: there is nothing to save with the grant client_credentials');
    }
    const record = readRecord(tokens);
    if (typeof record === 'string') throw new TypeError(`TokenSource.save: tokens ${record}`);
    await this.#connections.save(name, record);
  }

  /**
   * Returns an access token that is valid for a while: the one in the store, or a new one.
   *
   * @param key the connection. With the grant `client_credentials` it may be left out, and only tells several tokens of the
   *   app apart.
   * @throws {ReauthorizationRequiredError} `reauthorization_required` – Criteo refuses the refresh token, or there is none;
   *   `not_connected` – there are no tokens: the user must connect.
   * @throws {TokenStoreError} `client_mismatch` – the tokens were issued to another client id.
   * @throws {CriteoTokenError} `invalid_client`, … – Criteo refused the request; the tokens are kept.
   * @throws {CriteoTransportError} `timeout`, `connection_failed`, … – Criteo could not be reached, and the access token in
   *   the store has expired; the tokens are kept. While Criteo is not asked again, both come at once, with `retryAfter`.
   * @throws {CriteoAPIError} `fresh_token_refused` – `force` names a token that Criteo has just issued in place of another
   *   one that was refused.
   */
  async accessToken(key?: string, options: AccessTokenOptions = {}): Promise<string> {
    const name = this.#key('accessToken', key);
    const { force = false, signal } = options ?? {};
    if (typeof force !== 'boolean' && (typeof force !== 'string' || force === '')) {
      throw new TypeError('TokenSource.accessToken: force must be a boolean, or the access token that was refused');
    }
    checkSignal('accessToken', signal);
    return this.#token(name, force, signal);
  }

  /**
   * Calls Criteo's API as the connection, as the global `fetch` would. An access token that Criteo refuses (401 with a code
   * `authorization-token-…`) is replaced, and the call repeated, once; when the rate limit is reached, the call is repeated
   * once it is reset, if that is within `init.timeout`. Neither happens to a body that is a stream. Redirects are not
   * followed; compression is not asked for.
   *
   * @param key the connection, as for {@link accessToken}.
   * @param url a path, such as `/2026-07/advertisers/me`, or a URL of the API's origin.
   * @returns the response, whatever its status.
   * @throws what {@link accessToken} throws.
   * @throws {CriteoTransportError} `timeout`, `connection_failed`, … – no response came.
   */
  async fetch(key: string | undefined, url: string | URL, init: TokenFetchInit = {}): Promise<Response> {
    return this.#call(this.#key('fetch', key), { url, init: init ?? {}, signalOf: { signal: init?.signal } });
  }

  /**
   * Returns a `fetch` that calls Criteo's API as a connection, for libraries that take one (openapi-fetch, ky, ofetch,
   * axios, …). It takes what the global `fetch` does, `Request` objects too, and does what {@link TokenSource.fetch} does.
   * A body of more than 1 MiB in a `Request` is sent once and never repeated, as a stream is.
   *
   * @param key as for {@link TokenSource.accessToken}
   * @throws {TypeError} `key` is wrong. (The function itself throws what {@link TokenSource.fetch} throws.)
   */
  fetcher(key?: string): typeof fetch {
    const name = this.#key('fetcher', key);
    return async (input: FetchInput, init?: RequestInit) => this.#call(name, readFetchInput(input, init));
  }

  /**
   * Describes a connection without its tokens: when it was connected, how long the refresh token is valid, and when and
   * why it was found that the user must consent again. Reads the store only.
   *
   * @returns `undefined` if there are no tokens.
   */
  async status(key?: string): Promise<ConnectionStatus | undefined> {
    return this.#connections.status(this.#key('status', key));
  }

  /** Deletes a connection's tokens. Criteo has no endpoint to revoke them: the user does, at consent.criteo.com. */
  async delete(key?: string): Promise<void> {
    await this.#connections.delete(this.#key('delete', key));
  }

  /**
   * Waits for refreshes, writes and locks under way, so that nothing that Criteo returned is lost when the process ends;
   * it takes no longer than the client's `timeout` and the store's failures allow. Calls made afterwards, and refreshes
   * that were not started yet, reject with a {@link TokenStoreError} `closed`. Does not close the store.
   */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** Closes the source at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #key(method: string, key: unknown): string {
    return readKey(method, key, this.#grant, this.#client.clientID);
  }

  async #call(name: string, call: FetchCall): Promise<Response> {
    const target = readURL(this.#api.url, call.url);
    const { timeout } = call.init;
    if (timeout !== undefined) checkTimeout('TokenSource.fetch', timeout);
    checkSignal('fetch', call.signalOf.signal);
    const token = (force: string | undefined, signal: AbortSignal) => this.#token(name, force ?? false, signal);
    return fetchWithToken(this.#api, target, call, token, () => this.#connections.now());
  }

  async #token(name: string, force: boolean | string, signal: AbortSignal | undefined): Promise<string> {
    if (signal?.aborted) throw abortError(signal.reason);
    return (await unlessAborted(this.#connections.current(name, force), signal, abortError)).accessToken;
  }
}

function checkSignal(method: string, signal: unknown): void {
  if (signal === undefined || signal === null || signal instanceof AbortSignal) return;
  throw new TypeError(`TokenSource.${method}: signal must be an AbortSignal`);
}
