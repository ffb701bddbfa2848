/** Settings of a sandbox; everything has a default, and wrong values are refused with an error that names the option. */
export interface SandboxOptions {
  /** TCP port to listen on. Default `0`: any free one, see {@link Sandbox.url}. */
  port?: number | undefined;
  /** Address to listen on. Default `'127.0.0.1'`. */
  host?: string | undefined;
  /** Makes credentials, codes and tokens the same in every run. Default: random. Never use a seed outside of tests. */
  seed?: string | number | undefined;
  /** The time, in milliseconds since the epoch. Default `Date.now`; {@link Sandbox.advance} adds to it. */
  now?: (() => number) | undefined;
  /** The app that is registered with the sandbox, as an app is in Criteo's Partners Portal. */
  app?: SandboxAppOptions | undefined;
  /**
   * What the signed-in person can share: how many advertisers (Retail Media accounts) there are, 0 to 1000, or which.
   * Default `5`. Criteo pages Retail Media accounts by 25.
   */
  portfolio?: number | readonly Holding[] | undefined;
  /**
   * Whether the documented limits are enforced (429): 10 API calls a minute for each consent of a login, 250 for a
   * client-credentials app. Default `false`: the `x-ratelimit-*` headers count, nothing is refused.
   */
  rateLimit?: boolean | undefined;
  /** API versions that answer 410, as after their decommissioning. Default `[]`: every version ever documented works. */
  decommissioned?: readonly string[] | undefined;
  /**
   * How old a signed consent URL may be, in milliseconds. Default 30 days, as long as Criteo's own links live: an
   * assumption of the sandbox, Criteo does not document a limit for signed ones.
   */
  consentURLMaxAge?: number | undefined;
  /** Time for one delivery attempt of the consent callback, in milliseconds. Default `10_000`; undocumented by Criteo. */
  callbackTimeout?: number | undefined;
}

/** How the app is registered. */
export interface SandboxAppOptions {
  /** The app's PKCE switch: on, a consent request without an S256 challenge fails. Default `false`. */
  pkce?: boolean | undefined;
  /** What the app is for, hence what people share with it. Default `'marketing-solutions'`. */
  service?: 'marketing-solutions' | 'retail-media' | undefined;
  /** The registered redirect URIs, compared as exact text. Default: any `https:` URL, and any `http:` one on loopback. */
  redirectURIs?: readonly string[] | undefined;
  /** The connector's callback URL, where decisions on signed consent URLs are delivered. Default: none, no delivery. */
  callbackURL?: string | undefined;
}

/** An advertiser, or a Retail Media account. */
export interface Holding {
  /** A decimal number as text; it may exceed 2^53. */
  id: string;
  /** Criteo's schema lets names be null. */
  name: string | null;
}

/** A local stand-in for consent.criteo.com and api.criteo.com. */
export interface Sandbox {
  /** Where it listens, without a trailing slash; a page for people is there. */
  readonly url: string;
  /** Ready to be spread into the options of the strategy. */
  readonly endpoints: { readonly authorizationURL: string; readonly tokenURL: string; readonly apiURL: string };
  /** The registered app's credentials. */
  readonly app: {
    readonly clientID: string;
    readonly clientSecret: string;
    /** Public: the `key` of signed consent URLs. */
    readonly signingKey: string;
    readonly signingSecret: string;
  };
  /** The sandbox's time in milliseconds since the epoch. */
  readonly now: number;
  /**
   * What was received (and, for consent callbacks, sent), oldest first, the last 5,000. A copy, with secrets as they
   * came: this is a test double. The page at {@link url} and its resources are left out.
   */
  readonly requests: readonly SandboxRequest[];
  /** TCP connections accepted so far, those of {@link approve} and {@link deny} aside. */
  readonly connections: number;
  /**
   * Does over HTTP what a person would who ticks advertisers and approves: loads the consent page, sends its form.
   * @param advertisers ids of the advertisers (accounts) to tick; default: all
   * @returns the URL that the person is sent back to, not opened
   * @throws TypeError if the URL is not one of this sandbox's consent URLs or an id is not on the page
   * @throws Error with the reason on the page, if there is an error page instead
   */
  approve(consentURL: string | URL, choice?: { advertisers?: readonly string[] | undefined }): Promise<string>;
  /** Like {@link approve}, for a person who denies. */
  deny(consentURL: string | URL): Promise<string>;
  /** Moves the sandbox's clock forward by so many milliseconds; nothing waits. */
  advance(milliseconds: number): void;
  /** Makes something go wrong. Faults are taken in the order they were added, one for each request. */
  fault(fault: Fault): FaultHandle;
  /** Revokes one consent (by its id on the sandbox's page) or all: refreshing is `invalid_grant`, the API answers 403. */
  revoke(consentID?: string): Promise<void>;
  /**
   * A consent link as Criteo's portal makes them (`nonce` and `hmac`): lives 30 days, works once.
   * @param redirectURI where the person goes afterwards; default: a page of the sandbox's
   */
  portalLink(link?: { redirectURI?: string | undefined; state?: string | undefined }): string;
  /** Stops listening and ends every connection; safe to call again. */
  close(): Promise<void>;
}

