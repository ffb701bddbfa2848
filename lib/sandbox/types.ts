import type { Variants } from './variants';

/** What Criteo calls its two products with an API of advertisers or accounts. */
export type Service = 'marketing-solutions' | 'retail-media';

/**
 * Options of a sandbox. Every option has a default. `createSandbox` throws a TypeError that names a wrong option.
 * All of them but `now` and the function `when` of faults can be written as JSON, see `sandboxConfigSchema`.
 */
export interface SandboxOptions {
  /** TCP port to listen on. `0` takes any free one, see {@link Sandbox.url}. @default 0 */
  port?: number | undefined;
  /** Address to listen on. @default '127.0.0.1' */
  host?: string | undefined;
  /**
   * The address under which other machines and containers reach the sandbox, such as `http://criteo-sandbox:4300`.
   * `url` and `endpoints` show it, and requests for its host name are accepted. @default the address it listens on
   */
  publicURL?: string | undefined;
  /** Makes credentials, codes and tokens the same in every run. Use it only in tests. @default random */
  seed?: string | number | undefined;
  /** Returns the time in milliseconds since the epoch. {@link Sandbox.advance} adds to it. @default Date.now */
  now?: (() => number) | undefined;
  /** The first app that is registered with the sandbox: {@link Sandbox.app}. */
  app?: SandboxAppOptions | undefined;
  /** More apps. Without `app`, the first of them is {@link Sandbox.app}. */
  apps?: readonly SandboxAppOptions[] | undefined;
  /** The users who can give consent, see also {@link exampleUsers}. @default one user, with `portfolio` */
  users?: readonly SandboxUserOptions[] | undefined;
  /**
   * What the only user can share, if `users` is not given: how many advertisers and accounts there are (0 to 1000), or
   * which. Criteo pages Retail Media accounts by 25. @default 5
   */
  portfolio?: number | readonly Holding[] | undefined;
  /** How the facts turn out that Criteo does not document, see {@link sandboxVariants}. */
  variants?: Partial<Variants> | undefined;
  /** Faults from the start, see {@link Sandbox.fault}. */
  faults?: readonly Fault[] | undefined;
  /**
   * If true, the documented limits of API calls are enforced (429). If false, the `x-ratelimit-*` headers count, but no
   * call is refused. @default false
   */
  rateLimit?: boolean | undefined;
  /** API versions that respond 410. @default [] (every version that was ever documented works) */
  decommissioned?: readonly string[] | undefined;
  /**
   * How old a signed consent URL may be, in milliseconds. Criteo documents no limit; its own links live for 30 days.
   * @default 2_592_000_000 (30 days)
   */
  consentURLMaxAge?: number | undefined;
  /** Time for one delivery attempt of the consent callback, in milliseconds. Criteo documents none. @default 10_000 */
  callbackTimeout?: number | undefined;
}

/** How an app is registered. */
export interface SandboxAppOptions {
  /** Shown on the consent page and in the console. @default 'Test app', then 'Test app 2' and so on */
  name?: string | undefined;
  /** The app's PKCE switch. If true, a consent request without an S256 challenge fails. @default false */
  pkce?: boolean | undefined;
  /** What the app is for, and so what users share with it. @default 'marketing-solutions' */
  service?: Service | undefined;
  /** The registered redirect URIs, compared as exact text. @default any https URL, and any http URL on a loopback host */
  redirectURIs?: readonly string[] | undefined;
  /** The connector's callback URL: decisions on consent links are delivered there. @default none: nothing is delivered */
  callbackURL?: string | undefined;
  /** The key pairs of the app, one to five. The first one is its credentials. @default one, made up */
  keys?: readonly KeyPair[] | undefined;
  /** The connector's key pair, which signs consent URLs. @default made up */
  signing?: { readonly key: string; readonly secret: string } | undefined;
}

/** A key pair of an app. */
export interface KeyPair {
  readonly clientID: string;
  readonly clientSecret: string;
}

/** What the Partners Portal gives out for an app and its connector. */
export interface Credentials extends KeyPair {
  /** Public: the `key` of signed consent URLs. */
  readonly signingKey: string;
  readonly signingSecret: string;
}

