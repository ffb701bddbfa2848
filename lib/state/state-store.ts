import type OAuth2Strategy from 'passport-oauth2';

/** The request as Passport knows it: Express's, or what stands in for it in another framework. */
export type Request = Parameters<OAuth2Strategy['authenticate']>[0];

/** What the strategy tells a store about the login at hand, beside what passport-oauth2 tells. */
export interface StateMetadata {
  authorizationURL: string;
  tokenURL: string;
  clientID: string;
  /** The redirect URI of this request. */
  callbackURL: string;
  /** The strategy's name; with `clientID`, whose login this is. */
  strategy: string;
  /** A fingerprint of who started the login, where the option `bindTo` (or `req.user.id`) names somebody. */
  boundTo?: string | undefined;
}

/** What a store of this package gives back about a login beside the verifier and the application's state. */
export interface PendingLogin {
  /** The redirect URI of the authorization request, which the token request must repeat (RFC 6749 section 4.1.3). */
  callbackURL: string;
  /** The `boundTo` of when the login was kept. */
  boundTo?: string | undefined;
}

/** Takes the handle that goes on the wire as `state`. */
export type StoreCallback = (error: unknown, handle?: string) => void;

/**
 * Takes the verdict: `ok` is the PKCE code verifier or `true` for a known login, with the application's state; `false`
 * for an unknown one, with an `info` of `{ code, message }`.
 */
export type VerifyCallback = (
  error: unknown,
  ok?: string | boolean,
  stateOrInfo?: unknown,
  pending?: PendingLogin,
) => void;

/**
 * Keeps pending logins between redirect and callback: passport-oauth2's interface, of which any implementation serves.
 * As there, the number of declared parameters chooses what the methods are called with:
 * `store(req, callback)`, `store(req, meta, callback)`, `store(req, state, meta, callback)` or
 * `store(req, verifier, state, meta, callback)`, the only one that PKCE can use; `verify(req, handle, callback)` or
 * `verify(req, handle, meta, callback)`.
 */
export interface StateStore {
  // biome-ignore lint/suspicious/noExplicitAny: the arities of passport-oauth2's interface have nothing else in common
  store(...args: any[]): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  verify(...args: any[]): unknown;
}
