import type { Agent } from 'node:http';
import { checkAgent, checkBase, checkCredential, checkEndpoint, checkTimeout, defaults } from '../util/option-checks';
import { checkOptionNames } from '../util/option-names';
import { tokenClientOf } from './token-request';
import type { TokenSet } from './token-set';

/** Options of {@link CriteoClient}. */
export interface CriteoClientOptions {
  /** The app's client id, from Criteo's Partners Portal. */
  clientID: string;
  /** The app's client secret. Left out only by apps with PKCE switched on. */
  clientSecret?: string | undefined;
  /**
   * Origin of Criteo's API. The token URL is `/oauth2/token` under it.
   *
   * @default 'https://api.criteo.com'
   */
  apiURL?: string | undefined;
  /**
   * The token endpoint.
   *
   * @default `/oauth2/token` under `apiURL`
   */
  tokenURL?: string | undefined;
  /**
   * Milliseconds for one whole exchange, connect to last byte.
   *
   * @default 10_000
   */
  timeout?: number | undefined;
  /**
   * For outbound proxies and private certificate authorities.
   *
   * @default a keep-alive agent of the client's own
   */
  agent?: Agent | undefined;
}

/**
 * Where and how Criteo's API is called on behalf of a client.
 *
 * @internal
 */
export interface APIEndpoint {
  /** Without a trailing slash; it may have a path. */
  url: string;
  timeout: number;
  agent: Agent | undefined;
}

/**
 * Returns the way to the API, over the same connections as the client's; for this package's own use.
 *
 * @internal
 */
export function apiEndpoint(client: CriteoClient): APIEndpoint {
  const url = client.apiURL;
  const { timeout, agent } = tokenClientOf(client).endpoint(new URL(url));
  return { url, timeout, agent };
}

/**
 * Criteo's token endpoint: the three grants of Criteo's authorization guides (RFC 6749 sections 4.1.3, 4.4 and 6),
 * with the client's credentials in the form body. A request is sent again only if Criteo cannot have responded to it: no
 * connection was established, or a kept connection broke before the first byte of a response.
 */
export class CriteoClient {
  readonly clientID: string;
  /** Origin of Criteo's API. */
  readonly apiURL: string;
  readonly #tokenURL: URL;

  /** @throws {TypeError} naming the option that is wrong. */
  constructor(options: CriteoClientOptions) {
    const given = options ?? {};
    checkOptionNames('CriteoClient', given);
    const { clientID, clientSecret, apiURL = defaults.apiURL, tokenURL, timeout = defaults.timeout, agent } = given;
    const client = tokenClientOf(this);
    client.clientID = checkCredential('CriteoClient', 'clientID', clientID);
    if (clientSecret) client.clientSecret = checkCredential('CriteoClient', 'clientSecret', clientSecret);
    client.agent = checkAgent('CriteoClient', agent);
    client.timeout = checkTimeout('CriteoClient', timeout);
    this.clientID = client.clientID;
    this.apiURL = checkBase('CriteoClient', 'apiURL', apiURL);
    this.#tokenURL = checkEndpoint('CriteoClient', 'tokenURL', tokenURL ?? `${this.apiURL}/oauth2/token`);
  }

  /**
   * Exchanges an authorization code, which Criteo honours once and for 30 seconds.
   *
   * @param request.code the `code` of the callback.
   * @param request.redirectURI the redirect URI of the authorization request, exactly.
   * @param request.codeVerifier the PKCE code verifier (RFC 7636), if the request had a challenge.
   * @throws {TypeError} naming the argument that is missing.
   * @throws {CriteoTokenError} Criteo refused: `invalid_grant` – the code is used or expired, `invalid_client`, …
   * @throws {CriteoTransportError} no usable response came.
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
   * @throws {CriteoTokenError} Criteo refused: `invalid_grant` – the user must consent again, `invalid_client`, …
   * @throws {CriteoTransportError} no usable response came.
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
   * @throws {CriteoTransportError} no usable response came.
   */
  async clientCredentials(options?: { timeout?: number | undefined }): Promise<TokenSet> {
    return this.#request({ grant_type: 'client_credentials' }, options?.timeout);
  }

  async #request(form: Record<string, string>, timeout?: number): Promise<TokenSet> {
    if (timeout !== undefined) checkTimeout('CriteoClient', timeout);
    return (await tokenClientOf(this).request(this.#tokenURL, form, { timeout })).tokens;
  }
}

function argument(method: string, name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`CriteoClient.${method}: ${name} must be a non-empty string`);
}
