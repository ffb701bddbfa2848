import type { Agent, OutgoingHttpHeaders } from 'node:http';
import { inspect } from 'node:util';
import { type dataCallback as DataCallback, OAuth2, type oauth2tokenCallback as TokenCallback } from 'oauth';
import { type Endpoint, exchange } from '../http/exchange';
import { callBack } from '../util/node-callback';
import { redact } from '../util/redaction';
import { LARGEST_PORTFOLIO } from './portfolio-request';
import { type ReadRefusal, type TokenResponse, tokenClientOf } from './token-request';
import { type TokenFields, type TokenSet, tokenSetOf } from './token-set';

/** What node-oauth's six constructor arguments have no place for. */
interface Transport {
  timeout?: number | undefined;
  agent?: Agent | undefined;
  /** The origins, besides the token endpoint's, that may see an access token. */
  origins?: readonly string[] | undefined;
}

/**
 * node-oauth's OAuth2 object with its shape kept, because people use it and build it anew from its six arguments. Its
 * transport is the token client's: deadlines, size limits, no redirect, and the access token in a header only.
 */
export class CriteoOAuth2 extends OAuth2 {
  declare protected _clientId: string;
  declare protected _clientSecret: string;
  declare protected _customHeaders: OutgoingHttpHeaders;
  declare protected _agent: Agent;
  protected readonly _bound: OAuth2['getOAuthAccessToken'];
  protected _origins: readonly string[] = [];

  constructor(
    clientID: string,
    clientSecret: string | undefined,
    baseSite: string,
    authorizePath?: string,
    accessTokenPath?: string,
    customHeaders?: OutgoingHttpHeaders,
  ) {
    super(clientID, clientSecret as string, baseSite, authorizePath, accessTokenPath, { ...customHeaders });
    // passport-oauth2-refresh copies only this method to an object of its own. Bound, it takes agent and deadline along.
    this._bound = this.getOAuthAccessToken.bind(this);
    this.getOAuthAccessToken = this._bound;
  }

  /** Sets what the constructor has no argument for. */
  useTransport({ timeout, agent, origins }: Transport): void {
    const client = tokenClientOf(this);
    client.timeout = timeout ?? client.timeout;
    client.agent = agent ?? client.agent;
    this._origins = origins ?? this._origins;
  }

  /** Returns how this object requests a URL. */
  transportFor(url: URL): Endpoint {
    return tokenClientOf(this).endpoint(url);
  }

  /** Returns the two endpoints, as they are now. */
  endpoints(): { authorizationURL: string; tokenURL: string } {
    return { authorizationURL: this._authorizeUrl, tokenURL: this._getAccessTokenUrl() };
  }

  /** Returns the client's credentials as form fields. */
  credentials(): Record<string, string> {
    return tokenClientOf(this).credentials();
  }

  /** Whether `getOAuthAccessToken` is still ours, so that `tokens` can be used instead. */
  get intact(): boolean {
    return this.getOAuthAccessToken === this._bound;
  }

  /**
   * Gets tokens for a whole form but for the credentials.
   *
   * @param readRefusal makes the error of a refused request.
   * @throws as the token client's `request`.
   */
  tokens(form: Record<string, string>, readRefusal?: ReadRefusal): Promise<TokenResponse> {
    return tokenClientOf(this).request(new URL(this._getAccessTokenUrl()), form, { readRefusal });
  }

  /**
   * Checks tokens that a replaced `getOAuthAccessToken` got.
   *
   * @throws as {@link tokenSetOf}.
   */
  checkTokens(fields: TokenFields, askedAt: number): TokenSet {
    return tokenSetOf(fields, askedAt, { onOddField: tokenClientOf(this).onOddField });
  }

  /** Raises a process warning, once for each thing that it is about. */
  warnOnce(about: string, code: string, message: string): void {
    tokenClientOf(this).warnOnce(about, code, message);
  }

  /** Gets tokens, for node-oauth's callers. `params` is not changed. */
  override getOAuthAccessToken(code: string, params: object | null | undefined, callback: TokenCallback): void;
  override getOAuthAccessToken(code: string, callback: TokenCallback): void;
  override getOAuthAccessToken(code: string, ...rest: unknown[]): void {
    const callback = rest.pop() as TokenCallback;
    const params = rest[0] as object | null | undefined;
    const requested = (async () => {
      const form = formFields(params);
      form[form['grant_type'] === 'refresh_token' ? 'refresh_token' : 'code'] = code;
      return this.tokens(form);
    })();
    callBack(requested, callback, ({ tokens, params }) => [tokens.accessToken, tokens.refreshToken, params]);
  }

  protected override _request(
    method: string,
    url: string,
    headers: OutgoingHttpHeaders | null,
    body: unknown,
    accessToken: string | null,
    callback: DataCallback,
  ): void {
    const requested = (async () => {
      const target = new URL(url);
      const sent = { ...headers };
      if (accessToken) sent['Authorization'] = this.buildAuthHeader(accessToken);
      const all = Object.entries({ ...this._customHeaders, ...sent });
      const credentials = all.filter(([name]) => name.toLowerCase() === 'authorization');
      const home = new URL(this._getAccessTokenUrl()).origin;
      if (credentials.length > 0 && target.origin !== home && !this._origins.includes(target.origin)) {
        throw new TypeError(`An access token of Criteo's is not sent to ${target.origin}: use the option apiURL`);
      }
      const response = await exchange(this.transportFor(target), {
        method,
        headers: sent,
        body: method === 'POST' || method === 'PUT' ? String(body ?? '') : undefined,
        limit: LARGEST_PORTFOLIO,
      });
      const { status: statusCode, headers: received, text } = response;
      // node-oauth's shape, which `InternalOAuthError` and people's `userProfile` expect.
      if (statusCode >= 400) {
        // It is likely to be printed.
        const tokens = credentials.map(([, value]) => String(value).replace(/\S+ /, ''));
        throw { statusCode, data: redact(text, tokens) };
      }
      return { text, response: { statusCode, headers: received } };
    })();
    callBack(requested, callback, ({ text, response }) => [text, response]);
  }

  /** Shows no secret, and no agent: agents keep the requests under way, with their tokens. */
  [inspect.custom](): string {
    const { client_id: clientID } = this.credentials();
    return `CriteoOAuth2 ${inspect({ clientID, ...this.endpoints() })}`;
  }
}

// node-oauth assigns and reads its settings as properties. They are kept once, in the TokenClient. (Outside of the class,
// because bundlers rename a class that names itself.)
for (const [property, setting] of [
  ['_clientId', 'clientID'],
  ['_clientSecret', 'clientSecret'],
  ['_customHeaders', 'headers'],
  ['_agent', 'agent'],
] as const) {
  Object.defineProperty(CriteoOAuth2.prototype, property, {
    get(this: object) {
      return tokenClientOf(this)[setting];
    },
    set(this: object, value: unknown) {
      Object.assign(tokenClientOf(this), { [setting]: value });
    },
  });
}

/**
 * Turns extra parameters into form or query fields. Leaves out undefined, null and `reserved` ones.
 *
 * @throws {TypeError} naming a parameter that has no plain text.
 */
export function formFields(params: object | null | undefined, reserved?: ReadonlySet<string>): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value === undefined || value === null || reserved?.has(name)) continue;
    if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') {
      throw new TypeError(`The extra parameter ${name} must be a string`);
    }
    fields[name] = String(value);
  }
  return fields;
}
