import type { Agent, OutgoingHttpHeaders } from 'node:http';
import { type dataCallback as DataCallback, OAuth2, type oauth2tokenCallback as TokenCallback } from 'oauth';
import { type Endpoint, exchange, keepAliveAgent } from '../http/exchange';
import { handOver } from '../login/hook';
import { defaults } from '../util/checks';
import { redact } from '../util/redaction';
import { requestTokens, type TokenResponse } from './client';

/** What node-oauth's six constructor arguments have no place for. */
export interface Transport {
  timeout?: number | undefined;
  agent?: Agent | undefined;
  /** The origins, besides the token endpoint's, that may see an access token. */
  origins?: readonly string[] | undefined;
}

// Off the object, because people print strategies.
const secrets = new WeakMap<object, string | undefined>();

// As large as a portfolio may be.
const LIMIT = 8 * 1024 * 1024;

/**
 * node-oauth's OAuth2 object, the shape kept (others reach for it, and build it anew from its six arguments), the
 * transport replaced by the guarded exchange: deadlines, size caps, no redirect, and the access token in a header only.
 */
export class CriteoOAuth2 extends OAuth2 {
  declare protected _clientSecret: string;
  declare protected _agent: Agent;
  protected readonly _bound: OAuth2['getOAuthAccessToken'];
  protected readonly _pool: Record<string, Agent> = {};
  protected _timeout = defaults.timeout as number;
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
    this._useAuthorizationHeaderForGET = true;
    // passport-oauth2-refresh copies this method alone on to an object of its own; bound, it takes agent and deadline along.
    this._bound = this.getOAuthAccessToken.bind(this);
    this.getOAuthAccessToken = this._bound;
  }

  /** Sets what the constructor has no argument for. */
  useTransport({ timeout = this._timeout, agent = this._agent, origins = this._origins }: Transport): void {
    this._timeout = timeout;
    this._agent = agent;
    this._origins = origins;
  }

  /** The agent that was set, else a keep-alive agent of this object's own. */
  protected agentFor(url: URL): Agent {
    this._pool[url.protocol] ??= keepAliveAgent(url);
    return this._agent ?? this._pool[url.protocol];
  }

  /** How this object speaks with an endpoint. */
  transportFor(url: URL): Endpoint {
    return { url, timeout: this._timeout, agent: this.agentFor(url), headers: this._customHeaders };
  }

  /** Where and how it asks for tokens. */
  tokenEndpoint(): Endpoint {
    return this.transportFor(new URL(this._getAccessTokenUrl()));
  }

  /** The two endpoints, as they stand now. */
  endpoints(): { authorizationURL: string; tokenURL: string } {
    return { authorizationURL: this._authorizeUrl, tokenURL: this._getAccessTokenUrl() };
  }

  /** The client's credentials as form fields: the secret is left out, not empty, where there is none. */
  credentials(): Record<string, string> {
    const fields: Record<string, string> = { client_id: this._clientId };
    const secret = this._clientSecret;
    if (secret) fields['client_secret'] = secret;
    return fields;
  }

  /** Whether nobody put another function in the place of `getOAuthAccessToken`, and `tokens` may serve for it. */
  get intact(): boolean {
    return this.getOAuthAccessToken === this._bound;
  }

  /**
   * Asks for tokens with a code, or with a refresh token where `form.grant_type` is `refresh_token`. The form is
   * completed; it cannot override the credentials.
   *
   * @throws as requestTokens.
   */
  tokens(code: string, form: Record<string, string>): Promise<TokenResponse> {
    const grant = form['grant_type'] === 'refresh_token' ? 'refresh_token' : 'code';
    Object.assign(form, this.credentials());
    form[grant] = code;
    return requestTokens(this.tokenEndpoint(), form);
  }

  /** The same, for node-oauth's callers. `params` is not changed. */
  override getOAuthAccessToken(code: string, params: object | null | undefined, callback: TokenCallback): void;
  override getOAuthAccessToken(code: string, callback: TokenCallback): void;
  override getOAuthAccessToken(code: string, ...rest: unknown[]): void {
    const callback = rest.pop() as TokenCallback;
    const params = rest[0] as object | null | undefined;
    const answered = (async () => this.tokens(code, formFields(params)))();
    handOver(answered, callback, ({ tokens, params }) => [tokens.accessToken, tokens.refreshToken, params]);
  }

  protected override _request(
    method: string,
    url: string,
    headers: OutgoingHttpHeaders | null,
    body: unknown,
    accessToken: string | null,
    callback: DataCallback,
  ): void {
    const answered = (async () => {
      const target = new URL(url);
      const sent = { ...this._customHeaders, ...headers };
      if (accessToken) sent['Authorization'] = this.buildAuthHeader(accessToken);
      const credentials = Object.entries(sent).filter(([name]) => name.toLowerCase() === 'authorization');
      const home = new URL(this._getAccessTokenUrl()).origin;
      if (credentials.length > 0 && target.origin !== home && !this._origins.includes(target.origin)) {
        throw new TypeError(`An access token of Criteo's is not sent to ${target.origin}: use the option apiURL`);
      }
      const answer = await exchange(this.transportFor(target), {
        method,
        headers: sent,
        body: method === 'POST' || method === 'PUT' ? String(body ?? '') : undefined,
        limit: LIMIT,
      });
      const { status: statusCode, headers: received, text } = answer;
      // node-oauth's shape, which `InternalOAuthError` and people's `userProfile` expect.
      if (statusCode >= 400) {
        // Somebody will print it.
        const tokens = credentials.map(([, value]) => String(value).replace(/^\S+ /, ''));
        throw { statusCode, data: redact(text, tokens) };
      }
      return { text, response: { statusCode, headers: received } };
    })();
    handOver(answered, callback, ({ text, response }) => [text, response]);
  }
}

// node-oauth assigns and reads the secret as a property: one that shows nowhere. (Outside of the class, because bundlers
// rename a class that names itself.)
Object.defineProperty(CriteoOAuth2.prototype, '_clientSecret', {
  get(this: object) {
    return secrets.get(this);
  },
  set(this: object, value: string | undefined) {
    secrets.set(this, value);
  },
});

/**
 * Extra parameters as form or query fields: undefined, null and those that are `reserved` are left out, other values
 * must have a plain text.
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
