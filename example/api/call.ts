import type { TokenSource } from 'passport-criteo';

/** What the programs of this folder are given: a connection, and where Criteo's API is. */
export interface Call {
  tokens: TokenSource;
  userId: string;
  /** Without a trailing slash. */
  apiURL: string;
  /** Ends the call: `AbortSignal.timeout(60_000)`, for example. */
  signal: AbortSignal;
}

/** The response of `advertisers/me`, for the clients that know no types. */
export interface Advertisers {
  data?: { id?: string | null; attributes?: { advertiserName?: string | null } | null }[] | null;
}

/** The advertisers; or that the user must connect again; or that the rate limit is reached. */
export type Outcome = Advertisers | 'reconnect' | 'later';
