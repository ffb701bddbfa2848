import type { RequestMatch, SandboxRequest } from './requests';

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
