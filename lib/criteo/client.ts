import type { Agent } from 'node:http';
import { type Endpoint, exchange, keepAliveAgent } from '../http/exchange';
import { checkAgent, checkBase, checkCredential, checkEndpoint, checkTimeout, defaults } from '../util/checks';
import { isRecord, parseJSON } from '../util/json';
import { foreignText } from '../util/redaction';
import { readTokenError } from './error-response';
import { readTokenSet, type TokenSet } from './token-set';

/** Options of {@link CriteoClient}. */
export interface CriteoClientOptions {
  /** The app's client id, from Criteo's Partners Portal. */
  clientID: string;
  /** The app's client secret. Left out only by apps with PKCE switched on. */
  clientSecret?: string | undefined;
  /** Origin of Criteo's API, over which the token URL is `/oauth2/token`. Default `https://api.criteo.com`. */
  apiURL?: string | undefined;
  /** The token endpoint, where it is not under `apiURL`. */
  tokenURL?: string | undefined;
  /** Milliseconds for one whole exchange, connect to last byte. Default 10 000. */
  timeout?: number | undefined;
  /** For outbound proxies and private certificate authorities. Default: a keep-alive agent of the client's own. */
  agent?: Agent | undefined;
}

/** Where and how Criteo's API is called on behalf of a client. */
export interface APIEndpoint {
  /** Without a trailing slash; it may have a path. */
  url: string;
  timeout: number;
  agent: Agent | undefined;
}

/** A token response: as a TokenSet, and as it came but for the refresh token. */
export interface TokenResponse {
  tokens: TokenSet;
  params: Record<string, unknown>;
}

// Far above any token response, far below what would hurt.
const LIMIT = 256 * 1024;
const encoding = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** A client's way to the API, for this package's own use. */
export let apiEndpoint: (client: CriteoClient) => APIEndpoint;

/**
 * Criteo's token endpoint: the three grants of Criteo's authorization guides (RFC 6749 sections 4.1.3, 4.4 and 6),
 * with the client's credentials in the form body. Nothing is tried twice.
 */
export class CriteoClient {
  readonly clientID: string;
  readonly #credentials: Record<string, string>;
  readonly #endpoint: Endpoint;
  readonly #api: APIEndpoint;
  /** Origin of Criteo's API. */
  readonly apiURL: string;

