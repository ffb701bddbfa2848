import type { Agent, OutgoingHttpHeaders } from 'node:http';
import { keepAliveAgent } from '../http/agent';
import { type Endpoint, exchange } from '../http/exchange';
import { isRecord, parseJSON } from '../util/json';
import { defaults } from '../util/option-checks';
import { foreignText } from '../util/redaction';
import { readTokenError } from './error-response';
import { readTokenSet, type TokenReading, type TokenSet } from './token-set';

/** A token response: as a TokenSet, and as it came but for the refresh token. */
export interface TokenResponse {
  tokens: TokenSet;
  params: Record<string, unknown>;
}

/**
 * Makes an error of a refused token request: `body` is the response's, with secrets replaced. `undefined` leaves the
 * error that this package makes.
 */
export type ReadRefusal = (body: string, status: number) => unknown;

/** How one token request is sent. */
interface TokenRequestOptions {
  /** Milliseconds for this request. @default the client's */
  timeout?: number | undefined;
  readRefusal?: ReadRefusal | undefined;
}

// Bytes. Far above any token response, far below what would hurt.
const LIMIT = 256 * 1024;
const encoding = { 'Content-Type': 'application/x-www-form-urlencoded' };

/**
 * The one way to Criteo's token endpoint: credentials, connections and the request. `CriteoClient` and the strategy's
 * `_oauth2` each have one; its settings may change between requests, as those of `_oauth2` may.
 */
export class TokenClient {
  clientID = '';
  clientSecret: string | undefined;
  /** Milliseconds for one whole exchange. */
  timeout: number = defaults.timeout;
  /** The user's agent. Without one, there is a keep-alive agent for each protocol. */
  agent: Agent | undefined;
  headers: OutgoingHttpHeaders | undefined;
  readonly #agents = new Map<string, Agent>();
  readonly #warned = new Set<string>();

  /** Returns the agent for a URL: one pool of connections for the token endpoint and the API. */
  agentFor(url: URL): Agent {
    if (this.agent) return this.agent;
    const agent = this.#agents.get(url.protocol) ?? keepAliveAgent(url);
    this.#agents.set(url.protocol, agent);
    return agent;
  }

  /** Returns where and how a URL is requested. */
  endpoint(url: URL, timeout = this.timeout): Endpoint {
    return { url, timeout, agent: this.agentFor(url), headers: this.headers };
  }

  /** Returns the credentials as form fields. An app without a secret leaves the field out. */
  credentials(): Record<string, string> {
    const fields: Record<string, string> = { client_id: this.clientID };
    if (this.clientSecret) fields['client_secret'] = this.clientSecret;
    return fields;
  }

  /**
   * Sends one form-encoded token request and reads the response. Completes `form`, which must be the caller's own, with the
   * credentials, which it cannot override.
   *
   * @throws {CriteoTokenError} the endpoint refused.
   * @throws {CriteoTransportError} no usable response came.
   * @throws what `readRefusal` makes of a refusal.
   */
  async request(url: URL, form: Record<string, string>, options: TokenRequestOptions = {}): Promise<TokenResponse> {
    // A copy would cost 10 µs, a twentieth of what a whole login takes here: V8 makes it a slow object.
    Object.assign(form, this.credentials());
    const askedAt = Date.now();
    const body = new URLSearchParams(form).toString();
    const isLogin = form['grant_type'] === 'authorization_code';
    const hint = isLogin ? 'Start the login again: a code is not sent a second time' : undefined;
    const post = { method: 'POST', headers: encoding, body, limit: LIMIT, hint };
    const response = await exchange(this.endpoint(url, options.timeout), post);
    const { status, text } = response;
    const json = parseJSON(text);
    if (status >= 200 && status < 300 && !isRefusal(json)) {
      const tokens = readTokenSet(json, askedAt, { status, onOddField: this.onOddField });
      const { refresh_token: _, ...params } = json as Record<string, unknown>;
      return { tokens, params };
    }
    const secrets = ['client_secret', 'code', 'code_verifier', 'refresh_token'].map((name) => form[name]);
    const read = options.readRefusal?.(foreignText(text, secrets, LIMIT) ?? '', status);
    throw read ?? readTokenError(response, secrets);
  }

  /** Warns of a field of a token response that makes no sense. */
  readonly onOddField: TokenReading['onOddField'] = (field, message) =>
    this.warnOnce(field, 'CRITEO_TOKEN_RESPONSE', `Criteo's token response ${message}`);

  /** Raises a process warning, once for each thing that it is about. */
  warnOnce(about: string, code: string, message: string): void {
    if (!this.#warned.has(about)) process.emitWarning(message, { code });
    this.#warned.add(about);
  }
}

// Off the objects that they belong to, because people print those: the secret is in here, and the tokens of requests under
// way, which an agent keeps with its connections.
const clients = new WeakMap<object, TokenClient>();

/** Returns the token client of a `CriteoClient` or of an `_oauth2`. */
export function tokenClientOf(owner: object): TokenClient {
  const client = clients.get(owner) ?? new TokenClient();
  clients.set(owner, client);
  return client;
}

/** Returns true for errors without tokens. Tokens count, whatever stands beside them: they may not come a second time. */
function isRefusal(json: unknown): boolean {
  if (!isRecord(json)) return false;
  if (typeof json['access_token'] === 'string' && json['access_token'] !== '') return false;
  return typeof json['error'] === 'string' || (Array.isArray(json['errors']) && json['errors'].length > 0);
}
