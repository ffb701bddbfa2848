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