/** An app that is registered with the sandbox. */
export interface SandboxApp {
  /** The first client id; names the app wherever a method has the option `app`. */
  readonly clientID: string;
  readonly name: string;
  readonly service: Service;
  readonly pkce: boolean;
  /** Undefined: any https URL, and any http URL on a loopback host. */
  readonly redirectURIs: readonly string[] | undefined;
  readonly callbackURL: string | undefined;
  /** The first key pair and the connector's key pair, ready to be spread into the options of the strategy. */
  readonly credentials: Credentials;
  /** All key pairs. */
  readonly keys: readonly KeyPair[];
  /** The variants that are on for this app. */
  readonly variants: Variants;
  /** The app's time in milliseconds since the epoch: that of the sandbox, unless it was moved for this app. */
  readonly now: number;
}

/** How a user is made. */
export interface SandboxUserOptions {
  /** Letters, digits, dots, hyphens and underscores. @default 'user-1', 'user-2' and so on */
  id?: string | undefined;
  name: string;
  /** The advertisers that the user can share: how many, or which. @default 5 */
  advertisers?: number | readonly Holding[] | undefined;
  /** The Retail Media accounts that the user can share: how many, or which. @default 5 */
  accounts?: number | readonly Holding[] | undefined;
  /** False for a user whose role at Criteo does not allow consent. @default true */
  mayConsent?: boolean | undefined;
}

/** A user of Criteo. */
export interface SandboxUser {
  readonly id: string;
  readonly name: string;
  readonly advertisers: readonly Holding[];
  readonly accounts: readonly Holding[];
  readonly mayConsent: boolean;
}

/** An advertiser, or a Retail Media account. */
export interface Holding {
  /** A decimal number as text; it may exceed 2^53. */
  readonly id: string;
  /** Criteo's schema allows names to be null. */
  readonly name: string | null;
}

/** A consent that a user has given. */
export interface SandboxConsent {
  readonly id: string;
  /** A client id of the app. */
  readonly app: string;
  /** The id of the user. */
  readonly user: string;
  /** A login's consent belongs to its tokens; all others belong to the app's client-credentials tokens. */
  readonly kind: 'login' | 'signed URL' | 'portal link';
  readonly shared: readonly Holding[];
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** How it ended, if it did. */
  readonly revoked: Revocation | undefined;
}

/**
 * How a consent ends. `dashboard`: the user revokes it at consent.criteo.com; the API responds 403. `role-change`: the
 * user changes role or leaves the organisation; the refresh token stops working, an access token works until it expires.
 */
export type Revocation = 'dashboard' | 'role-change';

/** Limits a method to one app: without it, all apps are meant. */
export interface AppChoice {
  /** A client id of the app. */
  app?: string | undefined;
}

/** A local stand-in for consent.criteo.com and api.criteo.com. */
export interface Sandbox {
  /** Where it is reached, without a trailing slash. The console is there: a page for developers. */
  readonly url: string;
  /** Ready to be spread into the options of the strategy. */
  readonly endpoints: { readonly authorizationURL: string; readonly tokenURL: string; readonly apiURL: string };
  /** The credentials of the first app. */
  readonly app: Credentials;
  /** Every registered app. */
  readonly apps: readonly SandboxApp[];
  /** Every user. */
  readonly users: readonly SandboxUser[];
  /** Every consent, newest first. */
  readonly consents: readonly SandboxConsent[];
  /** The faults that are still to come. */
  readonly faults: readonly PendingFault[];
  /** The variants that are on. */
  readonly variants: Variants;
  /** The sandbox's time in milliseconds since the epoch. */
  readonly now: number;
  /**
   * What was received (and, for consent callbacks, sent), oldest first: the last 5,000 requests, or as many as fit into
   * 8 million characters. A copy, with secrets as they came. The console and the HTTP API are left out.
   */
  readonly requests: readonly SandboxRequest[];
  /** TCP connections accepted so far, without those of {@link approve} and {@link deny}. */
  readonly connections: number;