/** One request, received (`in`) or sent (`out`: a delivery of the consent callback). */
export interface SandboxRequest {
  direction: 'in' | 'out';
  method: string;
  /** Path without the query; the whole URL for `out`. */
  path: string;
  /** The query's parameters, decoded; repeated ones joined with commas. */
  query: Readonly<Record<string, string>>;
  /** Header names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as text. */
  body: string;
  /** The body's fields where it is a form; repeated ones joined with commas. */
  form: Readonly<Record<string, string>>;
  /** By the sandbox's clock, in milliseconds since the epoch. */
  time: number;
  /** The answer's status; undefined if there was none (yet). */
  status: number | undefined;
  /** Number of the TCP connection that it came on, from 1; 0 for `out`. */
  connection: number;
  /** For `out`: which attempt of its delivery this was, from 1. */
  attempt?: number;
  /** For `out`: why there was no answer. */
  error?: string;
}

/** Something that goes wrong. */
export type Fault = ExchangeFault | DeliveryFault;

/** A fault of an endpoint. At most one of `status`, `reset`, `hang`, `truncate` and `rateLimit`; the rest combine. */
export interface ExchangeFault {
  /** The token endpoint, the API, or the consent page and its form. */
  on: 'token' | 'api' | 'consent';
  /** How many requests meet it. Default `1`; `Infinity` until cleared. */
  times?: number | undefined;
  /** Limits it to some requests, e.g. `(request) => request.form.grant_type === 'refresh_token'`. Default: any. */
  when?: ((request: SandboxRequest) => boolean) | undefined;
  /** True: the request is carried out first (the code is spent), and only its answer is replaced. Default `false`. */
  after?: boolean | undefined;
  /** Real milliseconds to wait before anything else. */
  delay?: number | undefined;
  /** Answer with this status, `headers` and `body` (text and bytes as they are, else JSON; default: a fitting error). */
  status?: number | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: unknown;
  /** Cut the connection instead of answering (TCP reset). */
  reset?: boolean | undefined;
  /** Never answer. */
  hang?: boolean | undefined;
  /** Cut the connection after half of the true answer's body. */
  truncate?: boolean | undefined;
  /** 429; a number says after how many seconds the limit resets. Default `60`. */
  rateLimit?: boolean | number | undefined;
  /** Token endpoint: leave `refresh_token` out of the answer. */
  omitRefreshToken?: boolean | undefined;
  /** Token endpoint: a refresh answers with a new refresh token, and the old one is dead. */
  rotateRefreshToken?: boolean | undefined;
}

/** A fault of the delivery of one consent callback, with all its attempts. */
export interface DeliveryFault {
  on: 'delivery';
  /** How many deliveries meet it. Default `1`; `Infinity` until cleared. */
  times?: number | undefined;
  /** The signature does not fit the body. */
  corrupt?: boolean | undefined;
  /** The same delivery arrives twice, at the same time. */
  duplicate?: boolean | undefined;
  /** It is sent so many real milliseconds after the person was redirected. */
  late?: number | undefined;
  /** It is never sent. */
  lost?: boolean | undefined;
}

/** A fault that was added. */
export interface FaultHandle {
  /** How many requests or deliveries it has met so far. */
  readonly hits: number;
  /** Ends it; safe to call again. */
  clear(): void;
}