  /** @throws {TypeError} naming the option that is wrong. */
  constructor(options: CriteoClientOptions) {
    const {
      clientID,
      clientSecret,
      apiURL = defaults.apiURL,
      tokenURL,
      timeout = defaults.timeout,
      agent,
    } = options ?? {};
    this.clientID = checkCredential('CriteoClient', 'clientID', clientID);
    this.#credentials = { client_id: clientID };
    if (clientSecret)
      this.#credentials['client_secret'] = checkCredential('CriteoClient', 'clientSecret', clientSecret);
    this.apiURL = checkBase('CriteoClient', 'apiURL', apiURL);
    const url = checkEndpoint('CriteoClient', 'tokenURL', tokenURL ?? `${this.apiURL}/oauth2/token`);
    const proxy = checkAgent('CriteoClient', agent);
    this.#endpoint = { url, timeout: checkTimeout('CriteoClient', timeout), agent: proxy ?? keepAliveAgent(url) };
    const api = new URL(this.apiURL);
    // One pool of connections for both, unless somebody put the token endpoint behind another protocol.
    const shared = proxy ?? (api.protocol === url.protocol ? this.#endpoint.agent : keepAliveAgent(api));
    this.#api = { url: this.apiURL, timeout, agent: shared };
  }

  /**
   * Exchanges an authorization code, which Criteo honours once and for 30 seconds.
   *
   * @param request.code the `code` of the callback.
   * @param request.redirectURI the redirect URI of the authorization request, exactly.
   * @param request.codeVerifier the PKCE code verifier (RFC 7636), where the request had a challenge.
   * @throws {TypeError} naming the argument that is missing.
   * @throws {CriteoTokenError} Criteo refused: `invalid_grant` for a dead code, `invalid_client`, …
   * @throws {CriteoTransportError} no usable answer came.
   */
  async exchangeCode(request: {
    code: string;
    redirectURI: string;
    codeVerifier?: string | undefined;
  }): Promise<TokenSet> {
    const { code, redirectURI, codeVerifier } = request ?? {};
    const form: Record<string, string> = {
      grant_type: 'authorization_code',
      code: argument('exchangeCode', 'code', code),
      redirect_uri: argument('exchangeCode', 'redirectURI', redirectURI),
    };
    if (codeVerifier !== undefined) form['code_verifier'] = argument('exchangeCode', 'codeVerifier', codeVerifier);
    return this.#request(form);
  }

  /**
   * Gets a new access token. Store the new refresh token if one comes back, else keep the old one.
   *
   * @param options.timeout milliseconds for this exchange. Default: the client's.
   * @throws {TypeError} for a refresh token that is not a non-empty string, or a bad timeout.
   * @throws {CriteoTokenError} Criteo refused: `invalid_grant` where the user must consent again, `invalid_client`, …
   * @throws {CriteoTransportError} no usable answer came.
   */
  async refresh(refreshToken: string, options?: { timeout?: number | undefined }): Promise<TokenSet> {
    const form = { grant_type: 'refresh_token', refresh_token: argument('refresh', 'refreshToken', refreshToken) };
    return this.#request(form, options?.timeout);
  }

  /**
   * Gets an access token for the app itself; there is no refresh token.
   *
   * @param options.timeout milliseconds for this exchange. Default: the client's.
   * @throws {TypeError} for a bad timeout.
   * @throws {CriteoTokenError} Criteo refused: `invalid_client`, …
   * @throws {CriteoTransportError} no usable answer came.
   */
  async clientCredentials(options?: { timeout?: number | undefined }): Promise<TokenSet> {
    return this.#request({ grant_type: 'client_credentials' }, options?.timeout);
  }

  async #request(form: Record<string, string>, timeout = this.#endpoint.timeout): Promise<TokenSet> {
    const endpoint = { ...this.#endpoint, timeout: checkTimeout('CriteoClient', timeout) };
    return (await requestTokens(endpoint, { ...form, ...this.#credentials })).tokens;
  }

  static {
    apiEndpoint = (client) => client.#api;
  }
}

function argument(method: string, name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`CriteoClient.${method}: ${name} must be a non-empty string`);
}

/** The bodies of refused token requests, for `parseErrorResponse`; kept off the errors, which people log. */
const refusals = new WeakMap<object, { status: number; body: string }>();

/** The answer behind an error of {@link requestTokens}, secrets replaced; nothing where there was none. */
export function refusalOf(error: object): { status: number; body: string } | undefined {
  return refusals.get(error);
}

/**
 * Sends one form-encoded token request, never twice, and reads the answer.
 *
 * @throws {CriteoTokenError} the endpoint refused.
 * @throws {CriteoTransportError} no usable answer came.
 */
export async function requestTokens(endpoint: Endpoint, form: Record<string, string>): Promise<TokenResponse> {
  const askedAt = Date.now();
  const body = new URLSearchParams(form).toString();
  const answer = await exchange(endpoint, { method: 'POST', headers: encoding, body, limit: LIMIT });
  const json = parseJSON(answer.text);
  if (answer.status >= 200 && answer.status < 300 && !isRefusal(json)) {
    const tokens = readTokenSet(json, askedAt, answer.status);
    const { refresh_token: _, ...params } = json as Record<string, unknown>;
    return { tokens, params };
  }
  const secrets = ['client_secret', 'code', 'code_verifier', 'refresh_token'].map((name) => form[name]);
  const error = readTokenError(answer, secrets);
  refusals.set(error, { status: answer.status, body: foreignText(answer.text, secrets, LIMIT) ?? '' });
  throw error;
}

function isRefusal(json: unknown): json is Record<string, unknown> {
  if (!isRecord(json)) return false;
  return typeof json['error'] === 'string' || (Array.isArray(json['errors']) && json['errors'].length > 0);
}