  /**
   * Does over HTTP what a user does who ticks advertisers and approves: loads the consent page, sends its form.
   * @param choice.advertisers ids of the advertisers (accounts) to tick; default: all
   * @param choice.user id or name of the user; default: the first one
   * @returns the URL that the user is sent back to; it is not opened
   * @throws TypeError if the URL is not one of this sandbox's consent URLs, or an id is not on the page
   * @throws Error with the reason on the page, if there is an error page instead
   */
  approve(
    consentURL: string | URL,
    choice?: { advertisers?: readonly string[] | undefined; user?: string | undefined },
  ): Promise<string>;
  /** Like {@link approve}, for a user who denies. */
  deny(consentURL: string | URL, choice?: { user?: string | undefined }): Promise<string>;
  /** Moves the clock by so many milliseconds, back if negative; for all apps or for one. No timer is involved. */
  advance(milliseconds: number, choice?: AppChoice): void;
  /** Sets the clock; it runs on from there. For all apps or for one. */
  setTime(time: number | Date, choice?: AppChoice): void;
  /** Makes something go wrong. Faults are taken in the order they were added, one for each request. */
  fault(fault: Fault): FaultHandle;
  /** Clears all faults, or those of one app. */
  clearFaults(choice?: AppChoice): void;
  /** Changes how undocumented facts turn out, for all apps or for one. */
  setVariants(changes: Partial<Variants>, choice?: AppChoice): void;
  /** Registers one more app, for example one for each test worker. */
  addApp(options?: SandboxAppOptions): SandboxApp;
  /** Removes an app with its consents and tokens. The first app stays. */
  removeApp(clientID: string): void;
  /** Adds a user. */
  addUser(options: SandboxUserOptions): SandboxUser;
  /** Removes a user with their consents. One user has to stay. */
  removeUser(id: string): void;
  /**
   * Gives consent without a browser. The kind `login` comes with tokens, as after a login; `portal link` (the default)
   * lets the app's client-credentials tokens see what is shared. No consent callback is delivered.
   */
  grant(consent?: GrantOptions): GrantedConsent;
  /**
   * Revokes one consent, or all.
   * @param consentID from {@link consents}; default: all (of the app, if one is given)
   * @param choice.how default: `'dashboard'`
   */
  revoke(consentID?: string, choice?: AppChoice & { how?: Revocation | undefined }): Promise<void>;
  /**
   * Makes a consent link as Criteo's portal makes them (`nonce` and `hmac`): lives 30 days, works once.
   * @param link.redirectURI where the user goes afterwards; default: a page of the sandbox
   */
  portalLink(link?: AppChoice & { redirectURI?: string | undefined; state?: string | undefined }): string;
  /**
   * Waits for a request that fits and is finished. Requests of the past count, too; `after` leaves them out.
   * @param options.timeout milliseconds; default: 5_000
   * @param options.signal ends the wait early
   * @throws Error if none came in time, or the sandbox was closed
   */
  waitForRequest(
    filter?: RequestFilter,
    options?: { timeout?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<SandboxRequest>;
  /** Calls the listener after every exchange and every delivery attempt. Returns a function that ends this. */
  onExchange(listener: (request: SandboxRequest) => void): () => void;
  /** Forgets the requests that were received so far, of all apps or of one. */
  clearRequests(choice?: AppChoice): void;
  /**
   * Goes back to the start: no consents, codes, tokens, requests; the faults, variants, apps, users and the clock as
   * the options have them. Credentials stay. With `app`: only what belongs to that app.
   */
  reset(choice?: AppChoice): void;
  /** Stops listening and ends every connection. Can be called again. */
  close(): Promise<void>;
}

/** A consent to give without a browser. */
export interface GrantOptions extends AppChoice {
  /** Id or name of the user. @default the first one */
  user?: string | undefined;
  /** Ids of the advertisers (accounts) to share. @default all */
  advertisers?: readonly string[] | undefined;
  /** @default 'portal link' */
  kind?: 'login' | 'portal link' | undefined;
}

/** A consent given without a browser. */
export interface GrantedConsent extends SandboxConsent {
  /** For the kind `login`: what the token endpoint would have responded. */
  readonly tokens?: {
    readonly accessToken: string;
    readonly refreshToken: string;
    readonly tokenType: 'Bearer';
    readonly obtainedAt: number;
    readonly expiresAt: number;
  };
}

/** One request, received (`in`) or sent (`out`: a delivery of the consent callback). */
export interface SandboxRequest {
  /** Counts up from 1. */
  readonly id: number;
  readonly direction: 'in' | 'out';
  readonly endpoint: 'token' | 'api' | 'consent' | 'delivery';
  /** A client id of the app it belongs to, as far as that is known. */
  app: string | undefined;
  readonly method: string;
  /** The path without the query; the whole URL for `out`. */
  readonly path: string;
  /** The query's parameters, decoded; repeated ones joined with commas. */
  readonly query: Readonly<Record<string, string>>;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as text. */
  readonly body: string;
  /** The body's fields if it is a form; repeated ones joined with commas. */
  readonly form: Readonly<Record<string, string>>;
  /** By the sandbox's clock, in milliseconds since the epoch. */
  readonly time: number;
  /** The response's status; undefined if there was none (yet). */
  status: number | undefined;
  /** Number of the TCP connection that it came on, from 1; 0 for `out`. */
  readonly connection: number;
  /** The checks that the request passed, in order. */
  readonly checks: readonly string[];
  /** Why it was refused, if it was. */
  failure?: string;
  /** The response, if there was one; a long body is cut. */
  response?: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  /** For `out`: which attempt of its delivery this was, from 1. */
  readonly attempt?: number;
  /** For `out`: why there was no response. */
  error?: string;
}

/** Which requests are meant: every property narrows the choice. */
export interface RequestMatch {
  /** A client id of the app. */
  app?: string | undefined;
  /** The method, in capitals. */
  method?: string | undefined;
  /** The path without the query. */
  path?: string | undefined;
  /** Fields of the form with their values, such as `{ grant_type: 'refresh_token' }`. */
  form?: Readonly<Record<string, string>> | undefined;
  /** Parameters of the query with their values. */
  query?: Readonly<Record<string, string>> | undefined;
}

/** Which requests of the log are meant. */
export interface RequestFilter extends RequestMatch {
  endpoint?: SandboxRequest['endpoint'] | undefined;
  status?: number | undefined;
  /** Only requests with a higher id. */
  after?: number | undefined;
}

/** Something that goes wrong. */
export type Fault = ExchangeFault | DeliveryFault;

/** A fault of an endpoint. At most one of `status`, `reset`, `hang`, `truncate` and `rateLimit`; the rest combine. */
export interface ExchangeFault {
  /** The token endpoint, the API, or the consent page and its form. */
  on: 'token' | 'api' | 'consent';
  /** A client id: only requests of this app meet it. @default all apps */
  app?: string | undefined;
  /** How many requests meet it. `Infinity` or `'always'`: all, until it is cleared. @default 1 */
  times?: number | 'always' | undefined;
  /** Limits it to some requests. @default any */
  match?: RequestMatch | undefined;
  /** Limits it to some requests, as `match` does, with a function. @default any */
  when?: ((request: SandboxRequest) => boolean) | undefined;
  /** If true, the request is carried out first (the code is spent), and only its response is replaced. @default false */
  after?: boolean | undefined;
  /** Real milliseconds to wait before anything else. */
  delay?: number | undefined;
  /** Respond with this status, `headers` and `body` (text and bytes as they are, else JSON; default: a fitting error). */
  status?: number | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: unknown;
  /** Cut the connection instead of responding (TCP reset). */
  reset?: boolean | undefined;
  /** Never respond. */
  hang?: boolean | undefined;
  /** Cut the connection after half of the true response's body. */
  truncate?: boolean | undefined;
  /** Respond 429; a number says after how many seconds the limit resets. `true` means 60. */
  rateLimit?: boolean | number | undefined;
  /** Token endpoint: leave `refresh_token` out of the response. */
  omitRefreshToken?: boolean | undefined;
  /** Token endpoint: a refresh responds with a new refresh token, and the old one stops working. */
  rotateRefreshToken?: boolean | undefined;
}

/** A fault of the delivery of one consent callback, with all its attempts. */
export interface DeliveryFault {
  on: 'delivery';
  /** A client id: only deliveries of this app meet it. @default all apps */
  app?: string | undefined;
  /** How many deliveries meet it. `Infinity` or `'always'`: all, until it is cleared. @default 1 */
  times?: number | 'always' | undefined;
  /** The signature does not fit the body. */
  corrupt?: boolean | undefined;
  /** The same delivery arrives twice, at the same time. */
  duplicate?: boolean | undefined;
  /** It is sent so many real milliseconds after the user was redirected. */
  late?: number | undefined;
  /** It is never sent. */
  lost?: boolean | undefined;
}

/** A fault that was added. */
export interface FaultHandle {
  readonly id: string;
  /** How many requests or deliveries it has met so far. */
  readonly hits: number;
  /** Ends it. Can be called again. */
  clear(): void;
}

/** A fault that is still to come. */
export interface PendingFault extends FaultHandle {
  readonly fault: Fault;
  /** How many more requests or deliveries will meet it. */
  readonly left: number;
}
